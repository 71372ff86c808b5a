"""Calendar months over which money is counted: whole ones, up to as_of, and the same stretch before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError
from crm_research.features.clock import instant, last_complete_period
from crm_research.features.reach import whole_until
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from crm_research.study import Study

USUAL_MONTHS: Final = 12
_LONGEST: Final = 120
_PER_YEAR: Final = 12
# With more of the contracts than this first seen only later, those that left before they could be seen are missed.
FEW_LATE: Final = 0.01
# Ends that should have been recorded by then, above which it is no chance (under 1 in 100) that none is.
_ENDS_MISSED: Final = 4.6
# So many contracts of which none has ended.
_ENDLESS: Final = 10
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
    """Which are the latest whole calendar months that the records hold by as_of (`whole_until`), as many as asked?

    Parameters
    ----------
    months
        How many, 1 to 120.
    grain_months
        It ends with a whole period of so many months, so that all that is counted covers the same time.
    """
    if isinstance(months, bool) or not isinstance(months, int) or not 1 <= months <= _LONGEST:
        raise ParameterError(f"months must be a whole number from 1 to {_LONGEST}, not {months!r}.")
    end = (last_complete_period(whole_until(study), grain_months) + 1) * grain_months
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
    if window.months == 0 or first is None:
        return False
    is_long_enough = _first_whole_month(first) <= _month_of(window.start) - window.months
    start = window.before().start
    return is_long_enough and share_seen_late(study, start) <= FEW_LATE and not ends_begin_late(study, start)


def share_seen_late(study: Study, at: datetime) -> float:
    """Of the contracts that ran at an instant, which share do the records know only since later?

    Those that ended in between are not in the records at all: whoever is there was still there later. 0 without
    contracts, or where every contract is known from its start.
    """
    if not study.has("contracts") or "observed_from" not in study.table("contracts").columns:
        return 0.0
    contracts = known_rows(study, "contracts")
    moment = instant(at)
    ran = contracts.started_at < moment
    if "ended_at" in contracts.columns:
        ran &= contracts.ended_at.isnull() | (contracts.ended_at >= moment)
    row = contracts.agg(
        n=contracts.count(where=ran), late=contracts.count(where=ran & (contracts.observed_from > moment))
    )
    n, late = row.to_pyarrow().to_pylist()[0].values()
    return late / n if n else 0.0


def has_no_ends(study: Study) -> bool:
    """Is of ten contracts or more not one end recorded? Then it is likelier that ends are left out than that all stay.

    A list of the contracts that run today looks so.
    """
    if not study.has("contracts"):
        return False
    contracts = known_rows(study, "contracts")
    n_ended = contracts.ended_at.count() if "ended_at" in contracts.columns else ibis.literal(0, "int64")
    n, n_ended = contracts.agg(n=contracts.count(), n_ended=n_ended).to_pyarrow().to_pylist()[0].values()
    return n >= _ENDLESS and not n_ended


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


def ends_begin_late(study: Study, at: datetime) -> bool:
    """Do the records of ends begin so late after an instant that who left before the first one must be missing?

    A snapshot holds who is there, with those who left lately. As many as leave since the first end would have left in
    the time before it, in proportion to the contracts that ran; that none did by chance is then hardly possible.
    """
    if not study.has("contracts") or "ended_at" not in study.table("contracts").columns:
        return False
    contracts = known_rows(study, "contracts")
    moment, ends = instant(at), contracts.ended_at
    row = contracts.agg(
        n_then=contracts.count(where=(contracts.started_at < moment) & (ends.isnull() | (ends >= moment))),
        n_now=contracts.count(where=ends.isnull()),
        n_ended=ends.count(),
        first_end=ends.min(),
    )
    n_then, n_now, n_ended, first_end = row.to_pyarrow().to_pylist()[0].values()
    if not n_ended or not n_now or first_end <= at:
        return False
    a_day = timedelta(days=1)
    since, before = (study.as_of - first_end) / a_day + 1, (first_end - at) / a_day
    return bool(n_ended / since * before * n_then / n_now > _ENDS_MISSED)
