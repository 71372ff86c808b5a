"""A worker process: runs one notebook, makes its page, and tells the run how it went."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any, Final

from crm_research.reporting.tasks import (
    DISK_FULL,
    MANAGEMENT,
    MEMORY_FULL,
    NOT_STARTED,
    PDF,
    XLSX,
    Failure,
    Outcome,
    Task,
)
from crm_research.said_by_others import say_full_disk, say_full_memory

# Messages a worker sends: (CELL, number, total), (KERNEL, process id), (RENDERING,), (ENDED, Outcome).
CELL: Final = "cell"
KERNEL: Final = "kernel"
RENDERING: Final = "rendering"
ENDED: Final = "ended"
_NO_SPACE: Final = os.strerror(errno.ENOSPC)


def work(task: Task, messages: Connection) -> None:
    """Run one task in this process and send what happens; the entry of a worker process."""
    from crm_research.reporting.kernels import die_with_parent, share_fork_server

    # Ctrl-C is for the run, which then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.setpgid(0, 0)
    share_fork_server()
    die_with_parent()
    outcome = run_task(task, messages.send)
    try:
        messages.send((ENDED, outcome))
    except (TypeError, ValueError, AttributeError, pickle.PicklingError) as problem:
        # What the notebook showed cannot travel: said as its failure, or this process would end without a word.
        said = Outcome(
            started_at=outcome.started_at, ended_at=_now(), seconds=outcome.seconds, failure=_failure_of(problem)
        )
        messages.send((ENDED, said))
    messages.close()


def run_task(task: Task, send: Any) -> Outcome:
    """Execute, check, render; every failure becomes an outcome with words."""
    started_at, clock = _now(), time.monotonic()
    results: dict[str, Any] = {}
    failure = None
    try:
        results = _make(task, send)
    except Exception as problem:
        failure = _failure_of(problem)
    seconds = round(time.monotonic() - clock, 2)
    return Outcome(started_at=started_at, ended_at=_now(), seconds=seconds, failure=failure, **results)


def _make(task: Task, send: Any) -> dict[str, Any]:
    from crm_research.reporting.departments import render_departments
    from crm_research.reporting.execute import NotebookFailed, execute_notebook
    from crm_research.reporting.harvest import read_answer, read_figures, read_files, read_warnings
    from crm_research.reporting.inputs import require_same_records
    from crm_research.reporting.notebook_file import with_pictures, write_notebook
    from crm_research.reporting.render import render_page
    from crm_research.reporting.workbook import take_sheets

    task.folder.mkdir(parents=True, exist_ok=True)
    try:
        notebook = execute_notebook(
            task,
            on_cell=lambda number, total: send((CELL, number, total)),
            on_kernel=lambda pid: send((KERNEL, pid)),
        )
    except NotebookFailed:
        # A file that was removed or written to is why, whatever the engine says of it.
        require_same_records(task)
        raise
    send((RENDERING,))
    require_same_records(task)
    figures, answer = read_figures(notebook), read_answer(notebook)
    sheets = take_sheets(notebook)
    page = render_page(notebook, task)
    task.page.write_text(page, encoding="utf-8")
    departments = render_departments(notebook, task) if task.is_last else ()
    write_notebook(with_pictures(notebook), task.executed)
    _make_other_forms(task, sheets, answer, figures)
    return {
        "figures": figures,
        "answer": answer,
        "files": (() if task.audience == MANAGEMENT else read_files(notebook)) + departments,
        "private": tuple(sorted(path.name for path in task.private.glob("*.csv"))),
        "notes": read_warnings(notebook),
    }


def _make_other_forms(task: Task, sheets: Any, answer: Sequence[str], figures: Sequence[Mapping[str, Any]]) -> None:
    if XLSX in task.formats:
        from crm_research.reporting.records import as_written
        from crm_research.reporting.workbook import write_workbook

        told = as_written(task.report, figures)
        # Management reads the figures: tables may tell of customers row by row.
        sheets = () if task.audience == MANAGEMENT else sheets
        write_workbook(task.other_form(XLSX), task, answer=answer, figures=told, sheets=sheets)
    if PDF in task.formats:
        from crm_research.reporting.pdf import print_page

        running = f"{task.title} · {task.study.title}, as of {task.study.as_of}"
        print_page(task.page, task.other_form(PDF), running=running, as_of=task.study.as_of)


def _failure_of(problem: Exception) -> Failure:
    from crm_research.reporting.execute import NotebookFailed
    from crm_research.reporting.kernels import NotStarted

    if isinstance(problem, NotebookFailed):
        failure = problem.failure
        spilled = say_full_disk(failure.message)
        if _NO_SPACE in failure.message:
            return replace(failure, kind=DISK_FULL, message=_say_full(failure.message))
        if spilled is not None:
            return replace(failure, kind=DISK_FULL, message=spilled)
        too_little = say_full_memory(failure.message)
        return failure if too_little is None else replace(failure, kind=MEMORY_FULL, message=too_little)
    if isinstance(problem, NotStarted):
        return Failure(kind=NOT_STARTED, message=str(problem))
    trace = traceback.format_exception(problem)[-6:]
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        said = f"{problem.strerror}{f' ({problem.filename})' if problem.filename else ''}"
        return Failure(kind=DISK_FULL, message=_say_full(said), trace=tuple(trace))
    return Failure(kind=type(problem).__name__, message=str(problem) or "no reason given", trace=tuple(trace))


def _say_full(said: str) -> str:
    """What a full disk said, which seldom names the folder, with the folder and the mend."""
    mend = f"Free some space in the folder for temporary files ({tempfile.gettempdir()}), or set TMPDIR to another disk"
    return f"{said.rstrip('.')}. {mend}"


def _now() -> str:
    # The clock of the run itself, never that of an analysis.
    return datetime.now(UTC).isoformat(timespec="seconds")
