"""Excel sheets, read by pandas: sheets are small, and no engine here reads them itself."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_research.errors import StudyError, offer_names
from crm_research.said_by_others import say_fault
from crm_research.sources.readers.databases import load_batches
from crm_research.sources.readers.text import distinct_names
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Session


def stage_excel(session: Session, path: Path, rule: SourceRule, *, where: str) -> tuple[str, str]:
    """Copy a sheet into the session. A column whose cells are all numbers, or all times, keeps them.

    Returns
    -------
    tuple
        The table's name; the rows that were left out, in words (empty if none were).
    """
    import pyarrow as pa

    with _opened(path, where) as book:
        sheet = _choose_sheet(rule.sheet, [str(name) for name in book.sheet_names], path.name, where)
        frame = book.parse(
            sheet, header=None, skiprows=rule.skip_rows, dtype=object, na_values=[], keep_default_na=False
        )
    frame, said = _without_notes(frame, rule)
    if frame.empty:
        raise StudyError(f"{where}: sheet {sheet!r} of {path.name} is empty. Give a sheet with a header line and rows.")
    first = ["" if (cell := _plain(raw)) is None else _as_text(cell) for raw in frame.iloc[0]]
    columns = rule.names or distinct_names(first if rule.n_header_lines else [""] * len(first))
    if len(columns) != len(first):
        raise StudyError(
            f"{where}: names lists {say_count(len(columns), 'column')}, sheet {sheet!r} of {path.name} has "
            f"{len(first)}."
        )
    rows = frame.iloc[rule.n_header_lines :]
    arrays = [_array([_plain(cell) for cell in rows.iloc[:, i]]) for i in range(len(columns))]
    name = session.new_name("excel")
    load_batches(session, name, iter([pa.Table.from_arrays(arrays, names=columns)]))
    return name, said


def _without_notes(frame: pd.DataFrame, rule: SourceRule) -> tuple[pd.DataFrame, str]:
    """The sheet without empty rows at its ends and the rows that ``comment`` and ``skip_footer`` leave out."""
    opens = [_opening(row) for row in frame.itertuples(index=False, name=None)]
    filled = [i for i, text in enumerate(opens) if text is not None]
    if not filled:
        return frame.iloc[:0], ""
    kept = list(range(filled[0], filled[-1] + 1 - rule.skip_footer))
    said = [f"{rule.skip_footer:,} by skip_footer"] if rule.skip_footer else []
    if rule.comment:
        rows = [i for i in kept if not (opens[i] or "").startswith(rule.comment)]
        if len(rows) < len(kept):
            said.insert(0, f"{len(kept) - len(rows):,} left out by comment")
        # What was set off from the table by an empty row leaves that row above the header.
        kept = rows[next((i for i, row in enumerate(rows) if opens[row] is not None), 0) :]
    frame = frame.iloc[kept]
    return frame, f" (lines: {', '.join(said)})" if said else ""


def _opening(row: tuple[Any, ...]) -> str | None:
    """The first filled cell of a row as text; None of an empty row."""
    return next((_as_text(cell) for raw in row if (cell := _plain(raw)) is not None), None)


def sheet_cells(path: Path, sheet: str | None = None) -> list[list[str]]:
    """All cells of a sheet as texts, row by row as ``skip_rows`` counts them; empty ones are empty texts."""
    with _opened(path, str(path)) as book:
        name = _choose_sheet(sheet, [str(one) for one in book.sheet_names], path.name, str(path))
        frame = book.parse(name, header=None, dtype=object, na_values=[], keep_default_na=False)
    rows = frame.itertuples(index=False, name=None)
    return [["" if (cell := _plain(raw)) is None else _as_text(cell) for raw in row] for row in rows]


def sheet_names(path: Path) -> list[str]:
    """The sheets of an Excel file."""
    with _opened(path, str(path)) as book:
        return [str(name) for name in book.sheet_names]


@contextmanager
def _opened(path: Path, where: str) -> Iterator[pd.ExcelFile]:
    import pandas as pd

    try:
        _refuse_damaged(path, where)
        with pd.ExcelFile(path, engine="calamine") as book:
            yield book
    except StudyError:
        raise
    except Exception as problem:
        reason = say_fault(problem)
        raise StudyError(f"{where}: {path.name} cannot be read as an Excel file: {reason}. Check the file.") from None


def _refuse_damaged(path: Path, where: str) -> None:
    """Hold every part of a packed workbook to its checksum, which the reader of its cells does not."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as packed:
        part = packed.testzip()
    if part is not None:
        raise StudyError(f"{where}: {path.name} is damaged: its part {part!r} is not what was saved. Save it again.")


def _choose_sheet(wanted: str | int | None, names: list[str], described: str, where: str) -> str:
    if wanted is None:
        if len(names) == 1:
            return names[0]
        raise StudyError(f"{where}: {described} has {len(names)} sheets ({', '.join(names)}). Add sheet: NAME.")
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return names[wanted - 1]
    if str(wanted) in names:
        return str(wanted)
    raise StudyError(f"{where}.sheet: {described} has no sheet {wanted!r}. {offer_names(str(wanted), names)}")


def _plain(cell: Any) -> Any:
    if cell is None or cell == "" or cell != cell:  # noqa: PLR0124  (a missing cell is not equal to itself)
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)
    return cell


def _array(cells: list[Any]) -> pa.Array:
    import pyarrow as pa

    held = [cell for cell in cells if cell is not None]
    if held and all(isinstance(cell, bool) for cell in held):
        return pa.array(cells, pa.bool_())
    if held and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in held):
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if held and all(isinstance(cell, datetime) for cell in held):
        return pa.array(cells, pa.timestamp("us"))
    return pa.array([None if cell is None else _as_text(cell) for cell in cells], pa.string())


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime, time)):
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell)
