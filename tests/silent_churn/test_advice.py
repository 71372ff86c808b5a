"""The manager's part of silent churn: what the check refutes does not stand by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crm_research.pillars.silent_churn import advice, charts
from crm_research.stats.intervals import Interval
from tests.silent_churn.test_told import measured

RULE = "silent too long is gone"
PLAN = "Plan the next 29 weeks with the purchases that the model expects of each customer."
TOGETHER = (
    "Plan the next 29 weeks with all purchases expected together, not with those of single customers: the check bears "
    "out their number, but not how many customers buy."
)
REFUTED = (
    "Do not plan the next 29 weeks with the purchases that the model expects: it was closer than the rule of thumb "
    f"({RULE}), but its check speaks against it."
)
BY_RULE = f"Plan the next 29 weeks by the rule of thumb ({RULE}): the model was no better."


def an_interval(*ends):
    return Interval(*map(np.asarray, ends))


def steps_of(silence):
    return {step.see: step.text for step in advice.steps(silence)}


def test_a_share_that_its_check_refutes_says_so_in_the_headline():
    bad = measured("bad")
    assert bad.holdout.share_holds is False
    first = advice.answer(bad)[0]
    assert first.endswith("; its own check speaks against this model.")
    held = replace(bad, holdout=None)
    assert advice.answer(held)[0] == first.replace("; its own check speaks against this model", "")
    assert advice.gravest_doubt(bad).startswith("The check speaks against this model: ")


def test_a_share_that_its_check_bears_out_stands_by_itself():
    good = measured("good")
    assert good.holdout.share_holds
    assert "check" not in advice.answer(good)[0]


def test_purchases_that_the_check_refutes_say_so_beside_the_number():
    bad = measured("bad")
    assert bad.holdout.total_holds is False
    assert ", a number that the check refutes: " in advice.answer(bad)[2]


@pytest.mark.parametrize(
    ("total", "expected_share", "gain", "said"),
    [
        ((5.0, -9.0, 9.0), 0.5, 1.0, PLAN),
        ((5.0, -9.0, 9.0), 0.7, 1.0, TOGETHER),
        ((5.0, 2.0, 9.0), 0.5, 1.0, REFUTED),
        ((-5.0, -9.0, -2.0), 0.7, 1.0, REFUTED),
        ((np.nan, np.nan, np.nan), 0.5, 1.0, PLAN),
        ((np.nan, np.nan, np.nan), 0.7, 1.0, REFUTED),
        ((5.0, 2.0, 9.0), 0.7, 0.0, BY_RULE),
    ],
)
def test_nobody_is_told_to_plan_with_a_number_that_its_check_refutes(total, expected_share, gain, said):
    good = measured("good")
    check = replace(
        good.holdout,
        total=an_interval(*total),
        expected_share=expected_share,
        bought=an_interval(0.5, 0.45, 0.55),
        gain=an_interval(2.0, gain, 3.0),
    )
    assert steps_of(replace(good, holdout=check))["holdout"] == said


def alike(chance, *, odd=0):
    """The good world with one chance for everybody but so many customers."""
    good = measured("good")
    scores = good.scores.assign(probability_alive=chance, n_customers=0)
    scores.loc[scores.index[:2], "n_customers"] = [good.n_customers - odd, odd]
    scores.loc[scores.index[1], "probability_alive"] = chance - 0.3
    return replace(good, scores=scores, alive=an_interval(chance, chance - 1e-6, 1.0), holdout=None)


def test_where_nobody_is_told_apart_no_silence_means_anything():
    silence = alike(0.99999, odd=2)  # of 240: under one in a hundred
    title = "Silence tells nobody apart here: all customers are about equally likely to be still active"
    assert charts.silence_title(silence) == title
    drawn = " ".join(text.get_text() for text in charts.draw_chances(silence).figure.texts).replace("\n", " ")
    assert "Nobody is told apart: all customers have about the same chance of being still active" in drawn
    assert advice.answer(silence)[0].startswith(
        "Of 240 customers none is seen to have left, and nobody is told apart: by what they bought nobody drops out, "
        "and then all count as active"
    )
    assert steps_of(silence)["groups"] == "Act on nobody's silence: in these records it tells nobody apart."


def test_three_of_240_with_another_chance_are_told_apart():
    silence = alike(0.99999, odd=3)
    assert not silence.tells_nobody_apart
    assert steps_of(silence)["groups"] == (
        "Read a customer's silence against how often they used to buy, not by a fixed number of days."
    )
