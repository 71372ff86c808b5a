"""What was written to a database last stands in a log beside its file, which is part of what is read."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys

import duckdb
import pytest

from crm_research.errors import StudyError
from crm_research.sources import cache, embedded, kept_verdicts
from crm_research.sources.fingerprints import digest_files, look_at_files, require_unchanged
from crm_research.sources.kept_verdicts import judge_study
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, make_desk

MAKE = "CREATE TABLE orders (order_id TEXT, customer_id TEXT, ordered_at TIMESTAMP, revenue DOUBLE)"
FIRST = "INSERT INTO orders VALUES ('1', 'ann', '2024-01-05', 10.5), ('2', 'bob', '2024-02-05', 20)"
NEXT = "INSERT INTO orders VALUES ('3', 'cid', '2024-03-05', -7)"
# A writer that is killed leaves its log behind.
KILLED = "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute(sys.argv[2]); os._exit(1)"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    monkeypatch.setattr(cache, "LEAST_BYTES", 1)
    monkeypatch.setattr(kept_verdicts, "LEAST_ROWS", 1)
    return tmp_path


def study_of(folder, name):
    return a_study_file(folder, {"orders": {"from": {"path": name, "table": "orders"}}})


def test_rows_in_the_log_of_sqlite_are_read_though_the_file_is_as_it_was(desk):
    with sqlite3.connect(desk / "s.sqlite") as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute(MAKE)
        writer.execute(FIRST)
        writer.commit()
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path = study_of(desk, "s.sqlite")
        before = (desk / "s.sqlite").read_bytes()
        assert open_study(path).inputs[0].n_rows == 2
        writer.execute(NEXT)
        writer.commit()
        assert (desk / "s.sqlite").read_bytes() == before
        assert open_study(path).inputs[0].n_rows == 3
    writer.close()


def test_an_application_may_go_on_writing_while_its_rows_are_read(desk, monkeypatch):
    """SQLite gives the rows of one moment; they are not kept, since nobody can say of which state they are."""
    with sqlite3.connect(desk / "s.sqlite") as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute(MAKE)
        writer.execute(FIRST)
        writer.commit()
        real = embedded.make_table

        def make_table(*given):
            writer.execute(NEXT)
            writer.commit()
            return real(*given)

        monkeypatch.setattr(embedded, "make_table", make_table)
        study = open_study(study_of(desk, "s.sqlite"))
        assert study.inputs[0].n_rows == 2
        assert cache.list_cached() == []
        monkeypatch.undo()
        make_desk(desk / "again", monkeypatch)
        assert open_study(study_of(desk, "s.sqlite")).inputs[0].n_rows == 3
    writer.close()


def test_what_was_found_of_a_duckdb_file_is_not_told_of_another_log(desk):
    with duckdb.connect(str(desk / "s.duckdb")) as writer:
        writer.execute(MAKE)
        writer.execute(FIRST)
    path = study_of(desk, "s.duckdb")
    study = open_study(path)
    assert [finding.rule for finding in judge_study(study).verdict.errors] == []
    study.backend.disconnect()
    subprocess.run([sys.executable, "-c", KILLED, str(desk / "s.duckdb"), NEXT], check=False)
    assert (desk / "s.duckdb.wal").exists()
    judged = judge_study(open_study(path))
    assert judged.made_at is None
    assert [finding.rule for finding in judged.verdict.errors] == ["negative-revenue"]


@pytest.mark.parametrize(("name", "log"), [("s.sqlite", "s.sqlite-wal"), ("s.duckdb", "s.duckdb.wal")])
def test_a_log_that_comes_changes_or_goes_is_seen(tmp_path, name, log):
    file, beside = tmp_path / name, tmp_path / log
    file.write_bytes(b"rows")
    alone, digest = look_at_files([file]), digest_files([file])
    require_unchanged(alone, while_what="while it was read")
    beside.write_bytes(b"more")
    with pytest.raises(StudyError, match=f"{log} was written to while it was read"):
        require_unchanged(alone, while_what="while it was read")
    together = look_at_files([file])
    assert digest_files([file]) != digest
    require_unchanged(together, while_what="while it was read")
    beside.unlink()
    with pytest.raises(StudyError, match=f"{log} was removed while it was read"):
        require_unchanged(together, while_what="while it was read")
    assert digest_files([file]) == digest


def test_text_has_no_log(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("a\n1\n")
    shutil.copy(file, tmp_path / "orders.csv-wal")
    assert [state.path for state in look_at_files([file])] == [str(file)]


def test_a_file_that_another_program_writes_to_is_told_with_the_mend(desk):
    holds = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with duckdb.connect(str(desk / "s.duckdb")) as writer:
        writer.execute(MAKE)
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(desk / "s.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StudyError) as told:
            open_study(study_of(desk, "s.duckdb"))
        other.communicate(b"")
    assert str(told.value).endswith(
        "s.duckdb cannot be opened: another program has it open to write to it. Close that program, or copy the file "
        "and name the copy."
    )
