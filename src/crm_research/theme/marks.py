"""Statistical marks, drawn by seaborn in the house's look: heat maps, intervals, bars, points and distributions.

Axes in, drawn on, and nothing else: names, limits and units of the axes stay with the chart. What seaborn has no mark
for (steps with a band, piles, reference lines) is drawn by matplotlib itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.theme.charts import chart_style
from crm_research.theme.palette import ACCENT, INK, PAPER, WARNING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From nothing to the accent, and from below through the usual to above.
PALE: Final = ("#eef4f7", ACCENT)
BELOW_ABOVE: Final = (WARNING, PAPER, ACCENT)
# Paler, for a table whose numbers matter more than its colours.
PALE_BELOW_ABOVE: Final = ("#e8a27c", "#f6f7f8", "#7fb4cf")
_WHISKER: Final = 0.55
_UNDER_DOTS: Final = 1.9


def draw_heat(
    ax: Axes,
    values: Any,
    *,
    limits: tuple[float, float],
    colours: Sequence[str] = PALE,
    texts: Any = None,
    pale_from: float | None = None,
    points: float = 9.0,
) -> None:
    """A table as a heat map: row and column `i` lie at `i`, the first row at the top.

    Parameters
    ----------
    values
        Rows of numbers; a cell that is not known stays empty.
    limits
        The values that the first and the last colour stand for.
    texts
        What is written in each cell, in the table's shape; an empty text, or None for the table, writes nothing.
    pale_from
        From this size of a value on (either sign) its text is written in the colour of the paper.
    points
        Size of the texts.
    """
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    table = np.asarray(values, dtype=float)
    low, high = limits
    named = ax.get_xlabel(), ax.get_ylabel()
    shade = LinearSegmentedColormap.from_list("crm_heat", list(colours))
    with chart_style():
        sns.heatmap(
            table, ax=ax, cmap=shade, vmin=low, vmax=high, cbar=False, xticklabels=False, yticklabels=False,
            linewidths=1.2, linecolor=PAPER,
        )  # fmt: skip
        # seaborn has the middle of the first cell at one half; a row's number is its place everywhere else here.
        cells: Any = ax.collections[-1]
        cells.set_transform(_half_a_cell_back() + ax.transData)
        ax.set_xlim(-0.5, table.shape[1] - 0.5)
        ax.set_ylim(table.shape[0] - 0.5, -0.5)
        ax.tick_params(which="both", length=0)
        # seaborn has taken the names of the axes away.
        ax.set(xlabel=named[0], ylabel=named[1])
        if texts is not None:
            for (row, column), text in np.ndenumerate(np.asarray(texts, dtype=object)):
                if not text:
                    continue
                strong = pale_from is not None and abs(table[row, column]) > pale_from
                ax.text(
                    column, row, text, ha="center", va="center", fontsize=points, color=PAPER if strong else INK,
                    linespacing=1.15,
                )  # fmt: skip


def _half_a_cell_back() -> Any:
    from matplotlib.transforms import Affine2D

    return Affine2D().translate(-0.5, -0.5)


def draw_intervals(
    ax: Axes,
    frame: Any,
    *,
    at: Any,
    colour: str | Sequence[str] = ACCENT,
    is_upright: bool = False,
    width: float = 2.0,
    size: float = 6.0,
    marker: str = "o",
) -> None:
    """One dot and whisker a row (columns estimate, lower, upper); no whisker where an end is missing.

    Parameters
    ----------
    at
        Where each row lies: its height, or, with `is_upright` whiskers, its place along the axis.
    colour
        Of all rows, or of each.
    width, size
        Of the whiskers and of the dots, in points.

    A logarithmic scale is set afterwards: seaborn would leave out an end that lies outside it.
    """
    import pandas as pd
    import seaborn as sns

    estimate, lower, upper = (np.asarray(frame[name], dtype=float) for name in ("estimate", "lower", "upper"))
    is_whole = np.isfinite(lower) & np.isfinite(upper)
    rows = pd.DataFrame(
        {
            "place": np.broadcast_to(np.asarray(at, dtype=float), estimate.shape),
            "colour": [colour] * len(estimate) if isinstance(colour, str) else list(colour),
            "lower": np.where(is_whole, lower, estimate),
            "estimate": estimate,
            "upper": np.where(is_whole, upper, estimate),
        }
    ).dropna()
    # Two rows at one place are no sample to take a middle of.
    layers = rows.groupby(["place", "colour"]).cumcount()
    for (_, tint), part in rows.groupby([layers, "colour"], sort=False):
        # Three values a place, in order: what seaborn would estimate from a sample is read off them.
        value = part[["lower", "estimate", "upper"]].to_numpy().ravel()
        place = part["place"].to_numpy().repeat(3)
        with chart_style():
            sns.pointplot(
                x=place if is_upright else value, y=value if is_upright else place, orient="x" if is_upright else "y",
                native_scale=True, estimator=_middle, errorbar=_ends, color=str(tint), linestyle="none",
                marker=marker, markersize=size, markeredgecolor=PAPER, markeredgewidth=1.0,
                err_kws={"linewidth": width, "alpha": _WHISKER, "solid_capstyle": "butt", "zorder": _UNDER_DOTS},
                legend=False, ax=ax,
            )  # fmt: skip


def draw_crosses(
    ax: Axes, across: Mapping[str, Any], up: Mapping[str, Any], *, colour: str | Sequence[str], width: float = 1.8
) -> None:
    """Points that are known in two directions no better than their intervals (estimate, lower, upper of each)."""
    draw_intervals(ax, across, at=up["estimate"], colour=colour, width=width, size=7.0)
    draw_intervals(ax, up, at=across["estimate"], colour=colour, width=width, size=7.0, is_upright=True)


def _middle(values: Any) -> float:
    return float(np.asarray(values)[1])


def _ends(values: Any) -> tuple[float, float]:
    found = np.asarray(values)
    return float(found[0]), float(found[2])


def draw_bars(
    ax: Axes,
    at: Any,
    lengths: Any,
    *,
    colours: str | Sequence[str] = ACCENT,
    is_upright: bool = False,
    thickness: float = 0.62,
    alpha: float = 1.0,
) -> None:
    """One bar a row, lying unless `is_upright`, each in its own colour or all in one."""
    import seaborn as sns

    place, length = np.asarray(at, dtype=float), np.nan_to_num(np.asarray(lengths, dtype=float))
    if not len(place):
        return
    own = [colours] * len(place) if isinstance(colours, str) else list(colours)
    with chart_style():
        sns.barplot(
            x=place if is_upright else length, y=length if is_upright else place,
            orient="x" if is_upright else "y", native_scale=True, errorbar=None, color=own[0], saturation=1.0,
            width=thickness, alpha=alpha, linewidth=0, ax=ax,
        )  # fmt: skip
    # seaborn puts them in the order of their places.
    bars: Any = ax.containers[-1]
    for bar, row in zip(bars, np.argsort(place, kind="stable"), strict=True):
        bar.set_facecolor(own[row])


def draw_points(
    ax: Axes, x: Any, y: Any, *, kinds: Sequence[str], colours: Mapping[str, str], size: float, alpha: float = 1.0,
    edge: float = 0.0,
) -> None:  # fmt: skip
    """A cloud of points, each in the colour of its kind; `size` in square points, `edge` the width of a pale rim."""
    import seaborn as sns

    with chart_style():
        sns.scatterplot(
            x=np.asarray(x, dtype=float), y=np.asarray(y, dtype=float), hue=list(kinds), palette=dict(colours),
            hue_order=list(colours), s=size, alpha=alpha, linewidth=edge, edgecolor=PAPER, legend=False, ax=ax,
        )  # fmt: skip


def draw_distribution(
    ax: Axes, edges: Any, counts: Any, *, kinds: Sequence[str], colours: Mapping[str, str], shrink: float = 0.92
) -> None:
    """A histogram of counts made beforehand: `counts` lie between successive `edges`, in the colours of their kinds."""
    import seaborn as sns

    limits, named = np.asarray(edges, dtype=float), ax.get_ylabel()
    with chart_style():
        sns.histplot(
            x=(limits[:-1] + limits[1:]) / 2, weights=np.asarray(counts, dtype=float), bins=limits.tolist(),
            hue=list(kinds), hue_order=list(colours), palette=dict(colours), multiple="stack", shrink=shrink, alpha=1.0,
            linewidth=0, legend=False, ax=ax,
        )  # fmt: skip
    ax.set_ylabel(named)  # seaborn would write its own word
