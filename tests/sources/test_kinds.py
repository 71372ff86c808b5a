"""Every kind of file: Parquet, Excel, DuckDB, SQLite and SQL over several of them."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import duckdb
import pandas as pd
import pytest

from crm_research.errors import ContractViolation, StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, a_study_file, held


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "order_id": [1, 2],
            "customer_id": ["007", "客户八"],
            "ordered_at": [datetime(2024, 1, 5, 10), datetime(2024, 2, 5)],
            "revenue": [10.5, 20.0],
        }
    )


def _opened(folder, source, **rule):
    return open_study(a_study_file(folder, {"orders": {"from": source, **rule}}))


def _is_the_frame(study):
    rows = held(study, "orders", "order_id", "customer_id", "ordered_at", "revenue")
    return [(o, c, f"{at:%d %H}", r) for o, c, at, r in rows] == [
        ("1", "007", "05 10", 10.5),
        ("2", "客户八", "05 00", 20.0),
    ]


def test_a_parquet_file(tmp_path, frame):
    frame.to_parquet(tmp_path / "orders.parquet")
    assert _is_the_frame(_opened(tmp_path, "orders.parquet"))


def test_a_parquet_table_stays_in_its_file(tmp_path, frame):
    frame.to_parquet(tmp_path / "orders.parquet")
    study = _opened(tmp_path, "orders.parquet")
    kinds = study.backend.con.execute("SELECT table_type FROM information_schema.tables").fetchall()
    assert set(kinds) == {("VIEW",)}


def test_a_folder_of_parquet_partitions_whose_values_keep_their_zeros(tmp_path, frame):
    frame.assign(store=["007", "08"]).to_parquet(tmp_path / "orders", partition_cols=["store"])
    study = _opened(tmp_path, "orders")
    assert _is_the_frame(study)
    assert held(study, "orders", "store") == [("007",), ("08",)]


def test_whole_numbers_that_a_frame_turned_into_floats_are_whole_as_ids(tmp_path, frame):
    frame.assign(customer_id=[17850.0, None]).to_parquet(tmp_path / "orders.parquet")
    ids = _opened(tmp_path, "orders.parquet").table("orders").order_by("order_id").execute()["customer_id"]
    assert ids[0] == "17850"
    assert pd.isna(ids[1])


def test_infinite_money_is_refused_and_nan_is_missing(tmp_path, frame):
    frame.assign(revenue=[float("nan"), 1.0]).to_parquet(tmp_path / "orders.parquet")
    money = _opened(tmp_path, "orders.parquet").table("orders").execute()["revenue"]
    assert sorted(money.isna()) == [False, True]
    frame.assign(revenue=[float("inf"), 1.0]).to_parquet(tmp_path / "orders.parquet")
    with pytest.raises(ContractViolation, match="every value is a number"):
        _opened(tmp_path, "orders.parquet")


def test_times_with_zones_of_a_parquet_file_come_into_the_studys_zone(tmp_path, frame):
    times = pd.to_datetime(["2024-01-05 23:30", "2024-07-05 23:30"]).tz_localize("UTC").tz_convert("Asia/Tokyo")
    frame.assign(ordered_at=times).to_parquet(tmp_path / "orders.parquet")
    study = open_study(a_study_file(tmp_path, {"orders": {"from": "orders.parquet"}}, timezone="Europe/Berlin"))
    assert [str(row[0]) for row in held(study, "orders", "ordered_at")] == [
        "2024-01-06 00:30:00",
        "2024-07-06 01:30:00",
    ]


def test_a_column_of_the_wrong_type_is_told_with_what_it_holds(tmp_path, frame):
    frame.assign(revenue=frame["ordered_at"]).to_parquet(tmp_path / "orders.parquet")
    with pytest.raises(
        StudyError, match=r"revenue: the column 'revenue' of orders.parquet holds times, which cannot be a"
    ):
        _opened(tmp_path, "orders.parquet")


def test_a_file_that_only_pretends_to_be_parquet_is_told(tmp_path):
    (tmp_path / "orders.parquet").write_text("no")
    with pytest.raises(StudyError, match=r"orders.parquet cannot be read"):
        _opened(tmp_path, "orders.parquet")


def test_an_excel_sheet(tmp_path, frame):
    frame.to_excel(tmp_path / "orders.xlsx", index=False)
    assert _is_the_frame(_opened(tmp_path, "orders.xlsx"))


def test_an_excel_column_of_mixed_cells_is_text_and_read_strictly(tmp_path, frame):
    frame.astype(object).assign(customer_id=[7, "8a"], revenue=["10.5", 20]).to_excel(
        tmp_path / "orders.xlsx", index=False
    )
    assert held(_opened(tmp_path, "orders.xlsx"), "orders", "customer_id", "revenue") == [("7", 10.5), ("8a", 20.0)]


def test_one_of_several_excel_sheets_must_be_named(tmp_path, frame):
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        frame.head(1).to_excel(book, sheet_name="2023", index=False)
        frame.to_excel(book, sheet_name="2024", index=False)
    with pytest.raises(StudyError, match=r"has 2 sheets \(2023, 2024\). Add sheet"):
        _opened(tmp_path, "book.xlsx")
    assert _is_the_frame(_opened(tmp_path, {"path": "book.xlsx", "sheet": "2024"}))


def test_a_name_that_stands_twice_in_a_sheet_means_neither_column(tmp_path, frame):
    doubled = frame.assign(again=99.0).rename(columns={"again": "revenue"})
    doubled.to_excel(tmp_path / "orders.xlsx", index=False)
    with pytest.raises(StudyError, match=r"orders.revenue .* is missing.*revenue_1.*revenue_2"):
        _opened(tmp_path, "orders.xlsx")


def test_a_broken_excel_file_is_told(tmp_path):
    (tmp_path / "orders.xlsx").write_text("no")
    with pytest.raises(StudyError, match=r"orders.xlsx cannot be read as an Excel file"):
        _opened(tmp_path, "orders.xlsx")


def test_a_table_of_a_duckdb_file_is_read_while_others_read_it_too(tmp_path, frame):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.register("frame", frame)
        connection.execute("CREATE TABLE orders AS SELECT * FROM frame")
        connection.execute("CREATE TABLE other AS SELECT 1 AS x")
    with pytest.raises(StudyError, match=r"holds 2 tables \(orders, other\). Add table"):
        _opened(tmp_path, "shop.duckdb")
    with pytest.raises(StudyError, match="Did you mean 'orders'"):
        _opened(tmp_path, {"path": "shop.duckdb", "table": "order"})
    study = _opened(tmp_path, {"path": "shop.duckdb", "table": "orders"})
    second = _opened(tmp_path, {"path": "shop.duckdb", "query": "select * from orders where order_id > 0"})
    assert _is_the_frame(study)
    assert _is_the_frame(second)


def test_a_query_on_a_duckdb_file_reads_no_other_file(tmp_path, frame):
    duckdb.connect(str(tmp_path / "shop.duckdb")).execute("CREATE TABLE orders AS SELECT 1 AS x").close()
    for query in (
        "select * from read_csv('x.csv')",
        "select * from 'x.csv'",
        "drop table orders",
        "select 1; select 2",
    ):
        with pytest.raises(StudyError, match=r"tables.orders.from.query"):
            _opened(tmp_path, {"path": "shop.duckdb", "query": query})


def test_a_table_of_an_sqlite_file_whose_columns_hold_mixed_types(tmp_path):
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE orders (order_id INTEGER, customer_id, ordered_at TEXT, revenue REAL)")
        rows = [(1, 7, "2024-01-05 10:00:00", 10.5), (2, "客户八", "2024-02-05", 20), (3, None, "2024-02-05", None)]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    connection.close()
    assert held(_opened(tmp_path, "shop.sqlite", where="order_id < 3"), "orders", "customer_id", "revenue") == [
        ("7", 10.5),
        ("客户八", 20.0),
    ]
    query = "select order_id, 'x' as customer_id, ordered_at, revenue from orders where revenue > 15"
    assert len(held(_opened(tmp_path, {"path": "shop.sqlite", "query": query}), "orders")) == 1


def test_an_sqlite_file_is_never_written(tmp_path):
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE orders (order_id INTEGER)")
    connection.close()
    with pytest.raises(StudyError, match="must be one SELECT"):
        _opened(tmp_path, {"path": "shop.sqlite", "query": "delete from orders"})


def test_sql_joins_named_inputs_whose_text_columns_have_their_natural_types(tmp_path, frame):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    pd.DataFrame({"id": ["007", "008"], "city": ["Bonn", "Köln"]}).to_parquet(tmp_path / "people.parquet")
    source = {
        "sql": "with big as (select * from o where revenue > 15) select big.*, p.city as store from big "
        "join people p on p.id = big.customer_id",
        "inputs": {"o": "orders.csv", "people": "people.parquet"},
    }
    study = _opened(tmp_path, source)
    assert held(study, "orders", "order_id", "customer_id", "revenue", "store") == [("2", "008", 20.0, "Köln")]
    assert study.inputs[0].source == "orders.csv and people.parquet"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select * from orders", "no input 'orders'. Did you mean"),
        ("select * from read_csv('orders.csv')", "Name files under inputs"),
        ("select * from 'orders.csv'", "no input"),
        ("delete from orderz", "must be one SELECT"),
        ("select * from orderz; select 1", "must be one SELECT"),
        ("select nothing from orderz", "orderz has order_id"),
    ],
)
def test_sql_reads_its_inputs_and_nothing_else(tmp_path, sql, said):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    with pytest.raises(StudyError, match=said):
        _opened(tmp_path, {"sql": sql, "inputs": {"orderz": "orders.csv"}})


def test_files_of_two_kinds_or_of_no_known_kind_are_refused(tmp_path, frame):
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text(GOOD_ORDERS)
    (tmp_path / "a.pdf").write_text("no")
    with pytest.raises(StudyError, match="mixes files of several kinds"):
        _opened(tmp_path, ["a.parquet", "a.csv"])
    with pytest.raises(StudyError, match=r"how to read 'a.pdf'. Known endings: .csv"):
        _opened(tmp_path, "a.pdf")


def test_large_text_is_staged_on_disk_and_the_disk_is_cleaned(tmp_path, monkeypatch):
    from crm_research.sources import session

    monkeypatch.setattr(session, "LARGE_BYTES", 10)
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    study = _opened(tmp_path, "orders.csv")
    assert len(held(study, "orders")) == 2
    (file,) = study.backend.con.execute(
        "SELECT path FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"
    ).fetchone()
    assert file.endswith("session.duckdb")
