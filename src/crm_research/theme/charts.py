"""Axes that look alike in every report, and the few things charts are made of.

Charts are functions of a tidy frame that accept and return Axes. Their statistical marks are seaborn's (`marks`), the
rest matplotlib's objects; never pyplot's figures or a global style: what is set is set on the axes, or inside
`chart_style` for as long as it takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from crm_research.theme.fonts import chart_families
from crm_research.theme.headings import write_headings
from crm_research.theme.lettering import letter_as_written, shorten, wrap_name
from crm_research.theme.palette import ACCENT, GRID, INK, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Small enough that a phone's width still leaves the words legible.
SIZE: Final = (6.6, 3.9)
WIDE: Final = (6.6, 2.7)
TALL: Final = (6.6, 5.2)
# A phone shows so much of a picture with words that can be read.
_PHONE_INCHES: Final = 4.2
_ON_A_PHONE: Final[ContextVar[bool]] = ContextVar("drawn_for_phones", default=False)
_TEXT_POINTS: Final = 10.0
_LINE: Final = 1.25
# Columns of text that fit into an inch.
_TEXT_COLUMNS: Final = 13.0
_LABEL_COLUMNS: Final = 22


@contextmanager
def chart_style() -> Iterator[None]:
    """The house's fonts, sizes and colours, for as long as the block lasts; also for whoever renders a figure."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "font.family": list(chart_families()),
        "font.size": _TEXT_POINTS,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": MUTED,
        "axes.titlecolor": INK,
        "axes.unicode_minus": True,
        # Words come from the data: "$20-$50" is a price band and no formula.
        "text.parse_math": False,
        "axes.formatter.use_mathtext": False,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "svg.hashsalt": "crm_research",
    }
    with mpl.rc_context(settings):
        yield


@contextmanager
def for_phones() -> Iterator[None]:
    """As long as the block lasts, new pictures are as narrow as a phone, their words as large as ever."""
    token = _ON_A_PHONE.set(True)
    try:
        yield
    finally:
        _ON_A_PHONE.reset(token)


def is_for_phones() -> bool:
    """Are pictures drawn for a phone at the moment, where marks beside each other have half the room?"""
    return _ON_A_PHONE.get()


def write_xlabel(ax: Axes, words: str, *, pad: float = 6) -> None:
    """The name of the lying axis, broken into lines that fit under it."""
    with chart_style():
        ax.set_xlabel(_wrap_label(words, _figure_inches(ax)[0]), labelpad=pad)


def new_axes(
    *,
    title: str,
    subtitle: str | None = None,
    xlabel: str = "",
    ylabel: str = "",
    size: tuple[float, float] = SIZE,
    grid: Literal["x", "y", "both", "none"] = "y",
    ax: Axes | None = None,
) -> Axes:
    """Axes in the house's look, on a new figure unless some are given.

    Parameters
    ----------
    title
        What the reader should see: the finding, in a sentence.
    subtitle
        What is drawn: measure, unit, records.
    xlabel, ylabel
        Labels with their units.
    size
        Width and height in inches, of a new figure.
    grid
        Lines for the reading eye: across values of `y` (upright bars, curves), of `x` (lying bars), both or none.
    ax
        Axes to dress instead of making a figure.
    """
    with chart_style():
        if ax is None:
            figure = _new_figure(size)
            ax = figure.subplots()
            write_headings(figure, title, subtitle)
        else:
            _write_titles(ax, title, subtitle)
        _dress(ax, grid)
        write_xlabel(ax, xlabel)
        ax.set_ylabel(_wrap_label(ylabel, _figure_inches(ax)[1] * 0.7), labelpad=6)
    return ax


def new_panels(
    n_columns: int,
    *,
    title: str,
    panel_titles: Sequence[str],
    subtitle: str | None = None,
    size: tuple[float, float] = SIZE,
    **sharing: Any,
) -> list[Axes]:
    """Several axes on one figure, row by row, one for each panel title; places without a title stay empty."""
    n_rows = max(1, math.ceil(len(panel_titles) / n_columns))
    if _ON_A_PHONE.get():
        # Below each other, each with the shape it has beside the others.
        n_columns, beside = 1, n_rows
        n_rows = max(1, len(panel_titles))
        size = (size[0], size[1] * n_rows / beside * _PANEL_ON_A_PHONE)
    with chart_style():
        figure = _new_figure(size)
        grid = figure.subplots(n_rows, n_columns, squeeze=False, **sharing)
        write_headings(figure, title, subtitle)
        panels = list(grid.flat)
        for panel in panels[len(panel_titles) :]:
            panel.remove()
        for panel, words in zip(panels, panel_titles, strict=False):
            _dress(panel, "y")
            _write_titles(panel, words, None, n_columns=n_columns)
    return panels[: len(panel_titles)]


_PANEL_ON_A_PHONE: Final = 0.75


def _new_figure(size: tuple[float, float]) -> Figure:
    """A figure that is drawn in the house's style and as it is written, whoever draws it."""
    if _ON_A_PHONE.get():
        size = (min(size[0], _PHONE_INCHES), size[1])
    return _figure_class()(figsize=size, layout="constrained")


@cache
def _figure_class() -> type[Figure]:
    # matplotlib is imported only where something is drawn.
    from matplotlib.figure import Figure

    class HouseFigure(Figure):
        def draw(self, renderer: Any) -> None:
            with chart_style():
                letter_as_written(self)
                super().draw(renderer)

    return HouseFigure


def _wrap_label(words: str, inches: float) -> str:
    return "\n".join(wrap_name(line, int(inches * _TEXT_COLUMNS)) for line in words.split("\n"))


def _dress(ax: Axes, grid: Literal["x", "y", "both", "none"]) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GRID)
    ax.set_axisbelow(True)
    ax.grid(visible=False)
    if grid != "none":
        ax.grid(visible=True, axis=grid, color=GRID, linewidth=0.8)
    ax.tick_params(length=0, labelsize=_TEXT_POINTS, labelcolor=MUTED, labelfontfamily=list(chart_families()))


def _write_titles(ax: Axes, title: str, subtitle: str | None, n_columns: int = 1) -> None:
    width = _figure_inches(ax)[0] / n_columns
    words = f"{title}: {subtitle}" if subtitle else title
    wrapped = wrap_name(words, int(width * _TEXT_COLUMNS * 0.85))
    ax.set_title(wrapped, loc="left", pad=6, fontsize=_TEXT_POINTS, fontweight="bold", color=INK, linespacing=_LINE)


def _figure_inches(ax: Axes) -> tuple[float, float]:
    whole = ax.get_figure(root=True)
    return (whole.get_figwidth(), whole.get_figheight()) if whole is not None else SIZE


def empty_axes(reason: str, ax: Axes | None = None) -> Axes:
    """A strip that says why there is no picture, in the place where it would stand."""
    ax = new_axes(title="Nothing to draw", subtitle=reason, size=(SIZE[0], 1.0), grid="none", ax=ax)
    ax.set_axis_off()
    return ax


def draw_band(
    ax: Axes, x: Any, lower: Any, upper: Any, *, colour: str = ACCENT, is_step: bool = False, alpha: float = 0.16
) -> None:
    """An interval around a curve, as a pale band; a step curve takes a stepped band."""
    ax.fill_between(x, lower, upper, color=colour, alpha=alpha, linewidth=0, step="post" if is_step else None)


def mark_level(
    ax: Axes, value: float, text: str, *, axis: str = "y", colour: str = MUTED, at: float = 1.0, va: str = "bottom"
) -> None:
    """A dashed reference line with its words on it; `at` is the words' place along the line (0 to 1)."""
    with chart_style():
        if axis == "y":
            ax.axhline(value, color=colour, linewidth=1.0, linestyle=(0, (4, 3)))
            where: dict[str, Any] = {
                "xy": (at, value),
                "xycoords": ax.get_yaxis_transform(),
                "ha": "right" if at > 0.5 else "left",
            }
            offset = (0, 3 if va == "bottom" else -3)
        else:
            ax.axvline(value, color=colour, linewidth=1.0, linestyle=(0, (4, 3)))
            where = {"xy": (value, at), "xycoords": ax.get_xaxis_transform(), "ha": "left"}
            offset, va = (4, 0), "top" if at > 0.5 else "bottom"
        ax.annotate(text, xytext=offset, textcoords="offset points", va=va, color=colour, fontsize=9.5, **where)


def shade_before(ax: Axes, x: Any, text: str) -> None:
    """Shade the part of the picture left of `x` that must be read with care, and say why."""
    with chart_style():
        left = ax.get_xlim()[0]
        ax.axvspan(left, x, color=GRID, alpha=0.55, linewidth=0, zorder=0)
        ax.set_xlim(left=left)
        ax.annotate(
            text,
            xy=(0, 1),
            xycoords=("axes fraction", "axes fraction"),
            xytext=(4, -4),
            textcoords="offset points",
            va="top",
            fontsize=9,
            color=MUTED,
        )


def label_points(
    ax: Axes, ends: Sequence[tuple[Any, float, str, str]], *, points: float = 9.5, gap_points: float = 12.0
) -> None:
    """Write names beside curves instead of a legend, moved apart where they would overlap.

    Parameters
    ----------
    ends
        (x, y, text, colour) of each label, usually the last point of its curve. Call it when the limits are set.
    gap_points
        Least distance between the middles of two labels.

    A name longer than 22 columns loses its end, so that the picture keeps its room.
    """
    if not ends:
        return
    low, high = ax.get_ylim()
    height_points = 72 * _figure_inches(ax)[1] * ax.get_position().height or 1.0
    gap = gap_points * (high - low) / height_points
    order = sorted(range(len(ends)), key=lambda place: ends[place][1])
    heights = _spread([ends[place][1] for place in order], gap)
    with chart_style():
        for place, height in zip(order, heights, strict=True):
            x, _, text, colour = ends[place]
            ax.annotate(
                shorten(text, _LABEL_COLUMNS),
                xy=(x, height),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontsize=points,
                fontweight="bold",
                annotation_clip=False,
            )


def _spread(values: Sequence[float], gap: float) -> list[float]:
    """Sorted values moved apart to at least `gap`, each block keeping its centre."""
    blocks: list[tuple[float, int]] = []  # (centre, labels)
    for value in values:
        centre, size = value, 1
        while blocks and centre - blocks[-1][0] < gap * (size + blocks[-1][1]) / 2:
            before, n_before = blocks.pop()
            centre = (centre * size + before * n_before) / (size + n_before)
            size += n_before
        blocks.append((centre, size))
    return [centre + gap * (place - (size - 1) / 2) for centre, size in blocks for place in range(size)]


def label_values(ax: Axes, texts: Sequence[str], *, points: float = 9.5, pad_points: float = 4.0) -> None:
    """Write each bar's value at its end (horizontal or upright bars; the last container drawn)."""
    bars: Any = ax.containers[-1]
    with chart_style():
        ax.bar_label(bars, labels=list(texts), padding=pad_points, fontsize=points, color=INK)


_NAME_ON_A_PHONE: Final = 20
_LINES_ON_A_PHONE: Final = 5


def name_rows(ax: Axes, names: Sequence[str], *, columns: int = 26) -> None:
    """Write names beside rows 0, 1, 2 ..., broken into lines so that long ones leave the picture its room."""
    if _ON_A_PHONE.get():
        columns = min(columns, _NAME_ON_A_PHONE)
        wrapped = [wrap_name(name, columns, most_lines=_LINES_ON_A_PHONE) for name in names]
        _make_room(ax, len(names) * max((name.count("\n") + 1 for name in wrapped), default=1))
    else:
        wrapped = [wrap_name(name, columns) for name in names]
    with chart_style():
        ax.set_yticks(range(len(names)), wrapped)


def _make_room(ax: Axes, n_lines: int) -> None:
    """Make a picture so high that so many lines of names do not meet beside its axes."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    n_rows = len({round(one.get_position().y0, 3) for one in figure.axes})
    names = n_lines * _TEXT_POINTS * _LINE / 72
    wanted = n_rows * max(names / _SHARE_OF_AXES, names + _INCHES_AROUND)
    if wanted > figure.get_figheight():
        figure.set_figheight(wanted)


# What of a picture's height the axes get: the rest is headings, ticks and the name of the axis.
_SHARE_OF_AXES, _INCHES_AROUND = 0.8, 1.3
