"""Customers by calendar period, and the retention of each intake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_research.features.clock import check_period_months, last_complete_period, period_number, period_start
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study


def build_customer_periods(study: Study, *, period_months: int = 1) -> ir.Table:
    """What did each customer do in each calendar period since the first purchase?

    Parameters
    ----------
    study
        Needs orders.
    period_months
        Length of a period; periods are aligned with the calendar year (3 gives quarters, 12 years).

    Returns
    -------
    ibis table
        One customer and period, from the period of the first purchase to the last one complete at as_of, also those
        without a purchase: customer_id, period_start, period_index (0 in the first), cohort (start of the first
        period), n_orders, spend (sales less returns, in the study's currency), is_active (any purchase).

    Notes
    -----
    Rows grow with customers times periods: for retention by intake use `count_retention`, which never makes them.
    Returns from before the first purchase's period are in no row.
    """
    months = check_period_months(period_months)
    busy = _sum_periods(study, months)
    first = _first_periods(busy)
    grid = _every_period(first, _last_period(study, months))
    joined = grid.left_join(busy, ["customer_id", "period"])
    n_orders = joined.n_orders.fill_null(0)
    return joined.select(
        "customer_id",
        period_start=period_start(joined.period, months),
        period_index=joined.period - joined.first_period,
        cohort=period_start(joined.first_period, months),
        n_orders=n_orders,
        spend=joined.spend.fill_null(0.0),
        is_active=n_orders > 0,
    )


def count_retention(study: Study, *, period_months: int = 1) -> ir.Table:
    """Of the customers of each intake, how many bought in each period after it?

    Parameters
    ----------
    study
        Needs orders.
    period_months
        As in `build_customer_periods`, whose sums these are.

    Returns
    -------
    ibis table
        One intake and period complete at as_of: cohort (start of the period of the first purchase), period_index
        (0 in that period), n_customers (of the intake), n_active (of them, with a purchase), n_orders, spend.

    Notes
    -----
    The first intake of the records holds everybody who bought before they began: it is no intake of new customers.
    """
    months = check_period_months(period_months)
    busy = _sum_periods(study, months)
    first = _first_periods(busy)
    intakes = first.group_by("first_period").agg(n_customers=first.count())
    grid = _every_period(intakes, _last_period(study, months))
    dated = busy.inner_join(first, "customer_id")
    active = dated.group_by("first_period", "period").agg(
        n_active=dated.n_orders.count(where=dated.n_orders > 0),
        n_orders=dated.n_orders.sum(),
        spend=dated.spend.sum(),
    )
    joined = grid.left_join(active, ["first_period", "period"])
    counted = joined.select(
        "n_customers",
        cohort=period_start(joined.first_period, months),
        period_index=joined.period - joined.first_period,
        n_active=joined.n_active.fill_null(0),
        n_orders=joined.n_orders.fill_null(0),
        spend=joined.spend.fill_null(0.0),
    )
    return counted.relocate("cohort", "period_index").order_by("cohort", "period_index")


def _last_period(study: Study, months: int) -> int:
    return last_complete_period(study.as_of, months)


def _sum_periods(study: Study, months: int) -> ir.Table:
    """One customer and period with any dealing, in complete periods: n_orders, spend."""
    dealings = keep_dealings(known_rows(study, "orders"))
    dealings = dealings.mutate(period=period_number(dealings.ordered_at, months))
    dealings = dealings.filter(dealings.period <= _last_period(study, months))
    return dealings.group_by("customer_id", "period").agg(
        n_orders=dealings.is_sale.count(where=dealings.is_sale), spend=dealings.revenue.sum().fill_null(0.0)
    )


def _first_periods(busy: ir.Table) -> ir.Table:
    bought = busy.filter(busy.n_orders > 0)
    return bought.group_by("customer_id").agg(first_period=bought.period.min())


def _every_period(rows: ir.Table, last: int) -> ir.Table:
    """The same rows, once for each period from their first to the last."""
    end = ibis.literal(last + 1, "int64")
    return rows.mutate(period=ibis.range(rows.first_period, end)).unnest("period")
