"""Every sentence, figure, table and picture of the curves, held word for word in three worlds, and by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.figures import REFUTED
from crm_research.pillars import churn as ch
from crm_research.pillars.churn.curves import figures, group_words, hazard_words, reason_page, words
from crm_research.show import Section
from crm_research.stats.scoring import BrierComparison
from crm_research.theme import chart_style
from crm_research.vocabulary import days_in_months
from tests.churn.test_analysis import DRAWINGS, PAGE
from tests.churn.worlds import TOLD as WORLDS
from tests.churn.worlds import described
from tests.told import check_figures, check_frame, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"
SENTENCES = (
    words.answer, words.stay_finding, words.curve_title, words.year_finding, words.chance_finding, words.rule_finding,
    words.holdout_finding, words.groups_told_apart, words.needs, hazard_words.hazard_clause,
    hazard_words.hazard_finding, group_words.group_finding, group_words.say_order, group_words.reason_finding,
    reason_page.reason_group_finding,
)  # fmt: skip
FIGURES = (figures.key_figures, figures.tenure_figures, figures.group_figures, figures.reason_figures)


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told_of_the_curves(world):
    leaving = described(world)
    with chart_style():
        parts: dict[str, object] = {make.__name__: make(leaving) for make in (*SENTENCES, *FIGURES)}
        parts |= {draw.__name__: draw(leaving) for draw in DRAWINGS}
        made = {part.__name__: Section(*part(leaving)) for part in (*PAGE, reason_page.reason_groups_parts)}
        parts |= {name.removesuffix("_parts"): section.show for name, section in made.items()}
        parts["milestones"] = ch.milestones(leaving)
        told = tell(**parts)
    hold(told, TOLD / f"curves-{world}.txt")
    check_figures([figure for make in FIGURES for figure in make(leaving)])


def measured():
    return described("bad")


def test_every_figure_is_the_number_that_it_names():
    leaving = measured()
    n = int(leaving.survival.sizes["n"].iloc[0])
    median, year, mean = figures.key_figures(leaving)
    row = leaving.survival.medians.iloc[0]
    assert (median.id, median.estimate, median.lower, median.upper, median.n) == (
        "churn.contract.median_tenure_days", row["median_days"], row["lower"], row["upper"], n,
    )  # fmt: skip
    row = leaving.restricted_mean.iloc[0]
    assert (mean.estimate, mean.lower, mean.upper, mean.n) == (row["mean_days"], row["lower"], row["upper"], row["n"])
    assert mean.id == "churn.contract.restricted_mean_tenure_days"
    of = {figure.id: figure for figure in (year, *figures.tenure_figures(leaving))}
    for months in (3, 12, 24):
        figure = of[f"churn.contract.survival_{months}m"]
        # Calendar months: at the latest day on which so many are over.
        row = leaving.survival.at(days_in_months(months)).iloc[0]
        assert (figure.estimate, figure.lower, figure.upper) == (row["survival"], row["lower"], row["upper"])
        assert (figure.label, figure.n, figure.group) == (f"Still there after {months} months", n, None)
    assert of["churn.contract.survival_3m"].estimate > year.estimate > of["churn.contract.survival_24m"].estimate


def test_every_figure_of_a_group_or_reason_is_that_of_its_own_row():
    leaving = measured()
    sizes = leaving.by_group.sizes.set_index("group")["n"]
    medians = leaving.by_group.medians.set_index("group")
    year = leaving.by_group.at(days_in_months(12)).set_index("group")
    found = figures.group_figures(leaving)
    assert [(figure.id[15:], figure.group) for figure in found] == [
        ("median_tenure_days", "fixed"), ("median_tenure_days", "flex"), ("survival_12m", "fixed"),
        ("survival_12m", "flex"),
    ]  # fmt: skip
    for figure in found:
        table, name = (medians, "median_days") if figure.unit == "days" else (year, "survival")
        row = table.loc[figure.group]
        assert (figure.estimate, figure.lower, figure.upper) == (row[name], row["lower"], row["upper"])
        assert figure.n == sizes[figure.group]
        if np.isfinite(row[name]):
            assert figure.validation == f"equal to lifelines (Kaplan-Meier) to 1e-6 on {figure.n:,} contracts"
            assert figure.verdict is None
    reasons = leaving.incidence.at(days_in_months(12)).set_index("reason")
    left = figures.reason_figures(leaving)
    assert {figure.group for figure in left} == {"price", "moved", "service"}
    for figure in left:
        row = reasons.loc[figure.group]
        assert (figure.estimate, figure.lower, figure.upper) == (row["incidence"], row["lower"], row["upper"])
        assert figure.n == leaving.incidence.sizes.set_index("reason").loc[figure.group, "n"]
        assert figure.validation.startswith("equal to lifelines (Aalen-Johansen) to 1e-6 on ")
    # The check out of time judges the curve of all, and says so; the other package says that it is computed well.
    n = int(leaving.survival.sizes["n"].iloc[0])
    told = f"{leaving.holdout.say()}; equal to lifelines (Kaplan-Meier) to 1e-6 on {n:,} contracts"
    assert {figure.validation for figure in figures.key_figures(leaving)} == {told}
    assert {figure.verdict for figure in figures.key_figures(leaving)} == {
        "agrees" if leaving.holdout.holds else REFUTED
    }
    # A curve that is not lifelines' is refuted, whatever the holdout says.
    wrong = replace(leaving.survival, curves=leaving.survival.curves.assign(survival=lambda t: 0.99 * t["survival"]))
    for figure in figures.key_figures(replace(leaving, survival=wrong)):
        assert figure.validation.startswith("NOT equal to lifelines (Kaplan-Meier)")
        assert figure.verdict == REFUTED


@pytest.mark.parametrize(
    ("is_joined", "said"), [(True, ", each contract by itself"), (False, ", contracts that go on joined")]
)
def test_where_contracts_go_on_a_figure_says_how_they_were_counted(is_joined, said):
    other = SimpleNamespace(is_joined=is_joined)
    for figure in figures.group_figures(replace(measured(), other_reading=other)):
        assert figure.label.endswith(said)


def test_limits_lie_around_their_estimates_everywhere():
    for name in ("good", "bad"):
        leaving = described(name)
        check_frame(leaving.survival.curves, estimate="survival")
        check_frame(leaving.by_group.curves, estimate="survival")
        check_frame(leaving.survival.medians, estimate="median_days")
        check_frame(leaving.by_group.medians, estimate="median_days")
        check_frame(leaving.restricted_mean, estimate="mean_days")
        check_frame(leaving.rates, estimate="share")
        check_frame(leaving.hazard, estimate="hazard")
        check_frame(leaving.pairs, estimate="survival_gap", lower="gap_lower", upper="gap_upper")
        check_frame(leaving.holdout.bands, estimate="observed_share")
        check_frame(leaving.rule.compared, estimate="survival")
        assert leaving.holdout.bands["n"].sum() == leaving.holdout.n
        assert leaving.by_group.sizes["n"].sum() == leaving.survival.sizes["n"].sum()


def a_curve(shares: dict[float, tuple[float, float, float]], median=(np.nan,) * 3, *, n=431, n_ended=57, last=1200.0):
    """A curve that is known at these days alone."""

    def at(days: float) -> pd.DataFrame:
        estimate, lower, upper = shares.get(float(days), (np.nan,) * 3)
        row = {"group": "all", "tenure_days": days, "survival": estimate, "lower": lower, "upper": upper}
        return pd.DataFrame([row | {"n_at_risk": 50}])

    medians = pd.DataFrame([dict(zip(("group", "median_days", "lower", "upper"), ("all", *median), strict=True))])
    size = {"group": "all", "n": n, "n_ended": n_ended, "first_days": 0.0, "last_days": last, "known_days": last}
    return SimpleNamespace(at=at, medians=medians, sizes=pd.DataFrame([size]))


def with_curve(*planted, horizon_days=1096.0, **more):
    return replace(measured(), survival=a_curve(*planted, **more), horizon_days=horizon_days)


STAY = [
    # Days up to 90, then months of 30.4375 days, from 730.5 days on years of 365.25: an interval keeps to the unit.
    ((61.0, 47.0, 83.0), "61 days (95 % interval 47 days to 83 days)"),
    ((400.0, 352.0, 461.0), "13 months (95 % interval 12 months to 15 months)"),
    ((900.0, 801.0, 1003.0), "2.5 years (95 % interval 2.2 years to 2.7 years)"),
    ((400.0, 352.0, np.nan), "13 months (95 % interval 12 months to beyond what we saw)"),
]


@pytest.mark.parametrize(("median", "said"), STAY)
def test_how_long_they_stay_by_hand(median, said):
    assert words.stay_finding(with_curve({}, median)) == f"Half of the contracts have ended after {said}."


def test_a_curve_that_does_not_reach_half_is_read_where_the_picture_ends_or_the_records_do():
    shares = {1096.0: (0.61, 0.57, 0.66), 362.0: (0.83, 0.79, 0.86), 40.0: (0.93, 0.9, 0.95)}
    start = "More than half of the contracts outlast the records: "
    whole = f"{start}61 % (95 % interval 57 % to 66 %) still run after 3.0 years."
    assert words.stay_finding(with_curve(shares)) == whole
    shorter = with_curve(shares, last=362.0)
    assert words.stay_finding(shorter) == f"{start}83 % (95 % interval 79 % to 86 %) still run after 362 days."
    assert words.stay_finding(with_curve(shares, last=40.0)).endswith("still run after 40 days.")
    assert words.curve_title(with_curve(shares)) == whole


@pytest.mark.parametrize(
    ("last", "said"),
    [(349.0, "11 months"), (350.0, "350 days"), (364.0, "364 days"), (365.0, "365 days"), (366.0, "12 months")],
)
def test_a_year_that_was_not_reached_is_said_in_days(last, said):
    planted = with_curve({}, n_ended=0, last=last)
    assert words.year_finding(planted) == (
        f"No contract was watched for 12 months (the longest for {said}), so 12-month survival is not known."
    )


def test_nobody_has_ended_yet():
    said = words.stay_finding(with_curve({}, n=431, n_ended=0, last=800.0))
    assert said == (
        "None of 431 contracts has ended in up to 2.2 years of watching: nothing can be said yet about when customers "
        "leave."
    )
    assert words.curve_title(with_curve({}, n_ended=0, last=800.0)) == said


@pytest.mark.parametrize(
    ("median", "title"),
    [
        (1095.0, "Half of the contracts have ended after 3.0 years (95 % interval 2.5 years to 3.4 years)."),
        (1096.0, "Half of the contracts have ended after 3.0 years (95 % interval 2.5 years to 3.4 years)."),
        (1097.0, "54 % (95 % interval 51 % to 58 %) still run after 3.0 years."),
    ],
)
def test_the_title_is_of_the_picture_at_under_and_over_its_end(median, title):
    planted = with_curve({1096.0: (0.54, 0.51, 0.58)}, (median, 913.0, 1242.0), last=2000.0)
    assert words.curve_title(planted) == title


def test_the_share_that_stays_a_year_is_read_at_twelve_months():
    shares = {366.0: (0.7315, 0.7021, 0.7613), 731.0: (0.54, 0.5, 0.58), 92.0: (0.91, 0.88, 0.93)}
    said = words.year_finding(with_curve(shares))
    assert said == "73 % (95 % interval 70 % to 76 %) of the contracts last longer than 12 months."
    planted = with_curve(shares)
    planted.__dict__["second_opinions"] = {}  # nobody can be asked about planted shares
    three, two_years = figures.tenure_figures(planted)
    assert (three.estimate, three.lower, three.upper) == (0.91, 0.88, 0.93)
    assert (two_years.estimate, two_years.lower, two_years.upper) == (0.54, 0.5, 0.58)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ((0.993, 0.9921, 0.9939), "99.3 % (95 % interval 99.2 % to 99.4 %)"),
        ((0.9931, 0.99289, 0.99331), "99.31 % (95 % interval 99.29 % to 99.33 %)"),
        ((0.5412, 0.5409, 0.5414), "54.12 % (95 % interval 54.09 % to 54.14 %)"),
        ((0.7, 0.66, 0.74), "70 % (95 % interval 66 % to 74 %)"),
    ],
)
def test_a_narrow_interval_gets_the_digits_it_needs(share, said):
    told = words.year_finding(with_curve({366.0: share}))
    assert told == f"{said} of the contracts last longer than 12 months."


@pytest.mark.parametrize(
    ("p_value", "said"),
    [
        (0.0313, "would come about by chance with probability 0.031 (log-rank chi-squared 1,214.6 on 3 degrees of"),
        (0.001, "with probability 0.001 (log-rank"),
        (0.000999, "with probability less than one in a thousand (log-rank"),
        (np.nan, "The groups cannot be compared: no contract ended while others, of more than one group, went on."),
    ],
)
def test_chance_by_hand(p_value, said):
    test = SimpleNamespace(p_value=p_value, chi_squared=1214.56, degrees=3)
    assert said in words.chance_finding(replace(measured(), test=test))


def a_rule(*rows: tuple[int, float, float, bool], rate: float = 0.0513):
    """Months, share by the records, share by the rule, and whether the records allow it."""
    compared = pd.DataFrame(rows, columns=["months", "survival", "rule", "rule_is_within"])
    compared = compared.assign(lower=compared["survival"] - 0.03, upper=compared["survival"] + 0.04)
    return ch.ConstantRate(monthly_rate=rate, lower=rate * 0.9, upper=rate * 1.1, compared=compared)


RULES = [
    # At a rate of .0513 a month 1 - exp(-.0513) = 5.00 % leave in one.
    (
        [(1, 0.95, 0.93, False), (12, 0.7, 0.58, False), (24, 0.5, 0.47, True)],
        "2 of 3",
        "too pessimistic by 12 points after 12 months",
    ),
    (
        [(1, 0.95, 0.93, True), (12, 0.58, 0.7, False), (24, 0.5, 0.47, True)],
        "1 of 3",
        "too optimistic by 12 points after 12 months",
    ),
    # The largest distance of all lies within what the records allow: it is none of the misses.
    ([(3, 0.93, 0.875, False), (24, 0.5, 0.3, True)], "1 of 2", "too pessimistic by 5.5 points after 3 months"),
]


@pytest.mark.parametrize(("rows", "where", "said"), RULES)
def test_where_one_rate_misleads_by_hand(rows, where, said):
    told = words.rule_finding(replace(measured(), rule=a_rule(*rows)))
    assert told == (
        "The rule of thumb, 5.0 % leave every month, lies outside what the records allow at "
        f"{where} tenures compared, and is {said}."
    )


def test_one_rate_that_agrees_or_cannot_be_compared():
    told = words.rule_finding(replace(measured(), rule=a_rule((1, 0.95, 0.93, True))))
    assert told == (
        "The rule of thumb, 5.0 % leave every month, agrees with the curve at every tenure compared: nothing here "
        "speaks against the simple rule."
    )
    told = words.rule_finding(replace(measured(), rule=a_rule()))
    assert told.endswith("leave every month, cannot be compared: nobody was watched for a month.")
    told = words.rule_finding(replace(measured(), rule=a_rule(rate=np.nan)))
    assert told == "No contract was watched for a whole day, so there is no monthly rate to hold against the curve."
    assert words.rule_finding(replace(measured(), rule=None)).startswith("No contract was watched, so there is nothing")


def checked(*, expected=0.21, gain=(0.0123, 0.0041, 0.0205)) -> ch.HoldoutCheck:
    bands = pd.DataFrame({"band": [1], "n": [387]})
    errors = BrierComparison(score=0.1234, other_score=0.1357, gain=gain[0], lower=gain[1], upper=gain[2])
    return ch.HoldoutCheck(
        as_of=datetime(2023, 7, 1), until=datetime(2024, 1, 1), window_days=184.0, n=387, n_beyond=13,
        expected_share=expected, observed_share=0.23, lower=0.19, upper=0.28, bands=bands, errors=errors,
    )  # fmt: skip


HOLDS = "The curve holds out of time"
FAILS = "The curve does not hold out of time: leaving has changed, or the running contracts differ from the old"
CHECKS = [
    (0.21, (0.0123, 0.0041, 0.0205), HOLDS, "agrees", "the curve is better than one rate for everybody"),
    (0.19, (-0.0123, -0.0205, -0.0041), HOLDS, "agrees", "one rate for everybody is better than the curve"),
    (0.28, (0.0023, -0.0041, 0.0087), HOLDS, "agrees", "the curve is no better than one rate for everybody"),
    (0.1899, (0.004, 0.0, 0.008), FAILS, "does not agree", "the curve is no better than one rate for everybody"),
    (0.2801, (-0.004, -0.008, 0.0), FAILS, "does not agree", "the curve is no better than one rate for everybody"),
]


@pytest.mark.parametrize(("expected", "gain", "verdict", "short", "better"), CHECKS)
def test_the_check_out_of_time_by_hand(expected, gain, verdict, short, better):
    check = checked(expected=expected, gain=gain)
    share = f"{100 * expected:.0f} %"
    assert words.holdout_finding(replace(measured(), holdout=check)) == (
        f"{verdict}. Of 387 contracts running at as_of it expected {share} to end in the holdout; 23 % did (19 % to "
        f"28 %). Contract by contract, {better} (Brier score 0.1234 against 0.1357)."
    )
    assert check.say() == (
        "holdout 2023-07-01 to 2024-01-01: 23 % of 387 running contracts ended (19 % to 28 %), "
        f"{share} expected; {short}"
    )


def test_what_is_missing_is_asked_for():
    leaving = measured()
    assert words.needs(leaving) == ""
    assert words.needs(replace(leaving, by_group=None, incidence=None, holdout=None)) == (
        "This page would say more with a declared category of the contracts or customers (to compare groups), "
        "end_reason (to tell why they leave) and holdout_until (to check the curve out of time)."
    )
    dated = leaving.setting
    snapshot = replace(dated, first_end=dated.last_end)
    assert words.needs(replace(leaving, holdout=None, setting=snapshot)).endswith(
        "with the dates of the ends (to check the curve out of time, and to tell what has changed)."
    )
    assert "all ends bear one date" in words.holdout_finding(replace(leaving, holdout=None, setting=snapshot))
    assert words.holdout_finding(replace(leaving, holdout=None, keeps_holdout=False)) == (
        "Nothing here was checked out of time: the study keeps no holdout. Set holdout_until in its file to learn "
        "whether the curve predicts."
    )
    assert words.holdout_finding(replace(leaving, holdout=None, keeps_holdout=True)) == (
        "Nothing here was checked out of time: none of the running contracts can be judged by the curve in the holdout."
    )


def test_the_answer_says_if_early_leavers_may_be_missing():
    leaving = described("bad")
    stay, year, group = words.answer(leaving)
    check_numbers(stay, {"median": stay})
    missing = replace(leaving, setting=replace(leaving.setting, n_missing_ends=400.0))
    assert words.answer(missing)[0] == f"{stay.rstrip('.')}, if no early leavers are missing from the records."
    assert words.answer(missing)[1:] == [year, group]
    assert words.answer(replace(leaving, rates=None))[1] == words.year_finding(leaving)
    assert words.answer(replace(leaving, pairs=None))[2] == group_words.reason_finding(leaving)


def test_a_median_of_which_nothing_is_known_is_no_sentence_about_half():
    medians = pd.DataFrame([{"group": "all", "median_days": 120.0, "lower": 0.0, "upper": np.nan}])
    leaving = measured()
    told = words.stay_finding(replace(leaving, survival=replace(leaving.survival, medians=medians)))
    assert told == "Too few contracts were watched: after how long half of them have ended is not known."


def test_pairs_that_cannot_be_compared_are_not_counted_as_alike():
    leaving = measured()
    pairs = pd.DataFrame({"group": ["a"], "other_group": ["b"], "p_adjusted": [np.nan]})
    assert words.groups_told_apart(replace(leaving, pairs=pairs)) == ""
