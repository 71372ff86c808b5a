"""A printed table as cells of a spreadsheet: numbers as numbers, days as days, and nothing that the page does not show.

A cell is a number only where its print is that number, rounded. What is masked, suppressed or told in words on the page
is the same words in the sheet.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from crm_research.show.columns import PrintedColumn

# Where a table's output carries its sheet, until the run has taken it.
SHEET: Final = "sheet"
NUMBER: Final = "number"
DAY: Final = "day"
TEXT: Final = "text"
_PRINTED: Final = re.compile(
    r"(?P<sign>[-\N{MINUS SIGN}+]?)(?P<number>\d[\d,]*(?:\.(?P<decimals>\d+))?)(?P<unit>.*)", re.DOTALL
)
_WRITTEN_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2})?")
# Spreadsheets count days from 1900, and take the first two months of it for what they were not.
_FIRST_DAY: Final = datetime(1900, 3, 1)
_LONGEST_UNIT: Final = 40
_DIGITS_KEPT: Final = ".12g"


def sheet_of(columns: Sequence[PrintedColumn], notes: Sequence[str]) -> dict[str, Any]:
    """The table for a workbook: ``columns`` (name and cells, each of a kind, a value and a format) and ``notes``."""
    return {
        "columns": [{"name": column.name, "cells": _cells(column)} for column in columns],
        "notes": list(notes),
    }


def number_format(value: float, printed: str) -> str | None:
    """How a spreadsheet prints this number as the page does; None where the page's words are not this number.

    Examples
    --------
    >>> number_format(0.6331, "63.3 %"), number_format(173116.2, "173,116 USD"), number_format(4e9, "4.00 bn USD")
    ('0.0%', '#,##0 "USD"', None)
    """
    found = _PRINTED.fullmatch(printed.strip())
    if found is None or not math.isfinite(value):
        return None
    decimals = len(found["decimals"] or "")
    shown = float(found["number"].replace(",", "")) * (-1 if found["sign"] in ("-", "\N{MINUS SIGN}") else 1)
    form = "0" if not decimals else f"0.{'0' * decimals}"
    unit = found["unit"].strip().replace("\N{NO-BREAK SPACE}", " ")
    if unit == "%" and _is_rounded(value * 100, shown, decimals):
        return f"{form}%"
    if not _is_rounded(value, shown, decimals) or len(unit) > _LONGEST_UNIT or any(sign in '"\n' for sign in unit):
        return None
    return f"#,##{form}" + (f' "{unit}"' if unit else "")


def _is_rounded(value: float, shown: float, decimals: int) -> bool:
    return abs(value - shown) <= 0.5 * 10.0**-decimals * (1 + 1e-6) + 1e-9 * abs(value)


def _cells(column: PrintedColumn) -> list[list[Any]]:
    values = column.values if len(column.values) == len(column.cells) else [None] * len(column.cells)
    return [
        _cell(value if now == first else None, now, is_of_days=column.is_date)
        for value, now, first in zip(values, column.cells, column.printed, strict=True)
    ]


def _cell(value: Any, printed: str, *, is_of_days: bool) -> list[Any]:
    if isinstance(value, (bool, str)) or type(value).__name__ == "bool_":
        value = None
    if isinstance(value, numbers.Real):
        form = number_format(float(value), printed)
        if form is not None:
            whole = int(value) if isinstance(value, numbers.Integral) else None
            return [NUMBER, float(format(float(value), _DIGITS_KEPT)) if whole is None else whole, form]
    if (is_of_days or isinstance(value, date)) and _WRITTEN_DAY.fullmatch(printed) and _is_of_calendar(printed):
        return [DAY, printed, "yyyy-mm-dd" if " " not in printed else "yyyy-mm-dd hh:mm"]
    return [TEXT, printed, None]


def _is_of_calendar(printed: str) -> bool:
    try:
        return datetime.fromisoformat(printed) >= _FIRST_DAY
    except ValueError:
        return False
