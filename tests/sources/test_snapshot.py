"""Snapshots: a run stages a study once, and every process reads the same records."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime

import pytest

from crm_research.contracts.checks import check_study, is_about
from crm_research.sources.opening import open_study
from crm_research.sources.snapshot import write_snapshot
from tests.builders import a_study, orders
from tests.sources.files import GOOD_ORDERS, a_study_file, held, make_desk


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A study file with a project folder around it whose snapshots go to a folder of their own."""
    make_desk(tmp_path, monkeypatch)
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    monkeypatch.setenv("CRM_RESEARCH_SNAPSHOT", str(tmp_path / "snapshot"))
    rule = {"from": "orders.csv", "attributes": {"channel_kind": {"type": "category", "expr": "'web'"}}}
    return a_study_file(tmp_path, {"orders": rule}, caveats=["made up"], holdout_until="2024-12-31")


def test_a_study_comes_out_of_its_snapshot_as_it_went_in(shop, tmp_path):
    before = open_study(shop)
    assert write_snapshot(before, tmp_path / "snapshot") == tmp_path / "snapshot" / "shop.duckdb"
    (tmp_path / "orders.csv").unlink()
    after = open_study(shop)
    assert held(after, "orders") == held(before, "orders")
    assert after.table("orders").schema() == before.table("orders").schema()
    for name in ("name", "title", "currency", "as_of", "holdout_until", "caveats", "inputs", "path"):
        assert getattr(after, name) == getattr(before, name)
    assert dict(after.attributes_of("orders")) == {"channel_kind": "category"}
    assert after.inputs[0].n_rows == 2


def test_a_snapshot_can_be_read_from_another_date_and_in_part(shop, tmp_path):
    write_snapshot(open_study(shop), tmp_path / "snapshot")
    (tmp_path / "orders.csv").unlink()
    study = open_study(shop, as_of="2024-01-31", tables=["orders"])
    assert f"{study.as_of:%Y-%m-%d}" == "2024-01-31"


def test_a_study_file_that_has_changed_is_opened_anew(shop, tmp_path):
    write_snapshot(open_study(shop), tmp_path / "snapshot")
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS + "3,009,2024-03-01,5\n")
    assert len(held(open_study(shop), "orders")) == 2
    shop.write_text(shop.read_text() + "provenance: changed\n")
    assert len(held(open_study(shop), "orders")) == 3


@pytest.mark.slow
def test_several_processes_read_a_snapshot_at_a_time(shop, tmp_path):
    write_snapshot(open_study(shop), tmp_path / "snapshot")
    (tmp_path / "orders.csv").unlink()
    here = open_study(shop)
    code = f"from crm_research import open_study; print(open_study({str(shop)!r}).table('orders').count().execute())"
    readers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [reader.communicate(timeout=120)[0].strip() for reader in readers] == ["2", "2"]
    assert here.table("orders").count().execute() == 2


def test_a_study_without_a_file_is_not_stored(tmp_path):
    study = a_study(orders=orders(("a", "2024-01-01", 1.0)))
    assert write_snapshot(study, tmp_path) is None


def test_half_a_snapshot_is_never_found(shop, tmp_path):
    write_snapshot(open_study(shop), tmp_path / "snapshot")
    assert sorted(path.name for path in (tmp_path / "snapshot").iterdir()) == ["shop.duckdb", "shop.json"]
    (tmp_path / "snapshot" / "shop.json").write_text("{")
    assert len(held(open_study(shop), "orders")) == 2


def test_what_the_checks_found_is_stored_with_the_tables_and_not_looked_for_again(shop, tmp_path, monkeypatch):
    before = open_study(shop)
    verdict = check_study(before)
    write_snapshot(before, tmp_path / "snapshot", verdict)
    monkeypatch.setattr("crm_research.contracts.checks.TableCheck", None)
    after = open_study(shop)
    found = check_study(after)
    assert (found.study, found.as_of, found.holdout_until, found.tables, found.findings) == (
        verdict.study, verdict.as_of, verdict.holdout_until, verdict.tables, verdict.findings,
    )  # fmt: skip
    assert len(found.findings) > 10
    # Not of some of the tables, and not from another day: that is checked anew.
    with pytest.raises(TypeError):
        check_study(after, tables=["orders"])
    with pytest.raises(TypeError):
        check_study(open_study(shop, as_of="2024-01-31"))


def test_a_verdict_is_about_the_tables_and_the_instants_it_was_found_of(shop):
    study = open_study(shop)
    verdict = check_study(study)
    assert is_about(verdict, study)
    assert not is_about(verdict, study.standing_at(datetime(2024, 1, 31)))
    assert not is_about(verdict, replace(study, holdout_until=None))
    assert not is_about(verdict, replace(study, name="other"))
    assert not is_about(verdict, replace(study, tables={**study.tables, "customers": study.table("orders")}))
