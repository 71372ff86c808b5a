"""Pictures of ratings. Each takes the analysis, says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.pillars.satisfaction import words
from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.pillars.satisfaction.promoters import DETRACTOR, PROMOTER
from crm_research.theme import (
    ACCENT,
    INK,
    MUTED,
    REST,
    SIZE,
    WARNING,
    chart_style,
    draw_bars,
    draw_crosses,
    draw_intervals,
    empty_axes,
    format_share,
    label_values,
    mark_level,
    name_rows,
    new_axes,
    say_count,
    say_percent,
    say_plainly,
    wrap_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS: Final = 25


def draw_means(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """How is each item rated, on 0 to 100?"""
    if found.items is None or found.items.table.empty:
        return empty_axes("No item was answered.", ax)
    table = found.items.table.sort_values("performance", kind="stable").tail(_MOST_ROWS)
    ax = _rows_axes(
        len(table), ax,
        title=words.means_finding(found),
        subtitle=f"Mean answer carried to 0 to 100, with its {_level(found)} interval; {found.window.split(',')[0]}",
        xlabel="points of 100",
    )  # fmt: skip
    shown = pd.DataFrame(
        {"estimate": table["performance"], "lower": table["performance_lower"], "upper": table["performance_upper"]}
    )
    draw_intervals(ax, shown, at=range(len(table)))
    names = [f"{say_plainly(row['item'])} ({say_count(row['n'], 'answer')})" for _, row in table.iterrows()]
    name_rows(ax, names, columns=34)
    _fit_points(ax, shown)
    return ax


def draw_spread(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """How do the answers to the question of recommendation spread?"""
    if found.promoters is None:
        return empty_axes("No item asks for recommendation on a scale from 0 to 10.", ax)
    spread = found.promoters.spread
    ax = new_axes(
        title=words.promoters_finding(found),
        subtitle=f"Share of {say_count(found.promoters.latest['n'], 'answer')} at each point of "
        f"{say_plainly(found.promoters.item)!r}; "
        f"detractors 0 to {DETRACTOR}, promoters {PROMOTER} and 10",
        xlabel="answer",
        ax=ax,
    )
    colours = [WARNING if x <= DETRACTOR else ACCENT if x >= PROMOTER else REST for x in spread["answer"]]
    draw_bars(ax, spread["answer"], spread["share"], colours=colours, is_upright=True, thickness=0.8)
    label_values(ax, [say_percent(share, 0) if share else "" for share in spread["share"]])
    ax.set_xticks(range(11))
    ax.set_ylim(0, 1.15 * max(float(spread["share"].max()), 0.02))
    format_share(ax)
    return ax


def draw_trend(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """How has the net promoter score moved from wave to wave?"""
    if found.promoters is None or len(found.promoters.waves) < 2:
        return empty_axes("There is one wave of the net promoter score at the most.", ax)
    waves = found.promoters.waves.tail(_MOST_ROWS)
    ax = new_axes(
        title=words.trend_finding(found),
        subtitle=f"Net promoter score of each wave with its {_level(found)} interval (adjusted Wald)",
        ylabel="points",
        ax=ax,
    )
    place = np.arange(len(waves))
    dots = waves.rename(columns={"nps": "estimate"})
    draw_intervals(ax, dots, at=place, is_upright=True, width=2.2, size=7)
    ax.set_xticks(place, [f"{row['label']}\nn {row['n']:,}" for _, row in waves.iterrows()])
    ax.set_xlim(-0.5, len(waves) - 0.5)
    ax.set_ylim(max(-105, float(waves["lower"].min()) - 8), min(105, float(waves["upper"].max()) + 8))
    mark_level(ax, 0.0, "as many promoters as detractors", at=0.01)
    return ax


def draw_matrix(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """What matters, and how well do we do on it?"""
    parts = found.priorities
    if parts is None or parts.table["importance"].notna().sum() < 2:
        return empty_axes("Importance needs a rating of satisfaction and two more items that may lead to it.", ax)
    table = parts.table.dropna(subset=["importance"]).head(_MOST_ROWS)
    ax = new_axes(
        title=words.priority_finding(found).rstrip("."),
        subtitle=f"Importance (share of explained {parts.target}) by performance (mean on 0 to 100); crosses are "
        f"{_level(found)} intervals, dashed lines the means, a convention",
        xlabel="performance, points of 100",
        ylabel="importance",
        size=(SIZE[0], 4.6),
        grid="none",
        ax=ax,
    )
    colours = [ACCENT if is_sure else REST for is_sure in table["is_sure"]]
    across, up = (
        {"estimate": table[of], "lower": table[f"{of}_lower"], "upper": table[f"{of}_upper"]}
        for of in ("performance", "importance")
    )
    draw_crosses(ax, across, up, colour=colours)
    _fit_matrix(ax, table)
    ax.axhline(parts.lines[0], color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    ax.axvline(parts.lines[1], color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    with chart_style():
        for _, row in table.iterrows():
            ax.annotate(
                wrap_name(say_plainly(str(row["driver"])), 22), xy=(row["performance"], row["importance"]),
                xytext=(5, 4), textcoords="offset points", fontsize=9.2, color=INK,
                fontweight="bold" if row["is_sure"] else "normal",
            )  # fmt: skip
        corner: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": 9, "color": MUTED}
        ax.annotate("matters more, rated lower", xy=(0.01, 0.985), va="top", **corner)
        ax.annotate("matters more, rated higher", xy=(0.99, 0.985), va="top", ha="right", **corner)
        ax.annotate("matters less, rated lower", xy=(0.01, 0.015), va="bottom", **corner)
        ax.annotate("matters less, rated higher", xy=(0.99, 0.015), va="bottom", ha="right", **corner)
    format_share(ax)
    return ax


def draw_paths(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """How strongly does one construct lead to another?"""
    model = None if found.structure is None else found.structure.paths
    if model is None or model.paths.empty:
        return empty_axes("No path model could be fitted.", ax)
    table = model.paths.iloc[::-1].tail(_MOST_ROWS)
    ax = _rows_axes(
        len(table), ax,
        title=words.path_finding(found),
        subtitle=f"Path coefficients in standard deviations, with {_level(found)} bootstrap intervals; "
        f"{say_count(model.n, 'respondent')}",
        xlabel="standard deviations of the consequence for one of the cause",
    )  # fmt: skip
    draw_intervals(ax, table, at=range(len(table)))
    name_rows(ax, [f"{row['source']} → {row['target']}" for _, row in table.iterrows()], columns=34)
    ax.axvline(0, color=MUTED, linewidth=1.0)
    return ax


def draw_response(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """Who was more likely to answer?"""
    if found.response is None or found.response.effects.empty:
        return empty_axes("Too few answered, or too little was known before, to tell who answers.", ax)
    table = found.response.effects.iloc[::-1].tail(_MOST_ROWS)
    effects = found.response.effects
    sure = effects.loc[(effects["lower"] > 1) | (effects["upper"] < 1)].sort_values("p_value")
    title = "Nothing known before tells surely who answers"
    if len(sure):
        named = [f"{r['attribute']} ({'more' if r['odds_ratio'] > 1 else 'less'})" for _, r in sure.head(2).iterrows()]
        title = f"What goes with answering: {', '.join(named)}"
    ax = _rows_axes(
        len(table), ax,
        title=title,
        subtitle=f"Odds of answering, for a level or one standard deviation, with {_level(found)} intervals; "
        f"{found.response.n_answered:,} of {say_count(found.response.n_customers, 'customer')} answered",
        xlabel="odds ratio",
    )  # fmt: skip
    draw_intervals(ax, table.rename(columns={"odds_ratio": "estimate"}), at=range(len(table)))
    name_rows(ax, table["attribute"].tolist(), columns=34)
    ax.set_xscale("log")
    low, high = float(table["lower"].min()), float(table["upper"].max())
    ticks = [tick for tick in (0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100) if low * 0.9 <= tick <= high * 1.1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.axvline(1, color=MUTED, linewidth=1.0)
    return ax


def _rows_axes(n_rows: int, ax: Axes | None, *, title: str, subtitle: str, xlabel: str) -> Axes:
    ax = new_axes(
        title=title, subtitle=subtitle, xlabel=xlabel, size=(SIZE[0], max(2.2, 1.5 + 0.3 * n_rows)), grid="x", ax=ax
    )
    ax.set_ylim(-0.6, n_rows - 0.4)
    return ax


def _fit_points(ax: Axes, shown: pd.DataFrame) -> None:
    low, high = float(shown["lower"].min()), float(shown["upper"].max())
    room = max(2.0, 0.06 * (high - low))
    ax.set_xlim(max(-1.0, low - room), min(101.0, high + room))


def _fit_matrix(ax: Axes, table: pd.DataFrame) -> None:
    low, high = float(table["performance_lower"].min()), float(table["performance_upper"].max())
    room = max(1.0, 0.12 * (high - low))
    ax.set_xlim(low - room, high + 2 * room)
    top, bottom = float(table["importance_upper"].max()), float(table["importance_lower"].min())
    ax.set_ylim(max(-0.05, bottom - 0.18 * (top - bottom) - 0.01), top + 0.18 * (top - bottom) + 0.01)


def _level(found: SatisfactionAnalysis) -> str:
    return say_percent(found.confidence, 0)
