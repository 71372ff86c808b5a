"""What customers bring: orders and fees of a window as money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.clock import days_between, instant, period_number
from crm_research.features.money_rows import money_rows
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

# With less of the sales carrying their cost, what is left of the rest would be more guessed than known.
ENOUGH_COSTED: Final = 0.5


def dealings_within(study: Study, window: MoneyWindow) -> ir.Table:
    """Sales and returns of the window, those that name nobody among them; with is_sale."""
    dealings = keep_dealings(known_rows(study, "orders"), of_anybody=True)
    return dealings.filter(dealings.ordered_at >= instant(window.start), dealings.ordered_at < instant(window.end))


def share_costed(study: Study, window: MoneyWindow) -> float | None:
    """Of what was sold in the window, which share has its cost recorded? None without a column of costs, or sales.

    Of the revenue; of the number of sales where these brought none.
    """
    if not study.has("orders") or "cost" not in study.table("orders").columns:
        return None
    within = dealings_within(study, window)
    sales = within.filter(within.is_sale)
    has_cost = sales["cost"].notnull()
    asked = sales.agg(
        n=sales.count(),
        n_costed=sales.count(where=has_cost),
        sold=sales.revenue.sum().fill_null(0.0),
        costed=sales.revenue.sum(where=has_cost).fill_null(0.0),
    )
    row = asked.to_pyarrow().to_pylist()[0]
    if not row["n"]:
        return None
    if row["sold"] > 0:
        return float(row["costed"] / row["sold"])
    return float(row["n_costed"] / row["n"])


def order_rows(study: Study, window: MoneyWindow, *, counts_goods: bool = True) -> ir.Table:
    """Orders of the window as money.

    revenue (after discount, returns taken off), discount, goods (what they cost us), n_orders (sales), sales (their
    revenue) and costed (revenue of sales whose cost of goods is recorded).
    """
    within = dealings_within(study, window)
    revenue = within.revenue.fill_null(0.0)
    sale = within.is_sale.ifelse(1.0, 0.0)
    values = {"revenue": revenue, "n_orders": sale, "sales": revenue * sale}
    if "discount" in within.columns:
        values["discount"] = within.discount.fill_null(0.0)
    if counts_goods and "cost" in within.columns:
        values["goods"] = within["cost"].fill_null(0.0)
        values["costed"] = within["cost"].notnull().ifelse(revenue * sale, 0.0)
    return money_rows(within, **values)


def fee_rows(study: Study, window: MoneyWindow) -> ir.Table:
    """Fees of contracts that ran in the window: a month's fee for each calendar month, a part of one by its days.

    Where the states of contracts carry a fee, each holds for its own stretch.
    """
    contracts = known_rows(study, "contracts")
    ended = contracts.ended_at if "ended_at" in contracts.columns else ibis.null("timestamp")
    own = contracts.select(
        "contract_id", "customer_id", since=contracts.started_at, until=ended, fee=contracts.fee.fill_null(0.0)
    )
    if has_fees_in_states(study):
        states = known_rows(study, "contract_states")
        until = states.valid_to if "valid_to" in states.columns else ibis.null("timestamp")
        stretches = states.select(
            "contract_id", state_since=states.valid_from, state_until=until, state_fee=states.fee.cast("float64")
        )
        without = own.anti_join(stretches, "contract_id")
        joined = own.inner_join(stretches, "contract_id")
        changed = joined.select(
            "contract_id",
            "customer_id",
            since=ibis.greatest(joined.since, joined.state_since),
            until=_earlier(joined.until, joined.state_until),
            fee=joined.state_fee.fill_null(joined.fee),
        )
        own = without.union(changed)
    start, end = instant(window.start), instant(window.end)
    ran = own.mutate(since=ibis.greatest(own.since, start), until=ibis.least(own.until.fill_null(end), end))
    ran = ran.filter(ran.until > ran.since)
    return money_rows(ran, fees=ran.fee * (_months_at(ran.until) - _months_at(ran.since)))


def _months_at(at: ir.TimestampValue) -> ir.FloatingValue:
    """How many calendar months have passed, the present one by its days: fees add up over any parts of a stretch."""
    first = at.truncate("M")
    part = days_between(first, at) / days_between(first, first + ibis.interval(months=1))
    return period_number(at, 1).cast("float64") + part


def has_fees_in_states(study: Study) -> bool:
    """Do the states of contracts carry a fee that changes?"""
    return study.has("contract_states") and "fee" in study.table("contract_states").columns


def _earlier(first: ir.TimestampValue, second: ir.TimestampValue) -> ir.TimestampValue:
    """The earlier of two times; where one is empty the other."""
    return ibis.least(first.fill_null(second), second.fill_null(first))
