"""What a manager is told to do about loyalty rests on no number that later purchases refute."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from crm_research.figures import REFUTED
from crm_research.pillars.loyalty import advice
from crm_research.pillars.loyalty.repeat import figures, words
from tests.loyalty.test_told import measured, time_to_second

SOON = (
    "Write to first-time buyers soon after their first purchase, and take no fixed day from the curve: it did not hold "
    "in the months kept apart."
)
AGAINST = "; what came after speaks against it"


def loyalty(*, holds, median=143.0):
    """The good world with this curve of waits, and a check that bears it out or not."""
    good = measured()
    curve = time_to_second({90.0: (0.61, 0.57, 0.66)}, (median, 121.0, 171.0))
    check = SimpleNamespace(holds=holds, say=lambda: "held against later purchases")
    choice = replace(good.period_choice, horizons_days=(90.0,))
    won = pd.DataFrame({"gap_lower": [0.02], "gap_upper": [0.2]})
    return replace(good, time_to_second=curve, period_choice=choice, holdout=check, won=won, basis="all buyers")


TEST = (
    "Test whether a second purchase holds customers: offer it to half of the first-time buyers, drawn by lot, and see "
    "how many of each half come back later."
)


def told(found):
    return {step.see: step.text for step in advice.steps(found, None)}


def test_a_curve_that_held_says_when_to_remind():
    steps = told(loyalty(holds=True))
    assert steps["time_to_second"] == "Remind first-time buyers after 5 months: by then half are back by themselves."
    assert steps["depth"].startswith(f"{TEST} Whoever has bought twice comes back more surely: ")
    assert steps["depth"].endswith(" after the first purchase, but may have been the surer one from the start.")


def test_months_kept_apart_that_judge_nobody_are_no_missing_months():
    kept = replace(loyalty(holds=True), holdout=None, keeps_holdout=True)
    said = advice.gravest_doubt(kept)
    assert said == "Nothing here was checked on later purchases: the curve reaches nobody in the months kept apart."
    said = advice.gravest_doubt(replace(kept, keeps_holdout=False))
    assert said == "Nothing here was checked on later purchases: the study keeps none apart."


def test_a_median_that_may_be_anything_is_no_day_to_remind_on():
    found = loyalty(holds=True)
    curve = time_to_second({90.0: (0.61, 0.57, 0.66)}, (143.0, 0.0, np.inf))
    told_of = told(replace(found, time_to_second=curve))
    assert told_of["time_to_second"] == (
        "Wait before judging first-time buyers: too few have been watched to say how soon they come back."
    )


def test_a_curve_that_did_not_hold_gives_no_day_and_no_share():
    steps = told(loyalty(holds=False))
    assert steps["time_to_second"] == SOON
    assert steps["depth"] == (
        f"{TEST} Whoever has bought twice comes back more surely, but may have been the surer one from the start."
    )


def test_what_came_after_stands_beside_the_number_it_speaks_against():
    assert AGAINST not in words.wait_finding(loyalty(holds=True))
    assert words.wait_finding(loyalty(holds=False)).endswith(f" within 3 months{AGAINST}.")
    assert words.wait_finding(loyalty(holds=False, median=np.nan)).endswith(f"not been seen again yet{AGAINST}.")


def test_a_median_that_was_not_reached_is_no_number_that_a_check_refutes():
    good = measured()
    check = SimpleNamespace(holds=False, say=lambda: "held against later purchases")
    for median, verdict in ((143.0, REFUTED), (np.nan, None)):
        row = pd.DataFrame([{"median_days": median, "lower": 121.0, "upper": 171.0}])
        curve = replace(good.time_to_second, medians=row)
        found = replace(good, time_to_second=curve, holdout=check)
        (figure,) = [one for one in figures.key_figures(found) if one.id == figures.MEDIAN_DAYS]
        assert figure.verdict == verdict
