"""Runs from end to end: kernels are started, so these take seconds each."""

from __future__ import annotations

import errno
import json
import os
import signal
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from crm_research import scratch as scratch_module
from crm_research.errors import ContractViolation, CrmError, ParameterError, StudyError, UnknownReport
from crm_research.reporting.run import run_reports
from crm_research.reporting.tasks import Outcome
from crm_research.results import read_run

FOLDER = Path("handmade") / "2024-07-01"


def entry(out: Path, report: str) -> dict:
    return next(found for found in read_run(out / FOLDER)["reports"] if found["report"] == report)


def visible(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    )


def processes_of_kernels() -> list[str]:
    found = []
    for command in Path("/proc").glob("[0-9]*/environ"):
        try:
            if b"IPYTHONDIR=/tmp/crm-" in command.read_bytes():
                found.append(command.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_a_report_gets_its_parameters_as_they_were_written_and_leaves_its_files(project, tmp_path):
    out = tmp_path / "out"
    summary = run_reports(["good"], studies=["handmade"], parameters={"since": "007", "n_times": "2"}, out=out)
    assert summary.n_failed == 0
    assert visible(out) == [
        "feed.xml",
        str(FOLDER / "figures.json"),
        str(FOLDER / "good.html"),
        str(FOLDER / "good.ipynb"),
        str(FOLDER / "ledger.html"),
        str(FOLDER / "run.json"),
        "index.html",
    ]
    found = entry(out, "good")
    assert found["answer"][0] == "Half of the customers buy again, since '007'."
    assert found["parameters"] == {
        "study": "handmade", "as_of": None, "confidence": 0.95, "seed": 20170101, "since": "007", "n_times": 2,
    }  # fmt: skip
    assert [item["table"] for item in found["inputs"]] == ["orders"]
    assert found["versions"]["python"].startswith("3.")
    figures = json.loads((out / FOLDER / "figures.json").read_text())
    assert [figure["id"] for figure in figures] == ["test.repeat_rate", "test.revenue"]


@pytest.mark.slow
def test_running_again_leaves_the_same_bytes_but_for_the_clock(project, tmp_path):
    out = tmp_path / "out"
    first, second = [], []
    for kept in (first, second):
        run_reports(["good"], studies=["handmade"], out=out)
        kept += [(out / FOLDER / name).read_bytes() for name in ("good.html", "good.ipynb", "figures.json")]
    assert first == second


@pytest.mark.slow
def test_one_failing_leaves_the_others_and_its_last_good_page(project, tmp_path, monkeypatch):
    out = tmp_path / "out"
    # A short name: sockets of kernels lie below it.
    scratch = Path(tempfile.mkdtemp(prefix="crm-t-"))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("TMPDIR", str(scratch))
    (out / FOLDER).mkdir(parents=True)
    good, bad = ["good", "warning"], ["failing", "killed", "picture", "sleeping"]
    summary = run_reports([*bad, *good, "contractual"], studies=["handmade"], out=out, jobs=3, timeout_seconds=20)
    outcomes = {task.report: outcome for task, outcome in summary.outcomes}
    assert {name for name, outcome in outcomes.items() if outcome.failure is None} == set(good)
    assert outcomes["failing"].failure.kind == "ValueError"
    assert outcomes["failing"].failure.message == "no customers <here>"
    assert outcomes["failing"].failure.place == "cell 6 of 7, under 'Evidence'"
    for failure in (outcomes["killed"].failure, outcomes["killed"].retried_after):
        assert failure.kind == "killed"
        assert failure.message.startswith("the notebook's process was ended by signal 9 (SIGKILL: the system sends it")
        assert "Shortly before, the report held " in failure.message
    assert outcomes["failing"].retried_after is None
    attempt = entry(out, "killed")["failed_attempt"]
    assert attempt["retried_after"]["message"] == outcomes["killed"].retried_after.message
    assert outcomes["picture"].failure.kind == "PageError"
    assert outcomes["sleeping"].failure.kind == "timeout"
    assert outcomes["warning"].notes == ("the fit did not converge (UserWarning).",)
    pages = sorted(path.name for path in (out / FOLDER).glob("*.html"))
    assert pages == ["good.html", "ledger.html", "warning.html"]
    assert entry(out, "contractual")["outcome"] == "not applicable"
    assert "needs the table contracts" in (out / "index.html").read_text()
    assert processes_of_kernels() == []
    # This process is alive: what it opened itself goes when it ends.
    assert [path for path in scratch.glob("crm-*") if path not in scratch_module._held] == []


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_half_written_and_no_kernel(project, tmp_path):
    out = tmp_path / "out"
    run_reports(["good"], studies=["handmade"], out=out)
    before = {name: (out / name).read_bytes() for name in visible(out)}

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while not processes_of_kernels() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1)
        # Python swallows an interrupt that comes within a callback of the collector: who sees nothing presses again.
        while not stopped.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            stopped.wait(20)

    stopped = threading.Event()
    # A shell that starts the tests in the background hands down a Ctrl-C that is ignored.
    handed_down = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_reports(["sleeping"], studies=["handmade"], out=out)
    finally:
        stopped.set()
        signal.signal(signal.SIGINT, handed_down)
    assert {name: (out / name).read_bytes() for name in visible(out)} == before
    deadline = time.monotonic() + 10
    while processes_of_kernels() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of_kernels() == []


@pytest.mark.slow
def test_a_study_anywhere_on_disk_is_run_by_its_path(project, tmp_path):
    path = project / "data" / "studies" / "handmade.yaml"
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    for name in ("handmade.yaml", "orders.csv"):
        (elsewhere / name).write_text((path.parent / name).read_text(), encoding="utf-8")
    out = tmp_path / "out"
    assert run_reports(["good"], studies=[str(elsewhere / "handmade.yaml")], out=out).n_failed == 0
    assert (out / FOLDER / "good.html").exists()


@pytest.fixture
def no_kernels(monkeypatch):
    """Fail the test if anything is started."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a process was started")

    monkeypatch.setattr("crm_research.reporting.run._warm_up", lambda jobs: None)
    monkeypatch.setattr("crm_research.reporting.pool._start", refuse)


@pytest.mark.parametrize(
    ("asked", "options", "error", "words"),
    [
        (["god"], {}, UnknownReport, "Did you mean 'good'"),
        (["good"], {"studies": ["handmad"]}, StudyError, "Did you mean 'handmade'"),
        (["good"], {"studies": ["nowhere.yaml"]}, StudyError, "nowhere.yaml"),
        (["good"], {"parameters": {"sins": "1"}}, ParameterError, "Did you mean 'since'"),
        (["good"], {"parameters": {"n_times": "x"}}, ParameterError, "n_times"),
        (
            ["contractual"],
            {},
            ParameterError,
            r"table contracts.*\. What applies is made by crm-research run --study handmade$",
        ),
        (["good"], {"studies": ["handmade", "nowhere", "nobody"]}, CrmError, "nowhere.*\n.*nobody"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_starts(
    project, tmp_path, no_kernels, asked, options, error, words
):
    out = tmp_path / "out"
    with pytest.raises(error, match=words):
        run_reports(asked, **{"studies": ["handmade"], "out": out, **options})
    assert not out.exists()


def test_unsound_tables_stop_the_run_before_a_kernel(project, tmp_path, no_kernels):
    orders = project / "data" / "studies" / "orders.csv"
    orders.write_text(orders.read_text() + "o1,b,2024-03-01,7\n", encoding="utf-8")
    with pytest.raises(ContractViolation, match="order_id"):
        run_reports(["good"], studies=["handmade"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def a_published(monkeypatch, ends):
    """Let the run's workers end with these outcomes, and publish for true."""

    def end(tasks, **_):
        for task, outcome in zip(tasks, ends, strict=True):
            task.folder.mkdir(parents=True)
            task.page.write_text("<p>page</p>", encoding="utf-8")
            task.executed.write_text("{}", encoding="utf-8")
            yield task, outcome

    monkeypatch.setattr("crm_research.reporting.run._warm_up", lambda jobs: False)
    monkeypatch.setattr("crm_research.reporting.pool.run_tasks", end)


def a_good_outcome():
    return Outcome(started_at="2026-01-02T03:04:00+00:00", ended_at="2026-01-02T03:05:00+00:00", seconds=1.0)


def test_a_disk_that_fills_up_fails_one_report_and_the_others_are_made(project, tmp_path, monkeypatch):
    a_published(monkeypatch, [a_good_outcome()] * 2)
    write = Path.write_text

    def fill(self, text, **options):
        if self.name.startswith(".good.html"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, text, **options)

    monkeypatch.setattr(Path, "write_text", fill)
    out = tmp_path / "out"
    summary = run_reports(["good", "warning"], studies=["handmade"], out=out)
    assert summary.n_failed == 1
    (_, failed), (_, made) = summary.outcomes
    assert made.failure is None
    assert failed.failure.kind == "not published"
    assert str(out) in failed.failure.message
    assert "good.html: No space left on device" in failed.failure.message
    assert (entry(out, "good")["outcome"], entry(out, "good")["page"]) == ("failed", None)
    assert entry(out, "warning")["page"] == "warning.html"
    assert "not published" in (out / "index.html").read_text()


def test_a_damaged_record_fails_the_reports_of_its_study_and_names_it(project, tmp_path, monkeypatch):
    a_published(monkeypatch, [a_good_outcome()])
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "run.json").write_text("{")
    with pytest.raises(CrmError, match=r"run\.json is not readable"):
        run_reports(["good"], studies=["handmade"], out=tmp_path)


def test_a_full_disk_is_found_before_anything_is_read(project, tmp_path, monkeypatch, no_kernels):
    monkeypatch.setattr("crm_research.reporting.shelf.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(CrmError, match=r"The disk of .*out is full: 0 MB are free"):
        run_reports(["good"], studies=["handmade"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_refused_run_takes_the_server_of_forks_along(project, tmp_path, monkeypatch):
    stopped = []
    monkeypatch.setattr("crm_research.reporting.kernels.start_fork_server", lambda **_: True)
    monkeypatch.setattr("crm_research.reporting.kernels.stop_fork_server", lambda: stopped.append(True))
    with pytest.raises(StudyError):
        run_reports(["good"], studies=["nowhere"], out=tmp_path / "out")
    assert stopped == [True]
