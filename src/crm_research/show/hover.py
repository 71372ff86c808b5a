"""Values on hover: under a pointer each bar, point, step and cell of a picture says what it stands for.

Shapes that nobody sees are laid over the marks, each with a title of its own: browsers show it, print does not, and
whoever reads by ear still has the picture's own words. They are placed by the renderer that draws the marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from crm_research.show.display import text_html

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GID: Final = "hover-"
# What titles may add to a picture, as a part of it, and in any case.
_SHARE: Final = 0.12
_LEAST_BYTES: Final = 700
_RADIUS: Final = 4
_MOST_POINTS: Final = 120
_PLACE: Final = re.compile(r'<use [^>]*?x="(-?[\d.]+)" y="(-?[\d.]+)"')


@dataclass(frozen=True)
class _Mark:
    """Where something is drawn, in the axes' own units (of a bar two corners), and what it says."""

    corners: tuple[tuple[float, float], ...]
    words: str


@contextmanager
def hovering(figure: Figure) -> Iterator[dict[str, list[_Mark]]]:
    """Within it the figure carries its places of hovering, so that the SVG tells where they lie; then no more."""
    from matplotlib.lines import Line2D

    marks: dict[str, list[_Mark]] = {}
    laid: list[Any] = []
    try:
        for place, ax in enumerate(figure.axes):
            found = [mark for mark in _marks_of(ax) if _is_inside(ax, mark)]
            if not found:
                continue
            corners = [corner for mark in found for corner in mark.corners]
            line = Line2D(
                [x for x, _ in corners], [y for _, y in corners], linestyle="none", marker="o", markersize=1,
                transform=ax.transData, clip_on=False, gid=f"{_GID}{place}",
            )  # fmt: skip
            line.set_in_layout(False)
            ax.add_artist(line)
            laid.append(line)
            marks[f"{_GID}{place}"] = found
        yield marks
    finally:
        for line in laid:
            line.remove()


def write_titles(svg: str, marks: dict[str, list[_Mark]]) -> str:
    """The SVG with a title over each mark, and the places that told where they lie gone."""
    shapes: list[str] = []
    for name, found in marks.items():
        group = re.search(rf'<g id="{name}">.*?</g>\s*</g>', svg, re.DOTALL)
        if group is None:
            continue
        svg = svg[: group.start()] + svg[group.end() :]
        places = [(float(x), float(y)) for x, y in _PLACE.findall(group.group(0))]
        if len(places) == sum(len(mark.corners) for mark in found):
            shapes += _draw_shapes(found, places)
    if not shapes:
        return svg
    shapes = _thin_out(shapes, max(_LEAST_BYTES, int(_SHARE * len(svg))))
    end = svg.rindex("</svg>")
    return f'{svg[:end]}<g class="hover" fill-opacity="0" stroke="none">{"".join(shapes)}</g>{svg[end:]}'


def _draw_shapes(marks: Sequence[_Mark], places: Sequence[tuple[float, float]]) -> Iterator[str]:
    at = 0
    for mark in marks:
        (x, y), (x_end, y_end) = places[at], places[at + len(mark.corners) - 1]
        at += len(mark.corners)
        title = f"<title>{text_html(mark.words)}</title>"
        if len(mark.corners) == 1:
            yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{_RADIUS}">{title}</circle>'
        else:
            left, top, width, height = min(x, x_end), min(y, y_end), abs(x_end - x), abs(y_end - y)
            yield (
                f'<rect x="{left:.0f}" y="{top:.0f}" width="{max(width, 2):.0f}" height="{max(height, 2):.0f}">'
                f"{title}</rect>"
            )


def _thin_out(shapes: Sequence[str], most_bytes: int) -> list[str]:
    """As many as there is room for, evenly over all: a curve of many steps keeps every second or third."""
    mean = sum(len(shape.encode()) for shape in shapes) / len(shapes)
    n_kept = max(1, min(len(shapes), int(most_bytes / mean)))
    return [shapes[int(place * len(shapes) / n_kept)] for place in range(n_kept)]


def _marks_of(ax: Axes) -> Iterator[_Mark]:
    """Cells below, then bars, and curves and points over them: what is drawn last lies under the pointer."""
    say_x, say_y = (_Speaker(axis, _names_on(axis)) for axis in (ax.xaxis, ax.yaxis))
    yield from _cells_of(ax, say_x, say_y)
    yield from _bars_of(ax, say_x, say_y)
    for line in ax.get_lines():
        # Reference lines reach from edge to edge and say what they are in words.
        if line.get_transform() is not ax.transData or not line.get_visible():
            continue
        yield from _points_of(say_x, say_y, line.get_xdata(orig=False), line.get_ydata(orig=False))
    for held in ax.collections:
        if _is_cloud(held, ax):
            offsets: Any = held.get_offsets()
            yield from _points_of(say_x, say_y, offsets[:, 0], offsets[:, 1])


def _is_cloud(held: Any, ax: Axes) -> bool:
    from matplotlib.collections import PathCollection

    return isinstance(held, PathCollection) and held.get_offset_transform() is ax.transData


def _points_of(say_x: _Speaker, say_y: _Speaker, xs: Any, ys: Any) -> Iterator[_Mark]:
    import numpy as np

    places = (
        np.unique(np.linspace(0, len(xs) - 1, min(len(xs), _MOST_POINTS)).round().astype(int))
        if len(xs)
        else np.array([], dtype=int)
    )
    for x, y in zip(np.asarray(xs, dtype=float)[places], np.asarray(ys, dtype=float)[places], strict=True):
        if np.isfinite(x) and np.isfinite(y):
            said = (say_y(y), say_x(x)) if say_y.names else (say_x(x), say_y(y))
            yield _Mark(((float(x), float(y)),), ": ".join(said))


def _bars_of(ax: Axes, say_x: _Speaker, say_y: _Speaker) -> Iterator[_Mark]:
    from matplotlib.container import BarContainer

    for held in ax.containers:
        if not isinstance(held, BarContainer):
            continue
        for bar in held.patches:
            (left, low), width, height = bar.get_xy(), bar.get_width(), bar.get_height()
            if not width * height:
                continue
            is_upright = held.orientation != "horizontal"
            if is_upright:
                words = f"{say_x(left + width / 2)}: {say_y(height)}"
            else:
                words = f"{say_y(low + height / 2)}: {say_x(width)}"
            yield _Mark(((left, low), (left + width, low + height)), words)


def _cells_of(ax: Axes, say_x: _Speaker, say_y: _Speaker) -> Iterator[_Mark]:
    import numpy as np
    from matplotlib.collections import QuadMesh

    written = {tuple(map(round, text.get_position())): text.get_text() for text in ax.texts}
    for held in ax.collections:
        if not isinstance(held, QuadMesh):
            continue
        values: Any = np.ma.filled(np.ma.asarray(held.get_array(), dtype=float), np.nan)
        for (row, column), value in np.ndenumerate(np.atleast_2d(values)):
            said = written.get((column, row), "") or (f"{value:.3g}" if np.isfinite(value) else "")
            if said:
                words = f"{say_y(row)}, {say_x(column)}: {' '.join(said.split())}"
                yield _Mark(((column - 0.5, row - 0.5), (column + 0.5, row + 0.5)), words)


def _is_inside(ax: Axes, mark: _Mark) -> bool:
    """Does it begin or end within the axes? What lies outside is not drawn."""
    (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    reach_x, reach_y = 1e-9 * (right - left), 1e-9 * (high - low)
    return all(left - reach_x <= x <= right + reach_x and low - reach_y <= y <= high + reach_y for x, y in mark.corners)


def _names_on(axis: Any) -> dict[float, str]:
    """Names written beside an axis, by their places; empty where numbers or days stand there."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    formatter, locator = axis.get_major_formatter(), axis.get_major_locator()
    if not isinstance(locator, FixedLocator):
        return {}
    is_given = isinstance(formatter, FixedFormatter) or isinstance(getattr(formatter, "func", None), partial)
    places = [float(place) for place in locator()] if is_given else []
    return {place: " ".join(str(formatter(place, number)).split()) for number, place in enumerate(places)}


@dataclass(frozen=True)
class _Speaker:
    """Says a place on an axis as a reader would: the name beside it, a day, or a number in the axis's own unit."""

    axis: Any
    names: dict[float, str]

    def __call__(self, value: float) -> str:
        from matplotlib import dates
        from matplotlib.ticker import FuncFormatter

        if self.names:
            return self.names[min(self.names, key=lambda place: abs(place - value))]
        library: Any = dates
        formatter = self.axis.get_major_formatter()
        if isinstance(formatter, (library.ConciseDateFormatter, library.AutoDateFormatter)):
            return f"{library.num2date(value):%Y-%m-%d}"
        if isinstance(formatter, FuncFormatter):
            return str(formatter(float(f"{value:.4g}"), None))
        return f"{value:,.0f}" if abs(value) >= 1_000 or value == int(value) else f"{value:.3g}"
