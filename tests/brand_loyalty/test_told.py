"""Every sentence, figure, table and picture of loyalty to brands, held word for word in worlds of planted numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.models.dirichlet import ABOVE, AS_NORM, BELOW, SLIGHTLY_ABOVE, SLIGHTLY_BELOW, TOO_FEW
from crm_research.pillars import brand_loyalty as bl
from crm_research.pillars.brand_loyalty import charts, figures, heavy_words, tables, words
from crm_research.pillars.brand_loyalty.holdout import PenetrationCheck
from crm_research.stats.intervals import Interval
from crm_research.theme import chart_style
from tests.brand_loyalty.worlds import a_juice_market
from tests.told import check_figures, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"


@cache
def measured() -> bl.BrandLoyalty:
    """A market of known truth, for the shape of its frames; what is told below is planted into it."""
    return bl.describe_brands(a_juice_market(600))


def heavy_of(**numbers: float) -> pd.Series:
    base = {
        "from_purchases": 6.0,
        "n": 81.0,
        "first": 8.4,
        "expected": 7.5,
        "observed": 7.3,
        "lower": 6.9,
        "upper": 7.7,
    }
    return pd.Series({**base, "gap": -0.2, "gap_lower": -0.7, "gap_upper": 0.3, **numbers})


def planted(
    verdicts: tuple[str, ...],
    excess: tuple[float, ...],
    *,
    reach: tuple[float, ...] = (0.41, 0.33, 0.22, 0.17, 0.12, 0.07, 0.05),
    rate: tuple[float, ...] = (4.1, 3.4, 2.9, 2.7, 2.3, 2.2, 2.1),
    **others: object,
) -> bl.BrandLoyalty:
    """The measured market with verdicts, excess and sizes of our choice; every number differs from every other."""
    base = measured()
    norm = base.norm.assign(
        verdict=list(verdicts),
        excess_ratio=list(excess),
        ratio_lower=[e - 0.031 for e in excess],
        ratio_upper=[e + 0.043 for e in excess],
        penetration=list(reach),
        purchases_per_buyer=list(rate),
        n_buyers=[257, 211, 149, 113, 87, 46, 39],
    )
    law = replace_law(base, 1.17, 1.08, 1.26)
    trend = replace(
        base.trend, heavy=heavy_of(), level=0.97, level_lower=0.91, level_upper=1.04, newcomer_share=0.013, n=407
    )
    return replace(base, **{"norm": norm, "duplication": law, "trend": trend, "n_customers": 613, **others})


def replace_law(base: bl.BrandLoyalty, estimate: float, lower: float, upper: float, **others: object):
    pairs = pd.DataFrame(
        {"brand": ["Dorado", "Alpen"], "other": ["Fjord", "云鼎"], "n_both": [18, 43], "observed": [0.162, 0.305],
         "expected": [0.094, 0.271], "ratio": [1.73, 1.13], "lower": [1.21, 0.98], "upper": [2.47, 1.3]}
    )  # fmt: skip
    limits = Interval(estimate=np.float64(estimate), lower=np.float64(lower), upper=np.float64(upper))
    return replace(base.duplication, **{"law": limits, "pairs": pairs, "mean_miss": 0.029, **others})


def checked(*, miss: float, rule_miss: float) -> PenetrationCheck:
    brands = pd.DataFrame(
        {
            "brand": list(measured().norm["brand"]),
            "predicted": [0.44, 0.34, 0.23, 0.18, 0.13, 0.08, 0.06],
            "observed": [0.42, 0.35, 0.19, 0.16, 0.11, 0.09, 0.02],
            "lower": [0.38, 0.31, 0.16, 0.13, 0.09, 0.065, 0.01],
            "upper": [0.46, 0.39, 0.225, 0.19, 0.13, 0.12, 0.04],
            "rule": [0.43, 0.33, 0.21, 0.17, 0.14, 0.07, 0.05],
        }
    )
    until = datetime(2024, 6, 30)
    return PenetrationCheck(
        after=datetime(2024, 1, 1), until=until, brands=brands, n_customers=613, miss=miss, rule_miss=rule_miss
    )


FEW = (TOO_FEW, TOO_FEW)
EVEN = (0.021, -0.013, 0.034, -0.027, 0.008, 0.3, -0.2)

WORLDS: dict[str, Callable[[], bl.BrandLoyalty]] = {
    "good": lambda: planted(
        (AS_NORM, ABOVE, AS_NORM, ABOVE, BELOW, *FEW),
        (0.021, 0.14, 0.034, 0.26, -0.17, 0.3, -0.2),
        holdout=checked(miss=0.021, rule_miss=0.034),
    ),
    "bad": lambda: planted(
        (BELOW, AS_NORM, BELOW, AS_NORM, AS_NORM, *FEW),
        (-0.12, 0.013, -0.23, 0.027, 0.008, 0.3, -0.2),
        reach=(0.41, 0.37, 0.36, 0.35, 0.34, 0.07, 0.05),
        rate=(2.1, 3.4, 2.9, 2.7, 4.9, 2.2, 2.3),
        holdout=checked(miss=0.034, rule_miss=0.021),
        trend=replace(
            measured().trend,
            heavy=heavy_of(**LOST),
            level=0.83,
            level_lower=0.74,
            level_upper=0.92,
            newcomer_share=0.21,
            n=407,
        ),
        is_settled=True,
    ),
    "one above": lambda: planted((ABOVE, AS_NORM, AS_NORM, AS_NORM, AS_NORM, *FEW), (0.19, *EVEN[1:])),
    "all as their size": lambda: planted(
        (AS_NORM,) * 5 + FEW, EVEN, holdout=checked(miss=0.021, rule_miss=float("nan"))
    ),
    "nothing judged": lambda: planted((TOO_FEW,) * 7, EVEN, duplication=None, trend=None, scr=None),
    "four above": lambda: planted((ABOVE,) * 4 + (AS_NORM, *FEW), (0.19, 0.14, 0.34, 0.26, 0.008, 0.3, -0.2)),
}
FINDINGS = (
    words.answer,
    words.excess_finding,
    words.size_finding,
    words.jeopardy_title,
    words.law_finding,
    words.holdout_finding,
    words.wallet_finding,
    words.own_brand_finding,
    words.estimator_finding,
    heavy_words.newcomer_finding,
    heavy_words.trend_title,
)
FIGURES = (
    figures.key_figures,
    figures.parameter_figures,
    figures.duplication_figures,
    figures.scr_figures,
    figures.excess_figures,
)
PICTURES = (charts.draw_double_jeopardy, charts.draw_excess, charts.draw_duplication, charts.draw_trend)
TABLES = (tables.brand_table, tables.money_table, tables.growth_table, tables.heavy_table)


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told(world):
    loyalty = WORLDS[world]()
    with chart_style():
        parts = {make.__name__: made(make, loyalty) for make in (*FINDINGS, *FIGURES, *TABLES, *PICTURES)}
        sections = a_page_of(loyalty).sections()
        # Where the numbers come from holds the versions of packages.
        told = tell(**parts, **{f"page.{name}": made for name, made in sections.items() if name != "provenance"})
    hold(told, TOLD / f"{world.replace(' ', '-')}.txt")
    for make in FIGURES:
        check_figures(make(loyalty), signed={"loyalty.excess"})


def test_who_is_surely_off_by_less_than_five_per_cent_is_named_where_nobody_is_farther_off():
    """The sentence, the table, the picture and the card follow one interval, -3.9 % (-7.0 % to -0.1 %) here."""
    loyalty = planted((AS_NORM, SLIGHTLY_BELOW, AS_NORM, AS_NORM, AS_NORM, *FEW), (0.021, -0.039, 0.034, *EVEN[3:]))
    loyalty.norm.loc[1, ["ratio_lower", "ratio_upper"]] = [-0.07, -0.001]
    assert words.excess_finding(loyalty).endswith(
        "no brand is bought more than 5.0 % more or less often by its buyers than its size explains; surely off its "
        "size, but by less than that: Brise (-3.9 %)."
    )
    card = figures.key_figures(loyalty)[0]
    assert (card.group, card.estimate, card.lower, card.upper) == ("Brise", -0.039, -0.07, -0.001)
    assert card.estimator.endswith("95 % interval for all judged together")
    assert tables.brand_table(loyalty)["verdict"].tolist()[1] == "slightly below the norm"
    with chart_style():
        title = charts.draw_excess(loyalty).get_figure().get_suptitle() or charts.draw_excess(loyalty).get_title("left")
    assert "by more than 5.0 %" in title.replace("\n", " ")


def test_who_lies_slightly_below_is_no_none_beside_those_above():
    loyalty = planted((ABOVE, SLIGHTLY_BELOW, SLIGHTLY_ABOVE, AS_NORM, AS_NORM, *FEW), (0.19, -0.041, 0.032, *EVEN[3:]))
    assert words.excess_finding(loyalty).endswith(
        "; none lies more than 5.0 % below; surely off their size, but by less than that: Brise (-4.1 %) "
        "and 云鼎 (+3.2 %)."
    )


def a_page_of(loyalty: bl.BrandLoyalty) -> bl.BrandLoyaltyPage:
    page = bl.BrandLoyaltyPage(a_juice_market(3))
    page.result = loyalty
    return page


def made(make: Callable[[bl.BrandLoyalty], object], loyalty: bl.BrandLoyalty) -> object:
    return make(loyalty)


LOST = {"observed": 5.1, "gap": -2.4, "gap_lower": -3.1, "gap_upper": -1.7}
HEAVY = [
    (
        {},
        {},
        "where chance alone would have given 7.5; the difference is within chance and shows no loss of loyalty.",
    ),
    (
        {},
        {"level": 0.86, "level_lower": 0.81, "level_upper": 0.93},
        (
            "then 7.3, where chance, with all buyers followed at 0.86 times what it explains, would have given 7.5; "
            "the difference is within chance: all buyers followed bought less, the heavy ones no more so."
        ),
    ),
    (
        {"gap": 0.4, "gap_lower": 0.1, "gap_upper": 0.8},
        {},
        "then 7.3, where chance alone would have given 7.5; they kept more than chance explains.",
    ),
    (
        LOST,
        {},
        (
            "bought 8.4 each, then 5.1, where chance alone would have given 7.5; the 2.4 between them (interval "
            "1.7 to 3.1) is more than chance."
        ),
    ),
    ({"observed": 8.9}, {}, "half: 8.9 purchases each after 8.4, where chance alone would have given 7.5."),
    ({"observed": 8.4}, {}, "did not buy less in the second half: 8.4 purchases each after 8.4"),
    ({"expected": 8.6}, {}, "then 7.3: 1.1 less, though chance alone would have given no fall (8.6)."),
    ({"gap_lower": np.nan, "gap_upper": np.nan}, {}, "then 7.3, where chance alone would have given 7.5."),
]


@pytest.mark.parametrize(("numbers", "level", "expected"), HEAVY)
def test_heavy_buyers_by_hand(numbers, level, expected):
    """First 8.4, expected 7.5, observed 7.3: a fall of 1.1, within the chance that takes 0.9."""
    base = planted((AS_NORM,) * 5 + FEW, EVEN)
    loyalty = replace(base, trend=replace(base.trend, heavy=heavy_of(**numbers), **level), is_settled=True)
    assert expected in heavy_words.heavy_finding(loyalty)


WITHIN = "; the difference is within chance and shows no loss of loyalty."


@pytest.mark.parametrize(
    ("numbers", "level", "said", "title"),
    [
        ({"gap": -0.4, "gap_lower": -0.8, "gap_upper": 0.0}, {}, WITHIN, "bought less later, as chance explains"),
        ({"gap": 0.4, "gap_lower": 0.0, "gap_upper": 0.8}, {}, WITHIN, "bought less later, as chance explains"),
        ({"observed": 8.4, "gap_lower": -0.5}, {}, "did not buy less in the second half", "kept buying as much"),
        ({"expected": 8.4}, {}, "1.1 less, though chance alone would have given no fall (8.4).", "as chance explains"),
        ({}, {"level": 0.9, "level_lower": 0.8, "level_upper": 1.0}, f"chance alone would have given 7.5{WITHIN}", ""),
        ({}, {"level": 1.1, "level_lower": 1.0, "level_upper": 1.2}, f"chance alone would have given 7.5{WITHIN}", ""),
        ({}, {"level": 1.1, "level_lower": 1.01, "level_upper": 1.2}, "at 1.10 times what it explains, would", ""),
    ],
)  # fmt: skip
def test_a_limit_that_touches_nought_or_the_level_of_chance_is_within_chance(numbers, level, said, title):
    base = planted((AS_NORM,) * 5 + FEW, EVEN)
    loyalty = replace(base, trend=replace(base.trend, heavy=heavy_of(**numbers), **level), is_settled=True)
    assert said in heavy_words.heavy_finding(loyalty)
    assert heavy_words.trend_title(loyalty).endswith(title)


@pytest.mark.parametrize(
    ("n_both", "ratio", "lower", "is_named"),
    [
        (30, 1.25, 1.01, True),
        (29, 1.25, 1.01, False),
        (30, 1.24, 1.01, False),
        (30, 1.25, 1.0, False),
        (30, 1.25, float("nan"), False),
    ],
)
def test_a_pair_is_named_only_beyond_chance_among_all_pairs(n_both, ratio, lower, is_named):
    """The pair furthest above the rule of size is always there: the first of many by itself is no finding."""
    base = planted((AS_NORM,) * 5 + FEW, EVEN)
    pairs = base.duplication.pairs.iloc[[1]].assign(n_both=n_both, ratio=ratio, lower=lower)
    loyalty = replace(base, duplication=replace(base.duplication, pairs=pairs))
    named = words.law_finding(loyalty).endswith(
        f"Alpen and 云鼎 share more than that beyond chance: 30 % of the buyers of the first buy the second, where the "
        f"rule gives 27 % ({n_both} customers buy both)."
    )
    assert named is is_named
    title = charts.draw_duplication(loyalty).figure.texts[0].get_text().replace("\n", " ")
    assert ("share more buyers than their size explains" in title) is is_named


def test_a_fall_that_newcomers_may_explain_is_left_open_from_five_per_cent_of_purchases_on():
    lost = heavy_of(**LOST)
    base = planted((AS_NORM,) * 5 + FEW, EVEN)
    for share, is_open in ((0.0499, False), (0.05, True), (0.0501, True)):
        loyalty = replace(base, trend=replace(base.trend, heavy=lost, newcomer_share=share), is_settled=False)
        assert heavy_words.is_left_open(loyalty) is is_open
        assert heavy_words.is_left_open(replace(loyalty, is_settled=True)) is False
    unforeseen = replace(loyalty.trend, heavy=heavy_of(expected=8.6, gap=-1.3, gap_lower=-2.0, gap_upper=-0.6))
    said = heavy_words.heavy_finding(replace(loyalty, trend=unforeseen))
    assert said.endswith("would have given no fall (8.6), and whether newcomers explain it is open.")


def test_the_estimators_of_s_disagree_only_where_their_intervals_do_not_meet():
    base = measured()

    def with_limits(zeros: tuple[float, float], likelihood: tuple[float, float]) -> str:
        params = base.fit.params.copy()
        for method, (lower, upper) in (("zeros", zeros), ("likelihood", likelihood)):
            rows = (params["name"] == "s") & (params["method"] == method)
            params.loc[rows, ["estimate", "lower", "upper"]] = (lower + upper) / 2, lower, upper
        return words.estimator_finding(replace(base, fit=replace(base.fit, params=params)))

    assert with_limits((1.2, 1.4), (1.4, 1.8)).endswith("the two ways of fitting agree within their intervals.")
    assert "their intervals do not meet" in with_limits((1.2, 1.4), (1.41, 1.81))
    assert "their intervals do not meet" in with_limits((1.41, 1.81), (1.2, 1.4))
    assert (
        with_limits((1.2, 1.4), (np.nan, np.nan))
        == "S is 1.30 by the brands' penetrations and beyond measure (every purchase a fresh draw) by likelihood."
    )


def test_the_own_brand_is_told_by_its_own_row():
    base = bl.describe_brands(a_juice_market(300), unit="own_brand", category="all")
    shares = {"own brand": (0.613, 0.572), "other brands": (0.387, 0.428)}
    names = list(base.norm["brand"])
    assert "own brand" in names
    planted_shares = [shares.get(name, (0.387, 0.428)) for name in names]
    loyalty = replace(
        base,
        norm=base.norm.assign(share=[share for share, _ in planted_shares]),
        money=base.money.set_index("brand")
        .loc[names]
        .reset_index()
        .assign(revenue_share=[part for _, part in planted_shares]),
    )
    said = words.own_brand_finding(loyalty)
    check_numbers(said, {"share of purchases": "61 % of purchases", "share of revenue": "57 % of revenue"})


def test_a_parameter_whose_limits_lie_a_hundredfold_apart_is_not_known():
    base = measured()
    table = base.fit.params.copy()
    is_s = (table["name"] == "s") & table["is_used"]

    def card(lower: float, upper: float):
        table.loc[is_s, ["estimate", "lower", "upper"]] = [50.0, lower, upper]
        given = figures.parameter_figures(replace(base, fit=replace(base.fit, params=table)))
        return {figure.id: figure for figure in given}["loyalty.dirichlet_s"]

    assert (card(2.40, 1043.0).estimate, card(2.40, 1043.0).lower, card(2.40, 1043.0).upper) == (None, None, None)
    assert (card(20.0, 120.0).estimate, card(20.0, 120.0).lower, card(20.0, 120.0).upper) == (50.0, 20.0, 120.0)
