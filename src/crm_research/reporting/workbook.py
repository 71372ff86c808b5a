"""A report as a workbook: what it answers, every figure with what it rests on, and a sheet a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.show.display import TABLE_MIME
from crm_research.show.sheet import DAY, NUMBER, SHEET, number_format
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.reporting.tasks import Task

# What Excel holds.
MOST_ROWS: Final = 1_048_576
_LONGEST_NAME: Final = 31
_LONGEST_TEXT: Final = 32_767
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]+")
_RESERVED: Final = "history"
# What a spreadsheet takes for a formula when somebody edits the cell, in the widths of Chinese keyboards too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NARROWEST, _WIDEST = 9, 60
_CONTENTS: Final = "Contents"
_FIGURES: Final = "Figures"
# Head of a column of the sheet of figures to the key of the record.
_COLUMNS: Final = {
    "figure": "label",
    "group": "group",
    "as printed": "said",
    "estimate": "estimate",
    "lower limit": "lower",
    "upper limit": "upper",
    "unit": "unit",
    "n": "n",
    "window": "window",
    "method": "estimator",
    "check": "validation",
    "outcome of the check": "verdict",
    "id": "id",
}


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table of the page: caption, columns (name and cells of kind, value and format), and the lines below it."""

    caption: str
    columns: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()


def take_sheets(notebook: Any) -> list[Sheet]:
    """The tables that a notebook showed, in order; they leave the notebook, which is the same with and without them."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {}).get(TABLE_MIME)
            if shown and SHEET in shown:
                held = shown.pop(SHEET)
                found.append(Sheet(caption=shown["caption"], columns=held["columns"], notes=held["notes"]))
    return found


def write_workbook(
    target: Path,
    task: Task,
    *,
    answer: Sequence[str],
    figures: Sequence[Mapping[str, Any]],
    sheets: Sequence[Sheet],
    most_rows: int = MOST_ROWS,
) -> Path:
    """Write the workbook of a report.

    Parameters
    ----------
    most_rows
        Rows that a sheet may hold; what does not fit is counted in the sheet's first line and in the contents.
    """
    import xlsxwriter

    names = name_sheets([_CONTENTS, _FIGURES, *(sheet.caption for sheet in sheets)])
    with xlsxwriter.Workbook(str(target), {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties(
            {
                "title": f"{task.title}: {task.study.title}",
                "comments": task.question,
                # The same report makes the same file.
                "created": datetime.fromisoformat(task.study.as_of).replace(tzinfo=UTC),
            }
        )
        writer = _Writer(book, most_rows)
        contents = book.add_worksheet(names[0])
        lines = [
            (_FIGURES, names[1], writer.write(book.add_worksheet(names[1]), _figure_columns(figures), (), "Figures"))
        ]
        lines += [
            (sheet.caption, name, writer.write(book.add_worksheet(name), sheet.columns, sheet.notes, sheet.caption))
            for sheet, name in zip(sheets, names[2:], strict=True)
        ]
        writer.write_contents(contents, task, answer, lines)
    return target


def name_sheets(captions: Iterable[str]) -> list[str]:
    """Names for sheets: what Excel allows, each once whatever the case of its letters.

    Examples
    --------
    >>> name_sheets(["Sales [EUR]: 2024/25", "sales  EUR  2024 25", "'History'"])
    ['Sales EUR 2024 25', 'sales EUR 2024 25 (2)', 'History (2)']
    """
    taken = {_RESERVED}
    names = []
    for caption in captions:
        base = " ".join(_FORBIDDEN.sub(" ", caption).split()).strip("' ") or "Table"
        name, number = _cut(base, _LONGEST_NAME), 2
        while name.casefold() in taken:
            ending = f" ({number})"
            name, number = _cut(base, _LONGEST_NAME - len(ending)) + ending, number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _cut(text: str, most: int) -> str:
    """The beginning of a text that Excel, which counts in pairs of bytes, finds no longer than that."""
    while len(text.encode("utf-16-le")) // 2 > most:
        text = text[:-1]
    return text.strip("' ")


def _figure_columns(figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": head, "cells": [_figure_cell(key, each) for each in figures]} for head, key in _COLUMNS.items()]


def _figure_cell(key: str, figure: Mapping[str, Any]) -> list[Any]:
    value = figure.get(key)
    if value is None:
        return ["text", "", None]
    if key == "n":
        return [NUMBER, value, "#,##0"]
    if key not in ("estimate", "lower", "upper"):
        return ["text", str(value), None]
    estimate, said = figure.get("estimate"), str(figure.get("said") or "")
    form = number_format(float(estimate), said) if estimate is not None else None
    return [NUMBER, value, form or ("0.0%" if figure.get("unit") == "share" else "General")]


class _Writer:
    """Writes sheets of one workbook, with its formats."""

    def __init__(self, book: Any, most_rows: int) -> None:
        self._book = book
        self._most_rows = most_rows
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def _format(self, **how: Any) -> Any:
        key = tuple(sorted(how.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({"valign": "top", **how})
        return self._made[key]

    def write(self, sheet: Any, columns: Sequence[Mapping[str, Any]], notes: Sequence[str], caption: str) -> str:
        """Caption, head and rows, then the notes; says how many rows there are."""
        n_rows = max((len(column["cells"]) for column in columns), default=0)
        # Above the rows stand the caption, what was left out, and the head; below them an empty line and the notes.
        n_written = min(n_rows, self._most_rows - 3 - (len(notes) + 1 if notes else 0))
        said = say_count(n_rows, "row")
        if n_written < n_rows:
            said = f"The first {n_written:,} of {say_count(n_rows, 'row')}: a sheet of Excel holds no more."
        self._text(sheet, 0, 0, caption, bold=True, font_size=13)
        self._text(sheet, 1, 0, said, font_color="#55606b")
        for place, column in enumerate(columns):
            is_number = any(cell[0] == NUMBER for cell in column["cells"][:n_written])
            align = "right" if is_number else "left"
            self._text(sheet, 2, place, column["name"], bold=True, bottom=1, text_wrap=True, align=align)
            for row in range(n_written):
                self._cell(sheet, 3 + row, place, column["cells"][row], is_number)
            sheet.set_column(place, place, _width(column, n_written))
        for line, note in enumerate(notes):
            self._text(sheet, 4 + n_written + line, 0, note, font_color="#55606b")
        sheet.freeze_panes(3, 1 if len(columns) > 1 else 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        return said

    def write_contents(
        self, sheet: Any, task: Task, answer: Sequence[str], lines: Sequence[tuple[str, str, str]]
    ) -> None:
        """Which report this is, what it answers, and a line to each sheet."""
        sheet.set_column(0, 0, 70)
        sheet.set_column(1, 1, 34)
        self._text(sheet, 0, 0, task.title, bold=True, font_size=16)
        self._text(sheet, 1, 0, f"{task.study.title}, as of {task.study.as_of}", font_color="#55606b")
        self._text(sheet, 2, 0, task.question, text_wrap=True)
        row = 4
        for sentence in answer:
            self._text(sheet, row, 0, sentence, text_wrap=True)
            row += 1
        row += 1
        for head, place in (("Sheet", 0), ("Rows", 1)):
            self._text(sheet, row, place, head, bold=True, bottom=1)
        for caption, name, said in lines:
            row += 1
            quoted = name.replace("'", "''")
            style = self._format(font_color="#0b6e99", underline=1, text_wrap=True, **_guard(caption))
            sheet.write_url(row, 0, f"internal:'{quoted}'!A1", style, string=_short(caption))
            self._text(sheet, row, 1, said, text_wrap=True)
        sheet.hide_gridlines(2)

    def _cell(self, sheet: Any, row: int, place: int, cell: Sequence[Any], is_number: bool) -> None:
        kind, value, form = cell
        if kind == NUMBER:
            sheet.write_number(row, place, value, self._format(num_format=form))
        elif kind == DAY:
            sheet.write_datetime(row, place, datetime.fromisoformat(value), self._format(num_format=form, align="left"))
        elif value != "":
            # A dash among numbers stands under them.
            self._text(sheet, row, place, value, align="right" if is_number else "left", text_wrap=len(value) > _WIDEST)

    def _text(self, sheet: Any, row: int, place: int, text: str, **how: Any) -> None:
        sheet.write_string(row, place, _short(text), self._format(**how, **_guard(text)))


def _guard(text: str) -> dict[str, bool]:
    return {"quote_prefix": True} if text.startswith(_FORMULA) else {}


def _short(text: str) -> str:
    return text if len(text.encode("utf-16-le")) // 2 <= _LONGEST_TEXT else f"{_cut(text, _LONGEST_TEXT - 4)} ..."


def _width(column: Mapping[str, Any], n_rows: int) -> int:
    words = max((len(word) for word in column["name"].split()), default=0)
    longest = max((len(_as_seen(cell)) for cell in column["cells"][: min(n_rows, 1000)]), default=0)
    return max(_NARROWEST, min(_WIDEST, max(words, longest, min(len(column["name"]), 18)) + 2))


def _as_seen(cell: Sequence[Any]) -> str:
    kind, value, form = cell
    if kind != NUMBER:
        return str(value)
    form = str(form)
    if form == "General":
        return f"{value:.12g}"
    decimals = len(form.partition(".")[2].rstrip("%").partition(" ")[0])
    unit = form.partition('"')[2]
    return f"{value * (100 if form.endswith('%') else 1):,.{decimals}f}%{unit}"
