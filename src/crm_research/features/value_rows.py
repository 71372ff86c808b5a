"""What lifetime value sees of customers and contracts: histories with amounts, tenures with fees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import ibis

from crm_research.features.clock import days_between, instant
from crm_research.features.fees import running_contracts
from crm_research.features.purchases import build_purchases, keep_dealings
from crm_research.features.window import before_holdout, known_rows, outcome_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

Money = Literal["margin", "revenue"]
HISTORY: Final = ("frequency", "recency_days", "age_days")


def sum_money(study: Study) -> ir.Table:
    """How much do the sales by as_of come to, how much of that has its cost recorded, and how much came back?

    Returns
    -------
    ibis table
        One row: ``sales`` (before returns), ``costed`` (sales of those with a cost), ``cost`` (theirs), ``returned``
        (money given back, as a number of 0 or more).
    """
    dealings = keep_dealings(known_rows(study, "orders"))
    if "cost" not in dealings.columns:
        dealings = dealings.mutate(cost=ibis.null("float64"))
    has_cost = dealings.is_sale & dealings.cost.notnull()
    return dealings.agg(
        sales=dealings.revenue.sum(where=dealings.is_sale).fill_null(0.0),
        costed=dealings.revenue.sum(where=has_cost).fill_null(0.0),
        cost=dealings.cost.sum(where=has_cost).fill_null(0.0),
        returned=-dealings.revenue.sum(where=~dealings.is_sale).fill_null(0.0),
    )


def build_value_rows(study: Study, *, money: Money = "revenue", cost_share: float = 0.0) -> ir.Table:
    """How has each customer bought, for how much, and what came in the holdout where there is one?

    Parameters
    ----------
    study
        Needs orders. A purchase is a day on which a customer bought.
    money
        What a purchase counts with: ``revenue``, after discount and before returns; or ``margin``, that less cost.
    cost_share
        Cost of a sale without one, as a share of its revenue.

    Returns
    -------
    ibis table
        One customer with a purchase by as_of: customer_id, first_year, frequency, recency_days, age_days (as in
        `build_rfm`); spent and squared (sum of the repeats' amounts and of their squares), all_spent (with the first);
        last_spent (amounts in a stretch as long as the holdout that ends at as_of) and later_spent (in the holdout), 0
        where the study keeps none.
    """
    bought = build_purchases(study, occasion="day")
    sales = sale_amounts(known_rows(study, "orders"), money, cost_share)
    by_day = sales.group_by("customer_id", ordered_at=sales.ordered_at.truncate("D")).agg(amount=sales.amount.sum())
    bought = bought.select("customer_id", "ordered_at", "came_at").inner_join(by_day, ["customer_id", "ordered_at"])
    first = bought.ordered_at.min().over(group_by=bought.customer_id)
    bought = bought.mutate(is_repeat=bought.ordered_at > first)
    per = bought.group_by("customer_id").agg(
        n=bought.count(),
        first_at=bought.ordered_at.min(),
        last_at=bought.ordered_at.max(),
        spent=bought.amount.sum(where=bought.is_repeat).fill_null(0.0),
        squared=(bought.amount * bought.amount).sum(where=bought.is_repeat).fill_null(0.0),
        all_spent=bought.amount.sum(),
        last_spent=bought.amount.sum(where=bought.came_at > instant(before_holdout(study))).fill_null(0.0),
    )
    known = per.select(
        "customer_id",
        first_year=per.first_at.year().cast("int64"),
        frequency=per.n - 1,
        recency_days=days_between(per.first_at, per.last_at),
        age_days=days_between(per.first_at, instant(study.as_of)),
        spent=per.spent,
        squared=per.squared,
        all_spent=per.all_spent,
        last_spent=per.last_spent,
    )
    if study.holdout_until is None:
        return known.mutate(later_spent=ibis.literal(0.0))
    came = sale_amounts(outcome_rows(study, "orders"), money, cost_share)
    later = came.group_by("customer_id").agg(later_spent=came.amount.sum())
    joined = known.left_join(later, "customer_id")
    return joined.select(*known.columns, later_spent=joined.later_spent.fill_null(0.0))


def build_running_fees(study: Study) -> ir.Table:
    """Which contracts run at as_of, since when and at which fee?

    Returns
    -------
    ibis table
        One group of running contracts: tenure_days, fee (a month, as it stands; empty where there is none), first_year,
        has_orders (the customer also bought by as_of), n_contracts. Contracts join their owner, if anybody is named.
    """
    running = running_contracts(study)
    rows = running.select(
        "customer_id",
        tenure_days=running.tenure_days,
        fee=running.fee,
        first_year=running.started_at.year().cast("int64"),
    )
    if study.has("orders"):
        orders = keep_dealings(known_rows(study, "orders"))
        buyers = (
            orders.filter(orders.is_sale).select("customer_id").distinct().mutate(has_bought=ibis.literal(value=True))
        )
        rows = rows.left_join(buyers, "customer_id")
        rows = rows.mutate(has_orders=rows.has_bought.fill_null(ibis.literal(value=False)))
    else:
        rows = rows.mutate(has_orders=ibis.literal(value=False))
    keys = ("tenure_days", "fee", "first_year", "has_orders")
    return rows.group_by(*keys).agg(n_contracts=rows.count()).order_by(*keys)


def sale_amounts(orders: ir.Table, money: Money, cost_share: float) -> ir.Table:
    """Sales with their amount, as `build_value_rows` counts it: customer_id, ordered_at, amount."""
    dealings = keep_dealings(orders)
    sales = dealings.filter(dealings.is_sale)
    amount = sales.revenue.fill_null(0.0)
    if money == "margin":
        without = amount * float(cost_share)
        amount = amount - (sales.cost.fill_null(without) if "cost" in sales.columns else without)
    return sales.select("customer_id", "ordered_at", amount=amount)
