"""The runs that come, with everything resolved as they will be made."""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

from crm_research.schedule.definition import resolve_as_of, resolve_parameters
from crm_research.schedule.file import SchedulesFile
from crm_research.schedule.words import say_instant


@dataclass(frozen=True, kw_only=True)
class ComingRun:
    """A run that comes.

    Parameters
    ----------
    instant, local
        When, in UTC and as the clocks of its zone show it.
    schedule, studies, reports, parameters, published
        What is made, as it is printed.
    """

    instant: datetime
    local: str
    schedule: str
    studies: str
    reports: str
    parameters: tuple[str, ...]
    published: str

    def as_record(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "instant": self.instant.isoformat()}


def coming_runs(file: SchedulesFile, *, after: datetime, count: int, schedule: str | None = None) -> list[ComingRun]:
    """The next so many runs after an instant, of all schedules or of one."""
    definition = file.definition
    names = [schedule] if schedule else list(definition.schedules)
    streams = [zip(definition.timetable_of(name).after(after), repeat(name), strict=False) for name in names]
    # zip over a range ends it: schedules go on for ever.
    return [_resolve(file, name, time) for _, (time, name) in zip(range(count), heapq.merge(*streams), strict=False)]


def _resolve(file: SchedulesFile, name: str, time: datetime) -> ComingRun:
    definition = file.definition
    rule, local = definition.schedules[name], definition.timetable_of(name).local(time)
    as_of = resolve_as_of(rule, local.date())
    values = {"as_of": as_of.isoformat()} if as_of else {}
    values |= resolve_parameters(rule, local.date())
    return ComingRun(
        instant=time,
        local=say_instant(time, definition.zone_of(name)),
        schedule=name,
        studies=", ".join(rule.studies),
        reports=", ".join(rule.reports) or "all that apply",
        parameters=tuple(f"{key}={value}" for key, value in values.items()),
        published=", ".join([*rule.publish, *rule.recipients]) or "nowhere",
    )
