"""Lists that somebody acts on, whole: a table for a spreadsheet, saved from the page and found beside it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crm_research.show.attachment import render_attachment
from crm_research.show.display import Output
from crm_research.show.prose import render_note
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pandas as pd

# More would make the page too heavy to open; researchers write it with `Section.to_csv`.
MOST_ROWS: Final = 100_000
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
    frame
        One row each, in the order of the page: ids, the reason, the value.
    words
        Who they are and what the columns mean, in a sentence or two.
    """

    name: str
    frame: pd.DataFrame
    words: str

    @property
    def is_empty(self) -> bool:
        """Is nobody on it?"""
        return self.frame.empty

    def render(self) -> Output:
        """A link that saves it; a run puts the file beside the page."""
        n_rows = len(self.frame)
        if n_rows > MOST_ROWS:
            return render_note(
                f"The whole list has {say_count(n_rows, 'row')}, too many for a page. In a notebook the section "
                "writes it: "
                f".to_csv({self.name!r}). {self.words}"
            )
        return render_attachment(
            f"{self.name}.csv",
            write_csv(self.frame),
            self.words,
            label=f"Save the whole list ({say_count(n_rows, 'row')})",
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
    writer = csv.writer(text, lineterminator="\n")
    cell = _safe_cell if is_for_spreadsheets else _plain_cell
    writer.writerow([cell(str(name)) for name in frame.columns])
    columns = [[cell(value) for value in frame.iloc[:, place]] for place in range(frame.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    return (_MARK if is_for_spreadsheets else "") + text.getvalue()


def _safe_cell(value: Any) -> str:
    text = _plain_cell(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _plain_cell(value: Any) -> str:
    import numbers
    from datetime import datetime

    import pandas as pd

    if isinstance(value, str):
        return value
    if value is None or bool(pd.isna(value)):
        return ""
    if isinstance(value, datetime):
        is_midnight = value.time() == datetime.min.time()
        return value.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return f"{float(value):.10g}"
    return str(value)
