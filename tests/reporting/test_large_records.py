"""Records that are read where they lie: what a run shares, says of its costs, and refuses, by real notebooks."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_research.cli import cli
from crm_research.errors import StudyError
from crm_research.reporting.inputs import require_same_records
from crm_research.reporting.run import run_reports
from crm_research.settings import SNAPSHOT
from crm_research.sources.opening import open_study
from crm_research.sources.snapshot import write_snapshot
from tests.reporting.pages import a_task

DAY = Path("simulated") / "2024-06-30"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The records of 400 simulated customers as Parquet."""
    folder = tmp_path_factory.mktemp("large") / "world"
    done = CliRunner().invoke(cli, ["simulate", "--customers", "400", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def test_a_report_of_records_that_changed_in_the_meantime_is_refused(world, tmp_path):
    path = world / "study.yaml"
    write_snapshot(open_study(path, tables=["orders"]), tmp_path / "snapshot")
    task = a_task(tmp_path)
    task = replace(
        task, study=replace(task.study, name="simulated"), environment={SNAPSHOT: str(tmp_path / "snapshot")}
    )
    require_same_records(task)
    (part,) = (world / "orders").glob("*.parquet")
    before = part.stat()
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    try:
        with pytest.raises(StudyError, match=rf"{re.escape(str(part))} was written to while the run was reading it"):
            require_same_records(task)
    finally:
        os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    require_same_records(task)
    # Without a snapshot, as for a study in a server, there is nothing to compare.
    require_same_records(replace(task, environment={}))


def test_a_notebook_that_failed_since_a_file_was_removed_says_so(monkeypatch, tmp_path):
    from crm_research.reporting import execute, inputs, worker
    from crm_research.reporting.execute import NotebookFailed
    from crm_research.reporting.tasks import Failure

    def fail(task, **_):
        raise NotebookFailed(Failure(kind="IOException", message="No files found that match the pattern"))

    monkeypatch.setattr(execute, "execute_notebook", fail)
    own = worker.run_task(a_task(tmp_path), lambda _: None)
    assert own.failure.in_words() == "a step failed: No files found that match the pattern"

    def changed(_task):
        raise StudyError("orders.parquet was removed while the run was reading it")

    monkeypatch.setattr(inputs, "require_same_records", changed)
    told = worker.run_task(a_task(tmp_path / "again"), lambda _: None)
    assert told.failure.in_words().endswith("orders.parquet was removed while the run was reading it")


@pytest.mark.slow
def test_a_profiled_run_says_where_its_time_went_and_gives_the_same_figures(world, tmp_path):
    asked = ["run", "loyalty", "--study", str(world / "study.yaml"), "--jobs", "1", "--out"]
    plain = CliRunner().invoke(cli, [*asked, str(tmp_path / "plain")])
    profiled = CliRunner().invoke(cli, [*asked, str(tmp_path / "profiled"), "--profile"])
    assert (plain.exit_code, profiled.exit_code) == (0, 0), plain.output + profiled.output
    figures, page = {}, {}
    for name in ("plain", "profiled"):
        figures[name] = json.loads((tmp_path / name / DAY / "figures.json").read_text())
        page[name] = (tmp_path / name / DAY / "loyalty.html").read_text()
    assert figures["plain"] == figures["profiled"] != []
    assert "What each section took" not in page["plain"]
    said = re.search(r"The engine was asked (\d+) times and took (\d+\.\d) s of the (\d+\.\d) s that", page["profiled"])
    assert int(said[1]) > 20
    assert float(said[2]) <= float(said[3])
    assert "The statements that took longest" in page["profiled"]
    assert "number purchases" not in page["plain"]


@pytest.mark.slow
def test_records_that_change_while_reports_run_leave_the_last_pages(world, tmp_path, monkeypatch):
    path = world / "study.yaml"
    assert run_reports(["loyalty"], studies=[str(path)], out=tmp_path / "out").n_failed == 0
    page = tmp_path / "out" / DAY / "loyalty.html"
    before = page.read_bytes()
    (part,) = (world / "orders").glob("*.parquet")

    def touched(*given, **named):
        os.utime(part, (1_700_000_000, 1_700_000_000))
        return write_snapshot_of_run(*given, **named)

    from crm_research.sources import snapshot

    write_snapshot_of_run = snapshot.write_snapshot
    monkeypatch.setattr(snapshot, "write_snapshot", touched)
    summary = run_reports(["loyalty"], studies=[str(path)], out=tmp_path / "out")
    ((_, outcome),) = summary.outcomes
    assert outcome.failure is not None
    assert outcome.failure.message.startswith(f"{part} was written to while the run was reading it, ")
    assert page.read_bytes() == before
