"""Tables: numbers under each other, a caption, text that copies cleanly into a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from crm_research.figures import NOT_KNOWN, says_nothing
from crm_research.privacy.pseudonyms import hide_ids
from crm_research.privacy.suppression import WITHHELD, counted_columns, names_a_row, say_withheld, withheld_rows
from crm_research.settings import keeps_tables, least_group
from crm_research.show.columns import PrintedColumn, leave_out_columns
from crm_research.show.display import TABLE_MIME, Output, text_html
from crm_research.show.formats import MISSING, SHARE, format_number, format_value, is_currency
from crm_research.show.sheet import SHEET, sheet_of
from crm_research.theme.words import say_p_value
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pandas as pd

_P_VALUE: Final = re.compile(r"(^|[_ ])p([_ ]|$)")
_LIMITS: Final = ("lower", "upper")
# More rows than a screen holds would stand between the reader and the point: they open behind a line.
FOLDED_FROM: Final = 26
Format = str | Callable[[Any], str]


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    formats: Mapping[str, Format] | None = None,
    note: str | None = None,
    max_rows: int = 50,
    counts: Sequence[str] = (),
) -> None:
    """What do these rows say, number by number?

    Parameters
    ----------
    frame
        One row per printed row, sorted as it should be read. An index that has a name is printed first.
    caption
        What the table shows; the page reads it out before the numbers.
    formats
        Column to how it is printed: a unit (``share``, ``days``, ``USD``), a format such as ``{:.2f}``, or a
        function. Without one a column goes by its type, names ending in ``_share`` or ``_rate`` are per cent, limits
        are printed as the share they are of, and p-values are never 0.
    note
        A line below the table.
    max_rows
        Rows printed; what is left out is counted in a line below.
    counts
        Columns that count the customers of a group, beside those that are known by their names: where a run has a
        threshold, rows of fewer are withheld.

    Raises
    ------
    ValueError
        If the caption is empty or `formats` names a column that is not there.
    """
    table_output(frame, caption, formats=formats, note=note, max_rows=max_rows, counts=counts).show()


def table_output(
    frame: pd.DataFrame,
    caption: str,
    *,
    formats: Mapping[str, Format] | None = None,
    note: str | None = None,
    max_rows: int = 50,
    counts: Sequence[str] = (),
) -> Output:
    """The table as `table` displays it."""
    columns, notes = _printed(frame, caption, formats, note, max_rows, counts)
    html, plain = _html(columns, caption, notes), _plain(columns, caption, notes)
    if len(frame) >= FOLDED_FROM:
        summary = f"<summary>{text_html(caption)}: {say_count(len(frame), 'row')}</summary>"
        html = f'<details class="folded crm">{summary}{html}</details>'
    said: dict[str, Any] = {"caption": caption, "n_rows": len(frame)}
    if keeps_tables():
        said[SHEET] = sheet_of(columns, notes)
    return Output(html=html, plain=plain, types={TABLE_MIME: said})


def render_table(
    frame: pd.DataFrame,
    caption: str,
    *,
    formats: Mapping[str, Format] | None = None,
    note: str | None = None,
    max_rows: int = 50,
    counts: Sequence[str] = (),
) -> tuple[str, str]:
    """The table as HTML and as plain text."""
    columns, notes = _printed(frame, caption, formats, note, max_rows, counts)
    return _html(columns, caption, notes), _plain(columns, caption, notes)


def _printed(
    frame: pd.DataFrame,
    caption: str,
    formats: Mapping[str, Format] | None,
    note: str | None,
    max_rows: int,
    counts: Sequence[str],
) -> tuple[list[PrintedColumn], list[str]]:
    """The columns as they are printed, and the lines below them."""
    if not caption.strip():
        raise ValueError("A table needs a caption that says what it shows.")
    frame, withheld = hide_ids(frame), withheld_rows(frame, counts, least_group())
    # Of a table without any row that may be told only the reason stays.
    shown = frame.iloc[:0] if withheld and withheld.issuperset(range(min(len(frame), max_rows))) else frame
    printed = _columns(shown, formats or {}, max_rows)
    _withhold(printed, frame, withheld, counts)
    columns, left_out = leave_out_columns(printed)
    notes = [text for text in (note, *left_out) if text]
    if withheld:
        notes.append(say_withheld(len(withheld), least_group()))
    if len(frame) > max_rows:
        notes.append(f"The first {max_rows:,} of {say_count(len(frame), 'row')}.")
    if frame.empty:
        notes.append("No rows.")
    return columns, notes


def _columns(frame: pd.DataFrame, formats: Mapping[str, Format], max_rows: int) -> list[PrintedColumn]:
    named = [level for level in frame.index.names if level is not None]
    flat = frame.head(max_rows)
    if named:
        flat = flat.reset_index()
    names = [_flat_name(name) for name in flat.columns]
    unknown = set(formats) - set(names)
    if unknown:
        raise ValueError(f"formats names {sorted(unknown)}, but the table has the columns {names}.")
    printed: list[PrintedColumn] = []
    given: list[Format] = []
    for position, name in enumerate(names):
        values = flat.iloc[:, position]
        how = formats.get(name) or _usual_format(name, values)
        if name in _LIMITS and name not in formats and given[-1:] == [SHARE]:
            how = SHARE
        given.append(how)
    for position, name in enumerate(names):
        values, how = flat.iloc[:, position], given[position]
        beside = _numbers_beside(flat, given, position)
        cells = [_cell(value, how, beside) for value in values]
        printed.append(
            PrintedColumn(
                name,
                cells,
                is_number=_is_number(values, cells),
                is_row_name=position < max(1, len(named)),
                values=values,
            )
        )
    _hide_what_says_nothing(flat, printed, given)
    return printed


def _hide_what_says_nothing(flat: pd.DataFrame, printed: list[PrintedColumn], formats: list[Format]) -> None:
    """A share whose limits, in the two columns after it, leave nearly everything open is not known."""
    raw = [_flat_name(name) for name in flat.columns]
    for place in range(1, len(raw) - 1):
        if raw[place : place + 2] != ["lower", "upper"] or set(formats[place - 1 : place + 2]) != {SHARE}:
            continue
        for row, (lower, upper) in enumerate(zip(flat.iloc[:, place], flat.iloc[:, place + 1], strict=True)):
            if says_nothing(lower, upper, span=1.0):
                for column, text in zip(printed[place - 1 : place + 2], (NOT_KNOWN, MISSING, MISSING), strict=True):
                    column.cells[row] = text


def _withhold(printed: list[PrintedColumn], frame: pd.DataFrame, rows: frozenset[int], declared: Sequence[str]) -> None:
    """Only the names of rows that are withheld stay, and a word where their customers are counted."""
    if not rows:
        return
    counted = {name.replace("_", " ") for name in counted_columns(frame, declared)}
    first = min(place for place, column in enumerate(printed) if column.name in counted)
    for place, column in enumerate(printed):
        has_digits = any(sign.isdigit() for cell in column.cells for sign in cell)
        if names_a_row(column.name, place, first, column.is_number, has_digits) and column.name not in counted:
            continue
        for row in rows:
            if row < len(column.cells):
                column.cells[row] = WITHHELD if column.name in counted else MISSING


def _flat_name(name: Any) -> str:
    return " ".join(map(str, name)).strip() if isinstance(name, tuple) else str(name)


def _usual_format(name: str, values: pd.Series) -> Format:
    from pandas.api import types

    is_number = types.is_numeric_dtype(values) and not types.is_bool_dtype(values)
    if is_number and name.endswith(("_share", "_rate")):
        return "share"
    if types.is_float_dtype(values) and _P_VALUE.search(name):
        return say_p_value
    if types.is_float_dtype(values):
        # One number of decimals for a column, so that the decimal points stand under each other.
        known = values[values.abs() < float("inf")]
        largest = known.abs().max()
        is_whole = bool((known % 1 == 0).all())
        if is_whole or largest >= 1_000:
            return "{:,.0f}"
        most = 1 if largest >= 100 else 2 if largest >= 1 else 3
        # What was rounded before keeps its decimals: 94.6 is not 94.60.
        enough = next(digits for digits in range(1, most + 1) if digits == most or _is_rounded(known, digits))
        return f"{{:,.{enough}f}}"
    return _by_type


def _is_rounded(known: pd.Series, digits: int) -> bool:
    return bool(((known - known.round(digits)).abs() < 1e-9).all())


def _numbers_beside(flat: pd.DataFrame, formats: list[Format], position: int) -> list[float]:
    """Shares or money of the column and of its neighbours in that unit: all have as many decimals as the largest."""
    how = formats[position]
    if how != SHARE and not (isinstance(how, str) and is_currency(how)):
        return []
    first = last = position
    while first > 0 and formats[first - 1] == how:
        first -= 1
    while last + 1 < len(formats) and formats[last + 1] == how:
        last += 1
    values = flat.iloc[:, first : last + 1].to_numpy(dtype=object).ravel()
    return [float(value) for value in values if not isinstance(value, str) and not _is_missing(value)]


def _cell(value: Any, how: Format, beside: list[float]) -> str:
    if _is_missing(value):
        return format_value(None, how) if isinstance(how, str) and "{" not in how else MISSING
    if callable(how):
        return str(how(value))
    if "{" in how:
        return _without_minus_nought(how.format(value))
    return format_value(value, how, beside=beside)


def _without_minus_nought(text: str) -> str:
    return text.removeprefix("-") if text.startswith("-") and not text.strip("-0.,% ") else text


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and (pd.isna(value) or value in (float("inf"), float("-inf"))))


def _by_type(value: Any) -> str:
    import numbers
    from datetime import date, datetime

    if value is True or value is False or type(value).__name__ in ("bool", "bool_"):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        is_midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.strftime("%Y-%m-%d" if is_midnight else "%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, numbers.Real):
        return format_number(float(value))
    return str(value)


def _is_number(values: pd.Series, cells: list[str]) -> bool:
    from pandas.api import types

    if types.is_bool_dtype(values):
        return False
    if types.is_numeric_dtype(values):
        return True
    # A column of objects may still hold numbers printed by a function.
    shown = [cell for cell in cells if cell != MISSING]
    return bool(shown) and all(cell.lstrip("-").replace(",", "").replace(".", "").isdigit() for cell in shown)


def _html(columns: list[PrintedColumn], caption: str, notes: list[str]) -> str:
    head = "".join(f'<th scope="col"{_number_class(column)}>{text_html(column.name)}</th>' for column in columns)
    rows = "".join(
        "<tr>" + "".join(_cell_html(column, row) for column in columns) + "</tr>"
        for row in range(len(columns[0].cells) if columns else 0)
    )
    below = "".join(f'<p class="table-note">{text_html(line)}</p>' for line in notes)
    return (
        f'<div class="crm crm-table"><div class="scroll" tabindex="0" role="group" aria-label="{text_html(caption)}">'
        f"<table><caption>{text_html(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"</div>{below}</div>"
    )


def _cell_html(column: PrintedColumn, row: int) -> str:
    text = text_html(column.cells[row])
    if column.is_row_name:
        return f'<th scope="row"{_number_class(column)}>{text}</th>'
    return f"<td{_number_class(column)}>{text}</td>"


def _number_class(column: PrintedColumn) -> str:
    if column.is_number:
        return ' class="num"'
    if column.is_date:
        return ' class="date"'
    return ' class="id"' if column.is_pseudonym else ""


def _plain(columns: list[PrintedColumn], caption: str, notes: list[str]) -> str:
    widths = [max([len(column.name), *map(len, column.cells)]) for column in columns]
    lines = [[column.name for column in columns]]
    lines += [list(row) for row in zip(*(column.cells for column in columns), strict=True)]
    printed = [
        "  ".join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([caption, *printed, *notes])
