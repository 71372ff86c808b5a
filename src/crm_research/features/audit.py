"""What each customer brought in each calendar period, and the sums that an audit of the customer base is made of.

The orders are read once, into one row a customer and period; everything else is summed up from these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.clock import check_period_months, days_between, period_number
from crm_research.features.kept import keep_table
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

BLOCK_DAYS: Final = 30
_REGULAR_SHARE: Final = 0.9
# No calendar period has this number: what is asked of it is nought.
NO_PERIOD: Final = -1


def total_dealings(study: Study) -> ir.Table:
    """What do all orders known at as_of add up to, also those of nobody and of no time?

    Parameters
    ----------
    study
        Needs orders.

    Returns
    -------
    ibis table
        One row: n_cancelled, n_undated and undated_revenue (orders that name no time), n_dealings, n_sales, n_returns
        and revenue (of the dated ones, cancelled ones left out), n_without_cost, first_at and last_at (of sales).
    """
    known = known_rows(study, "orders")
    has_kinds = "kind" in known.columns
    never = ibis.literal(value=False)
    is_cancelled = (known.kind == "cancelled").fill_null(never) if has_kinds else never
    is_return = (known.kind == "return").fill_null(never) if has_kinds else never
    is_dated = known.ordered_at.notnull()
    counts = is_dated & ~is_cancelled
    is_sale = counts & ~is_return
    undated = ~is_dated & ~is_cancelled
    return known.agg(
        n_cancelled=known.count(where=is_cancelled),
        n_undated=known.count(where=undated),
        undated_revenue=known.revenue.sum(where=undated).fill_null(0.0),
        n_dealings=known.count(where=counts),
        n_sales=known.count(where=is_sale),
        n_returns=known.count(where=counts & is_return),
        revenue=known.revenue.sum(where=counts).fill_null(0.0),
        n_without_cost=known.count(where=counts & known.cost.isnull())
        if "cost" in known.columns
        else known.count(where=counts),
        first_at=known.ordered_at.min(where=is_sale),
        last_at=known.ordered_at.max(where=is_sale),
    )


def sum_by_period(study: Study, *, period_months: int) -> ir.Table:
    """What did each customer bring in each calendar period, up to as_of?

    Returns
    -------
    ibis table
        One customer and period with any dealing: customer_id (empty for all orders that name nobody), period (its
        number), n_orders (purchases), n_returns, revenue (sales less returns), cost (0 where the study has none) and
        first_at, last_at of the purchases. The period that as_of lies in is among them.
    """
    months = check_period_months(period_months)
    dealings = keep_dealings(known_rows(study, "orders"), of_anybody=True)
    dealings = dealings.mutate(
        period=period_number(dealings.ordered_at, months),
        cost=dealings.cost if "cost" in dealings.columns else ibis.literal(0.0),
    )
    # Without kinds every row is a sale; leaving the condition out spares the engine a test for each aggregate.
    is_sale = dealings.is_sale if "kind" in dealings.columns else None
    n_orders = dealings.count(where=is_sale)
    return dealings.group_by("customer_id", "period").agg(
        n_orders=n_orders,
        n_returns=dealings.count() - n_orders,
        revenue=dealings.revenue.sum().fill_null(0.0),
        cost=dealings.cost.sum().fill_null(0.0),
        first_at=dealings.ordered_at.min(where=is_sale),
        last_at=dealings.ordered_at.max(where=is_sale),
    )


def keep_sums(study: Study, *, period_months: int) -> ir.Table:
    """`sum_by_period`, made once for all that is asked of it."""
    key = ("audit", "sums", period_months)
    return keep_table(study, key, lambda: sum_by_period(study, period_months=period_months))


def lay_side_by_side(
    sums: ir.Table, *, periods: Mapping[str, int], fold: int, paid: tuple[str, ...] = ("then", "now")
) -> ir.Table:
    """What did each customer bring in each of some longer periods?

    Parameters
    ----------
    sums
        Of `sum_by_period`.
    periods
        What a period is called, to its number.
    fold
        How many periods of `sums` make one of these.
    paid
        Of which of them money is asked.

    Returns
    -------
    ibis table
        One customer with any dealing: customer_id, first_period (of `sums`, of the first purchase; empty for who only
        returned), n_all (purchases), first_at, last_at, for each name ``n_NAME``, and for those of `paid`
        ``revenue_NAME`` and ``cost_NAME``.
    """
    named = sums.filter(sums.customer_id.notnull())
    longer = named.period // fold if fold > 1 else named.period
    asked: dict[str, ir.Value] = {}
    for name, number in periods.items():
        is_it = longer == number
        asked[f"n_{name}"] = named.n_orders.sum(where=is_it).fill_null(0)
        if name not in paid:
            continue
        asked[f"revenue_{name}"] = named.revenue.sum(where=is_it).fill_null(0.0)
        asked[f"cost_{name}"] = named.cost.sum(where=is_it).fill_null(0.0)
    return named.group_by("customer_id").agg(
        first_period=named.period.min(where=named.n_orders > 0),
        n_all=named.n_orders.sum(),
        first_at=named.first_at.min(),
        last_at=named.last_at.max(),
        **asked,
    )


def count_classes(customers: ir.Table, *, names: tuple[str, ...]) -> ir.Table:
    """How many customers, and how much of them, are of each kind: first seen when, and bought in which periods?

    Returns
    -------
    ibis table
        One kind: first_period, ``bought_NAME`` (1 or 0) for each name, n_customers, and the sums of ``n_NAME``,
        ``revenue_NAME`` and ``cost_NAME``, as far as they are there.
    """
    flags = {f"bought_{name}": (customers[f"n_{name}"] > 0).ifelse(1, 0) for name in names}
    marked = customers.mutate(**flags)
    told = [f"{what}_{name}" for name in names for what in ("n", "revenue", "cost")]
    sums = {name: marked[name].sum() for name in told if name in marked.columns}
    return marked.group_by("first_period", *flags).agg(n_customers=marked.count(), **sums)


def sum_powers(customers: ir.Table, values: Mapping[str, ir.NumericValue]) -> ir.Table:
    """Sums of the first three powers of what each customer has of each value: all that limits of a sum need.

    Returns
    -------
    ibis table
        One row: for the value at place i, in their order, ``sum_i``, ``square_i`` and ``cube_i``.
    """
    laid = customers.select(**{f"v{place}": value.cast("float64") for place, value in enumerate(values.values())})
    asked = {}
    for place in range(len(values)):
        value = laid[f"v{place}"]
        asked[f"sum_{place}"] = value.sum()
        asked[f"square_{place}"] = (value * value).sum()
        asked[f"cube_{place}"] = (value * value * value).sum()
    return laid.agg(**asked)


def sum_by_cohort(sums: ir.Table, customers: ir.Table) -> ir.Table:
    """What did the customers first seen in one period bring in each period?

    Parameters
    ----------
    sums, customers
        Of `sum_by_period` and `lay_side_by_side`.

    Returns
    -------
    ibis table
        One cohort and period with any dealing: first_period (empty for customers who only returned), period, n_active
        (with a purchase), n_orders, n_returns, revenue, cost, and square
        and cube (sums of the powers of each one's revenue).
    """
    dated = sums.inner_join(customers.select("customer_id", "first_period"), "customer_id")
    revenue = dated.revenue
    return dated.group_by("first_period", "period").agg(
        n_active=dated.count(where=dated.n_orders > 0),
        n_orders=dated.n_orders.sum(),
        n_returns=dated.n_returns.sum(),
        revenue=revenue.sum(),
        cost=dated.cost.sum(),
        square=(revenue * revenue).sum(),
        cube=(revenue * revenue * revenue).sum(),
    )


def sum_nameless(sums: ir.Table) -> ir.Table:
    """What did orders that name no customer bring in each period? period, n_orders, n_returns, revenue, cost."""
    return sums.filter(sums.customer_id.isnull()).select("period", "n_orders", "n_returns", "revenue", "cost")


def count_first_seen(customers: ir.Table, since: ir.TimestampScalar) -> ir.Table:
    """How many customers were first seen in each 30 days after an instant? block (0, 1 ...), n_customers."""
    buyers = customers.filter(customers.n_all > 0)
    block = (days_between(since, buyers.first_at) / float(BLOCK_DAYS)).floor().cast("int64")
    marked = buyers.select(block=block)
    return marked.group_by("block").agg(n_customers=marked.count())


def measure_usual_gap(customers: ir.Table) -> ir.Table:
    """Nine of ten repeat customers leave so many days or fewer between purchases on average: one row, usual_gap."""
    back = customers.filter(customers.n_all > 1)
    gaps = back.select(gap=days_between(back.first_at, back.last_at) / (back.n_all - 1).cast("float64"))
    return gaps.agg(usual_gap=gaps.gap.quantile(_REGULAR_SHARE))
