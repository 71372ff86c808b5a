"""Processes that end without a word are told in words, and tried once more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from crm_research.reporting import pool
from crm_research.reporting.deaths import MemoryLook, look_at_memory, say_death, say_memory
from crm_research.reporting.tasks import Failure, Outcome
from crm_research.scratch import make_scratch, remove_scratch, sweep_scratch
from tests.reporting.pages import a_task

MEMORY = "the system sends it where memory runs out; a person or a job scheduler may, too"
GOOD = Outcome(started_at="2026-01-02T03:04:00+00:00", ended_at="2026-01-02T03:05:00+00:00", seconds=1.0)


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (None, "the report's process ended without an exception; how is not known"),
        (3, "the report's process ended by itself with exit code 3, without an exception"),
        (255, "the report's process ended, and so did the process that had started it (exit code 255)"),
        (-9, f"the report's process was ended by signal 9 (SIGKILL: {MEMORY})"),
        (-11, "the report's process was ended by signal 11 (SIGSEGV: a crash in a compiled library)"),
        (-10, "the report's process was ended by signal 10 (SIGUSR1)"),
        (-250, "the report's process was ended by signal 250 (a signal without a name)"),
    ],
)  # fmt: skip
def test_a_death_is_told_with_its_signal_or_exit_code(exit_code, words):
    assert say_death("the report's process", exit_code) == words


@pytest.mark.parametrize(
    ("now", "said"), [(7, "no process"), (8, "a process"), (10, "3 processes")]
)  # fmt: skip
def test_memory_is_told_as_it_was_before_and_whether_the_system_killed(now, said):
    before, last = MemoryLook(n_killed=7), MemoryLook(held=3 * 1024**3, free=20 * 1024**2, limit=4 * 1024**3)
    assert say_memory(before, last, MemoryLook(n_killed=now)) == (
        "Shortly before, the report held 3,072 MB and 20 MB of the machine's memory were free and the limit of this "
        f"group of processes is 4,096 MB. The system has ended {said} for want of memory since the report began."
    )
    assert say_memory(MemoryLook(), MemoryLook(), MemoryLook()) == ""


def test_memory_is_read_as_the_system_tells_it(tmp_path):
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "status").write_text("Name:\tpython\nVmHWM:\t 999 kB\nVmRSS:\t 2048 kB\n")
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable: 500 kB\n")
    (tmp_path / "vmstat").write_text("oom_kill_other 4\noom_kill 5\n")
    look = look_at_memory([12, None, 13], proc=tmp_path)
    assert (look.held, look.free) == (2048 * 1024, 500 * 1024)
    assert look.n_killed is not None
    assert look.n_killed >= 5


@pytest.mark.parametrize(("told", "limit"), [("4096\n", 4096), ("max\n", None)])
def test_the_limit_of_a_container_is_read(tmp_path, told, limit):
    (tmp_path / "memory.max").write_text(told)
    (tmp_path / "memory.events").write_text("low 0\noom 9\noom_kill 3\n")
    look = look_at_memory([], proc=tmp_path, groups=tmp_path)
    assert (look.held, look.free, look.limit, look.n_killed) == (None, None, limit, 3)


class _Told:
    def __init__(self):
        self.said = []

    def __getattr__(self, name):
        return lambda task, *_: self.said.append((name, task.report))


def run_with(monkeypatch, tmp_path, *ends):
    """Run one task whose attempts end so, one after the other."""
    left = list(ends)
    monkeypatch.setattr(pool, "_start", lambda task, *_: (task, left.pop(0)))
    told = _Told()
    task = a_task(tmp_path / "task")
    return list(pool.run_tasks([task], jobs=1, timeout_seconds=5, watcher=told)), told.said


@pytest.mark.parametrize("kind", ["killed", "not started"])
def test_who_is_killed_is_tried_once_more_and_that_is_kept(monkeypatch, tmp_path, kind):
    killed = replace(GOOD, failure=Failure(kind=kind, message="first"))
    ((_, outcome),), said = run_with(monkeypatch, tmp_path, killed, GOOD)
    assert outcome.failure is None
    assert outcome.retried_after.message == "first"
    assert said == [("again", "good"), ("ended", "good")]
    again = replace(GOOD, failure=Failure(kind=kind, message="second"))
    ((_, outcome),), _ = run_with(monkeypatch, tmp_path, killed, again)
    assert (outcome.failure.message, outcome.retried_after.message) == ("second", "first")


@pytest.mark.parametrize("kind", ["ValueError", "timeout"])
def test_what_fails_by_itself_is_not_tried_again(monkeypatch, tmp_path, kind):
    failed = replace(GOOD, failure=Failure(kind=kind, message="no"))
    ((_, outcome),), said = run_with(monkeypatch, tmp_path, failed)
    assert (outcome.failure.kind, outcome.retried_after) == (kind, None)
    assert said == [("ended", "good")]


HOLDER = """
import sys, time
from crm_research.scratch import make_scratch
folder = make_scratch("crm-")
(folder / "customers.duckdb").write_text("names")
print(folder, flush=True)
time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(os.name != "posix", reason="locks of files are POSIX")
def test_what_a_killed_process_left_goes_and_what_a_living_one_holds_stays(temporary):
    environment = {**os.environ, "TMPDIR": str(temporary)}
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        folder = Path(holder.stdout.readline().strip())
        assert folder.parent == temporary
        own = make_scratch()
        assert sweep_scratch() == []
        assert (folder / "customers.duckdb").exists()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert sweep_scratch() == [folder]
        assert own.is_dir()
        remove_scratch(own)
        assert list(temporary.iterdir()) == []
    finally:
        holder.kill()


def test_what_has_no_lock_goes_after_a_day_and_what_is_not_ours_never(temporary):
    day = 24 * 3600
    old, young, foreign = (
        temporary / name for name in ("crm-research-abcd1234", "crm-abcd1234", "crm-postgres-abcd1234")
    )
    spilled, link = temporary / "crm-research-4194305", temporary / "crm-abcd5678"
    for folder in (old, young, foreign, spilled):
        folder.mkdir()
    link.symlink_to(foreign)
    now = time.time()
    for folder, age in ((old, day + 60), (young, day - 60), (foreign, 9 * day)):
        os.utime(folder, (now - age, now - age))
    assert sorted(sweep_scratch()) == sorted([old, spilled])
    assert sorted(path.name for path in temporary.iterdir()) == [
        "crm-abcd1234", "crm-abcd5678", "crm-postgres-abcd1234",
    ]  # fmt: skip


_SERVING = """
import sys, time
from crm_research.reporting.kernels import start_fork_server
start_fork_server(threads_per_kernel=1)
print("serving", flush=True)
time.sleep(60)
"""


def test_the_sockets_of_a_killed_run_s_fork_server_are_swept_too(temporary):
    serving = subprocess.Popen(
        [sys.executable, "-c", _SERVING],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert serving.stdout is not None
    assert serving.stdout.readline() == "serving\n"
    serving.kill()
    serving.wait()
    sweep_scratch()
    assert list(temporary.iterdir()) == []
