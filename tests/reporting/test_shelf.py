"""What a reader of the shelf sees while it is written, and after a run was killed at any step of it."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import sys
import traceback
from pathlib import Path

import pytest

from crm_research.errors import CrmError
from crm_research.reporting import records, shelf
from crm_research.reporting.site import write_index
from crm_research.reporting.tasks import Failure, Outcome
from tests.reporting.pages import a_figure, a_task

FOLDER = Path("handmade") / "2024-07-01"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def publish(out, scratch, number, *, report="good", failure=None):
    """Publish a version of a report: its number stands in page, notebook, figures, a file and the record."""
    task = a_task(scratch, report=report, parameters={"study": "handmade", "since": str(number)})
    scratch.mkdir(exist_ok=True, parents=True)
    task.executed.write_text(json.dumps(number), encoding="utf-8")
    task.page.write_text(f"<p>{number}</p>", encoding="utf-8")
    outcome = Outcome(
        started_at="2026-01-02T03:04:00+00:00", ended_at="2026-01-02T03:05:00+00:00", seconds=float(number),
        figures=(a_figure(n=number).as_record(),), answer=(f"Answer {number}.",), files=(("list.csv", f"{number}\n"),),
        failure=failure,
    )  # fmt: skip
    return records.publish(out, task, outcome, {"python": str(number)})


def versions_on(folder, report="good"):
    """The version that each part of the shelf is of."""
    entries = json.loads((folder / "run.json").read_text())["reports"]
    entry = next(entry for entry in entries if entry["report"] == report)
    figures = json.loads((folder / "figures.json").read_text())
    return {
        "page": int((folder / f"{report}.html").read_text()[3:-4]),
        "notebook": int((folder / f"{report}.ipynb").read_text()),
        "figures": next(figure["n"] for figure in figures if figure["report"] == report),
        "file": int((folder / "list.csv").read_text()),
        "parameters": int(entry["parameters"]["since"]),
        "answer": int(entry["answer"][0].split()[1].rstrip(".")),
        "versions": int(entry["versions"]["python"]),
        "seconds": int(entry["seconds"]),
    }


def killed_at(step, work, *, by):
    """Do the work in a child that kills itself at its n-th step; True if it came to its end before."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(*_):
            nonlocal seen
            seen += 1
            if seen == step + 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return count

        if by == "line":
            # Every line of the modules that write.
            ours = ("records.py", "shelf.py", "scratch.py", "shutil.py", "pathlib.py")
            sys.settrace(lambda frame, *_: count if frame.f_code.co_filename.endswith(ours) else None)
        else:
            # Every call of the system that Python tells of: open, mkdir, link, rename, remove ...
            sys.addaudithook(lambda event, _: count() if event.split(".")[0] in ("open", "os", "shutil") else None)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.slow
@needs_fork
@pytest.mark.parametrize(("by", "stride"), [("call", 1), pytest.param("line", 9, marks=pytest.mark.slow)])
@pytest.mark.parametrize("first_time", [False, True])
def test_a_kill_at_any_step_leaves_one_whole_shelf(tmp_path, by, stride, first_time):
    out, n_kills, old = tmp_path / "out", 0, 0
    while True:
        if first_time:
            out = tmp_path / f"out-{n_kills}"
        else:
            publish(out, tmp_path / "scratch", old := 2 * n_kills)
        new = old + 1
        is_over = killed_at(stride * n_kills, lambda out=out, new=new: publish(out, tmp_path / "killed", new), by=by)
        if not first_time or (out / FOLDER).exists():
            (version,) = set(versions_on(out / FOLDER).values())
            assert version == new if is_over else version in (old, new)
        assert {path.parent for path in out.glob("*/*/run.json")} <= {out / FOLDER}
        if is_over:
            break
        n_kills += 1
    assert n_kills >= 30
    shelf.sweep_shelf(out)
    assert [left.name for left in out.iterdir() if left.name.startswith(".")] == [".lock"]
    assert sorted(path.name for path in (out / FOLDER).iterdir()) == [
        "figures.json", "good.html", "good.ipynb", "list.csv", "run.json",
    ]  # fmt: skip


@needs_fork
@pytest.mark.slow
def test_a_kill_while_a_failure_is_noted_leaves_the_good_page_and_its_record(tmp_path):
    out, failure, step = tmp_path / "out", Failure(kind="ValueError", message="no"), 0
    publish(out, tmp_path / "scratch", 1)
    while not killed_at(step, lambda: publish(out, tmp_path / "killed", 2, failure=failure), by="call"):
        assert set(versions_on(out / FOLDER).values()) == {1}
        step += 1
    assert set(versions_on(out / FOLDER).values()) == {1}
    assert records.read_run(out / FOLDER)["reports"][0]["failed_attempt"]["parameters"]["since"] == "2"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EXDEV])
def test_a_file_system_without_exchange_puts_the_folder_aside(tmp_path, monkeypatch, number):
    def refuse(*_):
        shelf.ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(shelf, "_exchanger", lambda: refuse)
    for version in (1, 2):
        publish(tmp_path, tmp_path / "scratch", version)
    assert set(versions_on(tmp_path / FOLDER).values()) == {2}
    # Killed between the two renames: the next run puts the old folder back.
    aside = tmp_path / ".aside.part" / FOLDER
    aside.parent.mkdir(parents=True)
    (tmp_path / FOLDER).rename(aside)
    shelf.sweep_shelf(tmp_path)
    assert set(versions_on(tmp_path / FOLDER).values()) == {2}
    assert not (tmp_path / ".aside.part").exists()


def test_a_folder_that_cannot_be_moved_has_its_files_replaced(tmp_path, monkeypatch):
    publish(tmp_path, tmp_path / "scratch", 1)
    (tmp_path / FOLDER / "failed").mkdir()
    (tmp_path / FOLDER / "failed" / "good.ipynb").write_text("{}")
    monkeypatch.setattr(shelf, "exchange_folders", lambda *_: False)
    rename = Path.rename

    def refuse(self, target):
        if self == tmp_path / FOLDER:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    publish(tmp_path, tmp_path / "scratch", 2)
    assert set(versions_on(tmp_path / FOLDER).values()) == {2}
    assert not (tmp_path / FOLDER / "failed").exists()


@needs_fork
def test_two_runs_at_once_and_a_reader_see_whole_shelves_only(tmp_path):
    out = tmp_path / "out"
    publish(out, tmp_path / "scratch", 1)
    children = []
    for report in ("good", "other"):
        child = os.fork()
        if child == 0:
            try:
                for number in range(2, 40):
                    publish(out, tmp_path / report, number, report=report)
            except BaseException:
                (tmp_path / f"{report}.fault").write_text(traceback.format_exc())
            os._exit(0)
        children.append(child)
    n_read = 0
    while children:
        held = os.open(out / FOLDER, os.O_RDONLY)
        try:
            seen = versions_on(Path(f"/proc/self/fd/{held}"))
        except FileNotFoundError:
            seen = {}  # the folder that was opened has just been replaced, and is being cleared away
        finally:
            os.close(held)
        n_read += bool(seen)
        # Both reports hand out a file of one name, so that is not the first's own.
        assert len({version for part, version in seen.items() if part != "file"}) <= 1
        children = [child for child in children if os.waitpid(child, os.WNOHANG) == (0, 0)]
    assert n_read >= 5
    assert [file.read_text() for file in tmp_path.glob("*.fault")] == []
    assert {entry["report"] for entry in records.read_run(out / FOLDER)["reports"]} == {"good", "other"}
    for report in ("good", "other"):
        assert {version for part, version in versions_on(out / FOLDER, report).items() if part != "file"} == {39}


def test_what_a_killed_writer_left_is_swept_and_what_is_a_users_own_stays(tmp_path):
    publish(tmp_path, tmp_path / "scratch", 1)
    folder = tmp_path / FOLDER
    for left in (tmp_path / ".index.html.77.part", folder / ".good.html.abc.part"):
        left.write_text("half")
    (tmp_path / ".99.part").mkdir()
    (tmp_path / ".99.part" / "good.html").write_text("half")
    (folder / "notes.txt").write_text("mine")
    (folder / "own").mkdir()
    (folder / "own" / "slides.part").write_text("mine too")
    publish(tmp_path, tmp_path / "scratch", 2)
    assert not list(tmp_path.rglob(".*.part"))
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "own" / "slides.part").read_text() == "mine too"


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_what_is_published_has_the_mode_that_the_umask_gives(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        publish(tmp_path / "out", tmp_path / "scratch", 1)
        write_index(tmp_path / "out")
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name != ".lock"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}
    assert stat.S_IMODE((tmp_path / "out" / FOLDER).stat().st_mode) == mode | (mode & 0o444) >> 2


def test_a_failed_attempt_stands_beside_the_good_record_never_in_it(tmp_path):
    publish(tmp_path, tmp_path / "scratch", 1)
    good = records.read_run(tmp_path / FOLDER)["reports"][0]
    publish(tmp_path, tmp_path / "scratch", 2, failure=Failure(kind="ValueError", message="no", place="cell 3 of 9"))
    after = records.read_run(tmp_path / FOLDER)["reports"][0]
    changed = {key for key in {*good, *after} if good.get(key) != after.get(key)}
    assert changed == {"outcome", "failed_since", "error", "failed_attempt", "failed_notebook"}
    assert set(versions_on(tmp_path / FOLDER).values()) == {1}
    attempt = after["failed_attempt"]
    assert (attempt["parameters"]["since"], attempt["versions"]["python"], attempt["seconds"]) == ("2", "2", 2.0)
    assert attempt["inputs"] == good["inputs"]
    publish(tmp_path, tmp_path / "scratch", 3)
    assert records.read_run(tmp_path / FOLDER)["reports"][0]["failed_attempt"] is None


def test_an_attempt_without_any_page_has_its_own_key_alone(tmp_path):
    publish(tmp_path, tmp_path / "scratch", 2, failure=Failure(kind="ValueError", message="no"))
    entry = records.read_run(tmp_path / FOLDER)["reports"][0]
    assert not {"parameters", "inputs", "versions", "engine", "started_at"} & set(entry)
    assert (entry["page"], entry["answer"], entry["last_good_at"]) == (None, [], None)
    assert records.read_run(tmp_path / FOLDER)["study"] == "handmade"
    index = write_index(tmp_path).read_text()
    assert "Handmade 公司" in index
    assert "Run 2026-01-02 03:05 UTC, 2.0 s" in index


def test_the_facts_of_the_index_are_those_of_the_page_that_stands(tmp_path):
    publish(tmp_path, tmp_path / "scratch", 1)
    publish(tmp_path, tmp_path / "scratch", 7, failure=Failure(kind="ValueError", message="no"))
    index = write_index(tmp_path).read_text()
    assert "python 1" in index
    assert "python 7" not in index
    assert "UTC, 1.0 s" in index
    assert "UTC, 7.0 s" not in index


def test_what_does_not_apply_leaves_the_record_of_a_page_as_it_is(tmp_path):
    publish(tmp_path, tmp_path / "scratch", 1)
    before = (tmp_path / FOLDER / "run.json").read_text()
    about = {"report": "good", "title": "t", "question": "q", "reason": "needs orders", "study": {"name": "handmade"}}
    records.note_not_applicable(tmp_path, about, "handmade", "2024-07-01")
    assert (tmp_path / FOLDER / "run.json").read_text() == before
    records.note_not_applicable(tmp_path, {**about, "report": "other"}, "handmade", "2024-07-01")
    entries = {entry["report"]: entry for entry in records.read_run(tmp_path / FOLDER)["reports"]}
    assert {name: entry["outcome"] for name, entry in entries.items()} == {"good": "done", "other": "not applicable"}
    assert entries["other"] == {**about, "report": "other", "outcome": "not applicable", "page": None}


def test_a_folder_that_cannot_be_written_is_named_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(CrmError, match=r"Nothing can be written in .*file/reports: Not a directory"):
        shelf.require_room(tmp_path / "file" / "reports")

    def refuse(self, _):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(CrmError, match=r"Nothing can be written in .*new/reports: Read-only file system \(.*\)"):
            shelf.require_room(tmp_path / "new" / "reports")
    usage = shelf.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shelf.shutil, "disk_usage", lambda _: usage._replace(free=63 * 1024**2))
    with pytest.raises(CrmError, match=r"The disk of .*new is full: 63 MB are free, and a run needs at least 64 MB"):
        shelf.require_room(tmp_path / "new")
    monkeypatch.setattr(shelf.shutil, "disk_usage", lambda _: usage._replace(free=64 * 1024**2))
    shelf.require_room(tmp_path / "new", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_told_with_the_path_of_what_was_written(tmp_path):
    with pytest.raises(OSError, match="No space left on device") as told, shelf.replacing(tmp_path / "good.html"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.filename == str(tmp_path / "good.html")
