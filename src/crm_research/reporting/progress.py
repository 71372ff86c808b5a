"""What a run tells while it runs: live lines on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from crm_research.reporting.tasks import Failure, Outcome, Task

_STYLES = {"waiting": "dim", "running": "cyan", "done": "green", "failed": "bold red"}


class Progress:
    """One line for each report: waiting, at which cell, done or failed, and how long it took."""

    def __init__(self, tasks: list[Task], console: Console | None = None) -> None:
        self._console = console or Console()
        self._states = {id(task): (task, "waiting", "waiting") for task in tasks}
        self._began: dict[int, float] = {}
        self._live = Live(get_renderable=self._table, console=self._console, refresh_per_second=8)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def started(self, task: Task) -> None:
        """A worker took the task."""
        self._began[id(task)] = time.monotonic()
        self._set(task, "running", "starting")

    def at_cell(self, task: Task, number: int, total: int) -> None:
        """The notebook reached a cell."""
        self._set(task, "running", f"cell {number} of {total}")

    def rendering(self, task: Task) -> None:
        """The page is being made."""
        self._set(task, "running", "making the page")

    def again(self, task: Task, failure: Failure) -> None:
        """The task's process was killed; it is tried once more."""
        self._set(task, "waiting", f"to be tried again: {failure.in_words()}")
        self._say(f"{task.label}: to be tried again: {failure.in_words()}")

    def ended(self, task: Task, outcome: Outcome) -> None:
        """The task is over."""
        if outcome.failure is None:
            self._set(task, "done", f"done in {outcome.seconds:.1f} s")
            self._say(f"{task.label}: done in {outcome.seconds:.1f} s")
        else:
            self._set(task, "failed", f"failed: {outcome.failure.in_words()}")
            self._say(f"{task.label}: failed: {outcome.failure.in_words()}")

    def _set(self, task: Task, state: str, words: str) -> None:
        self._states[id(task)] = (task, state, words)

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for task, state, words in self._states.values():
            began = self._began.get(id(task))
            spent = f"{time.monotonic() - began:5.1f} s" if state == "running" and began else ""
            table.add_row(Text(task.label), Text(words, style=_STYLES[state]), Text(spent, style="dim"))
        return table
