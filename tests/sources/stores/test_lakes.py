"""Tables of lakes here: the version that is read, and what is refused rather than read wrongly."""

from __future__ import annotations

import sys
from datetime import datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from crm_research.errors import StudyError
from crm_research.sources import embedded
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, make_desk
from tests.sources.stores.lakes import ask_more_of_readers, write_iceberg


def some(year, n, **more):
    columns = {"order_id": [f"{year}-{i}" for i in range(n)], "customer_id": ["007"] * n, "revenue": [2.5] * n}
    return pa.table(
        {**columns, "ordered_at": pa.array([datetime(year, 3, 1)] * n, pa.timestamp("us")), "year": [year] * n, **more}
    )


@pytest.fixture
def delta(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    folder = tmp_path / "orders"
    write_deltalake(folder, some(2023, 5), partition_by=["year"])
    write_deltalake(folder, some(2024, 4, channel=["web"] * 4), mode="append", schema_mode="merge")
    DeltaTable(folder).delete("order_id = '2024-1'")
    return folder


@pytest.fixture
def iceberg(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    made = write_iceberg(str(tmp_path / "orders"), some(2023, 5), some(2024, 4))
    made.delete("order_id = '2024-1'")
    return made


def open_orders(folder, source, **rule):
    return open_study(a_study_file(folder, {"orders": {"from": source, **rule}}))


def told(folder, source, **rule):
    with pytest.raises(StudyError) as caught:
        open_orders(folder, source, **rule)
    return str(caught.value).partition("tables.orders")[2].removeprefix(".")


def test_delta_is_known_by_its_log_and_read_as_it_is_now(delta, tmp_path):
    study = open_orders(tmp_path, "orders")
    found = study.table("orders").order_by("order_id").execute()
    assert found.order_id.tolist() == [*(f"2023-{i}" for i in range(5)), "2024-0", "2024-2", "2024-3"]
    assert found.channel.isna().tolist() == [True] * 5 + [False] * 3
    assert found.customer_id.unique().tolist() == ["007"]
    assert study.inputs[0].source == "orders (Delta, version 2)"


def test_an_earlier_version_of_delta_is_read(delta, tmp_path):
    earlier = open_orders(tmp_path, {"path": "orders", "format": "delta", "version": 0})
    assert earlier.inputs[0].n_rows == 5
    assert earlier.inputs[0].fingerprint != open_orders(tmp_path, "orders").inputs[0].fingerprint
    assert told(tmp_path, {"path": "orders", "version": 9}) == (
        f"from: there is no Delta table at {delta}, or not in that version. Check the path and the version."
    )


def test_a_version_that_comes_while_it_is_looked_at_is_not_taken_for_the_one_before(delta, tmp_path, monkeypatch):
    stage = embedded.stage

    def stage_late(*arguments, **options):
        write_deltalake(delta, some(2025, 2, channel=["web"] * 2), mode="append")
        return stage(*arguments, **options)

    monkeypatch.setattr(embedded, "stage", stage_late)
    assert told(tmp_path, "orders").startswith(": orders (Delta, version 2) was written to while it was read")


def test_where_is_asked_of_the_lake(delta, tmp_path):
    study = open_orders(tmp_path, "orders", where="year = 2024")
    assert study.inputs[0].source == "orders (Delta, version 2) (5 of 8 rows left out by where)"
    assert study.table("orders").count().execute() == 3


def test_rows_that_are_marked_as_deleted_are_never_read_as_if_they_stood(delta, tmp_path):
    ask_more_of_readers(delta, "deletionVectors", "timestampNtz")
    said = told(tmp_path, "orders")
    assert said.startswith(f"from: the Delta table {delta} uses what its reader cannot apply: ")
    assert said.endswith(
        "Have the program that writes it rewrite it without (REORG TABLE ... APPLY (PURGE) for deletion vectors)."
    )


def test_iceberg_is_known_by_its_metadata_and_read_as_it_is_now(iceberg, tmp_path):
    study = open_orders(tmp_path, "orders")
    found = sorted(study.table("orders").execute().order_id)
    assert found == [*(f"2023-{i}" for i in range(5)), "2024-0", "2024-2", "2024-3"]
    assert study.inputs[0].source == f"orders (Iceberg, version {iceberg.current_snapshot().snapshot_id})"


def test_an_earlier_snapshot_of_iceberg_is_read(iceberg, tmp_path):
    first = iceberg.snapshots()[0].snapshot_id
    assert open_orders(tmp_path, {"path": "orders", "version": first}).inputs[0].n_rows == 5
    said = told(tmp_path, {"path": "orders", "version": 7})
    assert "has no such snapshot. Those it keeps: " in said
    assert str(first) in said


@pytest.mark.parametrize(("kind", "name"), [("delta", "Delta"), ("iceberg", "Iceberg")])
def test_a_folder_that_is_no_lake_is_told(kind, name, tmp_path):
    (tmp_path / "empty").mkdir()
    assert told(tmp_path, {"path": "empty", "format": kind}).startswith(
        f"from: there is no {name} table at {tmp_path / 'empty'}"
    )


def test_without_its_reader_the_extra_is_named(delta, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "deltalake", None)
    assert told(tmp_path, "orders") == (
        'from: the reader of Delta tables is not installed. Install it: pip install "crm-research[lakes]".'
    )
