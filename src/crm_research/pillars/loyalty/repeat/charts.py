"""Pictures of coming back. Each takes the analysis, says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.figures import says_nothing
from crm_research.pillars.loyalty.repeat import words
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.stats.intervals import newcombe_difference
from crm_research.theme import (
    ACCENT,
    REST,
    TALL,
    WARNING,
    chart_style,
    draw_band,
    draw_heat,
    draw_intervals,
    empty_axes,
    format_share,
    label_points,
    new_axes,
    say_count,
    say_percent,
)
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_DRAWN: Final = 18  # intakes, and periods after them, in the heat map
_MOST_YEARS_DRAWN: Final = 30
_MONTHS_PER_YEAR: Final = 12
_NUMBERED_PERIODS: Final = 13


def draw_waits(loyalty: LoyaltyAnalysis, ax: Axes | None = None) -> Axes:
    """What share of first-time buyers has come back by each day since the first purchase?"""
    if loyalty.time_to_second is None:
        return empty_axes("No purchase is known", ax)
    found = words.return_within(loyalty)
    title = (
        f"First-time buyers have not been watched for {words.say_horizon(loyalty.period_choice.horizons_days[0])} yet"
    )
    if found is not None:
        days, share, lower, upper = found
        title = f"{say_percent(share)} of first-time buyers are back within {words.say_span(days)}"
        if says_nothing(lower, upper, span=1.0) or words.is_few(loyalty):
            title = f"How many first-time buyers are back within {words.say_span(days)} is not known"
        title += words.say_refuted(loyalty)
    level = say_percent(loyalty.confidence, 0)
    unit, days_each = ("years", DAYS_PER_YEAR) if loyalty.period_choice.is_slow else ("days", 1.0)
    ax = new_axes(
        title=title,
        subtitle=f"Share that has bought a second time, by {unit} since the first purchase, with its {level} band; "
        f"{say_count(loyalty.time_to_second.sizes['n'].iloc[0], 'customer')}: {loyalty.basis}",
        xlabel=f"{unit} since the first purchase",
        ax=ax,
    )
    curve = loyalty.time_to_second.curves
    enough = curve.loc[curve["n_at_risk"] >= 10, "tenure_days"]
    last = float(enough.max()) if len(enough) else float(curve["tenure_days"].max())
    curve = curve.loc[curve["tenure_days"] <= last]
    waited = curve["tenure_days"] / days_each
    draw_band(ax, waited, 1 - curve["upper"], 1 - curve["lower"], is_step=True)
    ax.step(waited, 1 - curve["survival"], where="post", color=ACCENT, linewidth=2.0)
    ax.set_xlim(0, max(last, 1.0) / days_each)
    ax.set_ylim(0, min(1.0, 1.25 * float((1 - curve["lower"]).max()) + 0.02))
    format_share(ax)
    return ax


def draw_depth(loyalty: LoyaltyAnalysis, ax: Axes | None = None) -> Axes:
    """How surely do customers come back after the first, second, third ... purchase?"""
    depths = loyalty.depths
    if len(depths) < 2:
        return empty_axes(words.depth_finding(loyalty), ax)
    ax = new_axes(
        title=words.depth_finding(loyalty),
        subtitle=f"Share that buys again within {words.say_span(depths['within_days'].iloc[0])}, with "
        f"its {say_percent(loyalty.confidence, 0)} interval",
        xlabel="after purchase number",
        ax=ax,
    )
    drawn = depths.rename(columns={"return_rate": "estimate"})
    draw_intervals(ax, drawn, at=depths["depth"], is_upright=True, width=2.4, size=7)
    with chart_style():
        for _, row in depths.iterrows():
            ax.annotate(
                say_percent(row["return_rate"]),
                xy=(row["depth"], row["return_rate"]),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.8,
            )
    ax.set_xticks(depths["depth"].tolist())
    ax.set_xticklabels([f"{row['depth']:.0f}\nn {row['n']:,.0f}" for _, row in depths.iterrows()])
    ax.set_xlim(0.6, float(depths["depth"].max()) + 0.6)
    ax.set_ylim(0, 1.02)
    format_share(ax)
    return ax


def draw_retention(loyalty: LoyaltyAnalysis, ax: Axes | None = None) -> Axes:
    """What share of an intake buys in each period after the first?"""
    from matplotlib.ticker import MaxNLocator

    pooled = loyalty.retention.pooled
    if pooled.empty:
        return empty_axes("No intake of new customers was followed for a whole period", ax)
    period = words.period_name(loyalty)
    first, last = pooled.iloc[0], pooled.iloc[-1]
    alike = words.same_intakes(loyalty)
    rings = "" if alike is None else f"; rings: {words.name_intakes(alike[0])} watched longest"
    ax = new_axes(
        title=_retention_title(loyalty),
        subtitle=f"Share of an intake that bought in each later {period}: all intakes together with the "
        f"{say_percent(loyalty.confidence, 0)} band, single intakes in grey{rings}",
        xlabel=f"{period}s after the first purchase",
        ax=ax,
    )
    triangle = _new_cohorts(loyalty)
    for _, cohort in triangle.loc[triangle["period_index"] > 0].groupby("cohort"):
        ax.plot(cohort["period_index"], cohort["retention_rate"], color=REST, linewidth=0.8, alpha=0.6)
    draw_band(ax, pooled["period_index"], pooled["lower"], pooled["upper"])
    ax.plot(pooled["period_index"], pooled["retention_rate"], "o-", color=ACCENT, linewidth=2.0, markersize=4)
    if alike is not None:
        # The title compares early and late of the same intakes, which the line of all together does not show.
        told = words.last_watched(pooled)
        at = [float(first["period_index"]), float(told["period_index"])]
        ax.plot(at, [alike[1], float(told["retention_rate"])], "o", color=WARNING, markersize=9, markerfacecolor="none")
    ax.set_xlim(0.8, max(float(last["period_index"]), 1.2))
    ax.set_ylim(0, min(1.02, 1.3 * max(float(pooled["upper"].max()), float(first["retention_rate"]))))
    ticks = MaxNLocator(integer=True).tick_values(1, float(last["period_index"]))
    ax.set_xticks(sorted({int(tick) for tick in ticks if 1 <= tick <= last["period_index"]} | {1}))
    format_share(ax)
    label_points(
        ax, [(float(last["period_index"]), float(last["retention_rate"]), say_percent(last["retention_rate"]), ACCENT)]
    )
    return ax


def draw_triangle(loyalty: LoyaltyAnalysis, ax: Axes | None = None) -> Axes:
    """Which intake buys in which period? A heat map, newest intake at the bottom."""
    triangle = loyalty.retention.triangle
    later = cut_triangle(loyalty)
    if later.empty:
        return empty_axes("No intake was followed for a whole period", ax)
    wide = later.pivot_table(index="cohort", columns="period_index", values="retention_rate").sort_index()
    sizes = triangle.drop_duplicates("cohort").set_index("cohort")["n_customers"]
    period = words.period_name(loyalty)
    ax = new_axes(
        title=_triangle_title(loyalty, wide),
        subtitle=f"Share of each intake (row, with its size) that bought in each later {period} (column)"
        f"{_say_cut(loyalty, wide)}",
        xlabel=f"{period}s after the first purchase",
        size=(TALL[0], max(2.6, 1.6 + 0.28 * len(wide))),
        grid="none",
        ax=ax,
    )
    values = wide.to_numpy(dtype=float)
    top = max(float(np.nanmax(values)), 0.01)
    texts = None
    if wide.shape[1] <= _NUMBERED_PERIODS:
        texts = [[f"{100 * value:.0f}" if np.isfinite(value) else "" for value in row] for row in values]
    draw_heat(ax, values, limits=(0, top), texts=texts, pale_from=0.6 * top, points=8)
    ax.set_xticks(range(wide.shape[1]), [str(index) for index in wide.columns])
    ax.set_yticks(range(len(wide)), [f"{_cohort_name(at, loyalty)}  ({sizes[at]:,})" for at in wide.index])
    return ax


def cut_triangle(loyalty: LoyaltyAnalysis) -> pd.DataFrame:
    """The part of the triangle that is drawn: the newest intakes with a period after them, and their first periods."""
    triangle = loyalty.retention.triangle
    most = _MOST_YEARS_DRAWN if loyalty.retention.period_months >= _MONTHS_PER_YEAR else _MOST_DRAWN
    later = triangle.loc[triangle["period_index"].between(1, most)]
    newest = later["cohort"].drop_duplicates().nlargest(most)
    return later.loc[later["cohort"].isin(newest)].reset_index(drop=True)


def _say_cut(loyalty: LoyaltyAnalysis, wide: pd.DataFrame) -> str:
    followed = loyalty.retention.triangle.loc[loyalty.retention.triangle["period_index"] > 0]
    n_cohorts, n_periods = followed["cohort"].nunique(), int(followed["period_index"].max())
    if n_cohorts <= len(wide) and n_periods <= wide.shape[1]:
        return ""
    period = words.period_name(loyalty)
    return (
        f"; the newest {len(wide)} of {say_count(n_cohorts, 'intake')}, {wide.shape[1]} of "
        f"{say_count(n_periods, period)}"
    )


def _retention_title(loyalty: LoyaltyAnalysis) -> str:
    pooled = loyalty.retention.pooled
    first, last = pooled.iloc[0], words.last_watched(pooled)
    period = words.period_name(loyalty)
    peak = words.retention_peak(loyalty)
    if peak is not None:
        return (
            f"Buying peaks in {period} {peak['period_index']:.0f}, at {say_percent(peak['retention_rate'])} of an "
            f"intake, against {say_percent(first['retention_rate'])} in {period} 1"
        )
    if (pooled["retention_rate"] == 0).all():
        return words.retention_finding(loyalty).rstrip(".")
    if last["period_index"] == first["period_index"]:
        return f"{say_percent(first['retention_rate'])} of an intake buy in the {period} after the first"
    alike = words.same_intakes(loyalty)
    share = float(first["retention_rate"]) if alike is None else alike[1]
    # Early and late of the same intakes; others would compare customers and call it time.
    n = first["n_customers"] if alike is None else last["n_customers"]
    gap = newcombe_difference(last["n_active"], last["n_customers"], round(share * n), n, confidence=loyalty.confidence)
    if gap.lower > 0:
        way = "rises"
    elif gap.upper < 0:
        way = "falls"
    else:
        return f"Buying in {period} {last['period_index']:.0f} is not surely other than in {period} 1"
    return (
        f"Buying {way} from {say_percent(share)} of an intake in {period} 1 to "
        f"{say_percent(last['retention_rate'])} in {period} {last['period_index']:.0f}"
        f"{_say_whose(alike)}"
    )


def _say_whose(alike: tuple[int, float] | None) -> str:
    if alike is None:
        return ""
    return f" (of the {'one intake' if alike[0] == 1 else say_count(alike[0], 'intake')} watched so long)"


def _triangle_title(loyalty: LoyaltyAnalysis, wide: pd.DataFrame) -> str:
    peak, period = words.retention_peak(loyalty), words.period_name(loyalty)
    number = 1 if peak is None else int(peak["period_index"])
    first = wide[number].dropna() if number in wide else wide[wide.columns[0]].dropna()
    if len(first) < 2:
        return f"One intake has been followed for more than a {period}"
    when = f"the {period}" if first.name == 1 else f"{period} {first.name}"
    low, high = say_percent(first.min()), say_percent(first.max())
    share = f"{low} of each intake" if low == high else f"between {low} and {high} of an intake"
    return f"In {when} after the first purchase, {share} come back"


def _new_cohorts(loyalty: LoyaltyAnalysis) -> pd.DataFrame:
    triangle, since = loyalty.retention.triangle, loyalty.retention.newcomers_from
    return triangle if since is None else triangle.loc[triangle["cohort"] >= since]


def _cohort_name(at: Any, loyalty: LoyaltyAnalysis) -> str:
    return f"{at:%Y}" if loyalty.retention.period_months % 12 == 0 else f"{at:%Y-%m}"
