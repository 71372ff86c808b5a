"""Time: what was known at a study's as_of, and what came to pass after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_research.contracts import TableContract, contract_of
from crm_research.errors import LeakageError

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.study import Study


def known_rows(study: Study, table: str) -> ir.Table:
    """What did we know of this table at as_of?

    Rows from after as_of are left out; times that had not yet come (an end, a payment) are empty, and so is what
    would have become known with them. Rows without a time of their own are kept.

    Returns
    -------
    ibis table
        Grain and columns of the canonical table.
    """
    return _cut(study.table(table), contract_of(table), study.as_of)


def outcome_rows(study: Study, table: str) -> ir.Table:
    """What happened in the holdout, (as_of, holdout_until]?

    Raises
    ------
    LeakageError
        If the study has no holdout: outcomes may only be read where a window was kept apart for them.
    """
    contract = contract_of(table)
    if study.holdout_until is None:
        raise LeakageError(
            f"Study {study.name!r} keeps no holdout, so outcomes of {table!r} cannot be read. "
            "Set holdout_until in its file to a date after as_of."
        )
    if contract.known_at is None:
        raise LeakageError(f"Rows of {table!r} carry no time, so none of them can be an outcome.")
    seen_from_the_end = _cut(study.table(table), contract, study.holdout_until)
    return seen_from_the_end.filter(lambda t: t[contract.known_at] > ibis.timestamp(study.as_of.isoformat()))


def _cut(table: ir.Table, contract: TableContract, until: datetime) -> ir.Table:
    limit = ibis.timestamp(until.isoformat())
    if contract.known_at is not None and contract.known_at in table.columns:
        known_at = table[contract.known_at]
        table = table.filter(known_at.isnull() | (known_at <= limit))
    blanked = {}
    for column in contract.columns:
        source = column.name if column.happens_later else column.known_with
        if source is not None and column.name in table.columns and source in table.columns:
            not_yet = table[source].isnull() | (table[source] > limit)
            blanked[column.name] = not_yet.ifelse(ibis.null(table[column.name].type()), table[column.name])
    return table.mutate(**blanked) if blanked else table
