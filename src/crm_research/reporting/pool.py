"""Several workers at a time, each watched: its messages, its end, its time limit."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from crm_research.reporting.kernels import can_fork, kill_group, start_process
from crm_research.reporting.tasks import Failure, Outcome, Task
from crm_research.reporting.worker import CELL, ENDED, KERNEL, RENDERING, work

_SECONDS_BETWEEN_LOOKS = 0.25
# The first worker waits for the fork server's imports; that is not the report's time.
_SECONDS_TO_START = 300.0


class Watcher(Protocol):
    """Who is told how the tasks get on."""

    def started(self, task: Task) -> None:
        """A worker took the task."""

    def at_cell(self, task: Task, number: int, total: int) -> None:
        """The notebook reached a cell."""

    def rendering(self, task: Task) -> None:
        """The notebook has run; its page is being made."""

    def ended(self, task: Task, outcome: Outcome) -> None:
        """The task is over."""


@dataclass(eq=False, kw_only=True)
class _Running:
    task: Task
    process: BaseProcess
    messages: Connection
    deadline: float
    began: float
    started_at: str
    kernel: int | None = None
    place: str | None = None
    outcome: Outcome | None = field(default=None)


def run_tasks(
    tasks: Iterable[Task], *, jobs: int, timeout_seconds: float, watcher: Watcher
) -> Iterator[tuple[Task, Outcome]]:
    """Run tasks in at most `jobs` processes and yield each with its outcome, as they end.

    However the caller leaves (an exception, Ctrl-C, a generator closed), no process outlives the call.
    """
    waiting = list(tasks)
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(_start(waiting.pop(0), timeout_seconds, watcher))
            connection.wait([item.messages for item in running], timeout=_SECONDS_BETWEEN_LOOKS)
            for item in list(running):
                _listen(item, watcher, timeout_seconds)
                outcome = item.outcome or _overdue(item, timeout_seconds)
                if outcome is not None:
                    running.remove(item)
                    _end(item)
                    watcher.ended(item.task, outcome)
                    yield item.task, outcome
    finally:
        for item in running:
            _end(item)


def _start(task: Task, timeout_seconds: float, watcher: Watcher) -> _Running:
    receiving, sending = multiprocessing.Pipe(duplex=False)
    if can_fork():
        process = start_process(work, task, sending)
    else:
        process = multiprocessing.get_context("spawn").Process(target=work, args=(task, sending))
        process.start()
    # Only the worker may hold the sending end: then its death closes the pipe and is seen at once.
    sending.close()
    watcher.started(task)
    now = time.monotonic()
    return _Running(
        task=task,
        process=process,
        messages=receiving,
        deadline=now + timeout_seconds + _SECONDS_TO_START,
        began=now,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _listen(item: _Running, watcher: Watcher, timeout_seconds: float) -> None:
    try:
        while item.outcome is None and item.messages.poll():
            kind, *rest = item.messages.recv()
            if kind == CELL:
                item.place = f"cell {rest[0]} of {rest[1]}"
                watcher.at_cell(item.task, *rest)
            elif kind == KERNEL:
                item.kernel = rest[0]
                item.deadline = time.monotonic() + timeout_seconds
            elif kind == RENDERING:
                item.place = "making the page"
                watcher.rendering(item.task)
            elif kind == ENDED:
                item.outcome = rest[0]
    except (EOFError, OSError):
        item.process.join(timeout=2)
        item.outcome = _failed(item, "killed", f"the worker ended with exit code {item.process.exitcode}")


def _overdue(item: _Running, timeout_seconds: float) -> Outcome | None:
    if time.monotonic() < item.deadline:
        return None
    return _failed(item, "timeout", f"took longer than {timeout_seconds:g} s; raise it with --timeout")


def _failed(item: _Running, kind: str, message: str) -> Outcome:
    return Outcome(
        started_at=item.started_at,
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - item.began, 2),
        failure=Failure(kind=kind, message=message, place=item.place),
    )


def _end(item: _Running) -> None:
    if item.outcome is None or item.outcome.failure is not None:
        # A kernel that ended well is gone, and its number may by now be another program's.
        kill_group(item.kernel)
    if item.outcome is None:
        kill_group(item.process.pid)
        with suppress(OSError):
            item.process.kill()
    item.process.join(timeout=5)
    item.messages.close()
