"""Rows that repeat others: how many are too many?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research.contracts.set_query import SetCheck, SetQuery

if TYPE_CHECKING:
    import ibis.expr.types as ir


def count_copies(table: ir.Table, columns: list[str], check: SetCheck) -> SetQuery:
    """How many rows repeat, in these columns, another one?

    Parameters
    ----------
    table
        Any table.
    columns
        Those in which rows are compared.
    check
        What reads ``n_bad``.

    Notes
    -----
    Where the engine has a wide digest, rows of several columns are first told apart by it, in a fraction of the memory
    and two thirds of the time: as many digests as rows, and no row repeats another. Digests that two different rows
    share only lead to the exact question.
    """
    import ibis

    counts = _count(table, table.select(*columns))
    if len(columns) == 1 or not _has_wide_digests(table):
        return SetQuery(counts=counts, checks=(check,))
    digests = table.select(digest=ibis.struct({name: table[name] for name in columns}).hash())
    return SetQuery(counts=counts, shortcut=_count(table, digests), checks=(check,))


def _count(table: ir.Table, rows: ir.Table) -> ir.Table:
    # The first row of each key is in its right; the others are too many. Twice as fast as counting each group.
    distinct = rows.distinct()
    n_distinct = distinct.aggregate(n_distinct=distinct.count())
    n_rows = table.aggregate(n_rows=table.count())
    both = n_rows.cross_join(n_distinct)
    return both.select(n_bad=both.n_rows - both.n_distinct)


def _has_wide_digests(table: ir.Table) -> bool:
    """Those of other engines have 32 bits, which 100,000 rows share as often as not."""
    from ibis.common.exceptions import IbisError

    try:
        return bool(table.get_backend().name == "duckdb")
    except IbisError:  # a table of no engine yet
        return False
