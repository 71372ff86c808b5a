"""A query that asks for today, and a key beside a file of another kind, are refused with the mend."""

from __future__ import annotations

import duckdb
import pytest

from crm_research.errors import StudyError
from crm_research.sources.mapping.selects import read_select
from crm_research.sources.opening import open_study
from tests.sources.files import GOOD_ORDERS, a_study_file, held


@pytest.mark.parametrize(
    ("dialect", "asked"),
    [
        *(("duckdb", each) for each in (
            "now()", "today()", "current_date", "current_timestamp", "localtimestamp", "get_current_timestamp()",
            "transaction_timestamp()", "age(at)", "'now'::timestamp", "timestamp 'today'", "date('now')",
        )),
        *(("postgres", each) for each in ("now()", "clock_timestamp()", "timeofday()", "'today'::date", "age(at)")),
        *(("sqlite", each) for each in (
            "date('now')", "date()", "datetime('now', '-1 day')", "julianday('now')", "strftime('%s', 'now')",
            "unixepoch()", "current_timestamp",
        )),
        *(("spark", each) for each in ("now()", "current_date()", "unix_timestamp()", "getdate()")),
    ],
)  # fmt: skip
def test_a_query_that_asks_for_the_moment_is_refused(dialect, asked):
    with pytest.raises(StudyError, match=r"no report could be made again. Select the time itself, and compare it"):
        read_select(f"select id, {asked} as at from t", dialect=dialect, where="orders.from.query")


@pytest.mark.parametrize(
    ("dialect", "asked"),
    [
        ("duckdb", "age(at, since)"), ("duckdb", "date(at)"), ("duckdb", "at::date"), ("duckdb", "'now'"),
        ("postgres", "cast('2024-01-02' as date)"), ("sqlite", "date(at)"), ("sqlite", "strftime('%Y', at)"),
        ("sqlite", "unixepoch(at)"), ("duckdb", "cast('today' as varchar)"), ("spark", "unix_timestamp(at)"),
    ],
)  # fmt: skip
def test_a_query_that_reads_times_of_rows_is_read(dialect, asked):
    read_select(f"select id, {asked} as x from t where state = 'today'", dialect=dialect, where="orders.from.query")


def test_a_study_that_asks_for_now_does_not_open(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as made:
        made.execute(
            "create table o as select 'o1' as order_id, 'a' as customer_id, timestamp '2024-01-02' as ordered_at"
        )
    query = "select order_id, customer_id, now() as ordered_at, 7 as revenue from o"
    with pytest.raises(StudyError, match=r"orders.from.query: holds 'NOW\(\)'"):
        open_study(a_study_file(tmp_path, {"orders": {"from": {"path": "shop.duckdb", "query": query}}}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sheet", "2024", "is read as text, and only an Excel file has sheets. Leave sheet: out"),
        ("table", "orders", "is read as text, and only a database has tables. Leave table: out"),
        ("query", "select 1", "only a database is asked by a query; of other files, write sql: and inputs:"),
    ],
)
def test_a_key_beside_a_file_of_another_kind_is_refused(tmp_path, key, value, said):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    with pytest.raises(StudyError, match=f"orders.from.{key}: orders.csv {said}|{said}"):
        open_study(a_study_file(tmp_path, {"orders": {"from": {"path": "orders.csv", key: value}}}))
    assert held(open_study(a_study_file(tmp_path, {"orders": {"from": {"path": "orders.csv"}}})), "orders")
