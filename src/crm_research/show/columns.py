"""Columns of a table that say nothing row by row: said in a line below it, so that those that differ have room."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from crm_research.figures import NOT_KNOWN
from crm_research.show.formats import MISSING, NOT_REACHED
from crm_research.theme.words import join_words

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# What stands for an id, which a narrow page must not break at its hyphen.
_PSEUDONYM: Final = re.compile(r"[A-Z]-[0-9a-z]{8}(?:[0-9a-z]{4})?$")
# What the page's column for tables holds in a window of 1,280 pixels, and what a sign and a column's margin take.
_PIXELS_OF_A_TABLE: Final = 940
_PIXELS_OF_A_SIGN: Final = 7.5
_PIXELS_OF_A_MARGIN: Final = 18
# Words may be broken into lines, down to this.
_PIXELS_OF_WORDS: Final = 170
_FEWEST_ROWS: Final = 3
_NO_VALUE: Final = frozenset({MISSING, ""})
_NOTHING_KNOWN: Final = _NO_VALUE | {NOT_KNOWN, NOT_REACHED}
# A cell of more signs is a sentence, which is read once however much room there is.
_A_SENTENCE: Final = 24


class PrintedColumn:
    """One column, ready to print."""

    def __init__(
        self, name: str, cells: list[str], *, is_number: bool, is_row_name: bool, values: Iterable[Any] = ()
    ) -> None:
        self.name = name.replace("_", " ")
        self.cells = cells
        # What was printed, and as what: a cell that says something else later shows its value no more.
        self.values = list(values)
        self.printed = tuple(cells)
        self.is_number = is_number
        self.is_row_name = is_row_name
        self.is_date = _all_match(_DATE, cells)
        self.is_pseudonym = _all_match(_PSEUDONYM, cells)

    @property
    def pixels(self) -> float:
        """About how wide the column is at its narrowest."""
        longest_word = max((len(word) for word in self.name.split()), default=0) * _PIXELS_OF_A_SIGN
        longest = max((len(cell) for cell in self.cells), default=0) * _PIXELS_OF_A_SIGN
        return max(longest_word, longest if self.is_number else min(longest, _PIXELS_OF_WORDS)) + _PIXELS_OF_A_MARGIN


def _all_match(pattern: re.Pattern[str], cells: list[str]) -> bool:
    return any(pattern.match(cell) for cell in cells) and all(
        cell in (MISSING, "") or pattern.match(cell) for cell in cells
    )


def leave_out_columns(columns: list[PrintedColumn]) -> tuple[list[PrintedColumn], list[str]]:
    """Which columns are worth their room, and what is to be said of the others?

    Left out are columns without any value or any that is known, an id that is another id in every row, and columns that
    say the same in every row, if it is a sentence or the table is too wide for the page. The names of the rows always
    stay, and so does a table of one or two rows.

    Returns
    -------
    tuple
        The columns that stay, and the lines that say what the others held.
    """
    if not columns or len(columns[0].cells) < _FEWEST_ROWS:
        return columns, []
    empty = [column for column in columns if not column.is_row_name and set(column.cells) <= _NOTHING_KNOWN]
    copies = {id(column): other for column, other in _copied_ids(columns)}
    kept = [column for column in columns if column not in empty and id(column) not in copies]
    lines = []
    without = [column.name for column in empty if set(column.cells) <= _NO_VALUE]
    unknown = [column.name for column in empty if column.name not in without]
    lines += [f"No value in any row: {join_words(without)}."] if without else []
    lines += [f"Not known in any row: {join_words(unknown)}."] if unknown else []
    lines += [
        f"In every row the {column.name} is the {copies[id(column)].name}."
        for column in columns
        if id(column) in copies
    ]
    constant = [column for column in kept if not column.is_row_name and len(set(column.cells)) == 1]
    if sum(column.pixels for column in kept) <= _PIXELS_OF_A_TABLE:
        constant = [column for column in constant if len(column.cells[0]) > _A_SENTENCE]
    if constant:
        kept = [column for column in kept if column not in constant]
        said = "; ".join(f"{column.name}: {column.cells[0]}" for column in constant)
        lines.append(f"The same in every row: {said}.")
    return kept, lines


def _copied_ids(columns: list[PrintedColumn]) -> list[tuple[PrintedColumn, PrintedColumn]]:
    ids = [column for column in columns if column.name.endswith(" id")]
    return [
        (column, other)
        for place, column in enumerate(ids)
        for other in ids[:place]
        if not column.is_row_name and column.cells == other.cells
    ][:1]
