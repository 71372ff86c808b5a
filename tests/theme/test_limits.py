"""An answer leaves intervals to the cards, and nothing else in brackets."""

from __future__ import annotations

import pytest

from crm_research.theme import say_estimate, say_interval, say_percent, without_limits


def several(low, high):
    between = say_interval(low, high, say_percent)
    return [
        f"Half leave {say_estimate(0.5, low, high, say_percent)} of 'Plan (10 to 20 GB)'.",
        f"15 % buy ({between}) and 16 % do not.",
        f"About 5 (45 %, 95 % interval {between}; 41 % by another model) are there.",
        f"About 5 (45 %, 95 % interval {between}) are there.",
        f"A loss ({between}; an assumption) is not ruled out (interval {between}).",
    ]


def test_limits_in_brackets_go_and_names_in_brackets_stay():
    assert without_limits(several, 0.4, 0.6) == [
        "Half leave 50 % of 'Plan (10 to 20 GB)'.",
        "15 % buy and 16 % do not.",
        "About 5 (45 %; 41 % by another model) are there.",
        "About 5 (45 %) are there.",
        "A loss (an assumption) is not ruled out.",
    ]


def test_limits_are_said_again_afterwards_also_after_an_error():
    def fail():
        raise ValueError("nothing to say")

    with pytest.raises(ValueError, match="nothing to say"):
        without_limits(fail)
    assert say_interval(0.4, 0.6, say_percent) == "40 % to 60 %"


def test_limits_outside_brackets_stay_without_their_marks():
    assert without_limits(lambda: [f"Between {say_interval(0.4, 0.6, say_percent)}."]) == ["Between 40 % to 60 %."]
