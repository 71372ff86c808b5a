"""Pictures of grades. Each takes results, accepts and returns Axes, and says its finding in the title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research import theme
from crm_research.pillars.grades import words
from crm_research.pillars.grades.setting import noun, say_window
from crm_research.privacy.pseudonyms import say_id

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crm_research.pillars.grades.measure import Grades

_MOST_POINTS: Final = 2_000
_MOST_ROWS: Final = 15
_CORNER: Final = 0.35
_KINDS: Final = {"C": theme.GRID, "B": theme.REST, "A": theme.ACCENT, "sure": theme.WARNING}


def has_matrix(found: Grades) -> bool:
    """Are there criteria of today and of what may come, in both of which customers differ?"""
    return found.is_graded and bool(found.places[["current", "future"]].notna().all(axis=None))


def draw_matrix(found: Grades, *, ax: Axes | None = None) -> Axes:
    """What customers are worth today, and what may come: one point a customer, in the colour of the grade."""
    if not has_matrix(found):
        return theme.empty_axes("There is nothing to compare today with what may come.", ax=ax)
    places = found.places.nsmallest(_MOST_POINTS, "place", keep="first")
    only = f", the first {_MOST_POINTS:,} of them" if len(places) < found.n_ranked else ""
    ax = theme.new_axes(
        title=words.say_matrix(found),
        subtitle=f"Each point one of {noun(found, found.n_ranked)}{only}; {say_window(found)}",
        xlabel="Value today: 0 the worst of all in everything, 1 the best",
        ylabel="Value that may come",
        size=(theme.SIZE[0], 4.8),
        grid="none",
        ax=ax,
    )
    sure = found.is_sure.loc[places.index].to_numpy()
    kinds = np.where(sure, "sure", places["grade"].to_numpy())
    for name in _KINDS:  # the rarest last, on top
        is_of = kinds == name
        if is_of.any():
            theme.draw_points(
                ax, places.loc[is_of, "current"], places.loc[is_of, "future"], kinds=[name] * int(is_of.sum()),
                colours={name: _KINDS[name]}, size=70 if name == "sure" else 26, alpha=1.0 if name == "sure" else 0.75,
                edge=0.5,
            )  # fmt: skip
    for at, line in ((found.places["current"].median(), ax.axvline), (found.places["future"].median(), ax.axhline)):
        line(float(at), color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=0)
    ax.set_xlim(*_ends(places["current"]))
    ax.set_ylim(*_ends(places["future"]))
    said = {"sure": "A whatever the weights", "A": "A", "B": "B", "C": "C"}
    held = [name for name in said if (kinds == name).any()]
    corner = _emptiest_corner(ax, places)
    x, y = 8 if corner[0] == 0 else -150, -8 if corner[1] == 1 else 14 * len(held) + 2
    with theme.chart_style():
        for number, name in enumerate(held):
            for text, at, colour in (("●", x, _KINDS[name]), (said[name], x + 12, theme.INK)):
                ax.annotate(
                    text, xy=corner, xycoords="axes fraction", xytext=(at, y - 14 * number), va="top",
                    textcoords="offset points", fontsize=9.5, color=colour,
                )  # fmt: skip
    return ax


def _emptiest_corner(ax: Axes, places: pd.DataFrame) -> tuple[int, int]:
    """Where the fewest customers stand, in axes fractions: the names of the colours cover nobody there."""
    shares = []
    for values, (low, high) in ((places["current"], ax.get_xlim()), (places["future"], ax.get_ylim())):
        shares.append((values.to_numpy(dtype=float) - low) / (high - low))
    corners = [(1, 1), (0, 1), (1, 0), (0, 0)]
    held = [((np.abs(shares[0] - x) < _CORNER) & (np.abs(shares[1] - y) < _CORNER)).sum() for x, y in corners]
    return corners[int(np.argmin(held))]


def draw_places(found: Grades, *, ax: Axes | None = None) -> Axes:
    """Where the first customers stand, and how far their place moves."""
    if not found.is_graded:
        return theme.empty_axes("Nobody has a grade.", ax=ax)
    places = found.places.nsmallest(_MOST_ROWS, "place", keep="first").iloc[::-1]
    ax = theme.new_axes(
        title=places_title(found),
        subtitle=f"Place of the first {len(places)}, with {theme.say_percent(found.confidence)} limits where weights "
        "and what is known in part are in doubt",
        xlabel="Place",
        size=(theme.SIZE[0], 1.4 + 0.24 * len(places)),
        grid="x",
        ax=ax,
    )
    sure = found.is_sure.loc[places.index]
    theme.draw_intervals(
        ax, places.rename(columns={"place": "estimate"}), at=np.arange(len(places), dtype=float),
        colour=[theme.WARNING if one else theme.ACCENT for one in sure], width=2.2, size=6,
    )  # fmt: skip
    theme.name_rows(ax, [say_id("customer_id", one) for one in found.rows.loc[places.index, "customer_id"]])
    last = float(max(places["upper"].max(), found.cuts.n_a))
    ax.set_xlim(0, last * 1.06 + 0.5)
    ax.set_ylim(-0.7, len(places) - 0.3)
    theme.mark_level(ax, found.cuts.n_a + 0.5, "grade A ends here", axis="x", at=0.03)
    return ax


def places_title(found: Grades) -> str:
    """How many of the first keep grade A within the limits of their place."""
    places = found.places.nsmallest(_MOST_ROWS, "place", keep="first")
    n = int((places["upper"] <= found.cuts.n_a).sum())
    first = theme.say_count(len(places))
    stay = theme.word_for(n, "stays", "stay") if n else "stays"
    return f"Of the first {first}, {theme.say_count(n) if n else 'none'} {stay} of grade A when weights move a little"


def places_alt(found: Grades) -> str:
    """What one sees in the picture of places."""
    return f"{places_title(found)}. A dot for the place of each customer, with a line from the best to the worst place."


def _ends(values: object) -> tuple[float, float]:
    held = np.asarray(values, dtype=float)
    low, high = float(held.min()), float(held.max())
    edge = max(0.06 * (high - low), 0.01)
    return low - edge, high + edge


def matrix_alt(found: Grades) -> str:
    """What one sees in the picture, for those who do not see it."""
    return (
        f"{words.say_matrix(found)}. Points for customers: value today from left to right, value that may come from "
        "below to "
        "above; those of grade A lie to the right and above."
    )


MATRIX_CAPTION: Final = (
    "Read it by its four fields, parted at the middle customer of each side: to the right is who brings much today, "
    "above is "
    "who may bring more. Who stands below on the right is to be kept, who stands above on the left to be won for more."
)
