"""A column told as a whole to break no rule is counted as its rows are, one by one, whatever stands in it."""

from __future__ import annotations

from datetime import datetime

import ibis
import pytest

from crm_research.contracts.row_checks import is_missing
from crm_research.contracts.scan import scan_table
from crm_research.contracts.set_checks import build_set_queries
from crm_research.contracts.tables import TABLES

AS_OF, LAST = datetime(2024, 7, 1), datetime(2024, 12, 31)
NAN, INFINITE = float("nan"), float("inf")
LINE = ("o1", "p1", 1.0, 5.0, 0.5, 2.0)
# Each breaks or grazes a rule of single rows: the one before it is that line with one value changed.
LINES = [
    LINE,
    *((odd, *LINE[1:]) for odd in (None, "", "  ", "NaN", "total", "1.23E+15", "1.5", "abc", "E5")),
    *((LINE[0], odd, *LINE[2:]) for odd in (None, "\t", "null", "合計", "2E+05", "x,y")),
    *((*LINE[:2], odd, *LINE[3:]) for odd in (None, NAN, INFINITE, -INFINITE, 1e13, 9.9e12, -1.0, 0.0, -1e-200)),
    *((*LINE[:3], odd, *LINE[4:]) for odd in (None, NAN, INFINITE, -1e13, -5.0, 0.0, 1e-200)),
    *((*LINE[:4], odd, 2.0) for odd in (None, NAN, INFINITE, -0.01, 45.0, 45.01)),
]


def counted(name: str, table: ibis.Table) -> dict[str, tuple[int, int, int]]:
    """Rule and column to what the scan counted: rows checked, rows that break it, and those that break it looked at."""
    scan = scan_table(TABLES[name], table, set(table.columns), as_of=AS_OF, last_instant=LAST, attributes={})
    alone = table.aggregate(
        **{f"bad_{i}": table.count(where=check.bad(table)) for i, (check, *_) in enumerate(scan.counted)}
    )
    bad = alone.to_pyarrow().to_pylist()[0]
    ids = {
        reference.column: table.count(where=~is_missing(table[reference.column]))
        for reference in TABLES[name].references
    }
    assert scan.n_filled == table.aggregate(**ids).to_pyarrow().to_pylist()[0]
    return {
        f"{check.rule} {check.columns[0]}": (n, n_bad, bad[f"bad_{i}"])
        for i, (check, n, n_bad) in enumerate(scan.counted)
    }


def lines_of(rows) -> ibis.Table:
    engine = ibis.duckdb.connect()
    engine.raw_sql(
        "CREATE TABLE order_lines (order_id VARCHAR, product_id VARCHAR, quantity DOUBLE, revenue DOUBLE, "
        "discount DOUBLE, cost DOUBLE)"
    )
    engine.con.executemany("INSERT INTO order_lines VALUES (?, ?, ?, ?, ?, ?)", rows)
    return engine.table("order_lines")


def test_sound_rows_are_asked_once_and_break_nothing(monkeypatch):
    asked = []
    usual = ibis.expr.types.Table.to_pyarrow
    monkeypatch.setattr(ibis.expr.types.Table, "to_pyarrow", lambda table: asked.append(table) or usual(table))
    table = lines_of([LINE] * 3)
    scan = scan_table(TABLES["order_lines"], table, set(table.columns), as_of=AS_OF, last_instant=LAST, attributes={})
    assert len(asked) == 1
    assert {(n, n_bad) for _, n, n_bad in scan.counted} == {(3, 0)}
    assert scan.n_filled == {"order_id": 3, "product_id": 3}


@pytest.mark.slow
def test_lines_of_every_oddity_are_counted_as_row_by_row():
    found = counted("order_lines", lines_of(LINES))
    assert {rule: (n_bad, looked_at) for rule, (_, n_bad, looked_at) in found.items() if n_bad != looked_at} == {}
    n = len(LINES)
    assert {rule: found[rule][:2] for rule in found if found[rule][1]} == {
        "missing-key order_id": (n, 3),
        "placeholder-key order_id": (n - 1, 1),
        "rounded-key order_id": (n - 1, 1),
        "total-row order_id": (n - 1, 1),
        "missing-key product_id": (n, 2),
        "placeholder-key product_id": (n - 1, 1),
        "rounded-key product_id": (n - 1, 1),
        "total-name product_id": (n - 1, 1),
        "missing-value quantity": (n, 1),
        "not-finite quantity": (n - 1, 3),
        "too-large quantity": (n - 1, 1),
        "missing-value revenue": (n, 1),
        "not-finite revenue": (n - 1, 2),
        "too-large revenue": (n - 1, 1),
        "below-minimum discount": (n - 1, 1),
        "not-finite discount": (n - 1, 2),
        "line-sign revenue": (n - 2, 5),
        "discount-beyond-reason discount": (n - 2, 2),
    }


@pytest.mark.slow
@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_each_oddity_alone_is_no_less_seen_than_among_others(row):
    found = counted("order_lines", lines_of([LINE, row]))
    assert {rule: counts for rule, counts in found.items() if counts[1] != counts[2]} == {}


@pytest.mark.parametrize(
    ("ids", "of_lines", "n_bad", "n_asked"),
    [
        (["o1", "o2"], ["o1", "o1", "o2"], 0, 1),  # every order has lines: they tell
        (["o1", "o1", "o2"], ["o1", "o2"], 1, 2),
        (["o1", "o2", "o2", "o2"], ["o1", "o2", "o2", "o9", None], 2, 2),
        (["o1", "o2"], ["o1"], 0, 2),  # what has no lines cannot be told by them
        (["o1", None, None], ["o1", None], 1, 2),
        (["o1", "o2"], ["o1", "o2", "o9", "o9", None], 0, 1),  # lines of no order are no order's
    ],
)
def test_orders_that_stand_twice_are_told_by_their_lines(ids, of_lines, n_bad, n_asked):
    engine = ibis.duckdb.connect()
    engine.raw_sql("CREATE TABLE orders (order_id VARCHAR, revenue DOUBLE)")
    engine.raw_sql("CREATE TABLE order_lines (order_id VARCHAR, revenue DOUBLE)")
    engine.con.executemany("INSERT INTO orders VALUES (?, 1)", [[one] for one in ids])
    engine.con.executemany("INSERT INTO order_lines VALUES (?, 1)", [[one] for one in of_lines])
    held = {name: engine.table(name) for name in ("orders", "order_lines")}
    usable = {name: set(table.columns) for name, table in held.items()}
    unique = build_set_queries(TABLES["orders"], held, usable)[0]
    asked = {}
    (check,) = unique.checks
    assert (check.rule, unique.count(asked)[check.n_bad], len(asked)) == ("duplicate-key", n_bad, n_asked)
