"""The scheduler: what is due is begun once, missed times are caught up once, what failed is tried again and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.schedule.checks import open_schedules
from crm_research.schedule.claims import (
    FAILED,
    GIVEN_UP,
    OVERLAPPED,
    RETRY,
    SETTLED,
    STALE,
    SUPERSEDED,
    WAITING,
    Attempt,
    Occasion,
    SharedFolder,
)
from crm_research.schedule.clock import Clock
from crm_research.schedule.course import Course
from crm_research.schedule.file import SchedulesFile
from crm_research.schedule.journal import Journal
from crm_research.schedule.notify import Sender
from crm_research.schedule.processes import Launcher
from crm_research.schedule.telling import Teller, is_to_be_told
from crm_research.schedule.words import say_event

# A time whose holder died so often is given up: what it does ends schedulers, or machines.
_MOST_DEATHS: Final = 3
_LOOK: Final = timedelta(seconds=10)
_TICK_SECONDS: Final = 1.0

Say = Callable[[str], None]


class Scheduler:
    """Looks after the schedules of a file, beside others that may do the same.

    Parameters
    ----------
    file
        The schedules.
    folder
        What schedulers of the file share.
    clock, launcher
        The time, and what starts commands.
    at_once
        How many runs may be at work here at the same time.
    say
        What a person is told, line by line.
    send
        Sends mail; None takes the server that the environment names.
    """

    def __init__(
        self,
        file: SchedulesFile,
        folder: Path,
        *,
        clock: Clock,
        launcher: Launcher,
        at_once: int = 1,
        say: Say = lambda _line: None,
        send: Sender | None = None,
    ) -> None:
        self.file = file
        self.shared = SharedFolder(folder)
        self.journal = Journal(folder / "log")
        self.clock = clock
        self.launcher = launcher
        self.at_once = at_once
        self.send = send
        self.courses: list[Course] = []
        self.say = say
        self.outcomes: list[str] = []
        self._look_at: datetime | None = None
        self._settled: set[Path] = set()
        self._stamp = _stamp_of(file.path)

    def log(self, event: str, **more: Any) -> None:
        """Write a line to the log, and say it."""
        now = self.clock.instant()
        self.journal.add(now, event, **more)
        self.say(f"{now:%Y-%m-%d %H:%M:%S}Z {say_event({'event': event, **more})}")

    def tick(self, *, is_looking: bool = False) -> None:
        """Look after what runs here; from time to time, and after each end, look at what is due."""
        now = self.clock.instant()
        n_before = len(self.courses)
        for course in self.courses:
            course.advance(now)
        self._collect()
        is_time = self._look_at is None or now >= self._look_at or len(self.courses) < n_before
        if is_time or is_looking:
            self._look_at = now + _LOOK
            for name in self.file.definition.schedules:
                self._look_after(name, now)

    def reread_if_changed(self) -> None:
        """Read the file again where it has changed."""
        if _stamp_of(self.file.path) != self._stamp:
            self.reread()

    def reread(self) -> None:
        """Read the file again; one that cannot be used is told of, and the schedules stay as they were."""
        self._stamp = _stamp_of(self.file.path)
        try:
            self.file = open_schedules(self.file.path)
        except CrmError as problem:
            self.log("not read again", said=f"the schedules stay as they were, for the file is at fault: {problem}")
            return
        names = ", ".join(self.file.definition.schedules)
        self.log("read again", said=f"{self.file.path} was read again: {names}.")
        self._look_at = None

    def stop(self) -> None:
        """End what is at work here; whoever comes next takes it up again."""
        for course in self.courses:
            course.stop(self.clock.instant())
        while self.courses:
            for course in self.courses:
                course.advance(self.clock.instant())
            self._collect()
            if self.courses:
                self.clock.wait(_TICK_SECONDS / 5)

    def next_times(self, after: datetime) -> Mapping[str, datetime | None]:
        """When each schedule comes next."""
        definition = self.file.definition
        return {name: definition.timetable_of(name).first_after(after) for name in definition.schedules}

    def open_occasions(self, name: str) -> list[tuple[Occasion, list[Attempt]]]:
        """Times of a schedule that are not known here to be over and done with, in order."""
        occasions = self.shared.occasions(name)
        return [(each, each.attempts()) for each in occasions if each.folder not in self._settled]

    def _collect(self) -> None:
        self.outcomes += [str(course.outcome) for course in self.courses if course.is_over]
        self.courses = [course for course in self.courses if not course.is_over]

    def _look_after(self, name: str, now: datetime) -> None:
        occasions = self.shared.occasions(name)
        due, missed = self._due(name, occasions, now)
        found = self.open_occasions(name)
        open_ones = [(occasion, attempts[-1]) for occasion, attempts in found if _is_open(attempts)]
        is_at_work = False
        for occasion, last in open_ones:
            is_ours = any(course.hold.occasion.folder == occasion.folder for course in self.courses)
            if last.end is None and (is_ours or occasion.is_alive(last.number, now)):
                is_at_work = True
            elif due is not None or occasion is not open_ones[-1][0]:
                self._supersede(name, occasion, last, now)
            else:
                self._take_up(name, occasion, last, now)
        if due is not None and is_at_work:
            occasion = self.shared.occasion(name, due)
            said = "the run before it is still at work; this time is passed over."
            if occasion.settle(OVERLAPPED, now, said=said):
                self._tell(name, occasion)("ends", outcome=OVERLAPPED, said=said)
        elif due is not None and len(self.courses) < self.at_once:
            late = (now - due).total_seconds()
            self._begin(name, self.shared.occasion(name, due), 1, now, late_seconds=late, missed=missed)
            self.shared.sweep(name)
        self._tell_failures(name, now)

    def _tell_failures(self, name: str, now: datetime) -> None:
        definition = self.file.definition
        for occasion, attempts in self.open_occasions(name):
            if not attempts or attempts[-1].outcome not in SETTLED:
                continue
            if not is_to_be_told(occasion, attempts):
                self._settled.add(occasion.folder)
                continue
            to, zone = definition.told_of(name), definition.zone_of(name)
            teller = Teller(name=name, zone=zone, to=to, path=self.file.path, send=self.send)
            teller.tell(occasion, now, self._tell(name, occasion))

    def _due(self, name: str, occasions: list[Occasion], now: datetime) -> tuple[datetime | None, int]:
        """The latest time that has come and nobody has claimed, and how many before it were missed."""
        definition = self.file.definition
        timetable = definition.timetable_of(name)
        since = self.shared.since(name, definition.key_of(name), now)
        after = max([since, *(occasion.instant for occasion in occasions[-1:])])
        due = timetable.latest(after=after, until=now)
        return due, 0 if due is None else timetable.count(after=after, before=due)

    def _begin(self, name: str, occasion: Occasion, number: int, now: datetime, **more: Any) -> None:
        hold = occasion.claim(number, {"schedule": name}, now)
        if hold is None:
            return
        newest = self.shared.occasions(name)[-1:]
        tell = self._tell(name, occasion)
        if newest and newest[0].instant > occasion.instant:
            # Another scheduler was at a later time while this one was about to begin.
            occasion.end(number, SUPERSEDED, now, said="a later time was begun meanwhile.")
            hold.release()
            return
        try:
            tell("begins", attempt=number, **more)
        except OSError:
            hold.release()
            raise
        run_day = self.file.definition.timetable_of(name).local(occasion.instant).date()
        course = Course(self.file, name, hold, run_day, now, self.launcher, tell)
        self.courses.append(course)
        course.advance(now)

    def _take_up(self, name: str, occasion: Occasion, last: Attempt, now: datetime) -> None:
        """Go on with a time whose last try ended without an end, or is to be tried again."""
        if last.end is not None and last.outcome in {RETRY, WAITING}:
            with suppress(ValueError):
                if now < datetime.fromisoformat(str(last.end.get("again_at"))):
                    return
        n_deaths = sum(attempt.end is None for attempt in occasion.attempts())
        if n_deaths >= _MOST_DEATHS:
            said = f"whoever was at it ended without a word {n_deaths} times, so it is not tried again."
            if occasion.settle(GIVEN_UP, now, said=said):
                self._tell(name, occasion)("ends", outcome=GIVEN_UP, said=said)
            return
        if len(self.courses) < self.at_once:
            if last.end is None:
                holder = f"process {last.held.get('pid')} of {last.held.get('host')}"
                self._tell(name, occasion)("taken over", said=f"{holder} ended without a word; its run is taken over.")
            self._begin(name, occasion, last.number + 1, now)

    def _supersede(self, name: str, occasion: Occasion, last: Attempt, now: datetime) -> None:
        """A later time has come: what was left of this one is not made up."""
        failed = last.end is not None and last.outcome == RETRY
        outcome = FAILED if failed else STALE if last.outcome == WAITING else SUPERSEDED
        kept = {key: value for key, value in (last.end or {}).items() if key not in {"outcome", "ended_at", "again_at"}}
        more = kept if outcome != SUPERSEDED else {"said": "a later time has come before it was made."}
        if occasion.settle(outcome, now, **more):
            said = "; ".join(str(each) for each in (more.get("said"), "a later time has come") if each)
            self._tell(name, occasion)("ends", outcome=outcome, said=said)

    def _tell(self, name: str, occasion: Occasion) -> Callable[..., None]:
        zone = self.file.definition.zone_of(name)

        def tell(event: str, **more: Any) -> None:
            self.log(event, schedule=name, time=occasion.instant.isoformat(), zone=zone, **more)

        return tell


def _is_open(attempts: list[Attempt]) -> bool:
    return bool(attempts) and attempts[-1].outcome not in SETTLED


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
