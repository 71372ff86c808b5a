"""Title and subtitle of a picture: drawn in it, and taken out of it where a page sets them in its own type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from crm_research.theme.lettering import on_one_line, wrap_name
from crm_research.theme.palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_TITLE_POINTS: Final = 12.5
_TEXT_POINTS: Final = 10.0
_LINE: Final = 1.25
# Columns of text that fit into an inch, at the size of a title and of the rest.
_TITLE_COLUMNS: Final = 9.3
_TEXT_COLUMNS: Final = 13.0
# Lines of a title or subtitle: what a name from the data adds to them must leave the picture its room.
_MOST_LINES: Final = 5
_POINTS_PER_INCH: Final = 72
_LOWEST_INCHES: Final = 0.6


@dataclass(frozen=True, eq=False)
class Headings:
    """What stands above a picture: the finding, and what is drawn; each on one line, as it was given."""

    title: str
    subtitle: str
    below: Text | None
    points: float


_OF: Final[WeakKeyDictionary[Figure, Headings]] = WeakKeyDictionary()


def write_headings(figure: Figure, title: str, subtitle: str | None) -> None:
    """Title and subtitle from the left edge of the figure, so that long names on the axis leave them their room."""
    width, height = figure.get_figwidth(), figure.get_figheight()
    wrapped = wrap_name(title, int(width * _TITLE_COLUMNS), most_lines=_MOST_LINES)
    below = wrap_name(subtitle, int(width * _TEXT_COLUMNS), most_lines=_MOST_LINES) if subtitle else ""
    title_points = (wrapped.count("\n") + 1) * _TITLE_POINTS * _LINE
    points = title_points + ((below.count("\n") + 1) * _TEXT_POINTS * _LINE + 3 if below else 0) + 11
    top = 1 - 3 / (_POINTS_PER_INCH * height)
    figure.suptitle(
        wrapped, x=0.008, y=top, ha="left", va="top", fontsize=_TITLE_POINTS, fontweight="bold", color=INK,
        linespacing=_LINE,
    )  # fmt: skip
    # The axes get the room below: the layout would keep the place of one title only.
    room = 1 - points / (_POINTS_PER_INCH * height)
    figure.set_layout_engine("constrained", rect=(0, 0, 1, max(0.2, room)))
    words = None
    if below:
        under = top - (title_points + 2) / (_POINTS_PER_INCH * height)
        words = figure.text(
            0.008, under, below, ha="left", va="top", fontsize=_TEXT_POINTS, color=MUTED, linespacing=_LINE
        )
        words.set_in_layout(False)
    _OF[figure] = Headings(on_one_line(title), on_one_line(subtitle or ""), words, points)


def take_headings(figure: Figure) -> Headings | None:
    """Title and subtitle, taken out of the picture, which gets as much lower; None where it has none of ours."""
    held = _OF.pop(figure, None)
    if held is None:
        return None
    above = figure.suptitle("")
    above.set_in_layout(False)
    if held.below is not None:
        held.below.remove()
    figure.set_figheight(max(_LOWEST_INCHES, figure.get_figheight() - held.points / _POINTS_PER_INCH))
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1))
    return held


def is_blank(figure: Figure) -> bool:
    """Does a figure draw nothing but its headings?"""
    return all(not ax.axison and not ax.has_data() and not ax.texts for ax in figure.get_axes())
