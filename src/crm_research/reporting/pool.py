"""Several workers at a time, each watched: its messages, its end, its time limit."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from crm_research.reporting.deaths import MemoryLook, look_at_memory, say_death, say_memory
from crm_research.reporting.kernels import NotStarted, can_fork, kill_group, start_process
from crm_research.reporting.tasks import KILLED, NOT_STARTED, Failure, Outcome, Task
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

    def again(self, task: Task, failure: Failure) -> None:
        """The task's process was killed; it is tried once more."""

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
    memory_before: MemoryLook
    memory: MemoryLook


def run_tasks(
    tasks: Iterable[Task], *, jobs: int, timeout_seconds: float, watcher: Watcher
) -> Iterator[tuple[Task, Outcome]]:
    """Run tasks in at most `jobs` processes and yield each with its outcome, as they end.

    A task whose process was killed, or could not begin, is tried once more: that says nothing against the report, and
    where memory was short, the others may have ended meanwhile.

    However the caller leaves (an exception, Ctrl-C, a generator closed), no process outlives the call.
    """
    waiting = list(tasks)
    running: list[_Running] = []
    first: dict[int, Failure] = {}
    try:
        while waiting or running:
            over: list[tuple[Task, Outcome]] = []
            while waiting and len(running) < jobs:
                began = _start(waiting.pop(0), timeout_seconds, watcher)
                if isinstance(began, _Running):
                    running.append(began)
                else:
                    over.append(began)
            connection.wait([item.messages for item in running], timeout=_SECONDS_BETWEEN_LOOKS)
            for item in list(running):
                _listen(item, watcher, timeout_seconds)
                outcome = item.outcome or _overdue(item, timeout_seconds)
                if outcome is not None:
                    running.remove(item)
                    _end(item)
                    over.append((item.task, _with_memory(item, outcome)))
                else:
                    item.memory = look_at_memory([item.process.pid, item.kernel])
            for task, outcome in over:
                failure = outcome.failure
                if failure is not None and failure.kind in (KILLED, NOT_STARTED) and id(task) not in first:
                    first[id(task)] = failure
                    watcher.again(task, failure)
                    shutil.rmtree(task.folder, ignore_errors=True)
                    # Behind the others: what took the memory may be over by then.
                    waiting.append(task)
                    continue
                whole = replace(outcome, retried_after=first.get(id(task)))
                watcher.ended(task, whole)
                yield task, whole
    finally:
        for item in running:
            _end(item)


def _start(task: Task, timeout_seconds: float, watcher: Watcher) -> _Running | tuple[Task, Outcome]:
    """Start a worker; where the system gives no process, the outcome that says so."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    started_at = _now()
    try:
        if can_fork():
            process = start_process(work, task, sending)
        else:
            process = multiprocessing.get_context("spawn").Process(target=work, args=(task, sending))
            process.start()
    except NotStarted as problem:
        receiving.close()
        sending.close()
        failure = Failure(kind=NOT_STARTED, message=str(problem))
        return task, Outcome(started_at=started_at, ended_at=_now(), seconds=0.0, failure=failure)
    # Only the worker may hold the sending end: then its death closes the pipe and is seen at once.
    sending.close()
    watcher.started(task)
    now, memory = time.monotonic(), look_at_memory([process.pid])
    return _Running(
        task=task,
        process=process,
        messages=receiving,
        deadline=now + timeout_seconds + _SECONDS_TO_START,
        began=now,
        started_at=started_at,
        memory_before=memory,
        memory=memory,
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
        item.outcome = _failed(item, KILLED, say_death("the report's process", item.process.exitcode))


def _overdue(item: _Running, timeout_seconds: float) -> Outcome | None:
    if time.monotonic() < item.deadline:
        return None
    return _failed(item, "timeout", f"took longer than {timeout_seconds:g} s; raise it with --timeout")


def _failed(item: _Running, kind: str, message: str) -> Outcome:
    return Outcome(
        started_at=item.started_at,
        ended_at=_now(),
        seconds=round(time.monotonic() - item.began, 2),
        failure=Failure(kind=kind, message=message, place=item.place),
    )


def _with_memory(item: _Running, outcome: Outcome) -> Outcome:
    failure = outcome.failure
    if failure is None or failure.kind != KILLED:
        return outcome
    said = say_memory(item.memory_before, item.memory, look_at_memory([]))
    message = f"{failure.message.rstrip('.')}. {said}" if said else failure.message
    return replace(outcome, failure=replace(failure, message=message))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


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
