"""A run: from names on the command line to published pages, with nothing half-made on the way."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

from crm_research.catalogue import Report, find_report, reports
from crm_research.errors import CrmError, ParameterError
from crm_research.reporting import inputs
from crm_research.reporting.parameters import check_names, complete_parameters
from crm_research.reporting.shelf import require_room, sweep_shelf
from crm_research.reporting.tasks import NOT_PUBLISHED, Failure, Outcome, StudyFacts, Task
from crm_research.scratch import make_scratch, remove_scratch, sweep_scratch
from crm_research.settings import read_settings

DEFAULT_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class Omission:
    """A report that cannot be made from a study, and why."""

    report: Report
    study: StudyFacts
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a run left.

    Parameters
    ----------
    index
        The page to open.
    outcomes
        Each task with how it ended.
    omissions
        Reports that did not apply.
    """

    index: Path
    outcomes: tuple[tuple[Task, Outcome], ...]
    omissions: tuple[Omission, ...]

    @property
    def n_failed(self) -> int:
        """Reports that failed."""
        return sum(outcome.failure is not None for _, outcome in self.outcomes)


def run_reports(
    report_ids: Sequence[str] = (),
    *,
    studies: Sequence[str] = (),
    as_of: date | None = None,
    parameters: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    out: Path | None = None,
    timeout_seconds: float | None = None,
    is_checking_input: bool = True,
    notebooks: Path | None = None,
) -> RunSummary:
    """Run reports on studies and publish their pages.

    Everything that can be wrong with what was asked is found before the first kernel starts: unknown reports,
    studies and parameters, wrong types, tables that break their contracts. Then one report failing leaves the others
    running, and its last good page stays.

    Parameters
    ----------
    report_ids
        Ids of the catalogue; none means all that apply.
    studies
        Names or files; none means every study in data/studies.
    as_of
        Stand all studies at this day instead of their own.
    parameters
        Name to value (or its text); each goes to the reports that have it.
    jobs
        Reports at a time; None takes the cores of the machine, at most one for each report.
    out
        Folder of the pages; None takes the project's reports/.
    timeout_seconds
        Longest a report may take, and before it the reading and checking of its study; None gives a report
        `DEFAULT_TIMEOUT_SECONDS`, and reading what `time_limit` gives it.
    is_checking_input
        Check the tables against their contracts first.
    notebooks
        Folder of the notebooks; None takes the project's notebooks/.

    Raises
    ------
    CrmError
        If what was asked cannot be done; nothing has then been started or written.
    """
    asked = [find_report(report_id) for report_id in dict.fromkeys(report_ids)]
    candidates = asked or list(reports().values())
    check_names(parameters or {}, candidates)
    n_jobs = jobs or os.cpu_count() or 1
    target = (out or read_settings().reports).resolve()
    require_room(target, Path(tempfile.gettempdir()))
    sweep_scratch()
    sweep_shelf(target)
    with _ending_on_signals(), _warmed_up(n_jobs), _own_scratch() as scratch:
        tasks, omissions = _plan(
            candidates,
            studies=studies or inputs.known_studies(),
            as_of=as_of,
            parameters=parameters or {},
            scratch=scratch,
            is_checking_input=is_checking_input,
            notebooks=notebooks or read_settings().notebooks,
        )
        if asked and not tasks:
            raise ParameterError(" ".join(_in_words(omission) for omission in omissions))
        outcomes = _run_and_publish(tasks, omissions, target, n_jobs, timeout_seconds or DEFAULT_TIMEOUT_SECONDS)
    return RunSummary(index=_write_index(target), outcomes=tuple(outcomes), omissions=tuple(omissions))


def _write_index(out: Path) -> Path:
    from crm_research.reporting.site import write_index

    try:
        return write_index(out)
    except OSError as problem:
        raise CrmError(
            f"The index {out / 'index.html'} could not be written: {problem.strerror or problem}. What this run made "
            "is in the folders of its studies; the index names it after the next run."
        ) from None


@contextmanager
def _warmed_up(jobs: int) -> Iterator[None]:
    """The fork server, importing while the caller reads; a run that ends before its time takes it along."""
    is_ours = _warm_up(jobs)
    try:
        yield
    except BaseException:
        if is_ours:
            from crm_research.reporting.kernels import stop_fork_server

            stop_fork_server()
        raise


def _warm_up(jobs: int) -> bool:
    from crm_research.reporting.kernels import can_fork, start_fork_server

    return can_fork() and start_fork_server(threads_per_kernel=max(1, (os.cpu_count() or 1) // jobs))


@contextmanager
def _own_scratch() -> Iterator[Path]:
    """A folder for snapshots and what workers make; with it goes what killed kernels of this run left."""
    scratch = make_scratch("crm-")
    try:
        yield scratch
    finally:
        remove_scratch(scratch)
        sweep_scratch()


def _plan(
    candidates: Sequence[Report],
    *,
    studies: Sequence[str],
    as_of: date | None,
    parameters: Mapping[str, Any],
    scratch: Path,
    is_checking_input: bool,
    notebooks: Path,
) -> tuple[list[Task], list[Omission]]:
    tasks: list[Task] = []
    omissions: list[Omission] = []
    problems: list[CrmError] = []
    for number, given in enumerate(dict.fromkeys(studies)):
        try:
            own_tasks, own_omissions = _plan_study(
                given, candidates, as_of, parameters, scratch / str(number), is_checking_input, notebooks
            )
        except CrmError as problem:
            problems.append(problem)
            continue
        tasks += own_tasks
        omissions += own_omissions
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise CrmError("\n".join(dict.fromkeys(str(problem) for problem in problems)))
    _check_distinct(tasks)
    return tasks, omissions


def _plan_study(
    given: str,
    candidates: Sequence[Report],
    as_of: date | None,
    parameters: Mapping[str, Any],
    scratch: Path,
    is_checking_input: bool,
    notebooks: Path,
) -> tuple[list[Task], list[Omission]]:
    study = inputs.open_input(given, as_of)
    facts = inputs.describe_study(study, given)
    reasons = {report.id: report.why_not_applicable(study.tables) for report in candidates}
    applicable = [report for report in candidates if reasons[report.id] is None]
    omissions = [
        Omission(report=report, study=facts, reason=reason)
        for report in candidates
        if (reason := reasons[report.id]) is not None
    ]
    name = given if not _is_path(given) else str(Path(given).expanduser().resolve())
    values = {report.id: complete_parameters(report, parameters, study=name, as_of=as_of) for report in applicable}
    if not applicable:
        return [], omissions
    if is_checking_input:
        inputs.check_input(study, set(study.tables))
    environment = dict(inputs.stage_input(study, scratch / "snapshot"))
    tasks = [
        Task(
            report=report.id,
            title=report.title,
            question=report.question,
            notebook=_notebook(notebooks, report),
            study=facts,
            parameters=values[report.id],
            descriptions={field: info.description or "" for field, info in report.parameters.model_fields.items()},
            folder=scratch / report.id,
            environment=environment,
        )
        for report in applicable
    ]
    return tasks, omissions


def _run_and_publish(
    tasks: list[Task], omissions: Sequence[Omission], out: Path, jobs: int, timeout_seconds: float
) -> Iterator[tuple[Task, Outcome]]:
    from crm_research.reporting.pool import run_tasks
    from crm_research.reporting.progress import Progress
    from crm_research.reporting.records import note_not_applicable
    from crm_research.show.sources import package_versions

    versions = package_versions()
    outcomes = []
    with Progress(tasks) as progress:
        for task, made in run_tasks(tasks, jobs=jobs, timeout_seconds=timeout_seconds, watcher=progress):
            outcome = _publish(out, task, made, versions)
            if outcome is not made:
                progress.ended(task, outcome)
            shutil.rmtree(task.folder, ignore_errors=True)
            outcomes.append((task, outcome))
    for omission in omissions:
        study = omission.study
        about = {
            "report": omission.report.id,
            "title": omission.report.title,
            "question": omission.report.question,
            "reason": omission.reason,
            "study": {"name": study.name, "title": study.title, "as_of": study.as_of},
        }
        # What cannot be written here cannot be written in the index either, and is told there.
        with suppress(OSError, CrmError):
            note_not_applicable(out, about, study.name, study.as_of)
    return iter(outcomes)


def _publish(out: Path, task: Task, outcome: Outcome, versions: Mapping[str, str]) -> Outcome:
    """Publish a task; where that fails (a full disk, a damaged record) the outcome says so and the others go on."""
    from crm_research.reporting.records import publish

    try:
        publish(out, task, outcome, versions)
    except (OSError, CrmError) as problem:
        failure = Failure(kind=NOT_PUBLISHED, message=_say_unpublished(problem, out))
        unpublished = replace(outcome, failure=failure, figures=(), answer=(), files=())
        with suppress(OSError, CrmError):
            # A small record may still find room; the page that was there stays.
            publish(out, task, unpublished, versions)
        return unpublished
    return outcome


def _say_unpublished(problem: OSError | CrmError, out: Path) -> str:
    if isinstance(problem, CrmError):
        return str(problem)
    return (
        f"the page was made but could not be written: {problem.filename or out}: {problem.strerror or problem}. The "
        "page that was there before stays. Free the disk or mend the permissions, and run the report again"
    )


def _notebook(folder: Path, report: Report) -> Path:
    path = folder / report.notebook
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


def _in_words(omission: Omission) -> str:
    return f"Report {omission.report.id!r} does not apply to study {omission.study.name!r}: it {omission.reason}."


def _is_path(given: str) -> bool:
    return given.lower().endswith((".yaml", ".yml")) or "/" in given or "\\" in given


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Let a schedule's SIGTERM, or a terminal that is closed, end the run as Ctrl-C does, with the same cleaning up."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Whoever starts a run with nohup wants it to outlive the terminal.
    taken = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
    try:
        before = [(number, signal.signal(number, stop)) for number in taken]
    except ValueError:
        # Not the main thread: whoever called looks after signals.
        yield
        return
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
