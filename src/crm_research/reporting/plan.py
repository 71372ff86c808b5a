"""What a run will make: each study opened and checked once, each report with its parameters, and what hinders it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_research.catalogue import Report
from crm_research.desk_copies import find_notebook
from crm_research.errors import CrmError
from crm_research.reporting import inputs
from crm_research.reporting.parameters import complete_parameters
from crm_research.reporting.tasks import HINDERED, Failure, Outcome, StudyFacts, Task
from crm_research.reporting.unchanged import MadeBefore, Rests, find_made, look_at_study
from crm_research.settings import HOME, read_settings
from crm_research.time_limit import TimeLimitExceeded, time_limit

if TYPE_CHECKING:
    from crm_research.contracts.findings import Verdict
    from crm_research.sources.definition import StudyDefinition
    from crm_research.study import Study


@dataclass(frozen=True, kw_only=True)
class Omission:
    """A report that cannot be made from a study, and why."""

    report: Report
    study: StudyFacts
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What a run will do.

    Parameters
    ----------
    tasks
        Reports to make.
    hindered
        Reports that would apply, but read a table that is at fault: each failed before it began.
    omissions
        Reports that do not apply.
    unreadable
        Why studies of which no table can be read were left out, where others are run.
    faults
        What is wrong with the tables that hinder a report.
    leases
        What keeps tables from being removed that the reports read where they are kept, while the plan is there.
    unchanged
        Reports that were asked for and need not be made: nothing they rest on has changed since their pages were made.
    """

    tasks: list[Task] = field(default_factory=list)
    hindered: tuple[tuple[Task, Outcome], ...] = ()
    omissions: tuple[Omission, ...] = ()
    unreadable: tuple[str, ...] = ()
    faults: tuple[CrmError, ...] = ()
    leases: tuple[object, ...] = ()
    unchanged: tuple[MadeBefore, ...] = ()


def plan_run(
    candidates: Sequence[Report],
    *,
    studies: Sequence[str],
    as_of: date | None,
    parameters: Mapping[str, Any],
    scratch: Path,
    is_checking_input: bool,
    notebooks: Path | None,
    timeout_seconds: float | None = None,
    is_profiled: bool = False,
    made_in: Path | None = None,
) -> RunPlan:
    """What can be made of what was asked?

    Parameters
    ----------
    made_in
        Folder of pages: what was made there of the very same is not made again. None makes everything.

    Raises
    ------
    CrmError
        If something was asked wrongly (a study that is not there or whose file cannot be read, a parameter), or if
        nothing at all can be made.
    """
    how = {"is_profiled": is_profiled, "is_checking_input": is_checking_input}
    plans: list[RunPlan] = []
    problems: list[CrmError] = []
    unreadable: list[CrmError] = []
    for number, given in enumerate(dict.fromkeys(studies)):
        try:
            with time_limit(f"Reading and checking {given}", seconds=timeout_seconds):
                plans.append(
                    _plan_study(given, candidates, as_of, parameters, scratch / str(number), notebooks, how, made_in)
                )
        except inputs.NothingReadable as problem:
            unreadable.append(problem)
        except TimeLimitExceeded:
            raise
        except CrmError as problem:
            problems.append(problem)
    tasks = [task for plan in plans for task in plan.tasks]
    hindered = tuple(pair for plan in plans for pair in plan.hindered)
    if not tasks and not any(plan.unchanged for plan in plans):
        # Nothing can be made: what stands in the way is all there is to say.
        problems += unreadable
        problems += [fault for plan in plans for fault in plan.faults]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise CrmError("\n".join(dict.fromkeys(str(problem) for problem in problems)))
    _check_distinct([*tasks, *(task for task, _ in hindered)])
    return RunPlan(
        tasks=tasks,
        hindered=hindered,
        omissions=tuple(omission for plan in plans for omission in plan.omissions),
        unreadable=tuple(str(problem) for problem in unreadable),
        faults=tuple(fault for plan in plans for fault in plan.faults),
        leases=tuple(lease for plan in plans for lease in plan.leases),
        unchanged=tuple(made for plan in plans for made in plan.unchanged),
    )


def _plan_study(
    given: str,
    candidates: Sequence[Report],
    as_of: date | None,
    parameters: Mapping[str, Any],
    scratch: Path,
    notebooks: Path | None,
    how: Mapping[str, Any],
    made_in: Path | None,
) -> RunPlan:
    asked = ask(given, candidates, as_of, parameters, notebooks, how)
    asked, unchanged = asked.without_made(made_in, asked.definition.name)
    if unchanged and not asked.applicable:
        return RunPlan(unchanged=unchanged)
    opened = open_asked(asked)
    if not asked.applicable:
        return RunPlan(omissions=opened.omissions)
    return replace(plan_tasks(asked, opened, scratch), unchanged=unchanged)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of one study, told from its file alone.

    Parameters
    ----------
    given, as_of
        As the user wrote them.
    definition, file
        What the study file says, and where it lies.
    reasons
        Report to why it does not apply; None where it does.
    applicable
        Reports to make.
    values, notebook
        Report to its parameters, all of them, and to its notebook.
    rests
        What the pages rest on, beside these.
    """

    given: str
    as_of: date | None
    candidates: Sequence[Report]
    definition: StudyDefinition
    file: Path
    reasons: Mapping[str, str | None]
    applicable: Sequence[Report]
    values: Mapping[str, dict[str, Any]]
    notebook: Mapping[str, Path]
    rests: Rests

    @property
    def mapped(self) -> tuple[str, ...]:
        """The tables that the file maps."""
        return tuple(self.definition.tables)

    def wanted(self, applicable: Sequence[Report] | None = None) -> list[str]:
        """The tables that these reports read, or all that apply."""
        return _wanted(self.applicable if applicable is None else applicable, self.mapped, self.values, self.notebook)

    def stamp(self, report: Report) -> str | None:
        """One digest of all that a report rests on."""
        return self.rests.stamp(report, self.notebook[report.id], self.values[report.id], self.wanted([report]))

    def without_made(self, made_in: Path | None, study: str) -> tuple[Asked, tuple[MadeBefore, ...]]:
        """What is left to make where some was made of the very same before, and that."""
        if made_in is None:
            return self, ()
        found = [find_made(made_in, study, report.id, self.stamp(report)) for report in self.applicable]
        left = [report for report, made in zip(self.applicable, found, strict=True) if made is None]
        return replace(self, applicable=left), tuple(made for made in found if made is not None)


def ask(
    given: str,
    candidates: Sequence[Report],
    as_of: date | None,
    parameters: Mapping[str, Any],
    notebooks: Path | None,
    how: Mapping[str, Any],
) -> Asked:
    """What of this can be made of the tables that the study's file maps, with which parameters?"""
    definition, file = inputs.read_definition(given)
    mapped = tuple(definition.tables)
    reasons = {report.id: report.why_not_applicable(mapped) for report in candidates}
    applicable = [report for report in candidates if reasons[report.id] is None]
    name = given if not _is_path(given) else str(Path(given).expanduser().resolve())
    return Asked(
        given=given,
        as_of=as_of,
        candidates=candidates,
        definition=definition,
        file=file,
        reasons=reasons,
        applicable=applicable,
        values={report.id: complete_parameters(report, parameters, study=name, as_of=as_of) for report in applicable},
        notebook={report.id: _notebook(notebooks, report) for report in applicable},
        rests=look_at_study(definition, file, mapped, how),
    )


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The study of what was asked, with what is wrong with its tables.

    Parameters
    ----------
    wanted
        The tables that were to be opened.
    faults
        Table to why it cannot be read, or breaks its contract.
    verdict
        What the checks found; None where they were not asked for.
    """

    study: Study
    wanted: Sequence[str]
    faults: Mapping[str, CrmError]
    verdict: Verdict | None
    omissions: tuple[Omission, ...]


def open_asked(asked: Asked, more: Collection[str] = ()) -> Opened:
    """The study with the tables that are read, and `more`, opened and checked."""
    wanted = [name for name in asked.mapped if name in {*asked.wanted(), *more}]
    try:
        study, faults = inputs.open_input(asked.given, asked.as_of, wanted)
    except inputs.NothingReadable:
        if len(wanted) == len(asked.mapped):
            raise
        # What the others hold says that the study is there, and that these reports failed for their tables.
        wanted = list(asked.mapped)
        study, faults = inputs.open_input(asked.given, asked.as_of, wanted)
    facts = inputs.describe_study(study, asked.given)
    omissions = tuple(
        Omission(report=report, study=facts, reason=reason)
        for report in asked.candidates
        if (reason := asked.reasons[report.id]) is not None
    )
    verdict = inputs.judge(study) if asked.applicable and asked.rests.how["is_checking_input"] else None
    if verdict is not None:
        faults = {**faults, **inputs.find_broken(study, verdict)}
    return Opened(study=study, wanted=wanted, faults=faults, verdict=verdict, omissions=omissions)


def plan_tasks(asked: Asked, opened: Opened, scratch: Path) -> RunPlan:
    """The reports to make of an opened study, whose tables are staged for them in `scratch`."""
    study, faults, values = opened.study, opened.faults, asked.values
    facts = inputs.describe_study(study, asked.given)
    read = {report.id: report.read_among(faults, asked.mapped, values[report.id]) for report in asked.applicable}
    refused = _look_up(inputs.without(study, faults), [each for each in asked.applicable if not read[each.id]], values)
    stopped = {
        report.id: [faults[name] for name in read[report.id]] or [refused[report.id]]
        for report in asked.applicable
        if read[report.id] or report.id in refused
    }
    # A kernel works in a folder of its own, from which the studies known by name would not be found.
    environment = {HOME: str(read_settings().home)}
    leases: tuple[object, ...] = ()
    if len(stopped) < len(asked.applicable):
        left_out = [table for table in asked.mapped if table in faults or table not in opened.wanted]
        # What the checks found of all tables does not hold of those that are left.
        found = None if faults else opened.verdict
        staged = inputs.stage_input(
            inputs.without(study, faults), scratch / "snapshot", left_out, verdict=found, called=asked.definition.name
        )
        environment |= dict(staged.environment)
        leases = (staged.lease,)

    def task(report: Report) -> Task:
        return Task(
            report=report.id,
            title=report.title,
            question=report.question,
            notebook=asked.notebook[report.id],
            study=facts,
            parameters=values[report.id],
            descriptions={field: info.description or "" for field, info in report.parameters.model_fields.items()},
            folder=scratch / report.id,
            environment=environment,
            made_from=asked.stamp(report),
        )

    return RunPlan(
        tasks=[task(report) for report in asked.applicable if report.id not in stopped],
        hindered=tuple(
            (task(report), _hindered(stopped[report.id])) for report in asked.applicable if report.id in stopped
        ),
        omissions=opened.omissions,
        leases=leases,
        faults=tuple(dict.fromkeys(fault for words in stopped.values() for fault in words)),
    )


def _wanted(
    applicable: Sequence[Report],
    mapped: Sequence[str],
    values: Mapping[str, Mapping[str, Any]],
    notebook: Mapping[str, Path],
) -> list[str]:
    """The tables that these reports read; all where a notebook is not the package's own, or where nothing applies."""
    carried = read_settings().carried_notebooks
    if not applicable or any(path.parent.resolve() != carried.resolve() for path in notebook.values()):
        return list(mapped)
    read = {name for report in applicable for name in report.read_among(mapped, mapped, values[report.id])}
    return [name for name in mapped if name in read]


def _look_up(study: Study, reports: Sequence[Report], values: Mapping[str, Mapping[str, Any]]) -> dict[str, CrmError]:
    """The reports whose parameters name a column or a value that the study does not hold, each with what is wrong."""
    refused: dict[str, CrmError] = {}
    for report in reports:
        try:
            if report.look_up is not None:
                report.look_up(study, values[report.id])
        except CrmError as problem:
            refused[report.id] = problem
    return refused


def _hindered(problems: Sequence[CrmError]) -> Outcome:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    failure = Failure(kind=HINDERED, message=" ".join(dict.fromkeys(map(str, problems))))
    return Outcome(started_at=now, ended_at=now, seconds=0.0, failure=failure)


def _notebook(folder: Path | None, report: Report) -> Path:
    path = find_notebook(read_settings(), report.notebook) if folder is None else folder / report.notebook
    if not path.is_file():
        raise CrmError(f"The notebook of report {report.id!r}, {path}, is not there. Restore it from the project.")
    return path


def _check_distinct(tasks: Sequence[Task]) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for task in tasks:
        key = (task.study.name, task.study.as_of, task.report)
        if key in seen and seen[key] != task.study.given:
            raise CrmError(
                f"Two studies of this run have the name {task.study.name!r} ({seen[key]} and {task.study.given}): "
                "their pages would overwrite each other. Rename one of them, or run them into separate folders."
            )
        seen[key] = task.study.given


def in_words(omission: Omission) -> str:
    """Why a report was left out, as a sentence."""
    return f"Report {omission.report.id!r} does not apply to study {omission.study.name!r}: it {omission.reason}."


def _is_path(given: str) -> bool:
    return given.lower().endswith((".yaml", ".yml")) or "/" in given or "\\" in given
