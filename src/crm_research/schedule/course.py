"""The course of one try: its commands one after the other, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from crm_research.schedule.checks import locate_study
from crm_research.schedule.claims import (
    FAILED,
    RETRY,
    STALE,
    STOPPED,
    WAITING,
    WELL,
    Hold,
    host_name,
)
from crm_research.schedule.commands import FRESH, RUN, Step, folder_of_pages, steps_of
from crm_research.schedule.failures import find_failures, last_words
from crm_research.schedule.file import SchedulesFile
from crm_research.schedule.processes import Child, Launcher

_BEAT: Final = timedelta(seconds=20)
# What `schedule check --data` ends with where the data are not fresh.
NOT_FRESH: Final = 1
# How long a command that was asked to stop may take before it is ended.
_GRACE: Final = timedelta(seconds=30)

Tell = Callable[..., None]


@dataclass
class Course:
    """A try that this process is at.

    Parameters
    ----------
    file, name
        The schedule, as it was when the try began.
    hold
        The claim.
    run_day
        The day of the run, by which its days are told.
    launcher
        Starts commands.
    tell
        Writes to the log.
    """

    file: SchedulesFile
    name: str
    hold: Hold
    run_day: date
    began: datetime
    launcher: Launcher
    tell: Tell

    def __post_init__(self) -> None:
        self._steps = steps_of(self.file, self.name, self.run_day)
        self._child: Child | None = None
        self._step: Step | None = None
        self._done: Step | None = None
        self._step_began = self.began
        self._beat_at = self.began
        self._stopping_since: datetime | None = None
        self.is_over = False
        self.outcome: str | None = None

    def advance(self, now: datetime) -> None:
        """Look after what runs, and begin what comes next."""
        if self.is_over:
            return
        if now - self._beat_at >= _BEAT:
            self._beat_at = now
            if not self.hold.is_ours():
                self._drop()
                return
            self.hold.beat(now)
        if self._child is not None:
            status = self._child.poll()
            if status is None:
                self._hurry(now)
                return
            self._child = None
            self._ended_step(status, now)
        if self._done is not None:
            self._note_done(self._done, now)
        if not self.is_over and self._child is None:
            self._begin_next(now)

    def stop(self, now: datetime) -> None:
        """Ask the command at work to stop; the try then ends as one that anybody may take up again."""
        self._stopping_since = self._stopping_since or now
        if self._child is not None:
            self._child.stop()
        elif not self.is_over:
            self._end(STOPPED, now)

    def _hurry(self, now: datetime) -> None:
        if self._stopping_since is not None and now - self._stopping_since > _GRACE and self._child is not None:
            self._child.kill()

    def _begin_next(self, now: datetime) -> None:
        occasion = self.hold.occasion
        step = next((step for step in self._steps if not occasion.is_done(step.name)), None)
        if step is None:
            self._end(WELL, now, said="")
            return
        if not self.hold.is_ours():
            self._drop()
            return
        self._step, self._step_began = step, now
        output = occasion.output(self.hold.number)
        try:
            self._child = self.launcher.start(step.arguments, output=output, handle=self.hold.handle)
        except OSError as problem:
            self._fail(step, now, f"the command could not be started: {problem.strerror or problem}")

    def _ended_step(self, status: int, now: datetime) -> None:
        step = self._step
        if step is None:
            return
        if self._stopping_since is not None and status != 0:
            self._end(STOPPED, now)
            return
        if status == 0:
            self._done = step
            return
        if step.kind == FRESH and status == NOT_FRESH:
            self._wait_for_data(now)
            return
        words = last_words(self.hold.occasion.output(self.hold.number))[-1:]
        self._fail(step, now, ": ".join([_say_status(step, status), *words]))

    def _note_done(self, step: Step, now: datetime) -> None:
        """Keep that a step was done; what cannot be written (a full disk) is written later, and not done again."""
        self.hold.occasion.mark_done(step.name, now)
        self._done = None
        self.tell("step", step=step.name, seconds=(now - self._step_began).total_seconds())
        if self._stopping_since is not None:
            self._end(STOPPED, now)

    def _wait_for_data(self, now: datetime) -> None:
        fresh = self.file.definition.schedules[self.name].fresh
        said = " ".join(last_words(self.hold.occasion.output(self.hold.number))[-1:])
        if fresh is None or now >= self.hold.occasion.instant + timedelta(hours=fresh.give_up_hours):
            self._end(STALE, now, said=said)
            return
        again = now + timedelta(minutes=fresh.look_again_minutes)
        self._end(WAITING, now, said=said, again_at=again.isoformat())

    def _fail(self, step: Step, now: datetime, said: str) -> None:
        rule = self.file.definition.schedules[self.name]
        occasion = self.hold.occasion
        attempts = occasion.attempts()
        studies = [locate_study(self.file, given) for given in rule.studies]
        began = str(attempts[-1].held.get("began_at")) if attempts else self.began.isoformat()
        found = find_failures(folder_of_pages(self.file, self.name), studies, began) if step.kind == RUN else []
        more: dict[str, Any] = {
            "step": step.name,
            "host": host_name(),
            "failures": [each.as_record() for each in found],
            "last_words": last_words(occasion.output(self.hold.number)),
            "said": "; ".join(each.in_words() for each in found) or said,
        }
        n_failed = 1 + sum(attempt.outcome == RETRY for attempt in attempts)
        if n_failed <= rule.retries:
            again = now + timedelta(minutes=rule.retry_after_minutes)
            self._end(RETRY, now, again_at=again.isoformat(), **more)
        else:
            self._end(FAILED, now, **more)

    def _end(self, outcome: str, now: datetime, **more: Any) -> None:
        self.is_over, self.outcome = True, outcome
        try:
            if self.hold.occasion.end(self.hold.number, outcome, now, **more):
                told = {key: value for key, value in more.items() if key not in {"last_words", "failures"}}
                self.tell("ends", outcome=outcome, **told)
        finally:
            # Where the end cannot be written (a full disk) whoever comes next finds the steps that were done.
            self.hold.release()

    def _drop(self) -> None:
        """Somebody has taken this over, as this machine slept: nothing more of it is ours."""
        self.is_over = True
        if self._child is not None:
            self._child.stop()
            self._child.kill()
            self._child = None
        self.tell("taken away", said="somebody else took this over while this scheduler stood still.")
        self.hold.release()


def _say_status(step: Step, status: int) -> str:
    if status < 0:
        return f"the command of step {step.name} was ended by signal {-status}"
    return f"the command of step {step.name} ended with status {status}"
