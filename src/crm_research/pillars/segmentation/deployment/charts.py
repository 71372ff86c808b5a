"""Pictures of movers and of age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_research import theme
from crm_research.pillars.segmentation.deployment.drift import MOST_SHIFT, REFIT, Drift
from crm_research.pillars.segmentation.deployment.migration import MOVED, Migration
from crm_research.pillars.segmentation.deployment.words import biggest_way

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

_DARK_FROM = 0.75
_NAME_COLUMNS = 24
_FEW = 5


def draw_migration(migration: Migration, ax: Axes | None = None) -> Axes:
    """Where did the customers of each segment go? One row a segment before, one column a segment after."""
    names = list(migration.names)
    k = len(names)
    shares = migration.matrix["share"].to_numpy().reshape(k, k)
    counts = migration.matrix["n_customers"].to_numpy().reshape(k, k)
    ax = theme.new_axes(
        title=_title(migration),
        subtitle=f"Of the customers of each segment on {theme.say_date(migration.first_day)} (rows), the share in each "
        f"segment on {theme.say_date(migration.last_day)} (columns, same order), by one model; below it customers",
        size=(theme.SIZE[0], 1.9 + 0.72 * k),
        grid="none",
        ax=ax,
    )
    for row, column in np.ndindex(k, k):
        ax.add_patch(_cell(row, column, float(np.nan_to_num(shares[row, column]))))
    ax.set_xlim(-0.5, k - 0.5)
    ax.set_ylim(k - 0.5, -0.5)
    points = 10.5 if k <= _FEW else 8.5
    with theme.chart_style():
        for row, column in np.ndindex(k, k):
            text = _say_cell(float(shares[row, column]), int(counts[row, column]))
            is_dark = shares[row, column] > _DARK_FROM
            ax.text(
                column, row, text, ha="center", va="center", fontsize=points, linespacing=1.3,
                color=theme.PAPER if is_dark else theme.INK, fontweight="bold" if row == column else "normal",
            )  # fmt: skip
    ax.set_xticks(range(k), [str(place + 1) for place in range(k)])
    ax.xaxis.tick_top()
    sizes = counts.sum(axis=1)
    rows = [f"{place + 1}  {name} ({n:,})" for place, (name, n) in enumerate(zip(names, sizes, strict=True))]
    theme.name_rows(ax, rows, columns=_NAME_COLUMNS)
    for side in ax.spines.values():
        side.set_visible(False)
    return ax


def _title(migration: Migration) -> str:
    way = biggest_way(migration)
    rate = theme.say_percent(migration.rate(MOVED)["estimate"])
    if way is None:
        return "Nobody moved to another segment"
    return f"{rate} of the customers moved, most of them to “{way['segment_after']}”" if _is_most(migration) else (
        f"{rate} of the customers moved to another segment"
    )  # fmt: skip


def _is_most(migration: Migration) -> bool:
    """Do more than half of all movers arrive in the segment that the widest way leads to?"""
    moves = migration.matrix[~migration.matrix["has_stayed"]]
    way = biggest_way(migration)
    arriving = moves.loc[moves["segment_after"] == (way or {}).get("segment_after"), "n_customers"].sum()
    return bool(2 * arriving > moves["n_customers"].sum())


def _level(confidence: float) -> str:
    return theme.say_percent(confidence, 0).replace(" ", "\N{NO-BREAK SPACE}")


def _say_cell(share: float, count: int) -> str:
    if not np.isfinite(share):
        return "–"
    return f"{theme.say_percent(share, None if share < 0.1 else 0)}\n{count:,}" if count else "0"


def _cell(row: int, column: int, share: float) -> Rectangle:
    from matplotlib.patches import Rectangle

    # The accent in the depth of the share: a dark page changes both, and the words stay legible.
    return Rectangle((column - 0.485, row - 0.475), 0.97, 0.95, facecolor=theme.ACCENT, alpha=0.07 + 0.93 * share)


def draw_drift(drift: Drift, ax: Axes | None = None) -> Axes:
    """How far are the inputs now distributed otherwise than when the segments were made?"""
    rows = drift.inputs.sort_values("stability_index", kind="stable", ignore_index=True)
    rows = rows[rows["stability_index"].notna()].rename(columns={"stability_index": "estimate"})
    if rows.empty:
        return theme.empty_axes("No input can be compared with what it was", ax)
    n_beyond = int(rows["is_beyond"].sum())
    title = "No input has shifted beyond the limit"
    if n_beyond:
        worst = rows.iloc[-1]["what"]
        title = f"The segments of {drift.made_at} have aged, most by the {worst}"
    elif drift.verdict == REFIT:
        title = f"The segments of {drift.made_at} have aged, though no input has shifted beyond the limit"
    ax = theme.new_axes(
        title=title,
        subtitle=f"Population stability index of each input, {drift.made_at} against {drift.seen_at}, with its "
        f"{_level(drift.confidence)} interval; grey: what chance alone stays under",
        xlabel="Population stability index (0: distributed alike)",
        size=(theme.SIZE[0], 1.9 + 0.45 * len(rows)),
        grid="x",
        ax=ax,
    )
    places = np.arange(len(rows))
    theme.draw_bars(ax, places, rows["by_chance"], thickness=0.5, colours=theme.GRID)
    colours = [theme.WARNING if is_beyond else theme.ACCENT for is_beyond in rows["is_beyond"]]
    theme.draw_intervals(ax, rows, at=places, colour=colours)
    ax.set_xlim(0, max(float(rows["upper"].max()) * 1.1, MOST_SHIFT * 1.6))
    ax.set_ylim(-0.6, len(rows) - 0.2)
    theme.mark_level(ax, MOST_SHIFT, f"limit {MOST_SHIFT:g}", axis="x", at=0.99)
    theme.name_rows(ax, list(rows["what"]))
    return ax
