"""Criteria, weights, limits of grades and tests of service on small frames, by hand; no engine is asked."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.grading import draw_to_mean, rank_under_doubt, read_judgements, read_measures
from crm_research.pillars.grades.criteria import CRITERIA, Held, is_about_satisfaction, make_criteria
from crm_research.pillars.grades.service import _compare_rates, _misfits
from crm_research.pillars.grades.weighing import cut_at, grade_of, place_of, weigh_as_given, weigh_as_judged

HELD = Held(
    has_goods=True, why_no_goods="", has_service=True, ahead="", why_not_ahead="not asked", looks_back=True,
    why_not_back="", items=("sat",),
    why_no_items="", position="rank",
)  # fmt: skip


def rows(n: int, **columns) -> pd.DataFrame:
    """Rows of customers: what is not given is nought, and everybody is known for ten years."""
    names = ("income", "goods", "service", "contacts", "capital", "before", "squares", "n_responses", "answered",
             "answered_squares")  # fmt: skip
    frame = pd.DataFrame({"customer_id": [f"k{place}" for place in range(n)], **dict.fromkeys(names, 0.0)})
    return frame.assign(**{"days_known": 3652.5, "position": np.nan, **columns})


def test_criteria_of_six_customers():
    found = make_criteria(
        rows(
            6,
            income=[100.0, 80.0, 0.0, -20.0, 50.0, 10.0],
            goods=[60.0, 20.0, 0.0, 5.0, 50.0, 1.0],
            service=[1.0, 0.0, 0.0, 2.0, 0.0, 0.0],
            contacts=[0.5, 0.0, 0.0, 0.0, 0.0, 0.25],
            capital=[0.125, 0.0, 0.0, 0.0, 0.0, 0.0],
            before=[100.0, 20.0, 40.0, 60.0, 50.0, 0.0],
            days_known=[3652.5, 800.0, 730.0, 900.0, 900.0, 100.0],
            position=[1.0, 2.0, 4.0, np.nan, 3.0, 5.0],
        ),
        HELD,
        days_back=730.0,
    )
    assert found.names == ["margin", "volume", "cost to serve", "trend", "years together", "position"]
    assert found.cells["margin"].tolist() == [40.0, 60.0, 0.0, -25.0, 0.0, 9.0]
    assert found.cells["cost to serve"].tolist() == [1.625, 0.0, 0.0, 2.0, 0.0, 0.25]
    # Nobody's amounts are told, so nothing of the trend is chance: 1/2, 4/5, 0, -20 of 40 stands at nought, 1/2. The
    # last came too lately, and stands at the mean, .36, in doubt by how far the others differ.
    assert found.cells["trend"].tolist() == pytest.approx([0.5, 0.8, 0.0, 0.0, 0.5, 0.36])
    assert found.known["trend"].tolist() == [True] * 5 + [False]
    spread = np.std([0.5, 0.8, 0.0, 0.0, 0.5], ddof=1)
    assert found.errors["trend"].tolist() == pytest.approx([0.0] * 5 + [spread])
    assert found.cells["position"].tolist() == [1.0, 2.0, 4.0, 3.0, 3.0, 5.0]
    assert found.bounds == {"trend": (0.0, 1.0), "position": (1.0, 5.0)}
    assert found.left_out == {"lifetime value": "not asked", "satisfaction": "it is known of 0 of 6 customers"}
    assert found.n_known == {
        "margin": 6, "volume": 6, "cost to serve": 6, "trend": 5, "years together": 6, "position": 5,
    }  # fmt: skip


def test_nothing_but_volume_and_years_where_the_study_holds_nothing_else():
    bare = Held(
        has_goods=False, why_no_goods="no goods", has_service=False, ahead="", why_not_ahead="nobody buys",
        looks_back=False, why_not_back="too short",
        items=(), why_no_items="nobody asked", position=None,
    )  # fmt: skip
    found = make_criteria(rows(3, income=[1.0, 2.0, 3.0]), bare, days_back=1.0)
    assert found.names == ["volume", "years together"]
    assert found.same == ["years together"]
    assert found.left_out == {
        "margin": "no goods",
        "cost to serve": "no cost of activities or contacts is recorded",
        "lifetime value": "nobody buys",
        "trend": "too short",
        "satisfaction": "nobody asked",
        "position": "no column of customers was named that says how they stand in their industry",
    }


@pytest.mark.parametrize(
    ("item", "is_one"),
    [("satisfaction_1", True), ("Overall CSAT", True), ("Zufriedenheit", True), ("满意度", True),
     ("dissatisfaction", False), ("Unzufriedenheit", False), ("不满意", False), ("recommend", False)],
)  # fmt: skip
def test_questions_of_satisfaction_are_known_by_their_names(item, is_one):
    assert is_about_satisfaction(item) is is_one


def test_what_is_seen_is_drawn_to_the_mean_as_far_as_chance_reaches():
    # Variance of 2, 4, 9 is 13; noise 4 leaves 9 between customers: 9 / 13 of the way from the mean, 5.
    found = draw_to_mean(np.array([2.0, 4.0, 9.0, np.nan]), np.array([4.0, 4.0, 4.0, 0.0]))
    assert found.believed.tolist() == pytest.approx([5 - 27 / 13, 5 - 9 / 13, 5 + 36 / 13, 5.0])
    assert found.errors.tolist() == pytest.approx([6 / 13**0.5] * 3 + [3.0])
    assert found.spread == 3.0
    # All of it chance: everybody stands at the mean, in no doubt.
    alike = draw_to_mean(np.array([2.0, 4.0, 9.0]), np.array([14.0, 14.0, 14.0]))
    assert (alike.believed.tolist(), alike.errors.tolist(), alike.spread) == ([5.0] * 3, [0.0] * 3, 0.0)
    nobody = draw_to_mean(np.array([np.nan, np.nan]), np.array([0.0, 0.0]))
    assert (nobody.believed.tolist(), nobody.spread) == ([0.0, 0.0], 0.0)


def test_weights_given_are_shares_among_the_criteria_there_are():
    names = ["margin", "volume", "trend"]
    even = weigh_as_given({}, names)
    assert (even.is_equal, even.weights.tolist()) == (True, pytest.approx([1 / 3] * 3))
    told = weigh_as_given({"Margin": 3.0, "trend": 1.0, "position": 7.0}, names)
    assert (told.is_equal, told.weights.tolist(), told.unweighed) == (False, [0.75, 0.0, 0.25], ("volume",))
    with pytest.raises(NotEnoughData):
        weigh_as_given({"position": 1.0}, names)


def test_judgements_of_criteria_that_are_missing_are_left_out_and_criteria_that_are_in_none_weigh_nothing():
    judged = {"margin over volume": 2, "margin over trend": 4, "volume over trend": "2", "position over margin": "1/9"}
    found = weigh_as_judged(judged, ["margin", "volume", "trend"])
    assert found.weights.tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert found.unweighed == ()
    wider = weigh_as_judged(judged, ["margin", "volume", "lifetime value", "trend"])
    assert wider.weights.tolist() == pytest.approx([4 / 7, 2 / 7, 0.0, 1 / 7])
    assert wider.unweighed == ("lifetime value",)
    with pytest.raises(ParameterError, match="at least two must be named"):
        weigh_as_judged(judged, ["volume", "years together"])
    assert read_judgements({"cost_to_serve over Years  Together": "1/4"}, CRITERIA) == {
        ("cost to serve", "years together"): 0.25
    }
    for ratio in (1 / 9, 9):
        assert read_judgements({"margin over volume": ratio}, CRITERIA) == {("margin", "volume"): ratio}
    for ratio in (0.11, 9.01, float("nan"), float("inf"), -3, "three"):
        with pytest.raises(ParameterError, match=re.escape("give a number from 1/9")):
            read_judgements({"margin over volume": ratio}, CRITERIA)


@pytest.mark.parametrize(
    ("n", "a", "b", "cuts"),
    [(10, 0.2, 0.3, (2, 5)), (497, 0.2, 0.3, (100, 249)), (2, 0.2, 0.3, (1, 1)), (3, 0.2, 0.0, (1, 1)),
     (100, 0.07, 0.22, (7, 29))],
)  # fmt: skip
def test_shares_of_grades_are_rounded_up(n, a, b, cuts):
    found = cut_at(n, a, b)
    assert (found.n_a, found.n_b) == cuts


def test_who_is_alike_shares_the_last_place():
    places = place_of(np.array([0.9, 0.5, 0.5 + 1e-14, 0.1]))
    assert places.tolist() == [1.0, 3.0, 3.0, 4.0]
    assert grade_of(places, cut_at(4, 0.5, 0.25)) == ["A", "B", "B", "C"]


def test_doubt_of_a_criterion_moves_places_and_stays_within_its_bounds():
    values = pd.DataFrame({"sure": [3.0, 2.0, 1.0], "felt": [0.5, 0.5, 0.5]})
    errors = pd.DataFrame({"sure": [0.0, 0.0, 0.0], "felt": [0.0, 0.0, 5.0]})
    measures = read_measures(values)
    common = {"n_top": 1, "spread": 0.1, "n_draws": 200, "seed": 3}
    still = rank_under_doubt(values, measures, {"sure": 1, "felt": 3}, **common).places
    assert still[["lower", "upper"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]
    moved = rank_under_doubt(
        values, measures, {"sure": 1, "felt": 3}, errors=errors, bounds={"felt": (0.0, 1.0)}, **common
    ).places
    assert moved.loc[2, ["lower", "upper"]].tolist() == [1, 3]
    # Half of the time the third is at the top of the scale, and half at its bottom.
    assert 0.3 < moved.loc[2, "top_share"] < 0.6
    none = rank_under_doubt(values, measures, {"sure": 1, "felt": 0}, errors=errors, **common).places
    assert none["top_share"].tolist() == [1, 0, 0]


def test_rates_are_compared_exactly():
    ratio, lower, upper, p = _compare_rates(12.0, 5.0, 10.0, 20.0, 0.95)
    assert ratio == pytest.approx((12 / 10) / (5 / 20))
    exact = stats.binomtest(12, 17, 10 / 30)
    limits = exact.proportion_ci(0.95)
    assert (lower, upper) == pytest.approx((limits.low / (1 - limits.low) * 2, limits.high / (1 - limits.high) * 2))
    assert p == pytest.approx(2 * stats.binom.sf(11, 17, 1 / 3))
    assert _compare_rates(0.0, 5.0, 10.0, 20.0, 0.95)[:2] == (0.0, 0.0)
    assert _compare_rates(5.0, 0.0, 10.0, 20.0, 0.95)[2] == float("inf")


def test_who_gets_more_or_less_than_fits_is_told_one_by_one():
    grade = np.array(["A"] * 10 + ["C"] * 30)
    care = np.array([0.0] + [1.0] * 9 + [14.0] + [12.0] * 29)
    years = np.ones(40)
    over, under, n_tested, can_tell = _misfits(care, years, grade, 0.95)
    # A has .9 a year, C 12.1: each of C gets too much, and each of A too little.
    assert (n_tested, len(over), len(under), can_tell) == (40, 30, 10, True)
    assert over["place"].iloc[0] == 10
    assert over["expected"].unique() == pytest.approx([0.9])
    assert under["expected"].unique() == pytest.approx([362 / 30])
    assert under["place"].iloc[0] == 0
    # Fourteen of one, nine of all ten others together: 14 of 23 at a share of 1 / 11, of which 40 are looked at.
    assert over["p_adjusted"].iloc[0] == pytest.approx(40 * stats.binom.sf(13, 23, 1 / 11))
    nobody = _misfits(np.zeros(40), years, grade, 0.95)
    assert (len(nobody[0]), len(nobody[1]), nobody[2]) == (0, 0, 0)


def test_of_few_contacts_nobody_can_be_told_to_get_too_little():
    grade = np.array(["A"] * 10 + ["C"] * 30)
    _, under, n_tested, can_tell = _misfits(np.array([0.0] * 10 + [1.0] * 30), np.ones(40), grade, 0.95)
    assert (len(under), n_tested, can_tell) == (0, 40, False)
