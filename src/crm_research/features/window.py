"""Time: what was known at a study's as_of, and what came to pass after it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.contracts import TableContract, contract_of
from crm_research.errors import LeakageError
from crm_research.features.clock import instant
from crm_research.features.joined import join_contracts, rename_joined

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.study import Continuation, Study

# Rows that may carry no time of their own, and the table whose row they came with.
_CAME_WITH: Final[Mapping[str, str]] = MappingProxyType({"order_lines": "orders", "campaign_targets": "campaigns"})


def known_rows(study: Study, table: str) -> ir.Table:
    """What did we know of this table at as_of?

    Rows from after as_of are left out; times that had not yet come (an end, a payment) are empty, and so is what
    would have become known with them. Rows without a time of their own are known with the row they came with (order
    lines with their order), and are kept where there is none.

    Contracts that go on in each other, where the study says which, are one row.

    Returns
    -------
    ibis table
        Grain and columns of the canonical table.
    """
    rows = study.table(table)
    contract = contract_of(table)
    if _has_time(rows, contract):
        return _joined(study, _cut(rows, contract, study.as_of), table, study.as_of)
    later = _later_parents(study, table)
    return _cut(rows if later is None else rows.anti_join(later, later.columns), contract, study.as_of)


def outcome_rows(study: Study, table: str) -> ir.Table:
    """What happened in the holdout, (as_of, holdout_until]?

    Raises
    ------
    LeakageError
        If the study has no holdout: outcomes may only be read where a window was kept apart for them.
    """
    rows = study.table(table)
    contract = contract_of(table)
    if study.holdout_until is None:
        raise LeakageError(
            f"Study {study.name!r} keeps no holdout, so outcomes of {table!r} cannot be read. "
            "Set holdout_until in its file to a date after as_of."
        )
    if not _has_time(rows, contract):
        raise LeakageError(f"Rows of {table!r} carry no time, so none of them can be an outcome.")
    seen_from_the_end = _joined(study, _cut(rows, contract, study.holdout_until), table, study.holdout_until)
    return seen_from_the_end.filter(lambda t: ~_is_known(t[contract.known_at], contract, study.as_of))


def before_holdout(study: Study) -> datetime:
    """Since when is the stretch, as long as the holdout, that ends at as_of? It is (then, as_of], like the holdout.

    Without a holdout it is empty, and begins at as_of.
    """
    until = study.as_of if study.holdout_until is None else study.holdout_until
    return study.as_of - (until - study.as_of)


def _joined(study: Study, rows: ir.Table, table: str, until: datetime) -> ir.Table:
    """Contracts joined as the study says, and their states under the ids of the joined ones."""
    join = _JOINS.get(table)
    return rows if join is None or study.continuation is None else join(study, rows, study.continuation, until)


def _contracts_joined(_study: Study, rows: ir.Table, rule: Continuation, _until: datetime) -> ir.Table:
    return join_contracts(rows, rule)


def _states_renamed(study: Study, rows: ir.Table, rule: Continuation, until: datetime) -> ir.Table:
    if not study.has("contracts"):
        return rows
    return rename_joined(rows, _cut(study.table("contracts"), contract_of("contracts"), until), rule)


# The tables that a continuation joins.
_JOINS: Final[Mapping[str, Callable[[Study, ir.Table, Continuation, datetime], ir.Table]]] = MappingProxyType(
    {"contracts": _contracts_joined, "contract_states": _states_renamed}
)


def _has_time(rows: ir.Table, contract: TableContract) -> bool:
    return contract.known_at is not None and contract.known_at in rows.columns


def _later_parents(study: Study, table: str) -> ir.Table | None:
    """Keys of the rows, not yet known, that rows of this table came with; None where there are none to ask."""
    parent = _CAME_WITH.get(table)
    if parent is None or not study.has(parent):
        return None
    contract = contract_of(parent)
    rows = study.table(parent)
    if not _has_time(rows, contract):
        return None
    return rows.filter(~_is_known(rows[contract.known_at], contract, study.as_of)).select(*contract.key)


def _is_known(known_at: ir.Value, contract: TableContract, until: datetime) -> ir.BooleanValue:
    """Had it come by then? What a period holds is not known at its first instant."""
    limit = instant(until)
    return known_at < limit if contract.names_periods else known_at <= limit


def _cut(table: ir.Table, contract: TableContract, until: datetime) -> ir.Table:
    limit = instant(until)
    if contract.known_at is not None and contract.known_at in table.columns:
        known_at = table[contract.known_at]
        table = table.filter(known_at.isnull() | _is_known(known_at, contract, until))
    blanked = {}
    for column in contract.columns:
        source = column.name if column.happens_later else column.known_with
        if source is not None and column.name in table.columns and source in table.columns:
            came_to_pass = table[source] <= limit
            blanked[column.name] = came_to_pass.ifelse(table[column.name], None).cast(table[column.name].type())
    return table.mutate(**blanked) if blanked else table
