"""What a run will make: each study opened and checked once, each report with its parameters, and what hinders it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_research.catalogue import Report
from crm_research.desk_copies import find_notebook
from crm_research.errors import ContractViolation, CrmError
from crm_research.privacy.known_ids import find_shared_pseudonyms
from crm_research.reporting import inputs
from crm_research.reporting.parameters import complete_parameters
from crm_research.reporting.tasks import HINDERED, Failure, Outcome, StudyFacts, Task
from crm_research.settings import HIDES_PERSONS, HOME, LEAST_GROUP, LONGER, read_settings
from crm_research.time_limit import TimeLimitExceeded, time_limit

if TYPE_CHECKING:
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
    """

    tasks: list[Task] = field(default_factory=list)
    hindered: tuple[tuple[Task, Outcome], ...] = ()
    omissions: tuple[Omission, ...] = ()
    unreadable: tuple[str, ...] = ()
    faults: tuple[CrmError, ...] = ()
    leases: tuple[object, ...] = ()


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
) -> RunPlan:
    """What can be made of what was asked?

    Raises
    ------
    CrmError
        If something was asked wrongly (a study that is not there or whose file cannot be read, a parameter), or if
        nothing at all can be made.
    """
    plans: list[RunPlan] = []
    problems: list[CrmError] = []
    unreadable: list[CrmError] = []
    for number, given in enumerate(dict.fromkeys(studies)):
        try:
            with time_limit(f"Reading and checking {given}", seconds=timeout_seconds):
                plans.append(
                    _plan_study(
                        given, candidates, as_of, parameters, scratch / str(number), is_checking_input, notebooks
                    )
                )
        except inputs.NothingReadable as problem:
            unreadable.append(problem)
        except TimeLimitExceeded:
            raise
        except CrmError as problem:
            problems.append(problem)
    tasks = [task for plan in plans for task in plan.tasks]
    hindered = tuple(pair for plan in plans for pair in plan.hindered)
    if not tasks:
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
    )


def _plan_study(
    given: str,
    candidates: Sequence[Report],
    as_of: date | None,
    parameters: Mapping[str, Any],
    scratch: Path,
    is_checking_input: bool,
    notebooks: Path | None,
) -> RunPlan:
    mapped = inputs.mapped_tables(given)
    reasons = {report.id: report.why_not_applicable(mapped) for report in candidates}
    applicable = [report for report in candidates if reasons[report.id] is None]
    name = given if not _is_path(given) else str(Path(given).expanduser().resolve())
    values = {report.id: complete_parameters(report, parameters, study=name, as_of=as_of) for report in applicable}
    notebook = {report.id: _notebook(notebooks, report) for report in applicable}
    wanted = _wanted(applicable, mapped, values, notebook)
    try:
        study, faults = inputs.open_input(given, as_of, wanted)
    except inputs.NothingReadable:
        if len(wanted) == len(mapped):
            raise
        # What the others hold says that the study is there, and that these reports failed for their tables.
        wanted = list(mapped)
        study, faults = inputs.open_input(given, as_of, wanted)
    facts = inputs.describe_study(study, given)
    omissions = tuple(
        Omission(report=report, study=facts, reason=reason)
        for report in candidates
        if (reason := reasons[report.id]) is not None
    )
    if not applicable:
        return RunPlan(omissions=omissions)
    verdict = inputs.judge(study) if is_checking_input else None
    if verdict is not None:
        faults = {**faults, **inputs.find_broken(study, verdict)}
    read = {report.id: report.read_among(faults, mapped, values[report.id]) for report in applicable}
    others = [report for report in applicable if not report.is_last]
    if len(faults) < len(mapped) and not (others and all(read[report.id] for report in others)):
        # What stands on the others says what it could not read; where none of them can be made, neither can it.
        read |= {report.id: [] for report in applicable if report.is_last}
    refused = _look_up(inputs.without(study, faults), [each for each in applicable if not read[each.id]], values)
    stopped = {
        report.id: [faults[name] for name in read[report.id]] or [refused[report.id]]
        for report in applicable
        if read[report.id] or report.id in refused
    }
    # A kernel works in a folder of its own, from which the studies known by name would not be found.
    environment = {HOME: str(read_settings().home)}
    leases: tuple[object, ...] = ()
    if len(stopped) < len(applicable):
        left_out = [table for table in mapped if table in faults or table not in wanted]
        # What the checks found of all tables does not hold of those that are left.
        found = None if faults else verdict
        staged = inputs.stage_input(inputs.without(study, faults), scratch / "snapshot", left_out, verdict=found)
        environment |= dict(staged.environment) | {
            HIDES_PERSONS: "yes",
            LEAST_GROUP: str(study.least_group),
            LONGER: ",".join(sorted(find_shared_pseudonyms(inputs.without(study, faults)))),
        }
        leases = (staged.lease,)

    def task(report: Report) -> Task:
        return Task(
            report=report.id,
            title=report.title,
            question=report.question,
            notebook=notebook[report.id],
            study=facts,
            parameters=values[report.id],
            descriptions={field: info.description or "" for field, info in report.parameters.model_fields.items()},
            folder=scratch / report.id,
            environment=environment,
            is_last=report.is_last,
        )

    return RunPlan(
        tasks=[task(report) for report in applicable if report.id not in stopped],
        hindered=tuple((task(report), _hindered(stopped[report.id])) for report in applicable if report.id in stopped),
        omissions=omissions,
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
    message = " ".join(dict.fromkeys(map(str, problems)))
    told = (each.without_examples if isinstance(each, ContractViolation) else str(each) for each in problems)
    published = " ".join(dict.fromkeys(told))
    failure = Failure(kind=HINDERED, message=message, published=published if published != message else None)
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
