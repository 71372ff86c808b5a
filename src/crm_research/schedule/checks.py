"""Is what a schedules file names there: reports, studies, parameters, tables? Everything is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from crm_research.catalogue import Report, find_report, reports
from crm_research.contracts import contract_of
from crm_research.errors import CrmError, offer_names
from crm_research.reporting.parameters import check_names, complete_parameters
from crm_research.schedule.days import NAMED, seems_day
from crm_research.schedule.definition import FreshRule, ScheduleRule, resolve_as_of, resolve_parameters
from crm_research.schedule.file import SchedulesError, SchedulesFile, read_schedules
from crm_research.sources.definition import StudyDefinition
from crm_research.sources.opening import find_study_file
from crm_research.sources.study_file import read_study_file

# Any day does to see whether parameters fit.
_SOME_DAY = date(2024, 5, 17)


def open_schedules(path: Path) -> SchedulesFile:
    """A schedules file whose every name is known.

    Raises
    ------
    SchedulesError
        With a line for each problem of the file, and of the study files it names.
    """
    file = read_schedules(path)
    problems = list(_problems(file))
    if problems:
        raise SchedulesError("\n".join(dict.fromkeys(problems)))
    return file


def locate_study(file: SchedulesFile, given: str) -> str:
    """A study as a command is told of it: a name, or a path that lies beside the schedules file if it is relative."""
    is_path = given.lower().endswith((".yaml", ".yml")) or "/" in given or "\\" in given
    return str((file.path.parent / Path(given).expanduser()).resolve()) if is_path else given


def _problems(file: SchedulesFile) -> Iterator[str]:
    for name, rule in file.definition.schedules.items():
        place = f"schedules.{name}"
        asked: list[Report] = []
        for i, report_id in enumerate(rule.reports):
            try:
                asked.append(find_report(report_id))
            except CrmError as problem:
                yield f"{file.say_place(f'{place}.reports.{i}')}{problem}"
        studies: dict[str, StudyDefinition] = {}
        for i, given in enumerate(rule.studies):
            try:
                studies[given] = read_study_file(find_study_file(locate_study(file, given)))
            except CrmError as problem:
                yield f"{file.say_place(f'{place}.studies.{i}')}{problem}"
        if len(asked) == len(rule.reports):
            for inner, said in _parameter_problems(rule, asked or list(reports().values())):
                yield f"{file.say_place(f'{place}.{inner}')}{said}"
        if rule.fresh is not None:
            for inner, said in _fresh_problems(rule.fresh, studies):
                yield f"{file.say_place(f'{place}.fresh.{inner}')}{said}"


def _parameter_problems(rule: ScheduleRule, asked: list[Report]) -> Iterator[tuple[str, str]]:
    given = resolve_parameters(rule, _SOME_DAY)
    for name, instead in (("as_of", "as_of: DAY"), ("study", "studies: [NAME]")):
        if name in given:
            yield f"parameters.{name}", f"stands beside cron instead, as {instead}."
            return
    for name in given:
        try:
            check_names([name], asked)
        except CrmError as problem:
            yield f"parameters.{name}", str(problem)
            return
    for name, value in rule.parameters.items():
        if isinstance(value, str) and (meant := seems_day(value)):
            said = (
                f"{value[:60]!r} looks like a day told by the day of the run and is none. Did you mean {meant!r}? "
                f"Known: {', '.join(NAMED)}. If it is a text, write {{text: {value[:60]}}}."
            )
            yield f"parameters.{name}", said
            return
    for report in asked:
        try:
            complete_parameters(report, given, study="any", as_of=resolve_as_of(rule, _SOME_DAY))
        except CrmError as problem:
            yield "parameters", str(problem)


def _fresh_problems(fresh: FreshRule, studies: dict[str, StudyDefinition]) -> Iterator[tuple[str, str]]:
    try:
        contract = contract_of(fresh.table)
    except CrmError as problem:
        yield "table", str(problem)
        return
    times = [column.name for column in contract.columns if column.type == "timestamp"]
    if fresh.column is not None and fresh.column not in times:
        yield "column", f"{fresh.table} has no time {fresh.column!r}. {offer_names(fresh.column, times)}"
    elif not times:
        yield "table", f"{fresh.table} holds no times, so nobody can say how fresh it is. Name another table."
        return
    for given, study in studies.items():
        if fresh.table not in study.tables:
            yield "table", f"study {given} maps no table {fresh.table!r}. {offer_names(fresh.table, study.tables)}"
