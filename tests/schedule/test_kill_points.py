"""kill -9 of a scheduler, its command with it, at twenty points: nothing half-published, and the next goes on."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crm_research.schedule import claims
from crm_research.schedule.file import read_schedules
from crm_research.schedule.journal import Journal
from crm_research.schedule.processes import ProcessLauncher
from crm_research.schedule.scheduler import Scheduler
from tests.schedule.conftest import utc

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands end with their scheduler on Linux only")

SCHEDULES = """
schedules:
  often: {cron: "0 6 * * *", studies: cdnow, reports: loyalty, publish: site, retries: 0, out: reports}
"""
# What run and publish do, in small: three files of one run, put in place by one rename.
COMMANDS = """
set -e
last=""
for each in "$@"; do last=$each; done
draft="$HOME_OF_TEST/.draft.$$"
rm -rf "$draft"; mkdir "$draft"
case $1 in
  run)
    mkdir -p "$last"
    echo "begun $$" >> "$HOME_OF_TEST/runs.txt"
    for page in a b c; do echo "$$" > "$draft/$page"; sleep 0.04; done
    place="$last/pages"
    ;;
  publish)
    for page in a b c; do cp "$last/pages/$page" "$draft/$page"; sleep 0.04; done
    place="$HOME_OF_TEST/site"
    ;;
esac
mv -T "$draft" "$place.$$"
ln -s "$place.$$" "$place.link.$$"
mv -T "$place.link.$$" "$place"
test "$1" != run || echo "ended $$" >> "$HOME_OF_TEST/runs.txt"
"""
DUE = utc("2026-03-03T06:00:00")


class ShiftedClock:
    """Real time that passes, told as if it were about six on the third of March."""

    def __init__(self, start: datetime) -> None:
        self.start, self.zero = start, time.monotonic()

    def instant(self) -> datetime:
        return self.start + timedelta(seconds=time.monotonic() - self.zero)

    def wait(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.02))


def live(folder: Path, start: datetime, *, kill_at: int | None = None) -> int:
    """A scheduler in a process of its own until its run has ended; how many points it passed, or -9."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            counted = _count_points(kill_at) if kill_at != 0 else [0]
            os.environ["HOME_OF_TEST"] = str(folder)
            scheduler = Scheduler(
                read_schedules(folder / "schedules.yaml"), folder / "state", clock=ShiftedClock(start),
                launcher=ProcessLauncher(("/bin/sh", str(folder / "commands.sh"))),
            )  # fmt: skip
            end = time.monotonic() + 20
            while time.monotonic() < end:
                scheduler.tick(is_looking=True)
                scheduler.clock.wait(0.02)
                newest = scheduler.shared.occasions("often")[-1:]
                if not scheduler.courses and newest and newest[0].attempts()[-1].outcome in claims.SETTLED:
                    break
            os.write(writing, str(counted[0]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    said = os.read(reading, 20)
    os.close(reading)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else int(said)


def _count_points(kill_at: int | None) -> list[int]:
    """Every call that changes a file, and every wait for a command, is a point; at one the process is killed."""
    counted = [0]

    def point() -> None:
        counted[0] += 1
        if counted[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(call):
        def wrapped(*args, **kwargs):
            point()
            result = call(*args, **kwargs)
            point()
            return result

        return wrapped

    for name in ("link", "write", "replace", "rename", "unlink", "mkdir"):
        setattr(os, name, around(getattr(os, name)))
    ShiftedClock.wait = around(ShiftedClock.wait)
    ProcessLauncher.start = around(ProcessLauncher.start)
    return counted


def published(folder: Path) -> set[str]:
    """Which run the site is of: one, or none at all."""
    if not (folder / "site").exists():
        return set()
    return {(folder / "site" / page).read_text() for page in "abc"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "schedules.yaml").write_text(SCHEDULES, encoding="utf-8")
    (tmp_path / "commands.sh").write_text(COMMANDS, encoding="utf-8")
    known = claims.SharedFolder(tmp_path / "state")
    definition = read_schedules(tmp_path / "schedules.yaml").definition
    known.since("often", definition.key_of("often"), DUE - timedelta(hours=1))
    monkeypatch.setattr("os.fsync", lambda handle: None)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("twentieth", range(20))
def test_a_killed_scheduler_leaves_nothing_half_published_and_the_next_goes_on(desk, twentieth, tmp_path_factory):
    whole = tmp_path_factory.mktemp("undisturbed")
    for name in ("schedules.yaml", "commands.sh"):
        (whole / name).write_text((desk / name).read_text())
    definition = read_schedules(whole / "schedules.yaml").definition
    claims.SharedFolder(whole / "state").since("often", definition.key_of("often"), DUE - timedelta(hours=1))
    n_points = live(whole, DUE)
    assert n_points > 60
    assert len(published(whole)) == 1

    kill_at = 1 + round(twentieth * (n_points - 6) / 19)
    assert live(desk, DUE, kill_at=kill_at) == -signal.SIGKILL
    assert len(published(desk)) <= 1
    live(desk, DUE + timedelta(seconds=30), kill_at=0)
    assert len(published(desk)) == 1
    (occasion,) = claims.SharedFolder(desk / "state").occasions("often")
    assert occasion.instant == DUE
    assert [attempt.outcome for attempt in occasion.attempts()][-1] == claims.WELL
    records, n_torn = Journal(desk / "state" / "log").read()
    assert n_torn == 0
    assert sum(record["event"] == "ends" for record in records) <= 1
    begun = [line.split()[1] for line in (desk / "runs.txt").read_text().splitlines() if line.startswith("begun")]
    ended = [line.split()[1] for line in (desk / "runs.txt").read_text().splitlines() if line.startswith("ended")]
    assert 1 <= len(ended) <= len(begun) <= 2
    # What is published is of a run that ended, the last one.
    assert published(desk) == {f"{ended[-1]}\n"}
