"""Contracts that go on in another one: plan changes and pauses are no ends where the study says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Continuation

# Of what has not ended. Far enough for any contract, and near enough for every engine to add days to it.
_OPEN: Final = "9000-01-01"
_JOINED: Final = "_joined_id"
_UNTIL, _BEFORE, _GOES_ON, _AWAITED = "_until", "_before", "_goes_on", "_awaited"
_IS_NEW, _PART, _FROM_END = "_is_new", "_part", "_from_end"


def join_contracts(contracts: ir.Table, rule: Continuation) -> ir.Table:
    """One row for each run of contracts of a customer that go on in each other.

    Parameters
    ----------
    contracts
        Grain: contract, cut to what was known: whether a contract went on is read from nothing later.
    rule
        When one goes on in another.

    Returns
    -------
    ibis table
        The same columns. The id, the start, the plan and all else are those of the first contract, as they were when
        the customer came; end and reason are those of the last, empty while it runs.
    """
    if "ended_at" not in contracts.columns:
        return contracts
    marked = _mark(contracts, rule)
    first = marked.filter(marked[_IS_NEW]).select(*contracts.columns)
    last = marked.filter(marked[_FROM_END] == 0)
    is_over = last.ended_at.notnull() & ~last[_GOES_ON]
    ends = {"ended_at": is_over.ifelse(last.ended_at, None).cast(contracts.ended_at.type())}
    if "end_reason" in contracts.columns:
        ends["end_reason"] = is_over.ifelse(last.end_reason, None).cast(contracts.end_reason.type())
    tails = last.select(last[_JOINED], **ends)
    joined = first.drop(*ends).left_join(tails, first.contract_id == tails[_JOINED])
    return joined.select(*contracts.columns)


def rename_joined(rows: ir.Table, contracts: ir.Table, rule: Continuation) -> ir.Table:
    """Rows that name contracts (their states) with the id of the joined contract each is part of."""
    if "ended_at" not in contracts.columns:
        return rows
    marked = _mark(contracts, rule)
    ids = marked.select(_of="contract_id", _into=_JOINED)
    renamed = rows.left_join(ids, rows.contract_id == ids["_of"])
    return renamed.mutate(contract_id=ibis.coalesce(renamed["_into"], renamed.contract_id)).select(*rows.columns)


def _mark(contracts: ir.Table, rule: Continuation) -> ir.Table:
    """Each contract with the id of the first one of its run, and its place from the run's end."""
    goes_on = ibis.literal(value=False)
    if rule.after and "end_reason" in contracts.columns:
        goes_on = contracts.ended_at.notnull() & contracts.end_reason.isin(rule.after).fill_null(False)
    open_end = ibis.timestamp(_OPEN)
    marked = contracts.mutate(
        **{_UNTIL: ibis.coalesce(contracts.ended_at.cast("timestamp"), open_end), _GOES_ON: goes_on}
    )
    order = ["started_at", "contract_id"]
    whose = ibis.window(group_by="customer_id", order_by=order)
    earlier = ibis.window(group_by="customer_id", order_by=order, rows=(None, -1))
    marked = marked.mutate(
        **{_BEFORE: marked[_UNTIL].max().over(earlier), _AWAITED: marked[_GOES_ON].lag().over(whose)}
    )
    days = -1 if rule.within_days is None else rule.within_days
    is_late = marked.started_at.truncate("D") > marked[_BEFORE].truncate("D") + ibis.interval(days=days)
    # Whoever is not named goes on in nobody else's contract.
    is_new = (
        marked[_BEFORE].isnull()
        | marked.customer_id.isnull()
        | (is_late.fill_null(True) & ~marked[_AWAITED].fill_null(False))
    )
    marked = marked.mutate(**{_IS_NEW: is_new})
    so_far = ibis.window(group_by="customer_id", order_by=order, rows=(None, 0))
    marked = marked.mutate(**{_PART: marked[_IS_NEW].ifelse(1, 0).sum().over(so_far)})
    run = ["customer_id", _PART]
    from_start = ibis.window(group_by=run, order_by=order, rows=(None, 0))
    latest_first = [ibis.desc(_UNTIL), ibis.desc("started_at"), ibis.desc("contract_id")]
    from_end = ibis.window(group_by=run, order_by=latest_first)
    return marked.mutate(
        **{_JOINED: marked.contract_id.first().over(from_start), _FROM_END: ibis.row_number().over(from_end)}
    )
