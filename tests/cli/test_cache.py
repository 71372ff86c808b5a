"""``crm-research cache``: what is kept is listed and removed, all of it, of a study, or what is old."""

from __future__ import annotations

import json
import os
import time

import pytest
from click.testing import CliRunner

from crm_research.cli.cache import command
from crm_research.errors import StudyError
from crm_research.sources import cache
from crm_research.sources.cache import list_cached
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, a_study_file, make_desk


@pytest.fixture
def shop(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    return a_study_file(tmp_path, {"orders": {"from": "orders.csv"}})


def ask(*words):
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def a_reader_gone(study):
    open_study(study).backend.disconnect()
    import gc

    gc.collect()


def test_nothing_kept_is_said_so(shop, tmp_path):
    told = ask()
    assert (told.exit_code, told.output) == (0, f"No tables are kept in {tmp_path}/data/cache/tables.\n")


def test_what_is_kept_is_listed_with_its_size_and_days(shop, tmp_path):
    a_reader_gone(shop)
    (one,) = list_cached()
    os.utime(one.record, (1_700_000_000, 1_700_000_000))
    told = ask().output.splitlines()
    assert told[0].split() == ["study", "table", "rows", "size", "made", "last", "used"]
    assert told[2].split() == ["study.yaml", "orders", "2", "0.0", "MB", one.made_at[:10], "2023-11-14"]
    assert (
        told[-1]
        == f"1 table (0.0 MB) in {tmp_path}/data/cache/tables, which nobody else may read. --clear removes them."
    )
    said = json.loads(ask("--json").output)
    assert said["folder"] == f"{tmp_path}/data/cache/tables"
    assert said["n_removed"] == 0
    assert said["tables"] == [
        {
            "study": str(shop), "table": "orders", "source": "orders.csv", "n_rows": 2, "n_bytes": one.n_bytes,
            "made_at": one.made_at, "used_at": "2023-11-14T22:13:20+00:00", "file": str(one.file),
        }
    ]  # fmt: skip


@pytest.mark.slow
def test_tables_of_a_study_or_unused_ones_are_removed(shop, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(shop.read_text().replace("EUR", "CHF"))
    a_reader_gone(shop)
    a_reader_gone(other)
    assert ask(other, "--clear").output == f"Removed 1 table (0.0 MB) from {tmp_path}/data/cache/tables.\n"
    (one,) = list_cached()
    assert one.study == str(shop)
    os.utime(one.record, (time.time() - 2.9 * 86_400,) * 2)
    assert ask("--unused-for", "3", "--clear").output.startswith("Removed 0 tables")
    os.utime(one.record, (time.time() - 3.1 * 86_400,) * 2)
    assert json.loads(ask("--unused-for", "3", "--clear", "--json").output)["n_removed"] == 1
    assert list_cached() == []


def test_what_somebody_reads_stays_and_is_named(shop):
    a_reader_gone(shop)
    reader = open_study(shop)
    told = ask("--clear")
    assert told.exit_code == 1
    assert told.stderr == "Somebody reads 1 table (0.0 MB); it stays until then: orders of study.yaml.\n"
    assert reader.table("orders").count().execute() == 2


def test_a_study_that_is_not_there_is_refused(shop):
    with pytest.raises(StudyError, match="no study 'shopp'"):
        ask("shopp", "--clear")
