"""Which calendar periods can be compared: those that the records cover whole, and nothing of a part of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from crm_research.errors import ParameterError, offer_names
from crm_research.features.clock import last_complete_period
from crm_research.show.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTHS_OF: Final[Mapping[str, int]] = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}
_YEAR: Final = 12
_TO_COMPARE: Final = 2
# So many periods make a course of time that one can look at.
_TO_FOLLOW: Final = 6
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Periods(Shown):
    """Which two periods are compared, and by which shorter ones is the course of time followed?

    Parameters
    ----------
    months
        Length of the periods that are compared.
    latest, then, before
        Their numbers: the latest whole one, the one it is compared with, and the one that this would be compared with;
        None where the records do not cover one.
    step
        How many periods lie from then to the latest: 1, or those of a year.
    course_months
        Length of the periods of the course of time; it divides `months`.
    first, last
        Numbers of the first and the last whole period of the course; last < first where there is none.
    """

    months: int
    latest: int | None
    then: int | None
    before: int | None
    step: int
    course_months: int
    first: int
    last: int

    @property
    def fold(self) -> int:
        """How many periods of the course make one that is compared?"""
        return self.months // self.course_months

    @property
    def is_same_season(self) -> bool:
        """Do the two periods lie in the same months of two years?"""
        return self.step * self.months == _YEAR

    @property
    def noun(self) -> str:
        """What a period that is compared is called."""
        return next(name for name, months in MONTHS_OF.items() if months == self.months)

    @property
    def course_noun(self) -> str:
        """What a period of the course is called."""
        return next(name for name, months in MONTHS_OF.items() if months == self.course_months)

    def name(self, number: int | None) -> str:
        """A period that is compared, by its name."""
        return "" if number is None else name_period(number, self.months)

    def name_of_course(self, number: int) -> str:
        """A period of the course, by its name."""
        return name_period(number, self.course_months)

    def span(self, number: int) -> range:
        """The periods of the course that lie in one that is compared."""
        return range(number * self.fold, (number + 1) * self.fold)


def choose_periods(
    *, first_at: datetime, as_of: datetime, whole_until: datetime, n_sales: int, period: str | None = None
) -> Periods:
    """Which periods do records from `first_at` to `as_of` cover whole, and which of them are compared?

    Parameters
    ----------
    first_at
        The first purchase.
    as_of
        The instant the records reach.
    whole_until
        From when on some may be missing (`features.reach`).
    n_sales
        Purchases known: where there are few, the first one may come days after the records begin.
    period
        ``year``, ``half-year``, ``quarter`` or ``month``; None takes the longest of which the records hold two whole.

    Notes
    -----
    The latest whole period is compared with the same one of the year before where the records hold that whole, for the
    sake of the season, and otherwise with the one before it. A period counts as whole though its first purchase comes
    up to two days after its beginning, or three times the usual distance of two purchases, at most a tenth of it.
    """
    if period is not None and period not in MONTHS_OF:
        raise ParameterError(f"There is no period {period!r}. {offer_names(period, list(MONTHS_OF))}")
    usual = (as_of - first_at) / max(n_sales - 1, 1)

    def whole(months: int) -> tuple[int, int]:
        number = _number_of(first_at, months)
        begins, ends = start_of(number, months), start_of(number + 1, months)
        slack = min(max(2 * _DAY, 3 * usual), (ends - begins) / 10)
        return (number if first_at - begins <= slack else number + 1), last_complete_period(whole_until, months)

    covered = {months: whole(months) for months in MONTHS_OF.values()}
    held = {months: last - first + 1 for months, (first, last) in covered.items()}
    months = MONTHS_OF[period] if period is not None else _longest(held, _TO_COMPARE)
    first, now = covered[months]
    year_ago = _YEAR // months
    step = year_ago if now - year_ago >= first else 1
    course = _longest({one: n for one, n in held.items() if months % one == 0}, _TO_FOLLOW)
    return Periods(
        months=months,
        latest=now if now >= first else None,
        then=now - step if now - step >= first else None,
        before=now - 2 * step if now - 2 * step >= first else None,
        step=step,
        course_months=course,
        first=covered[course][0],
        last=covered[course][1],
    )


def choose_newer(periods: Periods, *, new_from: int) -> Periods | None:
    """Two whole periods of the course in both of which first-seen customers are new ones; None where there are none.

    The latest one is compared with that of the year before where that is one of them, and otherwise with the one before
    it.
    """
    now = periods.last
    year_ago = _YEAR // periods.course_months
    step = year_ago if now - year_ago >= max(new_from, periods.first) else 1
    if now - step < max(new_from, periods.first):
        return None
    before = now - 2 * step
    return replace(
        periods,
        months=periods.course_months,
        latest=now,
        then=now - step,
        before=before if before >= periods.first else None,
        step=step,
    )


def _longest(held: Mapping[int, int], enough: int) -> int:
    """The longest periods of which there are enough; where there never are, those of which there are most."""
    for months, n in held.items():
        if n >= enough:
            return months
    most = max(held.values())
    return next(months for months, n in held.items() if n == most) if most > 0 else min(held)


def _number_of(at: datetime, months: int) -> int:
    return (at.year * _YEAR + at.month - 1) // months


def start_of(number: int, months: int) -> datetime:
    """First instant of a period."""
    year, month = divmod(number * months, _YEAR)
    return datetime(year, month + 1, 1)


def name_period(number: int, months: int) -> str:
    """A calendar period by its name: ``2024``, ``2024 H1``, ``2024 Q3``, ``2024-09``."""
    year, month = divmod(number * months, _YEAR)
    if months == _YEAR:
        return f"{year}"
    letter = {6: "H", 3: "Q"}.get(months)
    return f"{year} {letter}{month // months + 1}" if letter else f"{year}-{month + 1:02}"
