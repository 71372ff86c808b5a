"""``crm-research schedule``: what is printed, with what status it ends, and a service that ends when it is asked."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_research import cli
from crm_research.cli.schedule import command
from crm_research.schedule.journal import Journal
from tests.schedule.conftest import utc

TEXT = """
timezone: Europe/Berlin
schedules:
  month:
    cron: "0 6 1 * *"
    studies: [telco]
    reports: [churn]
    as_of: month_start
    parameters: {horizon_months: 24}
    publish: intranet
  nightly:
    cron: "30 2 * * *"
    timezone: America/New_York
    studies: [telco]
    fresh: {table: contracts, within_days: 3}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "schedules.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path / "schedules.yaml"


def call(*arguments: object):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_coming_runs_are_a_table_in_local_time_with_parameters_resolved(path):
    told = call("next", "--file", path, "--after", "2026-03-31", "--count", 3)
    assert told.exit_code == 0
    for said in ("2026-03-31 02:30 EDT", "2026-04-01 06:00 CEST", "as_of=2026-04-01", "horizon_months=24", "intranet"):
        assert said in told.stdout
    times = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d) ", told.stdout)
    assert times == ["2026-03-31 02:30", "2026-04-01 06:00", "2026-04-01 02:30"]


def test_coming_runs_for_programs(path):
    told = call("next", "--file", path, "--after", "2026-12-31", "--count", 2, "--schedule", "month", "--json")
    runs = json.loads(told.stdout)
    assert [run["instant"] for run in runs] == ["2027-01-01T05:00:00+00:00", "2027-02-01T05:00:00+00:00"]
    assert runs[1]["parameters"] == ["as_of=2027-02-01", "horizon_months=24"]


def test_a_file_in_order_is_said_to_be(path):
    told = call("check", "--file", path).stdout
    assert "is in order: 2 schedules" in told
    assert re.search(r"nightly: next \d{4}-\d\d-\d\d 02:30 E[SD]T", told)


def test_stale_data_are_status_one_and_fresh_ones_zero(path):
    stale = call("check", "nightly", "--file", path, "--data", "--day", "2026-03-01")
    assert stale.exit_code == 1
    assert "the newest row of contracts is of 2019-01-01, and one of 2026-02-26 or later is wanted" in stale.stdout
    fresh = call("check", "nightly", "--file", path, "--data", "--day", "2019-01-04")
    assert (fresh.exit_code, "the data are fresh" in fresh.stdout) == (0, True)
    assert call("check", "month", "--file", path, "--data").stdout.startswith("month asks for no fresh data")


def test_rows_that_lie_ahead_say_nothing_of_freshness(path):
    ahead = call("check", "nightly", "--file", path, "--data", "--day", "2014-06-10")
    assert "the newest row of contracts is of 2014-06-01" in ahead.stdout


def test_the_log_is_read_by_people_and_programs(path):
    journal = Journal(path.parent / "schedules.state" / "log")
    assert "holds nothing yet" in call("log", "--file", path).stdout
    for name in ("month", "nightly"):
        journal.add(
            utc("2026-03-01T05:00:07"), "ends", schedule=name, time="2026-03-01T05:00:00+00:00", zone="Europe/Berlin",
            outcome="failed", said="telco / churn, cell 3: ValueError: no",
        )  # fmt: skip
    (file,) = journal.folder.iterdir()
    file.write_text(file.read_text() + '{"at": "2026')
    told = call("log", "--file", path, "--schedule", "month")
    assert told.stdout == (
        "2026-03-01 05:00:07Z  month, 2026-03-01 06:00 CET: failed: telco / churn, cell 3: ValueError: no\n"
    )
    assert "1 line was cut off" in told.stderr
    assert [json.loads(line)["schedule"] for line in call("log", "--file", path, "--json").stdout.splitlines()] == [
        "month", "nightly",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [["serve"], ["run-due"], ["next"], ["check"], ["next", "--schedule", "moth"], ["check", "moth"]]
)
def test_a_fault_is_one_paragraph_and_status_two(path, arguments, monkeypatch, capsys):
    if "moth" not in arguments:
        path.write_text(TEXT.replace("0 6 1 * *", "0 6 31 2 *"), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["crm-research", "schedule", *arguments, "--file", str(path)])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert ("never comes" in said) != ("Did you mean 'month'" in said)
    assert not (path.parent / "schedules.state").exists()


def test_run_due_with_nothing_due_ends_well_and_notes_since_when(path):
    assert call("run-due", "--file", path).exit_code == 0
    state = path.parent / "schedules.state"
    assert sorted(found.name for found in (state / "known").glob("*.json")) == ["month.json", "nightly.json"]
    assert state.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_a_service_reads_a_changed_file_again_and_ends_when_it_is_asked(path):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "crm_research", "schedule", "serve", "--file", str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as serving:
        assert "looking after month, nightly" in serving.stdout.readline()
        path.write_text(TEXT.replace("0 6 1", "0 66 1"), encoding="utf-8")
        assert "stay as they were" in serving.stdout.readline()
        path.write_text(TEXT.replace("0 6 1", "0 7 1"), encoding="utf-8")
        assert "was read again" in serving.stdout.readline()
        time.sleep(0.2)
        serving.send_signal(signal.SIGHUP)
        assert "was read again" in serving.stdout.readline()
        serving.send_signal(signal.SIGTERM)
        assert "ended by SIGTERM" in serving.stdout.readline()
        assert serving.wait(timeout=30) == 0
