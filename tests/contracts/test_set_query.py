"""How the row of a query is come by: by a cheaper one where that finds nothing, and once where several ask."""

from __future__ import annotations

import ibis
import pytest

from crm_research.contracts.copies import count_copies
from crm_research.contracts.set_query import SetCheck, SetQuery


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
