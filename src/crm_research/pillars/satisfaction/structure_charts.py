"""The map of the path model. Takes the analysis, says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.pillars.satisfaction import structure_words
from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis
from crm_research.theme import (
    ACCENT,
    INK,
    MUTED,
    REST,
    SIZE,
    chart_style,
    draw_crosses,
    empty_axes,
    new_axes,
    say_count,
    say_percent,
    wrap_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACROSS: Final = {"estimate": "performance", "lower": "performance_lower", "upper": "performance_upper"}


def draw_map(found: SatisfactionAnalysis, ax: Axes | None = None) -> Axes:
    """Which construct moves the target most, and how much room is left on it?"""
    held = None if found.structure is None else found.structure.map
    if held is None:
        return empty_axes("Without a path model there is no map.", ax)
    table = held.constructs
    ax = new_axes(
        title=structure_words.map_finding(found),
        subtitle=f"Total effect on {held.target} by performance, both in points of 100; crosses are "
        f"{say_percent(found.confidence, 0)} intervals; {say_count(held.n, 'respondent')}",
        xlabel="performance, points of 100",
        ylabel=f"points of {held.target} for one more",
        size=(SIZE[0], 4.0),
        grid="none",
        ax=ax,
    )
    sures = ((table["lower"] > 0) | (table["upper"] < 0)).to_numpy()
    across = {name: table[column] for name, column in _ACROSS.items()}
    up = {"estimate": table["importance"], "lower": table["lower"], "upper": table["upper"]}
    draw_crosses(ax, across, up, colour=[ACCENT if sure else REST for sure in sures])
    for (_, row), sure in zip(table.iterrows(), sures, strict=True):
        with chart_style():
            ax.annotate(
                wrap_name(str(row["construct"]), 22), xy=(row["performance"], row["importance"]), xytext=(6, 5),
                textcoords="offset points", fontsize=9.5, color=INK, fontweight="bold" if sure else "normal",
            )  # fmt: skip
    _fit(ax, [*table["performance_lower"], *table["performance_upper"]], [0.0, *table["lower"], *table["upper"]])
    ax.axhline(0.0, color=MUTED, linewidth=1.0)
    return ax


def _fit(ax: Axes, across: list[float], up: list[float]) -> None:
    """Room around the crosses, and to the right of them for their names."""
    low, high = min(across), max(across)
    room = max(2.0, 0.25 * (high - low))
    ax.set_xlim(low - room, high + 2.5 * room)
    bottom, top = min(up), max(up)
    ax.set_ylim(bottom - 0.06 * (top - bottom + 0.01), top + 0.12 * (top - bottom + 0.01))
