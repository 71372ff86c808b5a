"""A disk that is really full: named before the work, and where it fills up later nothing half-made is left.

A small disk in memory is mounted, which needs the right to; without it these tests are skipped, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.util import get_temp_dir
from unittest.mock import patch

import duckdb
import pytest

from crm_research.reporting import records, run, worker
from crm_research.reporting.kernels import can_fork, stop_fork_server
from crm_research.reporting.tasks import Failure, Outcome
from tests.reporting.pages import a_task
from tests.reporting.test_a_real_kernel import a_notebook_file

GOOD = Outcome(started_at="2026-01-02T03:04:00+00:00", ended_at="2026-01-02T03:05:00+00:00", seconds=61.04)
NAME = "Erika Mustermann"


@contextmanager
def a_small_disk(folder, megabytes):
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("only Linux mounts a disk in memory so simply")
    folder.mkdir()
    told = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if told.returncode:
        pytest.skip(f"mounting is not permitted here: {told.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder, *, but=0):
    with (folder / "ballast").open("wb", buffering=0) as held:
        while shutil.disk_usage(folder).free > but:
            held.write(b"\0" * min(1 << 20, shutil.disk_usage(folder).free - but))


def a_study_file(folder):
    folder.mkdir()
    lines = "\n".join(f"o{i},{NAME} {i % 9},2024-0{1 + i % 6}-11,{10 + i}" for i in range(60))
    (folder / "orders.csv").write_text(f"order_id,customer_id,ordered_at,revenue\n{lines}\n", encoding="utf-8")
    path = folder / "shop.yaml"
    path.write_text(
        "study: shop\nas_of: 2024-07-01\ncurrency: EUR\ntables:\n  orders:\n    from: orders.csv\n    columns:\n"
        + "".join(f"      {name}: {name}\n" for name in ("order_id", "customer_id", "ordered_at", "revenue")),
        encoding="utf-8",
    )
    return path


def run_two(study, out, **environment):
    return subprocess.run(
        [sys.executable, "-m", "crm_research", "run", "customer-base", "loyalty", "--study", study, "--out", out],
        capture_output=True, text=True, env={**os.environ, **environment}, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("which", ["out", "tmp"])
def test_a_full_disk_is_named_in_one_paragraph_before_the_work(tmp_path, which):
    study = a_study_file(tmp_path / "data")
    with a_small_disk(tmp_path / "small", 3) as small:
        if which == "out":
            told, named = run_two(study, small / "pages"), small / "pages"
        else:
            told, named = run_two(study, tmp_path / "pages", TMPDIR=str(small)), small
        assert told.returncode == 2, told
        assert told.stdout == ""
        assert told.stderr == (
            f"crm-research: The disk of {named} is full: 3 MB are free, and a run needs at least 64 MB. Nothing was "
            "started. Free the disk or name a folder on another one.\n"
        )
        assert list(small.iterdir()) == []
    assert not (tmp_path / "pages").exists()


def test_a_shelf_that_fills_up_keeps_the_last_good_page_and_nothing_half_made(tmp_path):
    def a_page(words):
        task = a_task(tmp_path / words)
        task.folder.mkdir(parents=True, exist_ok=True)
        task.executed.write_text("{}", encoding="utf-8")
        task.page.write_text(words * 200_000, encoding="utf-8")
        return task

    with a_small_disk(tmp_path / "small", 4) as small:
        first, second = a_page("old"), a_page("new")
        assert run._publish(small, first, GOOD, {}) is GOOD
        (page,) = small.glob("*/*/*.html")
        fill(small, but=64 * 1024)
        found = run._publish(small, second, GOOD, {})
        assert found.failure is not None
        assert found.failure.kind == "not published"
        assert "No space left on device. The page that was there before stays" in found.failure.message
        assert str(small) in found.failure.message
        assert page.read_text(encoding="utf-8") == "old" * 200_000
        assert [path.name for path in small.rglob("*") if ".part" in path.name] == []


@pytest.mark.slow
@pytest.mark.skipif(not can_fork(), reason="no fork server on this system")
def test_a_folder_for_temporary_files_that_fills_up_under_a_notebook_is_named(tmp_path):
    get_temp_dir()  # that of this process stays where it is
    with a_small_disk(tmp_path / "small", 24) as small, patch.dict(os.environ, TMPDIR=str(small)):
        filled = (
            "import os\nwith open(os.environ['TMPDIR'] + '/ballast', 'wb', buffering=0) as held:\n    try:\n"
            "        while True:\n            held.write(b'0' * 4096)\n    except OSError as full:\n        print(full)"
        )
        with patch.object(tempfile, "tempdir", str(small)):
            task = replace(a_task(small / "task"), notebook=a_notebook_file(tmp_path, "# A report", filled, "1 + 1"))
            failure = worker.run_task(task, lambda message: None).failure
        stop_fork_server()
        assert failure == Failure(
            kind="disk full",
            message="No space left on device. Free some space in the folder for temporary files "
            f"({small}), or set TMPDIR to another disk",
            trace=failure.trace,
        )


def test_a_notebook_that_breaks_off_is_not_kept_for_its_author(tmp_path):
    task = a_task(tmp_path / "task")
    task.folder.mkdir(parents=True, exist_ok=True)
    for text, kept in (("", []), ('{"cells": [', []), ('{"cells": []}', [task.executed.name])):
        task.executed.write_text(text, encoding="utf-8")
        records.publish(tmp_path / "pages", task, replace(GOOD, failure=Failure(kind="disk full", message="no")), {})
        assert [path.name for path in (tmp_path / "pages").rglob("*.ipynb")] == kept
        (record,) = records.read_run(next((tmp_path / "pages").glob("*/*")))["reports"]
        assert record["failed_notebook"] == (f"failed/{kept[0]}" if kept else None)


def test_a_cell_that_finds_the_disk_full_names_the_folder():
    own = Failure(kind="IOException", message='Could not write file "x": No space left on device.', place="cell 2 of 3")
    found = worker._failure_of(worker_failed(own))
    mend = f"Free some space in the folder for temporary files ({tempfile.gettempdir()}), or set TMPDIR to another disk"
    assert found == Failure(
        kind="disk full",
        message=f'Could not write file "x": No space left on device. {mend}',
        place="cell 2 of 3",
    )
    named = worker._failure_of(OSError(28, "No space left on device", "/shelf/a.ipynb"))
    assert (named.kind, named.message) == ("disk full", f"No space left on device (/shelf/a.ipynb). {mend}")


def worker_failed(failure):
    from crm_research.reporting.execute import NotebookFailed

    return NotebookFailed(failure)


SPILLED = """failed to offload data block of size 256.0 KiB (46.0 MiB/46.0 MiB used).
This limit was set by the 'max_temp_directory_size' setting.
You can adjust this setting, by using (for example) PRAGMA max_temp_directory_size='10GiB'"""


def test_an_engine_that_finds_no_room_to_work_in_names_the_folder_to_change():
    own = Failure(kind="OutOfMemoryException", message=SPILLED, place="cell 6 of 22")
    found = worker._failure_of(worker_failed(own))
    assert found.in_words() == (
        "disk full: the engine finds no room on its disk for what does not fit into its memory (46.0 MiB stand there). "
        "Free some space there, or name a folder on another disk: under engine: {spill: FOLDER} in the study file, or "
        "by TMPDIR (cell 6 of 22)"
    )


@pytest.mark.parametrize(
    ("said", "in_use"),
    [
        ("could not allocate block of size 256.0 KiB (953.5 MiB/953.6 MiB used)", " (953.5 MiB are in use)"),
        ("failed to pin block of size 256.0 KiB (46.0 MiB/46.0 MiB used)", " (46.0 MiB are in use)"),
        ("failed to allocate data of size 8.0 MiB", ""),
    ],
)
def test_an_engine_without_memory_for_what_is_asked_says_where_more_is_allowed(said, in_use):
    own = Failure(kind="OutOfMemoryException", message=said, place="cell 6 of 22")
    assert worker._failure_of(worker_failed(own)).in_words() == (
        f"memory full: the engine's memory does not hold what this takes{in_use}. Allow it more under engine: "
        "{memory: 4GB} in the study file, or let fewer reports run beside each other (--jobs 1) (cell 6 of 22)"
    )


def test_text_that_does_not_fit_on_the_disk_has_no_bad_line(tmp_path, monkeypatch):
    from crm_research.errors import StudyError
    from crm_research.sources.readers import text
    from tests.sources.files import GOOD_ORDERS, orders_of

    def fill(session, name, parts):
        raise duckdb.OutOfMemoryException(f"Out of Memory Error: {SPILLED}")

    monkeypatch.setattr(text, "_create", fill)
    with pytest.raises(
        StudyError, match=r"orders\.csv cannot be read: the engine finds no room .* engine: \{spill: FOLDER\}"
    ):
        orders_of(tmp_path, GOOD_ORDERS)
