"""Which files are read: those that are named, whatever signs their names hold, and what a database wrote last."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from crm_research.common_tables import file_literal
from crm_research.sources import cache, kept_verdicts
from crm_research.sources.fingerprints import digest_files, look_at_files
from crm_research.sources.kept_verdicts import judge_study
from crm_research.sources.opening import open_study
from crm_research.sources.readers.files import find_files, is_shown
from tests.sources.files import GOOD_ORDERS, a_study_file, held, make_desk


def _orders(n, first=1):
    return pd.DataFrame({
        "order_id": [f"o{i}" for i in range(first, first + n)],
        "customer_id": "c",
        "ordered_at": pd.Timestamp("2024-01-05"),
        "revenue": [float(i) for i in range(first, first + n)],
    })  # fmt: skip


@pytest.mark.parametrize("name", ["orders[1]", "orders*", "order?1", "o[!a]", "o[a-z]"])
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_name_with_signs_of_patterns_is_that_file(tmp_path, name, ending):
    def write(frame, file):
        frame.to_parquet(file) if ending == ".parquet" else frame.to_csv(file, index=False)

    write(_orders(2), tmp_path / f"{name}{ending}")
    for other in ("orders1", "orders", "orderX1", "ob"):
        write(_orders(5, 100), tmp_path / f"{other}{ending}")
    study = open_study(a_study_file(tmp_path, {"orders": {"from": f"{name}{ending}"}}))
    assert [row[0] for row in held(study, "orders", "order_id")] == ["o1", "o2"]


def test_a_cache_in_a_folder_with_such_signs_is_read(tmp_path, monkeypatch):
    desk = tmp_path / "desk[2024]"
    make_desk(desk, monkeypatch)
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    monkeypatch.setattr(cache, "LOADED_BYTES", 0)
    (desk / "orders.csv").write_text(GOOD_ORDERS, encoding="utf-8")
    path = a_study_file(desk, {"orders": {"from": "orders.csv"}})
    assert held(open_study(path), "orders") == held(open_study(path), "orders")
    assert len(cache.list_cached()) == 1
    found = cache.Lease((study := open_study(path)).backend.con, ["orders"])
    assert [*found.tables] == ["orders"]
    assert study.table("orders").count().execute() == 2


def test_quotes_and_brackets_are_said_to_the_engine_as_a_name():
    assert file_literal(Path("/it's [1]/a*.parquet")) == "'/it''s [[]1]/a[*].parquet'"


def test_what_is_hidden_or_unfinished_in_a_folder_is_passed_over(tmp_path):
    folder = tmp_path / "orders"
    for place in ("a", "_temporary/0/part", ".ipynb_checkpoints/a-checkpoint", ".hidden", "_part=1/b", "x/_tmp"):
        file = folder / f"{place}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        _orders(1).to_parquet(file)
    (folder / "._a.parquet").write_bytes(b"\0\5\26\7")
    found = [str(file.relative_to(folder)) for file in find_files(["orders"], tmp_path, where="x")]
    assert found == ["_part=1/b.parquet", "a.parquet"]


@pytest.mark.parametrize(("parts", "is_told"), [(("a.csv",), True), (("_b", "a.csv"), False), ((".a.csv",), False)])
def test_names_that_are_shown(parts, is_told):
    assert is_shown(parts) is is_told


def test_a_folder_of_hidden_names_is_read_where_it_is_named(tmp_path):
    folder = tmp_path / ".private" / "_orders"
    folder.mkdir(parents=True)
    _orders(1).to_parquet(folder / "a.parquet")
    assert len(find_files([".private/_orders"], tmp_path, where="x")) == 1


def _sqlite_with_log(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "shop.sqlite")
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    _orders(3).astype({"ordered_at": str}).to_sql("orders", connection, index=False)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return connection


def test_what_an_application_wrote_to_its_log_is_no_old_copy(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    connection = _sqlite_with_log(tmp_path)
    path = a_study_file(tmp_path, {"orders": {"from": {"path": "shop.sqlite", "table": "orders"}}})
    before = open_study(path)
    assert before.table("orders").revenue.sum().execute() == 6
    found = (tmp_path / "shop.sqlite").stat()
    connection.execute("UPDATE orders SET revenue = revenue * 10")
    connection.commit()
    os.utime(tmp_path / "shop.sqlite", ns=(found.st_atime_ns, found.st_mtime_ns))
    after = open_study(path)
    connection.close()
    assert after.table("orders").revenue.sum().execute() == 60
    assert after.inputs[0].fingerprint != before.inputs[0].fingerprint


_WRITES = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("PRAGMA disable_checkpoint_on_shutdown")
connection.execute("UPDATE orders SET revenue = -1")
os._exit(9)
"""


def test_a_verdict_on_what_a_database_held_before_its_log_is_none(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    monkeypatch.setattr(kept_verdicts, "LEAST_ROWS", 1)
    file = tmp_path / "shop.duckdb"
    frame = _orders(3)
    with duckdb.connect(str(file)) as connection:
        connection.register("frame", frame)
        connection.execute("CREATE TABLE orders AS SELECT * FROM frame")
    path = a_study_file(tmp_path, {"orders": {"from": {"path": "shop.duckdb", "table": "orders"}}})
    first = open_study(path)
    assert "negative-revenue" not in {finding.rule for finding in judge_study(first).verdict.failed}
    states = look_at_files([file])
    first.backend.disconnect()
    subprocess.run([sys.executable, "-c", _WRITES, file], check=False)
    assert (tmp_path / "shop.duckdb.wal").stat().st_size > 0
    assert look_at_files([file]) != states
    again = judge_study(open_study(path))
    assert again.made_at is None
    assert "negative-revenue" in {finding.rule for finding in again.verdict.failed}


def test_an_empty_log_is_none(tmp_path):
    file = tmp_path / "shop.db"
    file.write_bytes(b"x")
    before = digest_files([file])
    (tmp_path / "shop.db-wal").touch()
    assert digest_files([file]) == before
    (tmp_path / "shop.db-wal").write_bytes(b"y")
    assert digest_files([file]) != before
