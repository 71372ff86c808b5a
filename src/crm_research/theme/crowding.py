"""Names below an axis that would run into each other: smaller, fewer or slanted, until they do not."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL_POINTS: Final = 8.0
_SLANT_DEGREES: Final = 40
# So many pixels lie between two names at the least.
_APART: Final = 2.0
# Numbers and months stand in a row that a reader can go on with; each other name is needed.
_IN_A_ROW: Final = re.compile(r"[-+−]?[\d.,]+( ?(%|k|m|bn))?|\d{4}-\d{2}(-\d{2})?")
_MOST_LEFT_OUT: Final = 12


def part_names(figure: Figure) -> None:
    """Make the names below (or above) each lying axis of a figure readable: no two of them meet.

    Names that meet get smaller; where they still do, numbers and months are left out in turn, others are slanted.
    """
    for ax in figure.axes:
        if not _meet(figure, ax):
            continue
        for name in _shown(ax):
            name.set_fontsize(min(float(name.get_fontsize()), _SMALL_POINTS))
        if not _meet(figure, ax):
            continue
        if all(_IN_A_ROW.fullmatch(name.get_text().strip()) for name in _shown(ax)):
            _leave_out(figure, ax)
        else:
            _slant(ax)


def _leave_out(figure: Figure, ax: Axes) -> None:
    told = [(float(name.get_position()[0]), name.get_text()) for name in _shown(ax)]
    for step in range(2, _MOST_LEFT_OUT + 1):
        ax.set_xticks([place for place, _ in told], [text if i % step == 0 else "" for i, (_, text) in enumerate(told)])
        for name in _shown(ax):
            name.set_fontsize(_SMALL_POINTS)
        if not _meet(figure, ax):
            return


def _slant(ax: Axes) -> None:
    is_above = any(tick.label2.get_visible() for tick in ax.xaxis.get_major_ticks())
    for name in _shown(ax):
        name.set(rotation=_SLANT_DEGREES, ha="left" if is_above else "right", rotation_mode="anchor")


def _meet(figure: Figure, ax: Axes) -> bool:
    figure.draw_without_rendering()
    boxes = sorted((name.get_window_extent() for name in _shown(ax)), key=lambda box: float(box.x0))
    return any(right.x0 - left.x1 < _APART for left, right in pairwise(boxes))


def _shown(ax: Axes) -> list[Any]:
    low, high = sorted(ax.get_xlim())
    return [
        name
        for tick, place in zip(ax.xaxis.get_major_ticks(), ax.get_xticks(), strict=False)
        for name in (tick.label1, tick.label2)
        if name.get_visible() and name.get_text() and low <= place <= high
    ]
