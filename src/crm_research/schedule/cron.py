"""When a schedule comes: instants of a cron expression in a zone, each once, none lost where clocks are put on or back.

The expression is read by CronSim, which does as Debian's cron: a fixed time that is left out in spring comes as soon as
the clocks have been put on, one that comes twice in autumn is taken once; what comes every hour or more often goes on
by real time. Where two times fall on one instant that way, it is one here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_FIELDS: Final = ("minute", "hour", "day of the month", "month", "day of the week")
_RANGES: Final = ("0 to 59", "0 to 23", "1 to 31", "1 to 12 or JAN to DEC", "0 to 7 or SUN to SAT")
# How far one looks back for the latest time, shortest first; the last is longer than any expression waits.
_BACK: Final = tuple(timedelta(hours=hours) for hours in (1, 25, 24 * 32, 24 * 367, 24 * 366 * 9, 24 * 366 * 45))
_SHORT_FORMS: Final = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly")
_FULL_FORMS: Final = ("0 * * * *", "0 0 * * *", "0 0 * * 0", "0 0 1 * *", "0 0 1 1 *")
_IN_FULL: Final = dict(zip(_SHORT_FORMS, _FULL_FORMS, strict=True))
_AN_INSTANT: Final = datetime(2024, 1, 1, tzinfo=UTC)


def as_cron(expression: str) -> str:
    """The expression itself, if it is one that ever comes.

    Raises
    ------
    ValueError
        Saying which of its five fields cannot be, or that no day fits.
    """
    text = " ".join(expression.split())
    if text.startswith("@"):
        if text not in _IN_FULL:
            raise ValueError(f"{expression[:60]!r} is not known; write {', '.join(_SHORT_FORMS)} or five fields")
        return text
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"{expression[:60]!r} has {len(fields)} of the five fields of a cron expression ({', '.join(_FIELDS)}); "
            "write 0 6 1 * * for six in the morning on the first of each month"
        )
    for place, field in enumerate(fields):
        alone = ["*"] * len(fields)
        alone[place] = field
        try:
            CronSim(" ".join(alone), _AN_INSTANT)
        except (CronSimError, AssertionError, TypeError, ValueError):
            raise ValueError(
                f"{expression[:60]!r} has {field[:30]!r} as {_FIELDS[place]}, which must be {_RANGES[place]}, a range "
                "(1-5), a list (1,15), a step (*/10) or *"
            ) from None
    try:
        next(CronSim(text, _AN_INSTANT))
    except (CronSimError, StopIteration):
        raise ValueError(f"{expression[:60]!r} never comes: no month has such a day; write one that there is") from None
    return text


@dataclass(frozen=True)
class Timetable:
    """The instants of a cron expression in a time zone.

    Parameters
    ----------
    cron
        Five fields, or a short form such as ``@daily``.
    zone
        IANA name.
    """

    cron: str
    zone: str

    def after(self, instant: datetime) -> Iterator[datetime]:
        """The times after an instant, in UTC and in order, each once."""
        last = instant
        for local in CronSim(_IN_FULL.get(self.cron, self.cron), instant.astimezone(ZoneInfo(self.zone))):
            found = local.astimezone(UTC)
            if found > last:
                yield found
                last = found

    def first_after(self, instant: datetime) -> datetime | None:
        """The next time; None where none comes any more."""
        return next(self.after(instant), None)

    def latest(self, *, after: datetime, until: datetime) -> datetime | None:
        """The last time that is later than `after` and not later than `until`."""
        for back in _BACK:
            start = max(after, until - back)
            found = None
            for time in self.after(start):
                if time > until:
                    break
                found = time
            if found is not None or start == after:
                return found
        return None

    def count(self, *, after: datetime, before: datetime, most: int = 1_000) -> int:
        """How many times lie between two instants, neither of them counted; at most so many are."""
        return sum(1 for _ in islice((time for time in _until(self.after(after), before)), most))

    def local(self, instant: datetime) -> datetime:
        """An instant as clocks in the zone show it."""
        return instant.astimezone(ZoneInfo(self.zone))


def _until(times: Iterator[datetime], end: datetime) -> Iterator[datetime]:
    for time in times:
        if time >= end:
            return
        yield time
