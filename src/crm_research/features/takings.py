"""What customers bring: orders and fees of a window as money, one row a customer."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.clock import days_between, instant
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

TAKINGS: Final = ("revenue", "discount", "goods", "fees", "n_orders", "sales")
_NUMBERS: Final = dict.fromkeys(TAKINGS, "float64")


def build_takings(study: Study, window: MoneyWindow) -> ir.Table:
    """What did each customer bring in the window?

    Parameters
    ----------
    study
        Needs orders or contracts.

    Returns
    -------
    ibis table
        One customer with an order or a running contract in the window, and one row without customer_id for all that
        names nobody: revenue (orders after discount, returns taken off), discount (already taken off), goods (what they
        cost us; 0 where not recorded), fees (of contracts), n_orders (sales), sales (their revenue, before returns).
    """
    parts = [build for build in (_orders(study, window), _fees(study, window)) if build is not None]
    union = reduce(lambda left, right: left.union(right), parts)
    summed: ir.Table = union.group_by("customer_id").agg(**{name: union[name].sum() for name in TAKINGS})
    return summed


def _orders(study: Study, window: MoneyWindow) -> ir.Table | None:
    if not study.has("orders"):
        return None
    dealings = keep_dealings(known_rows(study, "orders"), of_anybody=True)
    within = dealings.filter(dealings.ordered_at >= instant(window.start), dealings.ordered_at < instant(window.end))
    sale = within.is_sale.ifelse(1.0, 0.0)
    return within.select(
        "customer_id",
        revenue=within.revenue.fill_null(0.0),
        discount=_or_nought(within, "discount"),
        goods=_or_nought(within, "cost"),
        fees=ibis.literal(0.0),
        n_orders=sale,
        sales=within.revenue.fill_null(0.0) * sale,
    )


def _fees(study: Study, window: MoneyWindow) -> ir.Table | None:
    """Fees of contracts that ran in the window: a month's fee for each of its months, a part of one by its days."""
    if not study.has("contracts"):
        return None
    contracts = known_rows(study, "contracts")
    if "fee" not in contracts.columns:
        return None
    start, end = instant(window.start), instant(window.end)
    ended = contracts.ended_at if "ended_at" in contracts.columns else ibis.null("timestamp")
    until = ibis.least(ended.fill_null(end), end)
    since = ibis.greatest(contracts.started_at, start)
    ran = contracts.mutate(_days=days_between(since, until))
    ran = ran.filter(ran._days > 0)
    months = window.months or window.days * 12 / 365.25
    nought = ibis.literal(0.0)
    return ran.select(
        "customer_id",
        revenue=nought,
        discount=nought,
        goods=nought,
        fees=ran.fee.fill_null(0.0) * ran._days / window.days * float(months),
        n_orders=nought,
        sales=nought,
    )


def _or_nought(table: ir.Table, name: str) -> ir.FloatingValue:
    return table[name].fill_null(0.0) if name in table.columns else ibis.literal(0.0)
