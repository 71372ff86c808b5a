"""Every sentence, figure, table and picture of satisfaction, held word for word in worlds of planted numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research import satisfaction
from crm_research.satisfaction import SatisfactionAnalysis, figures, words
from crm_research.satisfaction.analysis import Level
from crm_research.satisfaction.followed import ENDED, REPEAT
from crm_research.theme import chart_style
from tests.builders import a_study
from tests.satisfaction.test_satisfaction import DRAWINGS, FIGURES, PAGE, a_world, long_form
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
        parts |= {part.__name__: lambda part=part: part(found) for part in PAGE}
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
    first, true, habit = figures.key_figures(found)
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
        ((0.11, -0.04, 0.27), "attitude and buying show no sure link."),
    ],
)
def test_conviction_and_habit_by_hand(correlation, said):
    base = measured()
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
    sentence = words.conviction_finding(replace(base, conviction=replace(base.conviction, groups=groups)))
    assert sentence.endswith(said)
    named = {
        "n": "287 customers", "conviction": "37 % buy often by conviction (33 % to 42 %)",
        "habit": "16 % buy often out of habit (13 % to 19 %)",
    }  # fmt: skip
    check_numbers(sentence, named)


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
        "No single thing asked for stands out in what goes with satisfaction: all 6 together explain"
    )
