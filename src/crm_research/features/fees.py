"""Fees of contracts as they stand, and how they rose and fell: of contracts whose states carry a fee."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ibis

from crm_research.features.clock import instant
from crm_research.features.spells import build_spells
from crm_research.features.takings import has_fees_in_states
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study


def running_contracts(study: Study) -> ir.Table:
    """The contracts that run at as_of, of somebody or of nobody named.

    Returns
    -------
    ibis table
        One contract: contract_id, customer_id, started_at, tenure_days and fee (a month, as it stands at as_of: that of
        the latest state which has one, else the contract's own; empty where the records have neither).
    """
    spells = build_spells(study)
    running = spells.filter(~spells.is_ended)
    fee = running.fee.cast("float64") if "fee" in running.columns else ibis.null("float64")
    rows = running.select("contract_id", "customer_id", "started_at", tenure_days=running.tenure_days, own_fee=fee)
    return _with_fee(study, rows, study.as_of)


def sum_fee_changes(study: Study, since: datetime) -> ir.Table:
    """What came of the fees, since an instant, of contracts that ran then and run at as_of?

    Parameters
    ----------
    study
        Needs contracts whose states carry a fee.

    Returns
    -------
    ibis table
        One row over contracts with a fee above 0 then and one known now: n_contracts, n_risen, n_fallen, fees_then,
        fees_now, risen and fallen (money a month, both 0 or more), and sums of squares and products (then_then,
        then_now, now_now).
    """
    spells = build_spells(study)
    moment = instant(since)
    fee = spells.fee.cast("float64") if "fee" in spells.columns else ibis.null("float64")
    stayed = spells.mutate(own_fee=fee).filter(~spells.is_ended, spells.started_at <= moment)
    stayed = stayed.select("contract_id", "own_fee")
    then = _with_fee(study, stayed, since).select("contract_id", then=lambda t: t.fee)
    now = _with_fee(study, stayed, study.as_of).select("contract_id", later=lambda t: t.fee)
    both = then.inner_join(now, "contract_id")
    both = both.filter(both.then > 0, both.later.notnull()).select("then", "later")
    change = both.later - both.then
    sums = both.agg(
        n_contracts=both.count(),
        n_risen=both.count(where=change > 0),
        n_fallen=both.count(where=change < 0),
        fees_then=both.then.sum(),
        fees_now=both.later.sum(),
        risen=change.sum(where=change > 0),
        fallen=-change.sum(where=change < 0),
        then_then=(both.then * both.then).sum(),
        then_now=(both.then * both.later).sum(),
        now_now=(both.later * both.later).sum(),
    )
    return sums.mutate(**{name: sums[name].fill_null(0.0) for name in sums.columns if not name.startswith("n_")})


def _with_fee(study: Study, contracts: ir.Table, at: datetime) -> ir.Table:
    """Contracts (with own_fee) and the fee that held at an instant."""
    if not has_fees_in_states(study):
        return contracts.mutate(fee=contracts.own_fee).drop("own_fee")
    states = known_rows(study, "contract_states")
    held = states.filter(states.valid_from <= instant(at), states.fee.notnull())
    held = held.select("contract_id", valid_from=held.valid_from, state_fee=held.fee.cast("float64"))
    last = held.group_by("contract_id").agg(valid_from=held.valid_from.max())
    # One fee a contract, whatever the records hold: of two states from the same instant the higher.
    latest = held.inner_join(last, ["contract_id", "valid_from"])
    latest = latest.group_by("contract_id").agg(state_fee=latest.state_fee.max())
    joined = contracts.left_join(latest, "contract_id")
    return joined.select(
        *(name for name in contracts.columns if name != "own_fee"), fee=joined.state_fee.fill_null(joined.own_fee)
    )
