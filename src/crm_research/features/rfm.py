"""Recency, frequency, age and money of each customer, and what the holdout brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_research.common_tables import asked_by_many
from crm_research.errors import ParameterError
from crm_research.features.clock import days_between, instant
from crm_research.features.purchases import Occasion, check_occasion, keep_dealings
from crm_research.features.window import known_rows, outcome_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study


def build_rfm(study: Study, *, occasion: Occasion = "order") -> ir.Table:
    """How often, how lately, for how long and for how much has each customer bought?

    One pass over the orders, aggregated in the engine.

    Parameters
    ----------
    study
        Needs orders.
    occasion
        What one purchase is: every ``order``, or each calendar ``day`` with orders, at its midnight.

    Returns
    -------
    ibis table
        One customer with at least one purchase at as_of: customer_id; n_orders (purchase occasions); frequency
        (repeat occasions, n_orders - 1); first_order_at, last_order_at; recency_days (first to last occasion) and
        age_days (first occasion to as_of), the recency and T of the buy-till-you-die literature; days_since_last
        (last occasion to as_of); spend (sales less returns, in the study's currency); mean_order_value (sales per
        occasion); n_returns. Days carry their fraction.

    Notes
    -----
    A customer who only ever returned something is no purchaser and has no row; `build_customers` knows him. A
    customer whose first purchase lies before the records begin looks younger than he is.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2): their triple
    (x, t_x, T) is (frequency, recency_days, age_days).
    """
    check_occasion(occasion)
    counted = _count_dealings(known_rows(study, "orders"), occasion)
    as_of = instant(study.as_of)
    buyers = counted.filter(counted.n_orders > 0)
    return buyers.select(
        customer_id=buyers.customer_id,
        n_orders=buyers.n_orders,
        frequency=buyers.n_orders - 1,
        first_order_at=buyers.first_order_at,
        last_order_at=buyers.last_order_at,
        recency_days=days_between(buyers.first_order_at, buyers.last_order_at),
        age_days=days_between(buyers.first_order_at, as_of),
        days_since_last=days_between(buyers.last_order_at, as_of),
        spend=buyers.spend,
        mean_order_value=buyers.sales / buyers.n_orders,
        n_returns=buyers.n_returns,
    )


def build_outcomes(study: Study, *, occasion: Occasion = "order") -> ir.Table:
    """What did each customer known at as_of buy in the holdout?

    Parameters
    ----------
    study
        Needs orders and a holdout.
    occasion
        As in `build_rfm`.

    Returns
    -------
    ibis table
        One customer with a purchase at or before as_of, the same rows as `build_rfm`: customer_id, holdout_orders
        (occasions), holdout_spend (sales less returns) and is_repeat (any purchase), all in (as_of, holdout_until];
        zero and False for those who did not come back. By ``day``, the rest of a day on which the customer had
        already bought by as_of is money of the holdout but no further occasion.

    Raises
    ------
    LeakageError
        If the study keeps no holdout.
    """
    check_occasion(occasion)
    later = _count_dealings(outcome_rows(study, "orders"), occasion)
    known = build_rfm(study, occasion=occasion).select("customer_id", known_until="last_order_at")
    joined = known.left_join(later, "customer_id")
    n_orders = joined.n_orders.fill_null(0)
    if occasion == "day":
        goes_on = (joined.known_until == joined.first_order_at).fill_null(ibis.literal(value=False))
        n_orders = n_orders - goes_on.ifelse(1, 0)
    return joined.select(
        "customer_id",
        holdout_orders=n_orders,
        holdout_spend=joined.spend.fill_null(0.0),
        is_repeat=n_orders > 0,
    )


def count_patterns(study: Study, *, occasion: Occasion = "order", unit_days: float | None = None) -> ir.Table:
    """How many customers share each history of (frequency, recency, age)?

    The count of each pattern is all that BG/NBD and Pareto/NBD need of a customer base (their sufficient statistic).

    Parameters
    ----------
    study
        Needs orders.
    occasion
        As in `build_rfm`. With ``day`` and an as_of at midnight there are few patterns.
    unit_days
        Round recency and age to whole multiples of so many days; None leaves them exact. Rounding loses information:
        use it where a base of millions with clock times would otherwise have a pattern for each customer.

    Returns
    -------
    ibis table
        One pattern, in their order: frequency, recency_days, age_days, n_customers.
    """
    rfm = build_rfm(study, occasion=occasion).select("frequency", "recency_days", "age_days")
    if unit_days is not None:
        if not unit_days > 0:
            raise ParameterError(f"unit_days must be more than 0, not {unit_days!r}.")
        rfm = rfm.mutate(
            recency_days=(rfm.recency_days / unit_days).round().cast("float64") * float(unit_days),
            age_days=(rfm.age_days / unit_days).round().cast("float64") * float(unit_days),
        )
    pattern = ("frequency", "recency_days", "age_days")
    return rfm.group_by(*pattern).agg(n_customers=rfm.count()).order_by(*pattern)


def _count_dealings(orders: ir.Table, occasion: Occasion) -> ir.Table:
    """One customer: occasions, first and last of them, sales, spend and returns, in one aggregation."""
    has_kinds = "kind" in orders.columns
    dealings = keep_dealings(orders)
    # Without kinds every row is a sale; leaving the condition out spares the engine a test for each aggregate.
    is_sale = dealings.is_sale if has_kinds else None
    at = dealings.ordered_at
    first, last = at.min(where=is_sale), at.max(where=is_sale)
    if occasion == "day":
        n_orders = at.date().nunique(where=is_sale)
        first, last = first.truncate("D"), last.truncate("D")
    else:
        n_orders = at.count(where=is_sale)
    n_returns = (~dealings.is_sale).sum() if has_kinds else ibis.literal(0, "int64")
    counted = dealings.group_by("customer_id").agg(
        n_orders=n_orders,
        first_order_at=first,
        last_order_at=last,
        sales=dealings.revenue.sum(where=is_sale),
        spend=dealings.revenue.sum(),
        n_returns=n_returns,
    )
    return asked_by_many(counted)
