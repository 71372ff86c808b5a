"""A number whose interval leaves nearly everything open is printed as not known: in sentences, cards and tables."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.figures import Figure, says_nothing
from crm_research.show.figure_cards import figures
from crm_research.show.formats import format_estimate, format_interval
from crm_research.show.table import render_table
from crm_research.theme import say_count, say_estimate, say_interval, say_percent, say_points, say_with_limits


def a_figure(lower, upper, unit="share", estimate=0.5):
    return Figure(
        id="a.b", label="Share", estimate=estimate, lower=lower, upper=upper, unit=unit, n=3, window="w", estimator="e"
    )


@pytest.mark.parametrize(
    ("lower", "upper", "span", "is_nothing"),
    [
        (0.0, 0.98, 1.0, True),
        (0.05, 0.95, 1.0, True),
        (0.06, 0.95, 1.0, False),
        (-0.9, 0.9, 2.0, True),
        (-0.9, 0.89, 2.0, False),
        (0.0, None, None, True),
        (1.0, None, None, False),
        (0.0, 900.0, None, False),
        (None, None, 1.0, False),
    ],
)
def test_nine_tenths_of_what_a_number_can_be_are_nothing(lower, upper, span, is_nothing):
    assert says_nothing(lower, upper, span=span) is is_nothing


def test_a_column_that_is_known_in_no_row_is_said_once_below_the_table():
    frame = pd.DataFrame(
        {"plan": ["a", "b", "c"], "n": [3, 4, 5], "median": [None] * 3, "ratio": ["not known", "not known", "–"]}
        | {"gap": ["not known", "7", "not known"]}
    )
    _, plain = render_table(frame, "Plans", formats={"median": "days"})
    head = next(line for line in plain.splitlines() if "plan" in line)
    assert head.split() == ["plan", "n", "gap"]
    assert "Not known in any row: median and ratio." in plain


def test_limits_that_are_printed_alike_are_said_once():
    assert say_interval(0.991, 0.994, say_percent) == "99 %"
    assert say_estimate(0.992, 0.991, 0.994, say_percent) == "99 %"
    assert say_estimate(0.979, 0.981, 0.984, say_percent) == "98 %"
    assert say_estimate(0.974, 0.981, 0.984, say_percent) == "97 % (95 % interval 98 %)"
    assert say_with_limits(0.54, 0.531, 0.559, say_percent, " of them") == "54 % of them (53 % to 56 %)"
    assert say_with_limits(0.54, 0.541, 0.5401, say_percent, " of them") == "54 % of them"
    assert format_interval(a_figure(0.54001, 0.54002, estimate=0.54)) is None
    assert format_interval(a_figure(0.54001, 0.54002, estimate=0.57)) == "54.0 %"


def test_sentences_say_not_known():
    assert say_estimate(0.5, 0.0, 0.98, say_percent) == "not known"
    assert say_estimate(0.5, 0.2, 0.8, say_percent) == "50 % (95 % interval 20 % to 80 %)"
    assert say_interval(0.0, 0.98, say_percent) == "not known"
    assert say_interval(-0.95, 0.9, say_points) == "not known"
    assert say_estimate(23.0, 0.0, None, say_count) == "not known"
    assert say_estimate(23.0, 0.0, 30.0, say_count) == "23 (95 % interval 0 to 30)"


def test_cards_say_not_known_and_give_no_interval(capsys):
    wide, narrow = a_figure(0.0, 0.98), a_figure(0.2, 0.8)
    assert (format_estimate(wide), format_interval(wide), wide.is_known) == ("not known", None, False)
    assert (format_estimate(narrow), format_interval(narrow)) == ("50.0 %", "20.0 % to 80.0 %")
    assert format_estimate(a_figure(0.0, None, "days", 23.0)) == "not known"
    assert wide.as_record()["upper"] == 0.98  # the numbers stay for programs to read
    figures(wide, as_table="Shares")
    assert "not known" in capsys.readouterr().out


def test_tables_say_not_known_in_rows_that_say_nothing():
    frame = pd.DataFrame({"who": ["a", "b"], "still": [0.5, 0.5], "lower": [0.0, 0.2], "upper": [0.98, 0.8]})
    shares = dict.fromkeys(("still", "lower", "upper"), "share")
    plain = render_table(frame, "Still there", formats=shares)[1].splitlines()
    assert plain[2].split() == ["a", "not", "known", "–", "–"]
    assert plain[3].split() == ["b", "50.0", "%", "20.0", "%", "80.0", "%"]
