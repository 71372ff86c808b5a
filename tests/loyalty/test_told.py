"""Every sentence, figure, table and picture of loyalty, held word for word in three worlds, and sentences by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.features.states import DEVELOPING, FADING, LOST, LOYAL, NEW
from crm_research.figures import REFUTED
from crm_research.models.markov import ChainTest
from crm_research.pillars import loyalty as ly
from crm_research.pillars.loyalty.effects import programme_page
from crm_research.pillars.loyalty.index import page as index_page
from crm_research.pillars.loyalty.ladder import charts as ladder_charts
from crm_research.pillars.loyalty.ladder import figures as ladder_figures
from crm_research.pillars.loyalty.ladder import words as ladder_words
from crm_research.pillars.loyalty.repeat import charts, figures, words
from crm_research.pillars.loyalty.rhythm import words as rhythm_words
from crm_research.pillars.loyalty.rhythm.measure import IN_RHYTHM, OVERDUE, SILENT
from crm_research.stats.intervals import Interval
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.loyalty.programmes import a_programme_world
from tests.loyalty.test_analysis import a_world
from tests.loyalty.test_rhythm import a_steady_world
from tests.told import check_figures, check_frame, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"
SENTENCES = (
    words.answer, words.repeat_finding, words.wait_finding, words.retention_finding, words.period_finding,
    words.depth_finding, words.won_finding, words.truncation_finding, words.holdout_finding,
)  # fmt: skip
FIGURES = (figures.key_figures, figures.retention_figures)
TABLES = (ly.milestones,)
PICTURES = (charts.draw_waits, charts.draw_depth, charts.draw_retention, charts.draw_triangle)
SECTIONS = ("period_choice", "newcomers", "depth", "retention", "holdout")
MORE_SECTIONS = (
    "overdue", "cycle", "ladder", "first_order", "discounts", "index", "experiments", "recovery", "programme", "signs",
    "ladder_check",
)  # fmt: skip
# Differences, which may lie below nought.
SIGNED = {"loyalty.index_auc_gain", "loyalty.programme_difference"}


@cache
def good_study():
    return a_study(as_of="2023-06-01", holdout_until="2024-01-01", orders=a_steady_world(150))


@cache
def bad_study():
    return a_study(as_of="2023-10-01", holdout_until="2024-01-01", orders=a_world(900, later_rate=0.002))


def nothing_study():
    return a_study(as_of="2024-01-05", orders=orders(("a", "2024-01-01", 10.0)))


WORLDS: dict[str, Callable[[], object]] = {"good": good_study, "bad": bad_study, "nothing": nothing_study}


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told(world):
    page = ly.LoyaltyPage(WORLDS[world]())
    found = page.result
    with chart_style():
        parts: dict[str, object] = {make.__name__: make(found) for make in (*SENTENCES, *FIGURES)}
        parts |= (
            {draw.__name__: draw(found) for draw in (*TABLES, *PICTURES)} if found.time_to_second is not None else {}
        )
        parts |= {name: getattr(page, name).show for name in SECTIONS}
        hold(tell(**parts), TOLD / f"{world}.txt")
    for make in FIGURES:
        check_figures(make(found))


@pytest.mark.parametrize("world", ["good", "bad"])
def test_what_a_reader_is_told_of_rhythm_ladder_and_index(world):
    page = ly.LoyaltyPage(WORLDS[world]())
    told = tell(**{name: getattr(page, name).show for name in MORE_SECTIONS})
    rhythm, ladder, index = page.rhythm, page.ladder_result, page.index.result
    made = []
    if rhythm is not None:
        made += ladder_figures.rhythm_figures(rhythm)
    if ladder is not None:
        made += [*ladder_figures.state_figures(ladder), *ladder_figures.steady_figures(ladder)]
        check_frame(ladder.shares, estimate="share")
        check_frame(ladder.standing, estimate="share")
        check_frame(ladder.steady.table, estimate="share")
        assert ladder.standing["share"].sum() == pytest.approx(1)
        assert ladder.steady.table["share"].sum() == pytest.approx(1)
        with chart_style():
            told += tell(shares=ladder_charts.draw_state_shares(ladder), moves=ladder_charts.draw_moves(ladder))
    if index is not None:
        made += index_page.index_figures(index)
        with chart_style():
            told += tell(deciles=index_page.draw_deciles(index))
    told += tell(figures=check_figures(made, signed=SIGNED))
    hold(told, TOLD / f"{world}-ladder.txt")


def test_what_a_reader_is_told_of_a_programme():
    study = a_programme_world(500, effect=1.5).study()
    found = ly.describe_loyalty(study)
    section = programme_page.programme_section(study, found, None)
    told, effect = tell(programme=section.show), section.result
    with chart_style():
        told += tell(picture=programme_page.draw_programme(effect))
    made = check_figures(programme_page.programme_figures(effect, found), signed=SIGNED)
    hold(told + tell(figures=made), TOLD / "programme.txt")


@cache
def measured():
    return ly.describe_loyalty(good_study())


def test_the_repeat_rate_by_hand():
    repeat = pd.DataFrame(
        {
            "customers": ["all"],
            "n": [431],
            "n_repeat": [117],
            "repeat_rate": [0.2715],
            "lower": [0.2316],
            "upper": [0.3154],
        }
    )
    said = words.repeat_finding(replace(measured(), repeat=repeat))
    assert said == "Of 431 buyers, 27 % (95 % interval 23 % to 32 %) have bought again so far."


def time_to_second(survival: dict[float, tuple[float, float, float]], median: tuple[float, float, float]):
    """A curve that is known at these days, with a median."""

    def at(days: float) -> pd.DataFrame:
        estimate, lower, upper = survival.get(float(days), (np.nan,) * 3)
        return pd.DataFrame({"survival": [estimate], "lower": [lower], "upper": [upper], "n_at_risk": [50]})

    medians = pd.DataFrame([dict(zip(("median_days", "lower", "upper"), median, strict=True))])
    return SimpleNamespace(at=at, medians=medians)


@pytest.mark.parametrize(
    ("survival", "median", "said"),
    [
        (
            {90.0: (0.61, 0.57, 0.66), 365.0: (0.34, 0.29, 0.38)},
            (143.0, 121.0, 171.0),
            (
                "half are back after 5 months (95 % interval 4 months to 6 months), and 66 % (95 % interval 62 % to "
                "71 %) within 12 months."
            ),
        ),
        (
            {90.0: (0.61, 0.57, 0.66)},
            (np.nan,) * 3,
            "39 % (95 % interval 34 % to 43 %) are back within 3 months; more than half have not been seen again yet.",
        ),
        ({}, (np.nan,) * 3, "Nobody was watched for 90 days, so how soon they come back is not known yet."),
    ],
)
def test_how_soon_they_come_back_by_hand(survival, median, said):
    period_choice = replace(measured().period_choice, horizons_days=(90.0, 365.0))
    found = replace(
        measured(), time_to_second=time_to_second(survival, median), period_choice=period_choice, basis="all buyers"
    )
    assert words.wait_finding(found).endswith(said)
    assert "(newcomers)" in words.wait_finding(replace(found, basis="newcomers")) or not survival


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (365, "12 months"), (729, "24 months"), (730, "2 years"), (732, "2 years"), (733, "2.0 years"),
        (1825, "5 years"), (1824, "5.0 years"), (1826.25, "5 years"), (2920, "8 years"),
    ],
)  # fmt: skip
def test_a_span_is_whole_years_where_it_is_so_many_of_365_or_366_days(days, said):
    assert words.say_span(days) == said


def pooled(*rows: tuple[int, float, float, float, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["period_index", "retention_rate", "lower", "upper", "n_customers"])
    return frame.assign(n_cohorts=3)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [(1, 0.31, 0.28, 0.34, 500), (2, 0.24, 0.21, 0.27, 400), (3, 0.19, 0.16, 0.22, 50), (4, 0.9, 0.8, 1.0, 49)],
            (
                "Of the customers first seen in one month 31 % buy in the next (28 % to 34 %), 3 months on 19 % (16 % "
                "to 22 %)."
            ),
        ),
        ([(1, 0.31, 0.28, 0.34, 500)], "Of the customers first seen in one month 31 % buy in the next (28 % to 34 %)."),
        (
            [(1, 0.11, 0.09, 0.13, 500), (2, 0.41, 0.36, 0.46, 400), (3, 0.17, 0.14, 0.2, 300)],
            (
                "Of the customers first seen in one month 11 % buy in the next (9.0 % to 13 %), 2 months on, at the "
                "peak, 41 % (36 % to 46 %), 3 months on 17 % (14 % to 20 %)."
            ),
        ),
    ],
)
def test_retention_by_hand(rows, said):
    retention = replace(measured().retention, pooled=pooled(*rows), period_months=1)
    assert words.retention_finding(replace(measured(), retention=retention)) == said


def test_a_peak_is_named_only_where_it_lies_half_above_first_and_last_limits():
    def peak(lower: float):
        rows = pooled((1, 0.1, 0.08, 0.12, 500), (2, 0.3, lower, 0.4, 400), (3, 0.13, 0.1, 0.16, 300))
        found = replace(measured(), retention=replace(measured().retention, pooled=rows))
        return words.retention_peak(found)

    # 1.5 x the upper limit of the last is .24; of three at once the lower limit lies 2.394 / 1.960 as far down.
    assert peak(0.2510) is not None
    assert peak(0.2507) is None


def test_late_is_compared_with_early_of_the_same_intakes():
    triangle = pd.DataFrame(
        {
            "cohort": pd.to_datetime(["2023-01-01", "2023-02-01", "2023-01-01"]),
            "period_index": [1, 1, 2],
            "n_customers": [100, 300, 100],
            "n_active": [50, 60, 36],
        }
    )
    rows = pooled((1, 110 / 400, 0.24, 0.32, 400), (2, 0.36, 0.27, 0.46, 100)).assign(n_cohorts=[2, 1])
    retention = replace(measured().retention, triangle=triangle, pooled=rows, period_months=1, newcomers_from=None)
    found = replace(measured(), retention=retention)
    assert words.same_intakes(found) == (1, 0.5)
    assert words.retention_finding(found) == (
        "Of the customers first seen in one month 28 % buy in the next (24 % to 32 %); of those watched for 2 months "
        "(one intake) 50 % did, and 2 months on 36 % (27 % to 46 %) buy."
    )


WON = [
    (
        (0.13, 0.04, 0.22),
        "The records speak for the claim: ",
        "13 points higher",
        "(difference 4.0 points to 22 points)",
    ),
    (
        (-0.13, -0.22, -0.04),
        "The records speak against the claim: ",
        "13 points lower",
        "(difference -22 points to -4.0",
    ),
    (
        (0.03, -0.04, 0.11),
        "The records neither bear out nor refute",
        "3.0 points higher",
        "(difference -4.0 points to 11",
    ),
    (
        (0.0004, -0.04, 0.05),
        "The records neither bear out nor refute",
        "is the same after the second purchase as after the first",
        "(difference -4.0 points to 5.0",
    ),
]


@pytest.mark.parametrize(("gap", "verdict", "how_far", "limits"), WON)
def test_whether_the_second_purchase_wins_a_customer_by_hand(gap, verdict, how_far, limits):
    estimate, lower, upper = gap
    won = pd.DataFrame({"survival_gap": [estimate], "gap_lower": [lower], "gap_upper": [upper], "horizon_days": [90.0]})
    depths = pd.DataFrame({"depth": [1, 2], "within_days": [90.0, 90.0], "return_rate": [0.37, 0.52]})
    found = replace(measured(), won=won, depths=depths)
    said = words.won_finding(found)
    assert said.startswith(verdict)
    assert how_far in said
    assert limits in said
    twice = "52 % within 3 months, against 37 % after the first purchase"
    titles = {
        True: f"Whoever has bought twice comes back more surely: {twice}",
        False: "The second purchase does not make the third surer: 52 % are back within 3 months, against 37 % after "
        "the first",
        None: "After the second purchase customers come back about as surely as after the first (52 % and 37 % within "
        "3 months)",
    }
    assert words.depth_finding(found) == titles[True if lower > 0 else False if upper < 0 else None]


def returns(*, n: int, holds: bool, observed: float, expected: float, errors: tuple[float, float]):
    held = ly.describe_loyalty(bad_study()).holdout
    lower, upper = errors
    scores = replace(held.errors, lower=lower, upper=upper, score=0.1873, other_score=0.2041)
    return SimpleNamespace(
        n=n, holds=holds, observed_share=observed, expected_share=expected, lower=0.21, upper=0.33, mean_days=81.4,
        as_of=datetime(2023, 6, 1), errors=scores,
    )  # fmt: skip


HELD = [
    (
        (True, 0.27, 0.26, (0.002, 0.03)),
        "The curve holds out of time. ",
        "the curve was better than one rate of return",
    ),
    (
        (False, 0.27, 0.41, (-0.03, -0.002)),
        "Fewer came back than expected. ",
        "one rate of return for every day was better",
    ),
    ((False, 0.27, 0.17, (-0.03, 0.002)), "More came back than expected. ", "the curve was no better than one rate"),
]


@pytest.mark.parametrize(("planted", "verdict", "better"), HELD)
def test_the_holdout_by_hand(planted, verdict, better):
    holds, observed, expected, errors = planted
    check = returns(n=312, holds=holds, observed=observed, expected=expected, errors=errors)
    said = words.holdout_finding(replace(measured(), holdout=check))
    assert said.startswith(
        f"{verdict}312 first-time buyers waiting on 2023-06-01 were followed for 81 days on average: "
    )
    assert f"27 % came back (21 % to 33 %), {100 * expected:.0f} % had been expected." in said
    assert f"Customer by customer, {better}" in said
    assert said.endswith("(Brier score 0.1873 against 0.2041).")
    few = words.holdout_finding(
        replace(measured(), holdout=returns(n=19, holds=holds, observed=observed, expected=expected, errors=errors))
    )
    assert few.startswith("Only 19 first-time buyers waiting on 2023-06-01 could be followed")
    twenty = returns(n=20, holds=holds, observed=observed, expected=expected, errors=errors)
    assert words.holdout_finding(replace(measured(), holdout=twenty)).startswith(verdict)


@cache
def a_rhythm():
    return ly.describe_rhythm(good_study(), measured())


@cache
def a_ladder():
    return ly.describe_ladder(good_study(), measured(), a_rhythm())


def test_the_ladder_needs_what_the_page_gives_it():
    assert a_ladder().standing["share"].sum() == pytest.approx(1)


def shares_of(first: dict[str, tuple[float, float, float]], last: dict[str, tuple[float, float, float]]):
    """A ladder of two periods with these shares and their limits."""
    starts = pd.Timestamp("2021-03-01"), pd.Timestamp("2022-03-01")
    rows = [
        (at, state, round(700 * numbers[0]), 700, *numbers)
        for at, told in zip(starts, (first, last), strict=True)
        for state, numbers in told.items()
    ]
    columns = ["period_start", "state", "n", "n_customers", "share", "lower", "upper"]
    return replace(a_ladder(), shares=pd.DataFrame(rows, columns=columns), last_at=starts[1])


NOW = {
    LOYAL: (0.43, 0.4, 0.46), LOST: (0.22, 0.19, 0.25), FADING: (0.14, 0.11, 0.17), NEW: (0.21, 0.18, 0.24),
    DEVELOPING: (0.0, 0.0, 0.01),
}  # fmt: skip


def test_where_customers_stand_and_whether_the_loyal_share_moved_by_hand():
    said = ladder_words.standing_finding(shares_of(NOW, NOW))
    named = {state: f"{100 * NOW[state][0]:.0f} % {state}" for state in (LOYAL, LOST, FADING, NEW)}
    check_numbers(said.replace("2022-03", ""), {**named, "n": "of 700 customers"})
    now = "43 % of customers are loyal, 22 % lost; the loyal share "
    for first, told in (
        ((0.37, 0.34, 0.399), "was 37 % in 2021-03"),
        ((0.37, 0.34, 0.4), "is about what it was in 2021-03"),
        ((0.49, 0.461, 0.52), "was 49 % in 2021-03"),
        ((0.49, 0.46, 0.52), "is about what it was in 2021-03"),
    ):
        assert ladder_words.share_title(shares_of({**NOW, LOYAL: first}, NOW)) == now + told


def a_test(p_value: float) -> ChainTest:
    fields = dict.fromkeys(ChainTest.__dataclass_fields__)
    return ChainTest(**{**fields, "chi_squared": 31.4, "degrees": 12, "p_value": p_value, "n": 812})


@pytest.mark.parametrize("sure", [True, False])
def test_the_tests_of_the_chain_by_hand(sure):
    p_value = 0.0017 if sure else 0.31
    ladder = replace(a_ladder(), memory=a_test(p_value), second_memory=a_test(p_value), stability=a_test(p_value))
    said = ladder_words.tests_finding(ladder)
    numbers = f"(chi-squared 31 on 12 degrees of freedom, p {0.002 if sure else 0.31:.3f})"
    assert said.count(numbers) == 3
    assert ("moves were not alike in all periods" in said) is sure
    assert ("tells something more" in said) is sure
    assert ("standing tells nothing of moves" in said) is not sure
    edge = ladder_words.tests_finding(replace(ladder, stability=a_test(0.05)))
    assert "moves were alike in all periods" in edge
    assert "under 0.001" in ladder_words.tests_finding(replace(ladder, stability=a_test(0.0009)))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((0.004, 0.021), "the moves of the past predicted them better than the rule"),
        ((-0.021, -0.004), "the rule 'same as in the last period' predicted them better"),
        ((-0.004, 0.021), "the moves of the past predicted them no better than the rule"),
    ],
)
def test_whether_the_moves_tell_what_comes_by_hand(limits, said):
    # Off by (.031 + .015) / 2 = 2.3 points; left as they were by (.041 + .033) / 2 = 3.7.
    end = pd.DataFrame(
        {"state": [LOYAL, LOST], "forecast": [0.431, 0.235], "unchanged": [0.441, 0.253], "seen": [0.4, 0.22]}
    )
    check = replace(
        a_ladder().check, lower=limits[0], upper=limits[1], gain=0.013, n=611, chain_hits=0.71, rule_hits=0.64,
        end=end, is_holdout=True,
    )  # fmt: skip
    told = ladder_words.check_finding(replace(a_ladder(), check=check))
    assert said in told
    named = {
        "moves": "In the holdout 611 moves", "gain": "gain in Brier score 0.013",
        "limits": f"{limits[0]:.3f} to {limits[1]:.3f}", "hits": "right for 71 %, the same state for 64 %",
        "errors": "off by 2.3 points on average, shares left as they were by 3.7",
    }  # fmt: skip
    check_numbers(told, named)


def bands(**shares: tuple[float, float, float, int]) -> pd.DataFrame:
    rows = [(name, *numbers) for name, numbers in shares.items()]
    return pd.DataFrame(rows, columns=["band", "share", "lower", "upper", "n"])


def test_who_is_overdue_and_whether_that_tells_anything_by_hand():
    standing = bands(
        **{IN_RHYTHM: (0.71, 0.68, 0.74, 497), OVERDUE: (0.17, 0.14, 0.2, 119), SILENT: (0.12, 0.1, 0.15, 84)}
    )
    later = bands(
        **{IN_RHYTHM: (0.83, 0.79, 0.86, 497), OVERDUE: (0.44, 0.36, 0.53, 119), SILENT: (0.13, 0.07, 0.22, 84)}
    )
    rhythm = replace(a_rhythm(), standing=standing, later=later, usual_overdue_share=0.23)
    assert rhythm_words.overdue_finding(rhythm) == (
        "17 % (95 % interval 14 % to 20 %) of customers are overdue by their own rhythm, and 12 % have been silent for "
        "longer than 19 of 20 such gaps. To be overdue is not yet to be lost: customers who did come back had spent "
        "23 % of the time between purchases beyond the first of these limits."
    )
    assert rhythm_words.overdue_title(rhythm) == (
        "17 % of customers are overdue; of those 44 % bought later, of those in rhythm 83 %"
    )
    assert rhythm_words.later_finding(rhythm).startswith("A broken rhythm predicts who stays away. ")
    close = replace(rhythm, later=bands(**{IN_RHYTHM: (0.6, 0.53, 0.66, 497), OVERDUE: (0.5, 0.4, 0.53, 119)}))
    assert rhythm_words.later_finding(close).startswith("A broken rhythm was not seen to")


INDEX = [
    ((0.031, 0.012, 0.049), True, False, "The index predicts who buys next better than recency alone. "),
    ((-0.031, -0.049, -0.012), False, True, "Recency alone does better than the index, so use recency. "),
    ((0.011, -0.012, 0.034), False, False, "The index was not shown to be better than recency alone in every respect"),
]


@pytest.mark.parametrize(("gain", "better", "worse", "verdict"), INDEX)
def test_the_index_against_recency_by_hand(gain, better, worse, verdict):
    index = SimpleNamespace(
        auc_gain=Interval(*gain), deviance_gain=Interval(0.0123, *((0.004, 0.02) if better else (-0.02, 0.03))),
        is_holdout=True, n_judged=417, n_learned=391, auc=0.7314, other_auc=0.7004, period_days=184.0,
        is_better=better, is_worse=worse, window="w", confidence=0.95,
    )  # fmt: skip
    said = index_page.index_finding(index)
    assert said.startswith(verdict)
    lower, upper = (f"{100 * limit:+.1f}" for limit in gain[1:])
    named = {
        "n": "417 customers", "areas": "73.1 % correctly, days since the last purchase alone 70.0 %",
        "gain": f"difference {lower} to {upper} points", "deviance": "+0.0123 a customer",
    }  # fmt: skip
    check_numbers(said, named)
    auc, more = index_page.index_figures(index)
    assert (auc.estimate, auc.lower, auc.n) == (0.7314, None, 417)
    assert (more.estimate, more.lower, more.upper) == gain
    assert more.estimator == "difference of two correlated areas (DeLong); 95 % interval"


def test_every_figure_is_the_number_that_it_names():
    found = measured()
    repeat = found.repeat.iloc[0]
    key = {figure.id: figure for figure in figures.key_figures(found)}
    rate = key["loyalty.repeat_rate"]
    assert (rate.estimate, rate.lower, rate.upper, rate.n) == tuple(repeat[["repeat_rate", "lower", "upper", "n"]])
    median = found.time_to_second.medians.iloc[0]
    for figure in key.values():
        if figure.unit == "days":
            assert (figure.estimate, figure.lower, figure.upper) == tuple(median[["median_days", "lower", "upper"]])
        elif "within" in figure.id:
            days = next(days for days in found.period_choice.horizons_days if figures._horizon_id(days) == figure.id)
            row = found.time_to_second.at(days).iloc[0]
            expected = (1 - row["survival"], 1 - row["upper"], 1 - row["lower"])
            assert (figure.estimate, figure.lower, figure.upper) == pytest.approx(expected)
    rows = found.retention.pooled.set_index("period_index")
    for figure in figures.retention_figures(found):
        row = rows.loc[int(figure.group) // found.retention.period_months]  # the group says months
        assert (figure.estimate, figure.lower, figure.upper) == tuple(row[["retention_rate", "lower", "upper"]])


def test_another_package_is_asked_of_the_curve_of_those_who_come_back():
    found = ly.describe_loyalty(bad_study())
    assert found.holdout is not None
    n = int(found.time_to_second.sizes["n"].iloc[0])
    told = f"{found.holdout.say()}; equal to lifelines (Kaplan-Meier) to 1e-6 on {n:,} customers"
    made = {figure.id: figure for figure in figures.key_figures(found)}
    curve = [made[name] for name in (figures.MEDIAN_DAYS, "loyalty.repeat_90d")]
    assert {figure.validation for figure in curve} == {told}
    off = replace(found, holdout=None)
    off.__dict__["second_opinion"] = replace(found.second_opinion, gap=2e-6)
    (refuted,) = (figure for figure in figures.key_figures(off) if figure.id == figures.MEDIAN_DAYS)
    assert refuted.verdict == REFUTED
    assert refuted.validation == (
        f"NOT equal to lifelines (Kaplan-Meier) on {n:,} customers: the two differ by up to 2e-06 (share), where 1e-6 "
        "would do; do not use this number before the difference is understood"
    )
