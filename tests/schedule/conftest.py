"""A clock that tests turn, and commands that only pretend."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_research.schedule.file import SchedulesFile, read_schedules
from crm_research.schedule.scheduler import Scheduler


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class FakeClock:
    """Stands still until it is turned."""

    at: datetime

    def instant(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeChild:
    clock: FakeClock
    ends_at: datetime
    status: int
    stopped: bool = False

    def poll(self) -> int | None:
        if self.stopped:
            return -15
        return self.status if self.clock.at >= self.ends_at else None

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.stopped = True


@dataclass
class FakeLauncher:
    """Commands that take so long and end with such a status; what was asked is kept with its time."""

    clock: FakeClock
    seconds: float = 30.0
    status: Callable[[Sequence[str]], int] = lambda arguments: 0
    words: str = "said something\n"
    asked: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)
    children: list[FakeChild] = field(default_factory=list)

    def start(self, arguments: Sequence[str], *, output: Path, handle: int) -> FakeChild:
        os.fstat(handle)  # it is open
        with output.open("a") as said:
            said.write(self.words)
        self.asked.append((self.clock.at, tuple(arguments)))
        child = FakeChild(self.clock, self.clock.at + timedelta(seconds=self.seconds), self.status(arguments))
        self.children.append(child)
        return child

    @property
    def runs(self) -> list[datetime]:
        return [at for at, arguments in self.asked if arguments[0] == "run"]


@dataclass
class Desk:
    """A folder with a schedules file, a clock and a launcher."""

    folder: Path
    clock: FakeClock
    launcher: FakeLauncher
    mails: list = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "schedules.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "schedules.state"

    def write(self, text: str) -> SchedulesFile:
        self.path.write_text(text, encoding="utf-8")
        return read_schedules(self.path)

    def scheduler(self, **more) -> Scheduler:
        more = {"clock": self.clock, "launcher": self.launcher, "send": self.mails.append, **more}
        return Scheduler(read_schedules(self.path), self.state, **more)

    def live(self, *schedulers: Scheduler, until: str, step: float = 60.0) -> None:
        """Let time pass for these schedulers."""
        end = utc(until)
        while self.clock.at < end:
            for scheduler in schedulers:
                scheduler.tick()
            self.clock.wait(step)

    def events(self, *kinds: str) -> list[dict]:
        from crm_research.schedule.journal import Journal

        records, _ = Journal(self.state / "log").read()
        return [record for record in records if not kinds or record["event"] in kinds]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("os.fsync", lambda handle: None)  # nobody pulls the plug here
    monkeypatch.setenv("CRM_RESEARCH_MAIL_FROM", "reports@example.org")
    clock = FakeClock(utc("2026-03-02T05:00:00"))
    return Desk(folder=tmp_path, clock=clock, launcher=FakeLauncher(clock))


def die(scheduler: Scheduler) -> None:
    """What kill -9 does: locks go, the commands with them, and nothing is written."""
    for course in scheduler.courses:
        course.hold.release()
    scheduler.courses = []
