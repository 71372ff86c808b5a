"""Assigning from the command line: what is written, what is said, and what is refused."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from crm_research import cli
from crm_research.pillars.segmentation.deployment.saved import save_segmentation
from tests.segmentation.kept import NAMES, a_kept

STUDY = """\
name: corner
title: Corner shop
currency: EUR
as_of: 2024-07-01
tables:
  orders: {from: orders.csv}
  customers: {from: customers.csv}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with a study and a saved segmentation, in which the command line runs."""
    buyers = [f"c{i:03}" for i in range(60)]
    days = [f"2024-{1 + i % 6:02}-{1 + i % 27:02}" for i in range(60)]
    frame = pd.DataFrame({"order_id": range(60), "customer_id": buyers, "ordered_at": days, "revenue": 5.0})
    frame.to_csv(tmp_path / "orders.csv", index=False)
    people = pd.DataFrame({"customer_id": [*buyers, "never"], "kind": "consumer"})
    people.to_csv(tmp_path / "customers.csv", index=False)
    (tmp_path / "corner.yaml").write_text(STUDY, encoding="utf-8")
    save_segmentation(a_kept(), tmp_path / "segmentation.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(monkeypatch, capsys):
    def run(*arguments: str):
        monkeypatch.setattr(sys, "argv", ["crm-research", "assign", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as leaving:
            status = leaving.code or 0
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.mark.parametrize(("name", "read"), [("out.parquet", pd.read_parquet), ("out.csv", pd.read_csv)])
def test_one_row_a_customer_is_written_and_counted(shop, call, name, read):
    before = {path.name for path in shop.iterdir()}
    status, out, err = call("segmentation.json", "--study", "corner.yaml", "--out", name)
    assert status == 0
    assert "as of 2024-07-01" in err
    assert "60 customers assigned" in out
    assert "1 cannot be assigned: no purchase by that day (such as never)." in out
    assert out.splitlines()[-1] == name
    rows = read(shop / name).set_index("customer_id")
    assert len(rows) == 61
    assert rows["segment"].dropna().isin(NAMES).all()
    assert rows.loc["never", ["segment", "certainty"]].isna().all()
    assert {path.name for path in shop.iterdir()} == before | {name}


def test_without_a_file_the_sizes_are_said_and_another_day_can_be_asked_for(shop, call):
    status, out, err = call("segmentation.json", "--study", "corner.yaml", "--as-of", "2024-03-01")
    assert status == 0
    assert "as of 2024-03-01" in err
    assert "重要客户" in out
    assert sum("customers assigned" in line for line in out.splitlines()) == 1
    assert "60 customers assigned" not in out


def test_age_is_told_when_asked_for(shop, call):
    _, out, _ = call("segmentation.json", "--study", "corner.yaml", "--drift")
    assert "should be made anew" in out or "can be kept" in out
    assert "made of another study (handmade)" in out
    status, out, _ = call("segmentation.json", "--study", "corner.yaml", "--drift", "--as-of", "2024-02-01")
    assert status == 0
    assert "needs at least 50" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.json", "--study", "corner.yaml"], "no saved segmentation"),
        (["corner.yaml", "--study", "corner.yaml"], "JSON"),
        (["segmentation.json", "--study", "none.yaml"], "no study file"),
        (["segmentation.json", "--study", "corner.yaml", "--out", "out.txt"], ".parquet or .csv"),
        (["segmentation.json", "--study", "corner.yaml", "--out", "nowhere/out.csv"], "no folder"),
        (["segmentation.json", "--study", "corner.yaml", "--as-of", "soon"], "no date"),
        (["segmentation.json"], "--study"),
    ],
)
def test_what_cannot_be_done_is_one_paragraph_and_status_two(shop, call, arguments, said):
    before = sorted(path.name for path in shop.iterdir())
    status, _, err = call(*arguments)
    assert status == 2
    assert said in err
    assert "Traceback" not in err
    assert sorted(path.name for path in shop.iterdir()) == before


def test_another_money_is_refused_and_the_old_file_stays(shop, call):
    (shop / "out.csv").write_text("old", encoding="utf-8")
    save_segmentation(a_kept(currency="USD"), shop / "segmentation.json")
    status, _, err = call("segmentation.json", "--study", "corner.yaml", "--out", "out.csv")
    assert status == 2
    assert "made in USD" in err
    assert (shop / "out.csv").read_text(encoding="utf-8") == "old"


def test_help_shows_an_example(call):
    status, out, _ = call("--help")
    assert status == 0
    assert "crm-research assign reports/" in out


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_ids_that_a_spreadsheet_would_run_are_written_as_they_are_and_told(shop, call, name):
    for file in ("orders.csv", "customers.csv"):
        text = (shop / file).read_text().replace("c000", "=1+C0").replace("c001", "@sum").replace("c002", "-2")
        (shop / file).write_text(text)
    status, _, err = call("segmentation.json", "--study", "corner.yaml", "--out", name)
    assert status == 0
    told = "warning: 3 customer ids begin with =, +, -, @ or a tab (such as '-2')"
    assert (told in err) == name.endswith(".csv")
    rows = pd.read_csv(shop / name) if name.endswith(".csv") else pd.read_parquet(shop / name)
    assert {"=1+C0", "@sum", "-2"} <= set(rows["customer_id"])
