"""Calendar months over which money is counted: whole ones, up to as_of, and the same stretch before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from crm_research.errors import ParameterError
from crm_research.features.clock import check_period_months, last_complete_period
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from crm_research.study import Study

USUAL_MONTHS: Final = 12
_LONGEST: Final = 120
_PER_YEAR: Final = 12
# Records whose first one falls that early in a month hold the month whole.
_SETTLED_DAYS: Final = 7
# What tells since when a study's money is known.
_BEGINS: Final = (("orders", "ordered_at"), ("contracts", "started_at"))


@dataclass(frozen=True, kw_only=True)
class MoneyWindow:
    """Over which months is money counted?

    Parameters
    ----------
    start, end
        First instant that belongs to it, and first one that no longer does.
    months
        Calendar months it holds; 0 where the records hold no whole one, and it is all that they hold.
    asked
        Months that were asked for.
    """

    start: datetime
    end: datetime
    months: int
    asked: int

    @property
    def days(self) -> float:
        """Its length in days."""
        return (self.end - self.start) / timedelta(days=1)

    @property
    def last_day(self) -> datetime:
        """The last day that belongs to it."""
        return self.end - timedelta(microseconds=1)

    @property
    def is_shorter(self) -> bool:
        """Do the records hold fewer months than were asked for?"""
        return self.months < self.asked

    def before(self) -> MoneyWindow:
        """The stretch of as many months that ends where this one begins."""
        return replace(self, start=_month_at(_month_of(self.start) - self.months), end=self.start)


def find_window(study: Study, *, months: int = USUAL_MONTHS, grain_months: int = 1) -> MoneyWindow:
    """Which are the latest whole calendar months up to as_of, as many as asked or as the records hold?

    Parameters
    ----------
    months
        How many, 1 to 120.
    grain_months
        It ends with a whole period of so many months, so that all that is counted covers the same time.
    """
    if check_period_months(months) > _LONGEST:
        raise ParameterError(f"months must be 1 to {_LONGEST}, not {months!r}.")
    end = (last_complete_period(study.as_of, grain_months) + 1) * grain_months
    first = first_money_at(study)
    start = end - months if first is None else max(end - months, _first_whole_month(first))
    if start < end:
        return MoneyWindow(start=_month_at(start), end=_month_at(end), months=end - start, asked=months)
    begun = study.as_of if first is None else first
    return MoneyWindow(
        start=_month_at(_month_of(begun)), end=study.as_of + timedelta(microseconds=1), months=0, asked=months
    )


def holds_months_before(study: Study, window: MoneyWindow) -> bool:
    """Do the records also hold the whole stretch of as many months before?"""
    first = first_money_at(study)
    return (
        window.months > 0 and first is not None and _first_whole_month(first) <= _month_of(window.start) - window.months
    )


def first_money_at(study: Study) -> datetime | None:
    """When was the first order placed, or when did the first contract begin, that the records hold?"""
    found: list[datetime] = []
    for table, column in _BEGINS:
        if study.has(table):
            rows = known_rows(study, table)
            first = rows[column].min().to_pyarrow().as_py()
            found += [] if first is None else [first]
    return min(found, default=None)


def _first_whole_month(first: datetime) -> int:
    return _month_of(first) + (1 if first.day > _SETTLED_DAYS else 0)


def _month_of(at: datetime) -> int:
    return at.year * _PER_YEAR + at.month - 1


def _month_at(place: int) -> datetime:
    return datetime(place // _PER_YEAR, place % _PER_YEAR + 1, 1)
