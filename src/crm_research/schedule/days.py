"""Days told by the day of a run: ``month_start``, ``quarter_end - 1 quarter``; a closed list, nothing is evaluated."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Final

from crm_research.errors import nearest_name

_OFFSET: Final = re.compile(r"([a-z_]+)(?:\s*([+-])\s*(\d{1,5})\s*(day|week|month|quarter|year)s?)?")
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Final = {"day": 1, "week": 7}


def _start(day: date, n_months: int) -> date:
    """First day of the period of so many months that the day lies in."""
    return date(day.year, (day.month - 1) // n_months * n_months + 1, 1)


def _end_before(day: date, n_months: int) -> date:
    """Last day of the last such period that had ended before the day."""
    return _start(day, n_months) - timedelta(days=1)


# Name to what day it is; what each says stands in docs/schedule.md.
NAMED: Final[dict[str, Callable[[date], date]]] = {
    "run_day": lambda day: day,
    "yesterday": lambda day: day - timedelta(days=1),
    "week_start": lambda day: day - timedelta(days=day.weekday()),
    "month_start": lambda day: _start(day, 1),
    "quarter_start": lambda day: _start(day, 3),
    "year_start": lambda day: _start(day, 12),
    "week_end": lambda day: day - timedelta(days=day.weekday() + 1),
    "month_end": lambda day: _end_before(day, 1),
    "quarter_end": lambda day: _end_before(day, 3),
    "year_end": lambda day: _end_before(day, 12),
}


def is_day(text: str) -> bool:
    """Is this a day told by the day of a run?"""
    found = _OFFSET.fullmatch(text.strip())
    return found is not None and found[1] in NAMED


def seems_day(text: str) -> str | None:
    """The name that is surely meant where a text looks like such a day and is none."""
    found = re.match(r"[a-z]+_[a-z]+", text.strip())
    close = get_close_matches(found[0], NAMED, n=1, cutoff=0.8) if found else []
    return close[0] if close and not is_day(text) else None


def as_day(text: str) -> str:
    """The text itself, if it is a date or a day told by the day of a run.

    Raises
    ------
    ValueError
        With the nearest name, and all there are.
    """
    stripped = text.strip()
    if is_day(stripped):
        day_of(stripped, date(2024, 5, 17))
        return stripped
    try:
        return date.fromisoformat(stripped).isoformat()
    except ValueError:
        pass
    meant = nearest_name(re.split(r"[^A-Za-z_]", stripped)[0], NAMED)
    offer = f" Did you mean {meant!r}?" if meant else ""
    raise ValueError(
        f"{text[:60]!r} is no day.{offer} Write a date such as 2024-06-30, or one of {', '.join(NAMED)}, with or "
        "without an offset such as month_start - 1 month"
    )


def day_of(text: str, run_day: date) -> date:
    """Which day does this say for a run of this day?"""
    found = _OFFSET.fullmatch(text.strip())
    if found is None or found[1] not in NAMED:
        return date.fromisoformat(text.strip())
    name, sign, number, unit = found.groups()
    day = NAMED[name](run_day)
    if not unit:
        return day
    n = int(number) if sign == "+" else -int(number)
    try:
        if unit in _DAYS:
            return day + timedelta(days=n * _DAYS[unit])
        return _months_on(day, n * _MONTHS[unit], at_end=name.endswith("_end") and name != "week_end")
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:60]!r} lies beyond the calendar; write a smaller offset") from None


def _months_on(day: date, n: int, *, at_end: bool) -> date:
    """So many months on; the end of a month stays one, and a day that a month lacks is its last."""
    months = day.year * 12 + day.month - 1 + n
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, last if at_end else min(day.day, last))
