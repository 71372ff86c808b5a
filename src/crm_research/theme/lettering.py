"""Words on charts, drawn as they stand in the data: never as mathematics, never breaking the picture they name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What no drawing shows and no XML allows: control characters but for the end of a line, and halves of a character.
_UNDRAWABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANKS: Final = re.compile(r"[\s\x85\u2028\u2029]+")
_MOST_LINES: Final = 3
_BEHIND_HYPHEN: Final = re.compile(r"(?<=\w-)(?=\w)")
# What of a name is told: all of it, until a floor above, which knows of persons, says otherwise.
_TOLD: Final[list[Callable[[str], str]]] = []


def tell_names_by(tell: Callable[[str], str]) -> None:
    """From now on let every name on a chart be told so, before it is cut or parted over lines."""
    _TOLD[:] = [tell]


def _told(words: str) -> str:
    for tell in _TOLD:
        words = tell(words)
    return words


def count_columns(text: str) -> int:
    """Columns that a text takes in a line: two for a wide sign (Chinese, most emoji), none for a combining one."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def on_one_line(name: str) -> str:
    """A name from the data as one line: blanks, tabs and line ends become one blank, what cannot be drawn a mark."""
    return _told(_UNDRAWABLE.sub("\ufffd", _BLANKS.sub(" ", name)).strip())


def shorten(name: str, columns: int) -> str:
    """A name from the data in one line of at most so many columns, its end left out where it is longer."""
    line = on_one_line(name)
    if count_columns(line) <= columns:
        return line
    kept = ""
    for sign in line:
        if count_columns(kept + sign) >= columns:
            break
        kept += sign
    return f"{kept.rstrip()}…"


def wrap_text(text: str, width: int) -> str:
    """Break a text into lines of at most so many columns.

    Chinese characters take two columns and may break anywhere; a word longer than a line is broken as well,
    behind a hyphen where it has one.
    """
    lines, line, used = [], "", 0
    for word in _pieces(on_one_line(text), width):
        columns = count_columns(word)
        if line and used + columns > width and word.strip():
            lines.append(line.rstrip())
            line, used = "", 0
        line += word
        used += columns
    return "\n".join([*lines, line.rstrip()])


def wrap_name(name: str, width: int, *, most_lines: int = _MOST_LINES) -> str:
    """Break a name from the data into a few lines; the end of a name that needs more is left out."""
    lines = wrap_text(name, width).split("\n")
    if len(lines) <= most_lines:
        return "\n".join(lines)
    last, more = lines[most_lines - 1 : most_lines + 1]
    rest = f"{last}{more}" if last.endswith("-") else f"{last} {more}"
    return "\n".join([*lines[: most_lines - 1], shorten(rest, width)])


def _pieces(text: str, width: int) -> Iterator[str]:
    for word in _words(text):
        # What is too long for a line breaks behind a hyphen, and within a word only where there is none.
        for part in [word] if count_columns(word) <= width else _BEHIND_HYPHEN.split(word):
            piece = ""
            for sign in part:
                if piece and count_columns(piece + sign) > width:
                    yield piece
                    piece = ""
                piece += sign
            yield piece


def _words(text: str) -> Iterator[str]:
    word = ""
    for sign in text:
        if unicodedata.east_asian_width(sign) in "WF":
            if word:
                yield word
            yield sign
            word = ""
        elif sign == " ":
            yield word
            yield " "
            word = ""
        else:
            word += sign
    if word:
        yield word


def letter_as_written(figure: Figure) -> None:
    """Let every word of a figure be drawn as it stands: a dollar is a dollar, also where matplotlib sees mathematics.

    matplotlib's own mathematics (powers on a logarithmic axis) become plain numbers, since they too are text that
    would now be drawn as it stands.
    """
    from matplotlib.text import Text

    for ax in figure.get_axes():
        for axis in (ax.xaxis, ax.yaxis):
            _say_plain_numbers(axis)
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        words = text.get_text()
        told = _told(_UNDRAWABLE.sub("\ufffd", words))
        if told != words:
            text.set_text(told)


def _say_plain_numbers(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogFormatter, LogitFormatter, NullFormatter, ScalarFormatter

    powers = (LogFormatter, LogitFormatter)
    if isinstance(axis.get_major_formatter(), powers):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if isinstance(axis.get_minor_formatter(), powers):
        axis.set_minor_formatter(NullFormatter())
    if isinstance(axis.get_major_formatter(), ScalarFormatter):
        axis.get_major_formatter().set_useMathText(False)
