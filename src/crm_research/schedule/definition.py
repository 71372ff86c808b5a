"""What a schedules file may say: the pydantic models of ``schedules.yaml``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crm_research.errors import nearest_name
from crm_research.schedule.cron import Timetable, as_cron
from crm_research.schedule.days import as_day, day_of, is_day
from crm_research.sources.delivery_rule import MAIL, why_no_recipient
from crm_research.sources.written import as_zone

MOST_RETRIES: Final = 10
_MOST_DAYS: Final = 3660
_MOST_MINUTES: Final = 7 * 24 * 60
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _as_address(text: str) -> str:
    if (problem := why_no_recipient(text.strip())) is not None:
        raise ValueError(problem)
    return text.strip()


def _as_zone(name: str) -> str:
    try:
        return as_zone(name)
    except ValueError as problem:
        meant = nearest_name(name, available_timezones())
        offer = f". Did you mean {meant!r}?" if meant else ""
        raise ValueError(f"{problem}{offer}") from None


Day = Annotated[str, BeforeValidator(_as_text), AfterValidator(as_day)]
Cron = Annotated[str, AfterValidator(as_cron)]
Zone = Annotated[str, AfterValidator(_as_zone)]
Texts = Annotated[list[str], BeforeValidator(_as_list)]
Addresses = Annotated[list[Annotated[str, AfterValidator(_as_address)]], BeforeValidator(_as_list)]
Minutes = Annotated[int, Field(ge=1, le=_MOST_MINUTES)]


class LiteralText(_Part):
    """Text that stays as it is, though it reads like a day of the list."""

    text: str


class FreshRule(_Part):
    """Make reports only where a table's newest row is recent.

    Parameters
    ----------
    table
        Which table's rows are looked at.
    within_days
        At most so many days may lie between the newest row and the day the reports stand at.
    column
        Which of its times; None takes the table's first.
    look_again_minutes, give_up_hours
        How often one looks again where the data are not fresh, and when one gives this time up.
    """

    table: str
    within_days: Annotated[int, Field(ge=0, le=_MOST_DAYS)]
    column: str | None = None
    look_again_minutes: Minutes = 30
    give_up_hours: Annotated[int, Field(ge=0, le=24 * 31)] = 12


class ScheduleRule(_Part):
    """One schedule."""

    cron: Cron
    timezone: Zone | None = None
    studies: Annotated[Texts, Field(min_length=1)]
    reports: Texts = Field(default_factory=list)
    each: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    as_of: Day | None = None
    parameters: dict[str, str | bool | int | float | LiteralText | None] = Field(default_factory=dict)
    audience: Literal["research", "management"] | None = None
    formats: Annotated[list[Literal["pdf", "xlsx"]], BeforeValidator(_as_list)] = Field(default_factory=list)
    lists: bool = True
    out: str | None = None
    jobs: Annotated[int, Field(ge=1, le=256)] | None = None
    timeout: Annotated[int, Field(ge=1, le=7 * 86_400)] | None = None
    fresh: FreshRule | None = None
    publish: Texts = Field(default_factory=list)
    recipients: Addresses = Field(default_factory=list)
    tell: Addresses | None = None
    retries: Annotated[int, Field(ge=0, le=MOST_RETRIES)] = 1
    retry_after_minutes: Minutes = 10


class SchedulesDefinition(_Part):
    """A whole schedules file."""

    timezone: Zone = "UTC"
    tell: Addresses = Field(default_factory=list)
    schedules: dict[str, ScheduleRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> SchedulesDefinition:
        problems = [
            f"schedules.{name}: {name[:60]!r} must be made of a-z, 0-9 and hyphens, at most 60, such as nightly."
            for name in self.schedules
            if not _NAME.fullmatch(name)
        ]
        for name, rule in self.schedules.items():
            problems += [f"schedules.{name}.{said}" for said in _problems_of_parts(rule)]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def zone_of(self, name: str) -> str:
        """The zone that a schedule's times are in."""
        return self.schedules[name].timezone or self.timezone

    def timetable_of(self, name: str) -> Timetable:
        """When a schedule comes."""
        return Timetable(self.schedules[name].cron, self.zone_of(name))

    def told_of(self, name: str) -> list[str]:
        """Who hears of a failure of this schedule."""
        own = self.schedules[name].tell
        return self.tell if own is None else own

    def key_of(self, name: str) -> str:
        """Changes with the times of a schedule, and with nothing else of it."""
        return hashlib.sha256(f"{self.schedules[name].cron}\n{self.zone_of(name)}".encode()).hexdigest()[:16]


def _problems_of_parts(rule: ScheduleRule) -> Iterator[str]:
    if rule.each is None:
        return
    if len(rule.studies) > 1:
        yield "each: takes one study apart, and here are several. Write a schedule for each of them."
    if rule.recipients or MAIL in rule.publish:
        yield "each: parts of customers are not mailed. Publish them to a folder or a store, and mail the whole study."


def resolve_as_of(rule: ScheduleRule, run_day: date) -> date | None:
    """The day that the reports of a run of this day stand at; None for each study's own."""
    return None if rule.as_of is None else day_of(rule.as_of, run_day)


def resolve_parameters(rule: ScheduleRule, run_day: date) -> dict[str, str]:
    """The parameters of a run of this day, as they are written behind ``-p``."""
    return {name: _written(value, run_day) for name, value in rule.parameters.items()}


def _written(value: str | bool | float | LiteralText | None, run_day: date) -> str:
    if isinstance(value, LiteralText):
        return value.text
    if isinstance(value, str):
        return day_of(value, run_day).isoformat() if is_day(value) else value
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def oldest_newest_row(rule: FreshRule, day: date) -> date:
    """The day that the newest row must not lie before."""
    return day - timedelta(days=rule.within_days)
