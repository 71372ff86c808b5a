"""A run: from names on the command line to published pages, with nothing half-made on the way."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from crm_research.catalogue import find_report, reports
from crm_research.errors import CrmError, ParameterError
from crm_research.packages import package_versions
from crm_research.privacy.keys import require_key
from crm_research.reporting import inputs
from crm_research.reporting.parameters import check_names
from crm_research.reporting.pdf import find_chromium
from crm_research.reporting.plan import Omission, RunPlan, in_words, plan_run
from crm_research.reporting.shelf import require_room, sweep_shelf
from crm_research.reporting.tasks import NOT_PUBLISHED, PDF, RESEARCH, Failure, Outcome, Task
from crm_research.reporting.unchanged import MadeBefore
from crm_research.scratch import make_scratch, remove_scratch, sweep_scratch
from crm_research.settings import PROFILE, RESULTS, SECONDS, SIDE_BY_SIDE, read_settings
from crm_research.stopping import listening, stoppable
from crm_research.theme.house import read_house

DEFAULT_TIMEOUT_SECONDS = 900.0


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
    unreadable
        For each study of several of which no table could be read: why.
    unchanged
        Reports that were left as they are, since nothing they rest on has changed.
    withheld
        Which parts of a study that was taken apart have no page, and why.
    """

    index: Path
    outcomes: tuple[tuple[Task, Outcome], ...]
    omissions: tuple[Omission, ...]
    unreadable: tuple[str, ...] = ()
    unchanged: tuple[MadeBefore, ...] = ()
    withheld: str = ""

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
    is_profiled: bool = False,
    audience: str = RESEARCH,
    is_keeping_lists: bool = True,
    formats: Sequence[str] = (),
    is_only_changed: bool = False,
    each: str | None = None,
) -> RunSummary:
    """Run reports on studies and publish their pages.

    Everything that can be wrong with what was asked is found before the first kernel starts: unknown reports,
    studies and parameters, wrong types, tables that cannot be read or break their contracts. A table at fault stops
    only the reports that read it, which are named as failed with the reason. Then one report failing leaves the
    others running, and its last good page stays.

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
        Folder of the notebooks; None takes the package's, and those that a person changed in notebooks/.
    is_profiled
        Each page says at its end what each section and statement took.
    audience
        Whom the pages are for: ``research`` reads everything, ``management`` its own part and the figures. Customers
        stand under pseudonyms in both.
    is_keeping_lists
        Put lists with real ids into the folder ``private`` of `out`, for its owner alone.
    formats
        Further forms of each page, beside it: ``pdf``, ``xlsx``.
    is_only_changed
        Make only those whose records, study file, notebook, code or parameters are not those of the page that is there.
    each
        Column of which each customer has one value: every report is made for the customers of each value alone, on a
        shelf of its own below the folder of the pages. Takes one study.

    Raises
    ------
    CrmError
        If what was asked cannot be done; nothing has then been started or written.
    """
    asked = [find_report(report_id) for report_id in dict.fromkeys(report_ids)]
    candidates = asked or list(reports().values())
    check_names(parameters or {}, candidates)
    if PDF in formats:
        find_chromium()
    for report in candidates:
        if report.check_files is not None:
            report.check_files(None)
    read_house(read_settings().house)
    n_jobs = jobs or os.cpu_count() or 1
    target = (out or read_settings().reports).resolve()
    require_room(target, Path(tempfile.gettempdir()))
    key = require_key(target)
    sweep_scratch()
    sweep_shelf(target)
    with listening(), _warmed_up(n_jobs, is_later=is_only_changed) as warm_up, _own_scratch() as scratch, stoppable():
        how: dict[str, Any] = {
            "as_of": as_of,
            "parameters": parameters or {},
            "scratch": scratch,
            "is_checking_input": is_checking_input,
            "notebooks": notebooks,
            "timeout_seconds": timeout_seconds,
            "shown": {
                "is_profiled": is_profiled,
                "audience": audience,
                "is_keeping_lists": is_keeping_lists,
                "formats": sorted(formats),
                "key": hashlib.sha256(key).hexdigest(),
            },
        }
        named = studies or inputs.known_studies()
        if each is None:
            fan, shelf = None, target
            plan = plan_run(candidates, studies=named, made_in=target if is_only_changed else None, out=target, **how)
        else:
            if len(named) != 1:
                raise ParameterError("--each takes one study apart. Name it: --study NAME.")
            from crm_research.reporting.fan_out import plan_each

            fan = plan_each(candidates, given=named[0], column=each, out=target, is_only_changed=is_only_changed, **how)
            plan, shelf = fan.plan, fan.out
        if asked and not plan.tasks and not plan.hindered and not plan.unchanged:
            asked_of = dict.fromkeys(omission.study.given for omission in plan.omissions)
            given = " ".join(f"--study {shlex.quote(each)}" for each in asked_of)
            told = " ".join(in_words(omission) for omission in plan.omissions)
            raise ParameterError(f"{told} What applies is made by crm-research run {given}")
        if plan.tasks:
            warm_up()
        seconds = timeout_seconds or DEFAULT_TIMEOUT_SECONDS
        more = {SECONDS: str(seconds), RESULTS: str(shelf), **({PROFILE: "yes"} if is_profiled else {})}
        wished = {"formats": tuple(formats), "audience": audience, "is_keeping_lists": is_keeping_lists}
        shared = _sharing(plan, n_jobs, more, **wished)
        is_idle = not (plan.tasks or plan.hindered or plan.omissions)
        outcomes = () if is_idle else tuple(_run_and_publish(shared, shelf, n_jobs, seconds))
        if fan is not None:
            fan.note(each or "")
    index = shelf / "index.html"
    is_as_it_was = not outcomes and not plan.omissions and index.is_file()
    if not is_as_it_was and shelf != target:
        _write_index(target)
    return RunSummary(
        index=index if is_as_it_was else _write_index(shelf),
        outcomes=outcomes,
        omissions=plan.omissions,
        unreadable=plan.unreadable,
        unchanged=plan.unchanged,
        withheld="" if fan is None else fan.withheld,
    )


def _sharing(plan: RunPlan, jobs: int, more: Mapping[str, str], **wished: Any) -> RunPlan:
    """The plan, each of whose reports knows with how many others it shares the machine's memory, and what is wished."""
    at_once = {SIDE_BY_SIDE: str(min(jobs, len(plan.tasks))), **more}
    told = [replace(task, environment=task.environment | at_once, **wished) for task in plan.tasks]
    return replace(plan, tasks=told)


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
def _warmed_up(jobs: int, *, is_later: bool) -> Iterator[Callable[[], None]]:
    """The fork server, importing while the caller reads; a run that ends before its time takes it along.

    Where perhaps nothing is to be made it waits for the caller to ask for it.
    """
    is_ours = False

    def warm_up() -> None:
        nonlocal is_ours
        is_ours = _warm_up(jobs) or is_ours

    if not is_later:
        warm_up()
    try:
        yield warm_up
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


def _run_and_publish(plan: RunPlan, out: Path, jobs: int, timeout_seconds: float) -> Iterator[tuple[Task, Outcome]]:
    from crm_research.reporting.pool import run_tasks
    from crm_research.reporting.progress import Progress

    versions = package_versions()
    outcomes = [(task, _publish(out, task, outcome, versions)) for task, outcome in plan.hindered]
    _note_omissions(plan, out)
    with Progress([*(task for task, _ in plan.hindered), *plan.tasks]) as progress:
        for task, outcome in outcomes:
            progress.ended(task, outcome)
        # What stands on the others' results begins when they are on the shelf.
        first, last = ([one for one in plan.tasks if one.is_last is late] for late in (False, True))
        for tasks in filter(None, (first, last)):
            for task, made in run_tasks(tasks, jobs=jobs, timeout_seconds=timeout_seconds, watcher=progress):
                outcome = _publish(out, task, made, versions)
                if outcome is not made:
                    progress.ended(task, outcome)
                shutil.rmtree(task.folder, ignore_errors=True)
                outcomes.append((task, outcome))
    return iter(outcomes)


def _note_omissions(plan: RunPlan, out: Path) -> None:
    from crm_research.reporting.records import note_not_applicable

    for omission in plan.omissions:
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


def _publish(out: Path, task: Task, outcome: Outcome, versions: Mapping[str, str]) -> Outcome:
    """Publish a task; where that fails (a full disk, a damaged record) the outcome says so and the others go on."""
    from crm_research.reporting.records import publish

    try:
        publish(out, task, outcome, versions)
    except (OSError, CrmError) as problem:
        failure = Failure(kind=NOT_PUBLISHED, message=_say_unpublished(problem, out))
        unpublished = replace(outcome, failure=failure, figures=(), answer=(), files=(), private=())
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
