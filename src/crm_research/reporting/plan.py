"""What a run will make: each study opened and checked once, each report with its parameters, and what hinders it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from crm_research.catalogue import Report
from crm_research.errors import ContractViolation, CrmError
from crm_research.privacy.known_ids import find_shared_pseudonyms
from crm_research.privacy.pseudonyms import name_publicly
from crm_research.reporting import inputs
from crm_research.reporting.asked import Asked, ask
from crm_research.reporting.tasks import HINDERED, Failure, Outcome, StudyFacts, Task
from crm_research.reporting.unchanged import MadeBefore
from crm_research.settings import HIDES_PERSONS, HOME, LEAST_GROUP, LONGER, read_settings
from crm_research.time_limit import TimeLimitExceeded, time_limit

if TYPE_CHECKING:
    from crm_research.contracts.findings import Verdict
    from crm_research.study import Study


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


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
    shown: Mapping[str, Any] = _NOTHING,
    made_in: Path | None = None,
    out: Path | None = None,
) -> RunPlan:
    """What can be made of what was asked?

    Parameters
    ----------
    shown
        What else was asked of the run that shows on its pages.
    made_in
        Folder of pages: what was made there of the very same is not made again. None makes everything.
    out
        Folder of pages: what stands there on the other reports is made anew with any of them.

    Raises
    ------
    CrmError
        If something was asked wrongly (a study that is not there or whose file cannot be read, a parameter), or if
        nothing at all can be made.
    """
    how = {**shown, "is_checking_input": is_checking_input}
    plans: list[RunPlan] = []
    problems: list[CrmError] = []
    unreadable: list[CrmError] = []
    for number, given in enumerate(dict.fromkeys(studies)):
        try:
            with time_limit(f"Reading and checking {given}", seconds=timeout_seconds):
                plans.append(
                    _plan_study(
                        given, candidates, as_of, parameters, scratch / str(number), notebooks, how, made_in, out
                    )
                )
        except inputs.NothingReadable as problem:
            unreadable.append(problem)
        except TimeLimitExceeded:
            raise
        except CrmError as problem:
            problems.append(problem)
    joined = join_plans(plans)
    if not joined.tasks and not joined.unchanged:
        # Nothing can be made: what stands in the way is all there is to say.
        problems += unreadable
        problems += joined.faults
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise CrmError("\n".join(dict.fromkeys(str(problem) for problem in problems)))
    _check_distinct([*joined.tasks, *(task for task, _ in joined.hindered)])
    return replace(joined, unreadable=tuple(str(problem) for problem in unreadable))


def join_plans(plans: Sequence[RunPlan]) -> RunPlan:
    """Several plans as one."""
    return RunPlan(
        tasks=[task for plan in plans for task in plan.tasks],
        hindered=tuple(pair for plan in plans for pair in plan.hindered),
        omissions=tuple(omission for plan in plans for omission in plan.omissions),
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
    out: Path | None,
) -> RunPlan:
    asked = ask(given, candidates, as_of, parameters, notebooks, how, out)
    asked, unchanged = asked.without_made(made_in, asked.definition.name)
    if unchanged and not asked.applicable:
        return RunPlan(unchanged=unchanged)
    opened = open_asked(asked)
    if not asked.applicable:
        return RunPlan(omissions=opened.omissions)
    return replace(plan_tasks(asked, opened, scratch), unchanged=unchanged)


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
    if len(faults) < len(asked.mapped):
        read |= {report.id: [] for report in asked.applicable if report.passes_over_faults}
    others = [report for report in asked.applicable if not report.is_last]
    if len(faults) < len(asked.mapped) and not (others and all(read[report.id] for report in others)):
        # What stands on the others says what it could not read; where none of them can be made, neither can it.
        read |= {report.id: [] for report in asked.applicable if report.is_last}
    refused = _look_up(inputs.without(study, faults), [each for each in asked.applicable if not read[each.id]], values)
    stopped = {
        report.id: [faults[name] for name in read[report.id]] or [refused[report.id]]
        for report in asked.applicable
        if read[report.id] or report.id in refused
    }
    # A kernel works in a folder of its own, from which the studies known by name would not be found.
    environment = {HOME: str(read_settings().home)}
    leases: tuple[object, ...] = ()
    longer: frozenset[str] = frozenset()
    if len(stopped) < len(asked.applicable):
        left_out = [table for table in asked.mapped if table in faults or table not in opened.wanted]
        # What the checks found of all tables does not hold of those that are left.
        found = None if faults else opened.verdict
        staged = inputs.stage_input(
            inputs.without(study, faults), scratch / "snapshot", left_out, verdict=found, called=asked.definition.name
        )
        longer = find_shared_pseudonyms(inputs.without(study, faults))
        environment |= dict(staged.environment) | {
            HIDES_PERSONS: "yes",
            LEAST_GROUP: str(study.least_group),
            LONGER: ",".join(sorted(longer)),
        }
        leases = (staged.lease,)

    # No id leaves for a notebook, whose parameters stand on its page.
    hide = partial(name_publicly, "customer_id", longer=longer)

    def task(report: Report) -> Task:
        return Task(
            report=report.id,
            title=report.title,
            question=report.question,
            notebook=asked.notebook[report.id],
            study=facts,
            parameters=report.hide_customers(values[report.id], hide),
            descriptions={field: info.description or "" for field, info in report.parameters.model_fields.items()},
            folder=scratch / report.id,
            environment=environment,
            is_last=report.is_last,
            house=asked.house,
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
