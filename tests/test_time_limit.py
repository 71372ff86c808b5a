"""A limit on the time that reading may take: it ends what stands still, and says so in words."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research import time_limit as time_limits
from crm_research.sources.opening import open_study
from crm_research.time_limit import DEFAULT_SECONDS, TimeLimitExceeded, allow_for, seconds_left, time_limit
from tests.sources.files import a_study_file, make_desk


def test_within_the_limit_nothing_is_seen_of_it():
    with time_limit("Reading x", seconds=60):
        assert 59 < seconds_left() <= 60
    assert seconds_left() is None


def test_python_that_does_not_end_is_ended_though_errors_are_caught_within():
    began = time.monotonic()

    def stand_still() -> None:
        while True:
            with suppress(Exception):
                time.sleep(0.01)

    said = "Reading x took longer than 1 s and was stopped"
    with pytest.raises(TimeLimitExceeded, match=said), time_limit("Reading x", seconds=1):
        stand_still()
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_a_scan_of_the_engine_is_ended_and_the_command_with_it(tmp_path):
    (tmp_path / "o.csv").write_text("order_id\n" + "1\n" * 2_000)
    sql = "select count(a.order_id * b.order_id + c.order_id * d.order_id) as order_id from o a, o b, o c, o d"
    file = a_study_file(tmp_path, {"orders": {"from": {"sql": sql, "inputs": {"o": "o.csv"}}}})
    command = [sys.executable, "-m", "crm_research", "check", str(file), "--timeout", "4"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 2
    assert f"Reading and checking {file} took longer than 4 s" in done.stderr
    assert time.monotonic() - began < 60


def test_an_error_within_the_limit_stays_what_it_is():
    with pytest.raises(KeyError), time_limit("Reading x", seconds=60):
        raise KeyError("a")


def test_much_to_read_gets_more_time_unless_a_limit_was_asked_for():
    with time_limit("Reading x"):
        before = seconds_left()
        allow_for(n_bytes=50_000_000)
        assert seconds_left() == pytest.approx(before + 50, abs=1)
        allow_for(seconds=900)
        assert seconds_left() == pytest.approx(900, abs=1)
    with time_limit("Reading x", seconds=7):
        allow_for(n_bytes=50_000_000, seconds=900)
        assert seconds_left() <= 7


def test_large_files_that_are_read_where_they_lie_get_more_time_too(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    n = 300_000
    rows = pa.table(
        {
            "order_id": [sha256(str(i).encode()).hexdigest() for i in range(n)],
            "customer_id": pa.array(["c"] * n),
            "ordered_at": pa.array([0] * n, pa.timestamp("us")),
            "revenue": [1.0] * n,
        }
    )
    pq.write_table(rows, tmp_path / "o.parquet", compression="none")
    n_bytes = (tmp_path / "o.parquet").stat().st_size
    assert n_bytes > 15_000_000
    with time_limit("Reading x"):
        open_study(a_study_file(tmp_path, {"orders": {"from": "o.parquet"}}))
        assert time_limits._current[0].seconds == pytest.approx(DEFAULT_SECONDS + n_bytes / 1_000_000)


def test_outside_the_main_thread_and_within_another_limit_nothing_is_limited():
    seen = []

    def elsewhere() -> None:
        with time_limit("Reading x", seconds=1):
            seen.append(seconds_left())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [None]
    with time_limit("Reading x", seconds=60), time_limit("Reading y", seconds=1):
        assert seconds_left() > 50


STUCK = """
import ctypes, signal
from crm_research import time_limit
time_limit._GRACE_SECONDS = 0.5
with time_limit.time_limit("Reading x", seconds=1):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as foreign code that never comes back
    ctypes.CDLL(None).sleep(60)
"""


def test_foreign_code_that_never_comes_back_ends_with_the_process():
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("crm-research: Reading x took longer than 1 s")
    assert time.monotonic() - began < 30
