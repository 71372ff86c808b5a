"""Are the data fresh? The newest row of a table, beside the day that the reports would stand at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from crm_research.contracts import contract_of
from crm_research.errors import CrmError
from crm_research.schedule.checks import locate_study
from crm_research.schedule.definition import FreshRule, oldest_newest_row, resolve_as_of
from crm_research.schedule.file import SchedulesFile
from crm_research.sources.opening import open_study

if TYPE_CHECKING:
    from crm_research.study import Study


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How fresh the data of one study are.

    Parameters
    ----------
    study
        Its name.
    rule
        What was asked.
    day
        The day that the reports would stand at.
    newest
        The newest row's time that is not later than the day of the run; None where there is none.
    """

    study: str
    rule: FreshRule
    day: date
    newest: datetime | None

    @property
    def is_fresh(self) -> bool:
        """Is the newest row recent enough?"""
        return self.newest is not None and self.newest.date() >= oldest_newest_row(self.rule, self.day)

    def in_words(self) -> str:
        """One sentence."""
        table, wanted = self.rule.table, oldest_newest_row(self.rule, self.day)
        if self.newest is None:
            return f"{self.study}: {table} holds no row, and one of {wanted} or later is wanted."
        found = f"{self.study}: the newest row of {table} is of {self.newest:%Y-%m-%d}"
        if self.is_fresh:
            return f"{found}, and none older than {wanted} is wanted: the data are fresh."
        return f"{found}, and one of {wanted} or later is wanted: the data are not fresh."


def look_at_freshness(file: SchedulesFile, name: str, run_day: date) -> list[Freshness]:
    """How fresh are the data of each study of a schedule, for a run of this day?

    Raises
    ------
    CrmError
        If a study cannot be read.
    """
    rule = file.definition.schedules[name]
    if rule.fresh is None:
        return []
    found = []
    for given in rule.studies:
        study = open_study(locate_study(file, given), tables=[rule.fresh.table])
        day = resolve_as_of(rule, run_day) or run_day
        newest = _newest(study, rule.fresh, run_day)
        found.append(Freshness(study=study.name, rule=rule.fresh, day=day, newest=newest))
    return found


def _newest(study: Study, rule: FreshRule, run_day: date) -> datetime | None:
    """The newest time of the table that has come about by the day of the run; what lies ahead says nothing."""
    contract, table = contract_of(rule.table), study.tables[rule.table]
    times = [contract.known_at, *(column.name for column in contract.columns if column.type == "timestamp")]
    column = rule.column or next((name for name in times if name in table.columns), None)
    if column is None or column not in table.columns:
        raise CrmError(
            f"Study {study.name} maps no time of {rule.table}, so nobody can say how fresh it is. Map one in its file, "
            "or name another table under fresh."
        )
    tomorrow = datetime(run_day.year, run_day.month, run_day.day) + timedelta(days=1)
    newest = table.filter(table[column] < tomorrow)[column].max().to_pyarrow().as_py()
    return newest if isinstance(newest, datetime) or newest is None else datetime(newest.year, newest.month, newest.day)
