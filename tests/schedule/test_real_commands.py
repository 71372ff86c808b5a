"""A scheduler with the project's own commands: a report is made at its time, after kill -9 by the next scheduler."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_research.schedule import claims
from crm_research.schedule.file import read_schedules

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="commands end with their scheduler")]

TEXT = """
schedules:
  often: {cron: "* * * * *", studies: cdnow, reports: customer-base, retries: 0, out: pages, jobs: 1}
"""
RUN_DUE = [sys.executable, "-m", "crm_research", "schedule", "run-due", "--file"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A desk whose schedule has been known for two minutes, so that a time of it is due."""
    (tmp_path / "schedules.yaml").write_text(TEXT, encoding="utf-8")
    definition = read_schedules(tmp_path / "schedules.yaml").definition
    since = datetime.now(UTC) - timedelta(minutes=2)
    claims.SharedFolder(tmp_path / "schedules.state").since("often", definition.key_of("often"), since)
    return tmp_path / "schedules.yaml"


def is_whole(folder: Path) -> bool:
    """Has the shelf a study's folder with page, figures and record, or none at all?"""
    days = [day for day in folder.glob("pages/cdnow/*") if not day.name.startswith(".")]
    for day in days:
        record = json.loads((day / "run.json").read_text())
        (entry,) = record["reports"]
        assert entry["outcome"] == "done"
        assert (day / entry["page"]).read_text().rstrip().endswith("</html>")
        assert json.loads((day / "figures.json").read_text())
    return bool(days)


@pytest.mark.parametrize("seconds", [3.0, 7.0])
def test_after_a_kill_the_next_call_makes_the_report(path, seconds):
    with subprocess.Popen([*RUN_DUE, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        time.sleep(seconds)
        running.send_signal(signal.SIGKILL)
    is_whole(path.parent)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        # As long as the command that was told to stop cleans up, its run is not begun again.
        done = subprocess.run([*RUN_DUE, path], capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        if is_whole(path.parent):
            break
        time.sleep(0.5)
    assert is_whole(path.parent)
    occasions = claims.SharedFolder(path.parent / "schedules.state").occasions("often")
    outcomes = [attempts[-1].outcome for occasion in occasions if (attempts := occasion.attempts())]
    assert claims.WELL in outcomes
    assert set(outcomes) <= {claims.WELL, claims.SUPERSEDED, claims.OVERLAPPED}
    assert [found.name for found in (path.parent / "pages").iterdir() if found.name.endswith(".part")] == []
