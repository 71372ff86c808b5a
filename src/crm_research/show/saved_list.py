"""Lists that somebody acts on, whole: a table for a spreadsheet, saved from the page and found beside it."""

from __future__ import annotations

import csv
import io
import numbers
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd

from crm_research.privacy.pseudonyms import hide_in_parts, hide_persons, kind_of
from crm_research.settings import folder_of_files, hides_persons, private_lists
from crm_research.show.attachment import MOST_CARRIED, render_attachment, render_beside
from crm_research.show.display import Output
from crm_research.show.prose import render_note
from crm_research.vocabulary import say_count

# More would make the page too heavy to open; researchers write it with `Section.to_csv`.
MOST_ROWS: Final = 100_000
# More at a time would not be quicker, and each row is a text for every cell.
_PART_ROWS: Final = 10_000
# What makes a spreadsheet take a text for a formula, in the widths that Chinese keyboards type, too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Excel reads Chinese only after this mark.
_MARK: Final = "\ufeff"


@dataclass(frozen=True)
class SavedList:
    """Who is on this list, all of them?

    Parameters
    ----------
    name
        Of the file, without its ending: a-z, 0-9 and hyphens.
    rows
        One row each, in the order of the page: ids, the reason, the value. Or what gives them, whenever they are asked
        for: a list of everybody that is written once need not be held until the page is done.
    words
        Who they are and what the columns mean, in a sentence or two.
    """

    name: str
    rows: pd.DataFrame | Callable[[], pd.DataFrame]
    words: str

    @property
    def frame(self) -> pd.DataFrame:
        """The rows, made now where they are not held."""
        return self.rows() if callable(self.rows) else self.rows

    @property
    def is_empty(self) -> bool:
        """Is it known that nobody is on it?"""
        return not callable(self.rows) and self.rows.empty

    def render(self) -> Output:
        """A link that saves it; a run puts the file beside the page."""
        frame = self.frame
        n_rows = len(frame)
        label = f"Save the whole list ({say_count(n_rows, 'row')})"
        words = self.words
        if hides_persons() and any(kind_of(name) is not None for name in frame.columns):
            words = f"{words.strip()} {self._keep_privately(frame)}"
        folder = folder_of_files()
        if folder is not None:
            file = folder / f"{self.name}.csv"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _save(file, hide_in_parts(frame, _PART_ROWS), frame.columns)
            if file.stat().st_size > MOST_CARRIED * 3 // 4:
                return render_beside(file.name, words, label=label)
            file.unlink()
        if n_rows > MOST_ROWS:
            return render_note(
                f"The whole list has {say_count(n_rows, 'row')}, too many for a page. In a notebook the section "
                "writes it: "
                f".to_csv({self.name!r}). {words}"
            )
        return render_attachment(
            f"{self.name}.csv",
            write_csv(hide_persons(frame)),
            words,
            label=label,
        )

    def _keep_privately(self, frame: pd.DataFrame) -> str:
        """Put the list with real ids where the run wants it, for its owner alone; the words that say where it is."""
        wanted = private_lists()
        if wanted is None:
            return "Customers stand under pseudonyms."
        folder, place = wanted
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"{self.name}.csv"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        save_csv(frame, file)
        return (
            f"Customers stand under pseudonyms. With your own ids the list is {place}/{file.name} in the folder of "
            "reports; only its owner may open it."
        )


def write_csv(frame: pd.DataFrame, *, is_for_spreadsheets: bool = True) -> str:
    """The frame as CSV that a spreadsheet opens: marked as UTF-8, times as ISO, and no text of the data as a formula.

    A text that would be taken for a formula gets an apostrophe before it, which spreadsheets read as "this is text".

    Parameters
    ----------
    is_for_spreadsheets
        Without it, neither mark nor apostrophes: for programs.
    """
    text = io.StringIO()
    _write(text, _in_parts(frame), frame.columns, is_for_spreadsheets=is_for_spreadsheets)
    return text.getvalue()


def save_csv(frame: pd.DataFrame, path: Path) -> None:
    """The same as a file, written part by part, however long the frame is."""
    _save(path, _in_parts(frame), frame.columns)


def _in_parts(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    return (frame.iloc[start : start + _PART_ROWS] for start in range(0, len(frame), _PART_ROWS))


def _save(path: Path, parts: Iterable[pd.DataFrame], names: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        _write(file, parts, names)


def _write(
    target: IO[str], parts: Iterable[pd.DataFrame], names: Iterable[Any], *, is_for_spreadsheets: bool = True
) -> None:
    target.write(_MARK if is_for_spreadsheets else "")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([_of_text(str(name), is_for_spreadsheets) for name in names])
    for part in parts:
        columns = [_cells(part.iloc[:, place], is_for_spreadsheets) for place in range(part.shape[1])]
        writer.writerows(zip(*columns, strict=True))


def _cells(column: pd.Series, is_for_spreadsheets: bool) -> list[str]:
    if column.dtype.kind == "f":
        return ["" if value != value else f"{value:.10g}" for value in column.tolist()]  # noqa: PLR0124 - not a number
    if column.dtype.kind in "iu":
        return [str(value) for value in column.tolist()]
    return [_cell(value, is_for_spreadsheets) for value in column]


def _of_text(text: str, is_for_spreadsheets: bool) -> str:
    return f"'{text}" if is_for_spreadsheets and text.startswith(_FORMULA) else text


def _cell(value: Any, is_for_spreadsheets: bool) -> str:
    if isinstance(value, str):
        return _of_text(value, is_for_spreadsheets)
    if value is None or bool(pd.isna(value)):
        return ""
    if isinstance(value, datetime):
        is_midnight = value.time() == datetime.min.time()
        return value.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return f"{float(value):.10g}"
    return str(value)
