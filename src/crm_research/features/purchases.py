"""Orders as purchase occasions, and as money that came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import ibis

from crm_research import vocabulary
from crm_research.common_tables import asked_by_many
from crm_research.errors import ParameterError
from crm_research.features.clock import day_of
from crm_research.features.window import known_rows, outcome_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

Occasion = Literal["order", "day"]
OCCASIONS: Final = ("order", "day")
MONEY: Final = ("revenue", "discount", "cost")


def build_purchases(study: Study, *, occasion: Occasion = "order") -> ir.Table:
    """When did each customer buy, and for how much?

    Only sales are purchases: a return gives money back but is no occasion, a cancelled order never came about.
    Orders of nobody (no customer_id) or of no time are left out. Money of returns is in `build_rfm`'s spend.

    Parameters
    ----------
    study
        Needs orders.
    occasion
        ``order``: every order is an occasion, also two at the same instant. ``day``: all orders of a customer on one
        calendar day are one, at its midnight; use it where one visit leaves several records.

    Returns
    -------
    ibis table
        One purchase occasion: customer_id, ordered_at (of a day its midnight, for counting days), came_at (the instant
        of its first order, for asking on which side of another instant it lies), revenue (after discount, before
        returns, in the study's currency), and discount and cost where the study has them.
    """
    check_occasion(occasion)
    return _gather(known_rows(study, "orders"), occasion)


def build_later_purchases(study: Study, *, occasion: Occasion = "order") -> ir.Table:
    """Which purchases came in the holdout, (as_of, holdout_until]?

    With those of `build_purchases` they are what the study seen from holdout_until has: no occasion is in both. The
    rest of a day on which the customer had already bought by as_of is no further occasion; its money is in
    `build_outcomes`.

    Returns
    -------
    ibis table
        As `build_purchases`, of all customers, those not yet known at as_of included.

    Raises
    ------
    LeakageError
        If the study keeps no holdout.
    """
    check_occasion(occasion)
    later = _gather(outcome_rows(study, "orders"), occasion)
    if occasion == "order":
        return later
    begun = build_purchases(study, occasion=occasion).select("customer_id", "ordered_at")
    return later.anti_join(begun.filter(begun.ordered_at == day_of(study.as_of)), ["customer_id", "ordered_at"])


def build_returns(study: Study) -> ir.Table:
    """Which returns gave money back by as_of? One return: customer_id, ordered_at, revenue as recorded."""
    dealings = keep_dealings(known_rows(study, "orders"))
    return dealings.filter(~dealings.is_sale).select("customer_id", "ordered_at", "revenue")


def _gather(orders: ir.Table, occasion: Occasion) -> ir.Table:
    """Sales as occasions: each order, or those of a customer's calendar day put together."""
    dealings = keep_dealings(orders)
    sales = dealings.filter(dealings.is_sale)
    money = [name for name in MONEY if name in sales.columns]
    if occasion == "order":
        return sales.select("customer_id", "ordered_at", *money, came_at=sales.ordered_at)
    by_day = sales.mutate(came_at=sales.ordered_at, ordered_at=sales.ordered_at.truncate("D"))
    return asked_by_many(
        by_day.group_by("customer_id", "ordered_at").agg(
            **{name: by_day[name].sum() for name in money}, came_at=by_day.came_at.min()
        )
    )


def keep_dealings(orders: ir.Table, *, of_anybody: bool = False) -> ir.Table:
    """Orders that count, sales and returns, with is_sale; cancelled ones, and those of nobody or of no time, do not.

    With `of_anybody` those that name no customer stay: for totals, never for anything counted by customer.
    """
    orders = orders.filter(orders.ordered_at.notnull())
    if not of_anybody:
        orders = orders.filter(orders.customer_id.notnull())
    if "kind" not in orders.columns:
        return orders.mutate(is_sale=ibis.literal(value=True))
    kind = orders.kind.fill_null(vocabulary.SALE)
    return orders.filter(kind != vocabulary.CANCELLED).mutate(is_sale=kind == vocabulary.SALE)


def check_occasion(occasion: str) -> None:
    """Raise ParameterError unless it is a known kind of purchase occasion."""
    if occasion not in OCCASIONS:
        raise ParameterError(f"occasion must be one of {', '.join(OCCASIONS)}; not {occasion!r}.")
