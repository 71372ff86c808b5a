"""Parquet and DuckDB files are read where they lie: a run copies none of them, and refuses what changes under it."""

from __future__ import annotations

import json
import os
from datetime import datetime

import duckdb
import pytest

from crm_research.errors import StudyError
from crm_research.settings import SNAPSHOT
from crm_research.sources.kept_verdicts import judge_study
from crm_research.sources.opening import open_study
from crm_research.sources.snapshot import write_snapshot

STUDY = """
name: shop
currency: EUR
as_of: 2024-07-01
tables:
  customers:
    from: customers.csv
  orders:
    from: {from_orders}
    where: revenue > 0
"""


@pytest.fixture
def shop(tmp_path):
    """Customers as text, and four orders as Parquet and in a DuckDB file whose name holds an apostrophe."""
    (tmp_path / "customers.csv").write_text("customer_id,first_seen_at\nann,2024-01-01\nbob,2024-01-02\n")
    rows = (
        "SELECT * FROM (VALUES ('o1', 'ann', TIMESTAMP '2024-01-05', 10.5), "
        "('o2', 'bob', TIMESTAMP '2024-02-06', 20.0), ('o3', 'ann', TIMESTAMP '2024-03-07', 30.25), "
        "('o4', 'bob', TIMESTAMP '2024-04-08', -1.0)) AS rows(order_id, customer_id, ordered_at, revenue)"
    )
    with duckdb.connect() as engine:
        engine.execute(f"COPY ({rows}) TO '{tmp_path / 'orders.parquet'}'")
    with duckdb.connect(str(tmp_path / "the shop's.duckdb")) as engine:
        engine.execute(f"CREATE TABLE sales AS {rows}")

    def write(from_orders):
        path = tmp_path / "shop.yaml"
        path.write_text(STUDY.format(from_orders=from_orders))
        return path

    return write


@pytest.mark.parametrize("source", ["orders.parquet", '{path: "the shop\'s.duckdb", table: sales}'])
def test_what_lies_in_parquet_or_duckdb_is_not_copied_into_a_run(shop, tmp_path, monkeypatch, source):
    path = shop(source)
    study = open_study(path)
    file = write_snapshot(study, tmp_path / "snapshot")
    with duckdb.connect(str(file), read_only=True) as held:
        copied = [name for (name,) in held.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    assert copied == ["customers"]
    monkeypatch.setenv(SNAPSHOT, str(tmp_path / "snapshot"))
    again = open_study(path)
    assert again.table("orders").revenue.sum().execute() == 60.75
    assert again.table("customers").count().execute() == 2
    assert again.inputs == study.inputs
    assert {found.table: found.n_rows for found in again.inputs} == {"customers": 2, "orders": 3}


def test_a_file_that_is_written_to_during_a_run_is_refused_by_its_reports(shop, tmp_path, monkeypatch):
    path = shop("orders.parquet")
    write_snapshot(open_study(path), tmp_path / "snapshot")
    orders = tmp_path / "orders.parquet"
    monkeypatch.setenv(SNAPSHOT, str(tmp_path / "snapshot"))
    open_study(path)
    os.utime(orders, (1_700_000_000, 1_700_000_000))
    with pytest.raises(StudyError) as told:
        open_study(path)
    assert str(told.value) == (
        f"{orders} was written to while the run was reading it, and what was read of it is neither the old nor the "
        "new. Run again when it is whole; a file that is made elsewhere and moved into its place is never half there."
    )
    orders.unlink()
    with pytest.raises(StudyError, match=r"orders\.parquet was removed while the run was reading it, "):
        open_study(path)


def test_a_file_that_is_written_to_while_it_is_checked_gives_no_verdict(shop, tmp_path):
    study = open_study(shop("orders.parquet"))
    assert judge_study(study).verdict.exit_code(0.05) == 0
    os.utime(tmp_path / "orders.parquet", (1_700_000_000, 1_700_000_000))
    with pytest.raises(StudyError, match=r"orders\.parquet was written to while it was checked, "):
        judge_study(study, is_anew=True)


def test_rows_that_are_a_copy_do_not_mind_what_becomes_of_their_file(shop, tmp_path, monkeypatch):
    path = shop("orders.parquet")
    file = write_snapshot(open_study(path), tmp_path / "snapshot")
    (tmp_path / "customers.csv").unlink()
    monkeypatch.setenv(SNAPSHOT, str(tmp_path / "snapshot"))
    assert open_study(path, tables=["customers"]).table("customers").count().execute() == 2
    assert [*json.loads(file.with_suffix(".json").read_text())["reads"]] == ["orders"]
    assert open_study(path, as_of=datetime(2024, 3, 1)).as_of == datetime(2024, 3, 1)
