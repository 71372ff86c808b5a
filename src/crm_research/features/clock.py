"""Instants, days and calendar periods as Ibis expressions that every engine reads alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

_MICROSECONDS_PER_DAY: Final = 86_400_000_000
_MONTHS_PER_YEAR: Final = 12
_END_OF_DAY: Final = timedelta(seconds=1)


def instant(when: datetime) -> ir.TimestampScalar:
    """An instant as a literal of the engine."""
    return ibis.timestamp(when.isoformat())


def days_between(earlier: ir.TimestampValue, later: ir.TimestampValue) -> ir.FloatingValue:
    """Days from one instant to another, with their fraction, exact to the microsecond."""
    return later.delta(earlier, unit="microsecond").cast("float64") / float(_MICROSECONDS_PER_DAY)


def whole_days_between(earlier: ir.TimestampValue, later: ir.TimestampValue) -> ir.IntegerValue:
    """Calendar days from one date to another: midnights passed, whatever the hours."""
    days = days_between(earlier.truncate("D"), later.truncate("D"))
    return days.round().cast("int64")


def day_of(when: datetime) -> ir.TimestampScalar:
    """The calendar day an instant lies in, as its midnight."""
    return instant(when.replace(hour=0, minute=0, second=0, microsecond=0))


def days_after(when: datetime, at: ir.TimestampValue) -> ir.IntegerValue:
    """In which stretch of one day after an instant, (n - 1, n] days, does a time lie? 0 is the one that ends there.

    Stretches end like the study's window: what came at the instant itself belongs to those before it, and so do all
    clock times of the 24 hours that end there.
    """
    return days_between(instant(when), at).ceil().cast("int64")


def check_period_months(period_months: int) -> int:
    """The length of a calendar period, if it is one: a whole number of months from 1 on."""
    if isinstance(period_months, bool) or not isinstance(period_months, int) or period_months < 1:
        raise ParameterError(f"period_months must be a whole number from 1 on, not {period_months!r}.")
    return period_months


def period_number(at: ir.TimestampValue, period_months: int) -> ir.IntegerValue:
    """Number of the calendar period an instant lies in; periods of a year begin in January, quarters likewise."""
    months = at.year().cast("int64") * _MONTHS_PER_YEAR + at.month().cast("int64") - 1
    return months if period_months == 1 else months // period_months


def period_start(number: ir.IntegerValue, period_months: int) -> ir.TimestampValue:
    """First instant of the calendar period with that number."""
    since_2000 = number * period_months - 2000 * _MONTHS_PER_YEAR
    return instant(datetime(2000, 1, 1)) + since_2000.as_interval("M")


def last_complete_period(as_of: datetime, period_months: int) -> int:
    """Number of the last calendar period that had ended at as_of; the last second of its last day will do."""
    reached = as_of + _END_OF_DAY
    months = reached.year * _MONTHS_PER_YEAR + reached.month - 1
    return months // period_months - 1
