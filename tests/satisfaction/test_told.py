"""Every sentence, figure, table and picture of satisfaction, held word for word in worlds of planted numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars import satisfaction
from crm_research.pillars.satisfaction import (
    SatisfactionAnalysis,
    advice,
    conviction_charts,
    figures,
    structure_words,
    words,
)
from crm_research.pillars.satisfaction.analysis import Level
from crm_research.pillars.satisfaction.followed import ENDED, REPEAT
from crm_research.show import Section
from crm_research.theme import chart_style
from tests.builders import a_study
from tests.satisfaction.test_satisfaction import DRAWINGS, FIGURES, SECTIONS, a_world, long_form
from tests.told import check_figures, check_frame, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"
SENTENCES = (
    words.answer, words.level_finding, words.power_finding, words.change_finding, words.means_finding,
    words.priority_finding, words.conviction_finding, words.later_finding, words.promoters_finding, words.trend_finding,
    words.path_finding, words.scale_finding, words.response_finding,
)  # fmt: skip
# Paths and their total effects may be negative, and points are no shares.
SIGNED: set[str] = set()


@cache
def measured() -> SatisfactionAnalysis:
    """Three hundred customers of known truth, asked once; what is told below is planted into it."""
    return satisfaction.describe_satisfaction(a_world(300), n_bootstraps=100)


@cache
def asked_twice() -> SatisfactionAnalysis:
    """Sixty customers in two waves: price fell by one for everybody, recommending rose."""
    rng = np.random.default_rng(3)
    first = pd.DataFrame({"price": rng.integers(3, 7, 60).astype(float), "satisfaction": rng.integers(2, 7, 60) * 1.0})
    first["recommend"] = np.clip(np.rint(first["satisfaction"] * 1.4 + rng.normal(0, 1, 60)), 0, 10)
    first.index = [f"c{i}" for i in range(60)]
    second = first.assign(price=first["price"] - 1, recommend=np.minimum(first["recommend"] + 2, 10))
    scales = {"recommend": (0.0, 10.0)}
    surveys = pd.concat(
        [long_form(first, "2023-05-10", scales, wave="a"), long_form(second, "2024-05-10", scales, wave="b")]
    )
    return satisfaction.describe_satisfaction(a_study(as_of="2024-07-01", surveys=surveys), n_bootstraps=100)


def change_of(change: float, lower: float, upper: float, std_error: float = 1.4) -> dict[str, float]:
    return {"change": change, "lower": lower, "upper": upper, "std_error": std_error, "p_value": 0.01}


def planted(level: tuple[float, float, float], moved: dict[str, float] | None, nps: dict[str, float] | None):
    """The two waves with a level, its change and the change of the net promoter score of our choice."""
    base = asked_twice()
    mean, lower, upper = level
    return replace(
        base,
        level=Level(name="satisfaction", n=57, mean=mean, lower=lower, upper=upper, change=moved),
        promoters=replace(base.promoters, change=nps),
    )


WORLDS: dict[str, Callable[[], SatisfactionAnalysis]] = {
    "good": measured,
    "two waves": asked_twice,
    "bad": lambda: planted((34.2, 31.7, 36.9), change_of(-6.3, -9.1, -3.4), change_of(-13.0, -22.0, -4.0, 4.6)),
    "nothing": lambda: satisfaction.describe_satisfaction(
        a_study(as_of="2022-01-01", surveys=long_form(pd.DataFrame({"price": [5.0]}, index=["c0"]), "2023-05-10"))
    ),
    "four answers": lambda: satisfaction.describe_satisfaction(
        a_study(
            as_of="2024-07-01",
            surveys=long_form(pd.DataFrame({"price": [5.0, 3, 4, 6]}, index=["c0", "c1", "c2", "c3"]), "2024-05-10"),
        )
    ),
}


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_reader_is_told(world):
    found = WORLDS[world]()
    with chart_style():
        parts: dict[str, object] = {make.__name__: make(found) for make in (*SENTENCES, *FIGURES)}
        page = satisfaction.SatisfactionPage(None)
        page.result = found
        parts["first picture"] = Section(*page.answer.charts).show
        parts |= {name: getattr(page, name).show for name in SECTIONS}
        parts |= {draw.__name__: draw(found) for draw in DRAWINGS if found.wave is not None}
        told = tell(**parts)
    hold(told, TOLD / f"{world.replace(' ', '-')}.txt")
    for make in FIGURES:
        check_figures(make(found), signed=SIGNED)


def test_each_figure_is_the_number_of_the_analysis_that_it_names():
    found = measured()
    items = found.items.table.set_index("item")
    for figure in figures.item_figures(found):
        row = items.loc[figure.group]
        assert (figure.estimate, figure.lower, figure.upper, figure.n) == (row["mean"], row["lower"], row["upper"], 300)
    nps = found.promoters.latest
    level = found.level
    stands, first, true, habit = figures.key_figures(found)
    assert (stands.estimate, stands.lower, stands.upper, stands.n) == (level.mean, level.lower, level.upper, level.n)
    assert (first.estimate, first.lower, first.upper) == (nps["nps"], nps["lower"], nps["upper"])
    shares = found.conviction.groups.shares.set_index("group")
    for figure, group in ((true, "true loyalty"), (habit, "spurious loyalty")):
        row = shares.loc[group]
        assert figure.group == group
        assert (figure.estimate, figure.lower, figure.upper) == (row["share"], row["lower"], row["upper"])
    parts = found.priorities.table.set_index("driver")
    for figure in figures.importance_figures(found):
        row = parts.loc[figure.group]
        expected = (row["importance"], row["importance_lower"], row["importance_upper"])
        assert (figure.estimate, figure.lower, figure.upper) == expected
    mapped = found.structure.map.constructs.set_index("construct")
    for figure in figures.map_figures(found):
        row = mapped.loc[figure.group]
        assert (figure.estimate, figure.lower, figure.upper) == (row["importance"], row["lower"], row["upper"])
    paths = found.structure.paths.paths
    by_path = {f"{row['source']} -> {row['target']}": row for _, row in paths.iterrows()}
    for figure in figures.path_figures(found):
        if figure.id == figures.PATH:
            row = by_path[figure.group]
            assert (figure.estimate, figure.lower, figure.upper) == (row["estimate"], row["lower"], row["upper"])
    for figure in figures.corrected_figures(found):
        row = by_path[figure.group]
        expected = (row["corrected"], row["corrected_lower"], row["corrected_upper"])
        assert (figure.estimate, figure.lower, figure.upper) == expected


def test_limits_lie_around_their_estimates_everywhere():
    found = measured()
    check_frame(found.items.table, estimate="mean")
    check_frame(found.items.table, estimate="performance", lower="performance_lower", upper="performance_upper")
    check_frame(found.items.table, estimate="top_share", lower="top_lower", upper="top_upper")
    check_frame(found.conviction.groups.shares, estimate="share")
    check_frame(found.structure.paths.paths)
    check_frame(found.structure.paths.effects, estimate="total")
    check_frame(found.structure.scales)
    assert found.conviction.groups.shares["share"].sum() == pytest.approx(1)
    assert found.promoters.spread["share"].sum() == pytest.approx(1)


LEVELS = [
    (
        ((61.3, 58.4, 64.7), change_of(5.2, 1.3, 9.1), change_of(3.0, -4.0, 10.0)),
        ["61 of 100 (58 to 65)", "since 2023-05 satisfaction has risen by 5.2 points"],
    ),
    (
        ((61.3, 58.4, 64.7), change_of(-5.2, -9.1, -1.3), change_of(-12.0, -20.0, -4.0)),
        ["since 2023-05 satisfaction has fallen by 5.2 points and the net promoter score has fallen by 12 points"],
    ),
    (
        ((61.3, 58.4, 64.7), change_of(2.2, -1.1, 5.1), change_of(3.0, -4.0, 10.0)),
        ["neither has changed since 2023-05 beyond chance"],
    ),
    (((61.3, 58.4, 64.7), change_of(2.2, -1.1, 5.1), None), ["it has not changed since 2023-05 beyond chance"]),
    (((61.3, 58.4, 64.7), change_of(2.2, np.nan, np.nan), None), ["its change cannot be judged"]),
]


@pytest.mark.parametrize(("numbers", "said"), LEVELS)
def test_the_level_and_its_change_by_hand(numbers, said):
    sentence = words.level_finding(planted(*numbers))
    for part in said:
        assert part in sentence


def test_how_large_a_change_must_be_to_be_seen_by_hand():
    # (1.959964 + 0.841621) x the standard error: 2.801585 x 1.4 = 3.92, x 4.6 = 12.89
    found = planted((61.3, 58.4, 64.7), change_of(2.2, -1.1, 5.1, 1.4), change_of(3.0, -4.0, 10.0, 4.6))
    said = words.power_finding(found)
    check_numbers(said, {"satisfaction": "3.9 points of satisfaction", "score": "13 points of the net promoter score"})


@pytest.mark.parametrize(
    ("correlation", "said"),
    [
        ((0.31, 0.04, 0.52), "attitude and buying go together."),
        ((-0.31, -0.52, -0.04), "attitude and buying run against each other."),
    ],
)
def test_conviction_and_habit_by_hand(correlation, said):
    base = measured()
    sentence = words.conviction_finding(with_shares(base, correlation))
    assert sentence.endswith(said)
    named = {
        "n": "287 customers", "conviction": "37 % buy often by conviction (33 % to 42 %)",
        "habit": "16 % buy often out of habit (13 % to 19 %)",
    }  # fmt: skip
    check_numbers(sentence, named)


def test_without_a_link_the_groups_are_no_finding_and_no_card():
    """At cuts in the middle four near-equal groups come of nothing: neither headline nor card may sell them."""
    found = with_shares(measured(), (0.11, -0.04, 0.27))
    assert words.conviction_finding(found) == (
        "Of the 287 customers who answered and buy, those who buy often think no better of us than the others, as far "
        "as one can tell: conviction and habit are not told apart by what they buy."
    )
    assert [step.text for step in advice.steps(found) if step.see == "conviction"] == [
        "Do not part customers into loyal by conviction and loyal by habit: here it tells nobody apart."
    ]
    linked = [step.text for step in advice.steps(with_shares(found, (0.31, 0.04, 0.52))) if step.see == "conviction"]
    assert linked == ["Give those who buy often while thinking less of us (16 %) a reason to stay."]
    assert [figure.id for figure in figures.key_figures(found)] == ["satisfaction.level", "satisfaction.nps"]
    title = conviction_charts.draw_groups(found).figure.texts
    assert any("think no better of us" in text.get_text() for text in title)
    for limits in ((0.0, 0.0, 0.2), (-0.1, -0.2, 0.0)):
        assert not words.has_link(with_shares(found, limits).conviction.groups)


def with_shares(base, correlation):
    shares = pd.DataFrame(
        {
            "group": ["true loyalty", "latent loyalty", "spurious loyalty", "no loyalty"],
            "share": [0.37, 0.21, 0.16, 0.26],
            "lower": [0.33, 0.18, 0.13, 0.22],
            "upper": [0.42, 0.24, 0.19, 0.31],
            "naive_share": [0.3, 0.2, 0.2, 0.3],
        }
    )
    estimate, lower, upper = correlation
    groups = replace(
        base.conviction.groups, shares=shares, n=287, correlation=estimate, correlation_lower=lower,
        correlation_upper=upper,
    )  # fmt: skip
    return replace(base, conviction=replace(base.conviction, groups=groups))


@pytest.mark.parametrize(
    ("limits", "verdict"), [((0.04, 0.21), "a sure difference"), ((-0.04, 0.21), "no more than chance")]
)
def test_what_the_groups_did_afterwards_by_hand(limits, verdict):
    base = measured()
    later = pd.DataFrame(
        {
            "outcome": [REPEAT, REPEAT, ENDED, ENDED],
            "group": ["true loyalty", "spurious loyalty"] * 2,
            "n": 300,
            "value": [0.81, 0.68, 0.12, 0.34],
            "lower": [0.75, 0.61, 0.08, 0.28],
            "upper": [0.86, 0.74, 0.17, 0.41],
        }
    )
    contrasts = pd.DataFrame(
        {"outcome": [REPEAT, ENDED], "gap": [0.13, -0.22], "lower": [limits[0], -0.31], "upper": [limits[1], -0.13]}
    )
    found = replace(base, conviction=replace(base.conviction, later=later, contrasts=contrasts))
    lower, upper = (f"{100 * limit:+.0f}" for limit in limits)
    assert words.later_finding(found) == (
        "In the holdout, among those who bought often before, bought again: 81 % of those loyal by conviction, 68 % of "
        f"those loyal by habit ({verdict}, {lower} to {upper} points); ended a contract: 12 % of those loyal by "
        "conviction, 34 % of those loyal by habit (a sure difference, -31 to -13 points)."
    )


def test_leaders_are_those_above_the_mean_down_to_the_last_of_three():
    base = measured()
    table = base.priorities.table.copy()
    table["driver"] = ["speed", "price", "staff", "shop", "hours", "app"]
    table["importance"] = [0.34, 0.27, 0.19, 0.1, 0.06, 0.04]
    # Of six at once limits are 2.638 / 1.960 as wide: speed's lower one is .273, price's .176, staff's .109; mean .167.
    table["importance_lower"] = [0.29, 0.20, 0.13, 0.07, 0.03, 0.01]
    table["importance_upper"] = [0.39, 0.33, 0.26, 0.14, 0.09, 0.07]
    table["quadrant"], table["is_sure"] = "matters less", False
    parts = replace(base.priorities, table=table, lines=(1 / 6, 50.0))
    said = words.priority_finding(replace(base, priorities=parts))
    assert said == (
        "With satisfaction go above all speed and price (61 % of what the 6 things asked for explain; their intervals "
        "overlap, so which comes first is open)."
    )
    parted = table.assign(importance_upper=[0.39, 0.28, 0.17, 0.14, 0.09, 0.07])
    parted.loc[1, ["quadrant", "is_sure"]] = ["matters more, rated lower", True]
    said = words.priority_finding(replace(base, priorities=replace(parts, table=parted)))
    assert said == (
        "With satisfaction go above all speed and price (61 % of what the 6 things asked for explain); price matters "
        "more and is rated lower than the rest."
    )
    none = table.assign(importance_lower=0.0)
    said = words.priority_finding(replace(base, priorities=replace(parts, table=none)))
    assert said.startswith(
        "Nothing that was asked about stands out as what matters most for satisfaction: all 6 things together explain"
    )


def a_response(**changed) -> SimpleNamespace:
    moves = pd.DataFrame({"item": ["a", "b", "c"], "lower": [0.1, -0.3, -0.2], "upper": [0.4, -0.1, 0.2]})
    parts = {
        "n_customers": 613, "n_answered": 141, "discrimination": 0.61, "discrimination_lower": 0.53, "moves": moves,
        "n_effective": 97.4,
    }  # fmt: skip
    return SimpleNamespace(response=SimpleNamespace(**(parts | changed)))


def test_who_answered_by_hand():
    # 141 of 613 are 23.0 %; a and b lie beyond nought on either side, c does not.
    assert words.response_finding(a_response()) == (
        "141 customers of 613 known when the wave began answered under their name (23 %); what was known of them "
        "before tells "
        "in part who. Weighting for it moves a and b beyond chance, and leaves answers worth 97."
    )
    nothing = a_response(discrimination_lower=0.5, moves=a_response().response.moves.tail(1))
    assert words.response_finding(nothing).endswith(
        "(23 %); nothing known of them before tells who. Weighting for it moves no item beyond chance, and leaves "
        "answers "
        "worth 97."
    )
    assert words.response_finding(a_response(discrimination=np.nan)).endswith("(23 %); too little to tell who answers.")
    assert words.response_finding(a_response(n_customers=0)).startswith("No customer was known before the wave began")
    assert words.response_finding(SimpleNamespace(response=None)) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((3.4, 0.2, 6.6), "The net promoter score has risen by 3.4 since 2023-05"),
        ((-3.4, -6.6, -0.2), "The net promoter score has fallen by 3.4 since 2023-05"),
        ((3.4, 0.0, 6.8), "The net promoter score has not moved beyond chance since 2023-05"),
        ((-3.4, -6.8, 0.0), "The net promoter score has not moved beyond chance since 2023-05"),
        ((3.4, np.nan, np.nan), "The change since 2023-05 cannot be judged"),
    ],
)
def test_the_trend_of_promoters_by_hand(change, said):
    moved = dict(zip(("change", "lower", "upper"), change, strict=True))
    found = SimpleNamespace(promoters=SimpleNamespace(change=moved), label_before="2023-05")
    assert words.trend_finding(found) == said


def scales(*rows: tuple[str, str, str], htmt: list[str] | None = None) -> SimpleNamespace:
    table = pd.DataFrame(rows, columns=["construct", "coefficient", "verdict"])
    pairs = pd.DataFrame({"one": ["speed", "price"], "other": ["price", "trust"], "verdict": htmt or ["distinct"] * 2})
    near = None if htmt is None else SimpleNamespace(htmt=pairs)
    return SimpleNamespace(structure=SimpleNamespace(scales=table, distinctness=near))


def test_whether_questions_measure_what_they_should_by_hand():
    met, unclear, failed = ("speed", "alpha", "met"), ("price", "ave", "unclear"), ("trust", "rho_c", "not met")
    assert words.scale_finding(scales(met)) == (
        "The construct measured by several items meets the usual conventions of reliability."
    )
    assert words.scale_finding(scales(met, unclear)) == (
        "The 2 constructs measured by several items meet the usual conventions of reliability, but for AVE of price, "
        "where the "
        "interval holds both sides."
    )
    assert words.scale_finding(scales(met, unclear, failed, ("trust", "alpha", "not met"))) == (
        "Below the usual conventions lie rho_C of trust and alpha of trust: those scores carry much error."
    )
    meets = "The construct measured by several items meets the usual conventions of reliability. "
    for verdicts, said in (
        (["distinct", "distinct"], "No two constructs are so alike that they would be one."),
        (["distinct", "not distinct"], "Hardly to be told apart: price and trust."),
        (["distinct", "unclear"], "Whether all constructs differ is not sure."),
    ):
        assert words.scale_finding(scales(met, htmt=verdicts)) == meets + said


def corrected(*rows: tuple) -> SimpleNamespace:
    names = ["source", "target", "estimate", "lower", "upper", "corrected", "corrected_lower", "corrected_upper"]
    paths = SimpleNamespace(paths=pd.DataFrame(rows, columns=names))
    return SimpleNamespace(structure=SimpleNamespace(paths=paths))


def test_paths_without_errors_of_measurement_by_hand():
    kept = ("speed", "trust", 0.31, 0.12, 0.48, 0.36, 0.11, 0.57)
    lost = ("price", "trust", 0.22, 0.05, 0.41, 0.13, -0.02, 0.33)  # moves most, and nought comes inside
    said = "If constructs were measured without error (consistent PLS), the path from "
    assert structure_words.corrected_finding(corrected(kept)) == (
        f"{said}speed to trust would be 0.36 instead of 0.31; which paths are sure stays the same."
    )
    assert structure_words.corrected_finding(corrected(kept, lost)) == (
        f"{said}price to trust would be 0.13 instead of 0.22, the largest change in these answers; whether a path is "
        f"sure "
        "changes for price to trust."
    )
    open_ended = (*kept[:6], np.nan, np.nan)
    assert structure_words.corrected_finding(corrected(open_ended)).endswith(
        "instead of 0.31; limits of it cannot be had."
    )
    below = ("speed", "trust", -0.31, -0.48, -0.12, -0.36, -0.57, 0.01)
    assert structure_words.corrected_finding(corrected(below)).endswith("is sure changes for speed to trust.")
    none = (*kept[:5], np.nan, np.nan, np.nan)
    assert structure_words.corrected_finding(corrected(none)) == (
        "The paths could not be corrected for errors of measurement: these answers allow no such correction."
    )
    assert not structure_words.is_corrected(corrected(none))
    assert structure_words.is_corrected(corrected(kept, none))
    assert structure_words.corrected_finding(SimpleNamespace(structure=None)) == ""


def compared(*paths: tuple, none: tuple[str, ...] = (), by: str = "region") -> SimpleNamespace:
    names = ["source", "target", "one", "other", "estimate_one", "estimate_other", "is_comparable", "p_adjusted"]
    inner = SimpleNamespace(
        groups=pd.DataFrame({"group": ["north", "south", "west"], "is_compared": [True, True, False]}),
        invariance=pd.DataFrame({"construct": [*none, "trust"], "invariance": ["none"] * len(none) + ["full"]}),
        paths=pd.DataFrame(paths, columns=names),
    )
    return SimpleNamespace(groups=SimpleNamespace(found=inner, by=by, note="why"), confidence=0.9)


def test_paths_of_groups_by_hand():
    sure = ("speed", "trust", "north", "south", 0.51, 0.22, True, 0.099)
    unsure = ("price", "trust", "north", "south", 0.41, 0.37, True, 0.1)
    left = ("price", "speed", "north", "south", 0.9, 0.1, False, 0.001)
    opening = "Between groups of region (north and south) "
    alike = "every construct is put together alike in them"
    assert structure_words.groups_finding(compared(sure, unsure, left)) == (
        f"{opening}{alike}; beyond chance (Holm) differ speed to trust (north 0.51, south 0.22)."
    )
    assert structure_words.groups_finding(compared(unsure, left, none=("price",))) == (
        f"{opening}price is not put together alike in all of them, so paths from and to it are not compared; no "
        f"difference of "
        "paths is beyond chance (1 comparison, Holm)."
    )
    two = structure_words.groups_finding(compared(left, none=("speed", "price")))
    assert two == (
        f"{opening}no path can be compared: price and speed are not put together alike in all of them, so paths from "
        f"and to "
        "them are not compared."
    )
    waves = structure_words.groups_finding(compared(sure, by=structure_words.WAVE))
    assert waves.startswith("Between the two latest waves (north and south) ")
    assert structure_words.groups_finding(SimpleNamespace(groups=SimpleNamespace(found=None, note="why"))) == "why"
    assert structure_words.groups_finding(SimpleNamespace(groups=None)) == ""


def test_what_would_move_most_by_hand():
    def said(lower: float) -> str:
        first = {"construct": "speed", "importance": 0.314, "lower": lower, "upper": 0.517, "performance": 61.4}
        held = SimpleNamespace(constructs=pd.DataFrame([first]), target="trust")
        return structure_words.map_finding(SimpleNamespace(structure=SimpleNamespace(map=held)))

    assert said(0.123) == (
        "One more point of speed goes with 0.31 points of trust (0.12 to 0.52); it stands at 61 of 100"
    )
    assert said(0.0) == "Nothing asked for surely goes with more trust along the paths"


def test_what_stands_once_weighted_by_hand():
    table = pd.DataFrame(
        {
            "measure": ["importance", "alpha", "path"], "of": ["speed", "price", "speed -> trust"],
            "plain": [0.31, 0.82, 0.44], "weighted": [0.47, 0.83, 0.29], "is_outside": [True, False, True],
        }
    )  # fmt: skip
    unweighted = "Changes between waves, groups and loyalty by conviction are not weighted."

    def said(rows: pd.DataFrame) -> str:
        return structure_words.reweighted_finding(SimpleNamespace(reweighted=rows))

    assert said(table) == (
        "Weighted in the same way, importance of speed (0.31 becomes 0.47) and path of speed -> trust (0.44 becomes "
        "0.29) leave "
        f"the limits they have without weights. {unweighted}"
    )
    assert said(table.assign(is_outside=False)) == (
        "Weighted in the same way, importance, alpha and paths stay inside the limits they have without weights. "
        f"{unweighted}"
    )
    assert said(table.iloc[:0]).startswith("Importance, scales and paths could not be weighted for who answered.")
