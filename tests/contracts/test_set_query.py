"""How the row of a query is come by: by a cheaper one where that finds nothing, and once where several ask."""

from __future__ import annotations

import duckdb
import ibis
import pandas as pd
import pytest

from crm_research.contracts import set_query
from crm_research.contracts.copies import count_copies
from crm_research.contracts.lines_of_orders import sum_lines
from crm_research.contracts.set_query import InLots, SetCheck, SetQuery


def a_query(n_bad: int, shortcut: int | None) -> SetQuery:
    one = ibis.memtable({"n": [1]})
    check = SetCheck(rule="repeated-row", column="", expected="", n_bad="n_bad", examples=one)
    counts = one.select(n_bad=one.n * n_bad, from_where=ibis.literal("counts"))
    quick = None if shortcut is None else one.select(n_bad=one.n * shortcut, from_where=ibis.literal("shortcut"))
    return SetQuery(counts=counts, checks=(check,), shortcut=quick)


@pytest.mark.parametrize(
    ("n_bad", "shortcut", "row"),
    [
        (0, 0, (0, "shortcut")),
        (3, 7, (3, "counts")),
        (0, 2, (0, "counts")),  # digests that two different rows share
        (4, None, (4, "counts")),
    ],
)
def test_what_a_shortcut_finds_is_left_to_the_exact_question(n_bad, shortcut, row):
    assert tuple(a_query(n_bad, shortcut).count({}).values()) == row


def test_a_question_of_two_is_asked_once():
    asked = {}
    query = a_query(1, None)
    assert query.count(asked) is SetQuery(counts=query.counts, checks=query.checks).count(asked)
    assert len(asked) == 1


def laid_beside():
    """Orders and lines of them: a sum that differs, none, a line without an order, two rows of one order, no number."""
    orders = pd.DataFrame(
        {
            "order_id": [*(f"o{i}" for i in range(40)), "o0", None],
            "revenue": [*(float(i) for i in range(40)), 0.0, 5.0],
            "kind": ["cancelled" if i == 7 else "sale" for i in range(42)],
        }
    )
    lines = pd.DataFrame(
        [(f"o{i}", i / 2 + (i == 11)) for i in range(35) for _ in range(2)] + [("lost", 1.0), ("", 1.0), (None, 1.0)],
        columns=["order_id", "revenue"],
    )
    held = {"orders": ibis.memtable(orders), "order_lines": ibis.memtable(lines)}
    return sum_lines(held, {name: set(table.columns) for name, table in held.items()})


def test_lots_of_orders_and_lines_add_up_to_all_of_them():
    counts = laid_beside().counts
    whole = counts.whole.to_pyarrow().to_pylist()[0]
    # Rows that came about: 42 less one cancelled. With lines: o0 to o34 and o0 again, less the cancelled one.
    # Laid: 70 lines of orders, o0's two once more, and the three that are of none.
    assert whole == {
        "n_orders": 41, "n_with_lines": 35, "n_differ": 1, "n_bare": 6, "n_lost": 1, "n_without": 6, "n_laid": 75,
        "n_held": 73, "n_unclear": 8,
    }  # fmt: skip
    for n_lots in (1, 4, 7):
        rows = [counts.of_lot(number, n_lots).to_pyarrow().to_pylist()[0] for number in range(n_lots)]
        assert {name: sum(row[name] for row in rows) for name in whole} == whole
    assert sum(row["n_orders"] > 0 for row in rows) > 1


@pytest.mark.parametrize("n_fitting", [1, 4, 16, 64])
def test_what_does_not_fit_into_memory_at_once_is_asked_in_lots(monkeypatch, n_fitting):
    query, asked = laid_beside(), []
    whole = dict(query.count({}))

    def of_lot(number, n_lots):
        asked.append(n_lots)
        return query.counts.of_lot(number, n_lots)

    def row_of(one):
        n_lots = asked[-1] if asked else 1
        if n_lots < n_fitting:
            raise duckdb.OutOfMemoryException("failed to pin block of size 256.0 KiB (95.2 MiB/95.3 MiB used)")
        return one.to_pyarrow().to_pylist()[0]

    monkeypatch.setattr(set_query, "_row_of", row_of)
    lots = SetQuery(counts=InLots(whole=query.counts.whole, of_lot=of_lot), checks=query.checks)
    assert lots.count({}) == whole
    assert (asked[-1] if asked else 1) == n_fitting


def test_what_no_lot_holds_and_every_other_fault_is_told(monkeypatch):
    query = laid_beside()
    for problem in (duckdb.OutOfMemoryException("could not allocate block"), duckdb.BinderException("no such column")):

        def row_of(_one, problem=problem):
            raise problem

        monkeypatch.setattr(set_query, "_row_of", row_of)
        with pytest.raises(type(problem), match=str(problem)):
            query.count({})


@pytest.mark.parametrize(
    ("rows", "n_bad"),
    [
        ([("a", 1.0), ("a", 2.0), ("b", 1.0)], 0),
        ([("a", 1.0), ("a", 1.0), ("b", 1.0), ("a", 1.0)], 2),
        ([(None, 1.0), (None, 1.0), ("", 1.0)], 1),
        ([("a", None), ("a", None), ("a", float("nan"))], 1),
        ([("a", 0.0), ("a", -0.0)], 1),
    ],
)
def test_rows_are_told_apart_by_digest_as_they_are_by_value(rows, n_bad):
    engine = ibis.duckdb.connect()
    engine.raw_sql("CREATE TABLE rows (name VARCHAR, worth DOUBLE)")
    engine.con.executemany("INSERT INTO rows VALUES (?, ?)", rows)
    table = engine.table("rows")
    check = SetCheck(rule="repeated-row", column="", expected="", n_bad="n_bad", examples=table)
    query = count_copies(table, ["name", "worth"], check)
    assert query.shortcut is not None
    assert query.count({})["n_bad"] == n_bad
    assert query.counts.to_pyarrow().to_pylist()[0]["n_bad"] == n_bad
