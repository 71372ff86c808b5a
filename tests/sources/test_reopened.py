"""In a notebook a study that is opened again is the one that is held, as long as its file and records are the same."""

from __future__ import annotations

import os

import pytest

from crm_research import open_study
from crm_research.sources import reopened

TEXT = """
name: shop
currency: EUR
as_of: 2024-03-01
tables:
  orders:
    from: orders.csv
    columns: {order_id: n, customer_id: c, ordered_at: d, revenue: a}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text("n,c,d,a\n1,A,2024-01-05,10\n2,B,2024-02-06,20\n", encoding="utf-8")
    path = tmp_path / "study.yaml"
    path.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(reopened, "runs_in_notebook", lambda: True)
    return path


def test_the_same_study_is_held_with_what_was_computed_of_it(shop):
    held = open_study(shop)
    assert open_study(shop) is held
    assert open_study(shop, as_of="2024-02-01") is not held
    assert open_study(shop, as_of="2024-02-01").as_of.month == 2


def test_records_that_changed_are_read_anew_even_if_they_are_as_long(shop):
    held = open_study(shop)
    orders = shop.with_name("orders.csv")
    orders.write_text(orders.read_text(encoding="utf-8").replace(",20", ",30"), encoding="utf-8")
    stat = orders.stat()
    os.utime(orders, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    again = open_study(shop)
    assert again is not held
    assert int(again.table("orders").revenue.sum().execute()) == 40
    assert int(held.table("orders").revenue.sum().execute()) == 30


def test_a_study_file_that_changed_is_another_study(shop):
    held = open_study(shop)
    shop.write_text(TEXT.replace("EUR", "USD"), encoding="utf-8")
    assert open_study(shop) is not held
    assert open_study(shop).currency == "USD"


def test_nothing_is_held_that_nobody_holds(shop):
    open_study(shop)
    assert len([key for key in reopened._HELD if key[0] == shop]) == 0


def test_outside_of_notebooks_each_study_is_its_own(shop, monkeypatch):
    monkeypatch.setattr(reopened, "runs_in_notebook", lambda: False)
    held = open_study(shop)
    assert open_study(shop) is not held


def test_records_of_a_database_are_read_anew(shop, monkeypatch):
    import duckdb

    with duckdb.connect(str(shop.with_name("shop.duckdb"))) as base:
        base.execute("CREATE TABLE orders AS SELECT * FROM read_csv($1)", [str(shop.with_name("orders.csv"))])
    where = f"from: {{url: 'duckdb:///{shop.with_name('shop.duckdb')}', table: orders}}"
    shop.write_text(TEXT.replace("from: orders.csv", where), encoding="utf-8")
    held = open_study(shop)
    assert open_study(shop) is not held
