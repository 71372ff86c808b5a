"""Orders as purchase occasions, and as money that came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import ibis

from crm_research import vocabulary
from crm_research.errors import ParameterError
from crm_research.features.window import known_rows

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
        One purchase occasion: customer_id, ordered_at, revenue (after discount, in the study's currency), and
        discount and cost where the study has them.
    """
    check_occasion(occasion)
    dealings = keep_dealings(known_rows(study, "orders"))
    sales = dealings.filter(dealings.is_sale)
    money = [name for name in MONEY if name in sales.columns]
    if occasion == "order":
        return sales.select("customer_id", "ordered_at", *money)
    by_day = sales.mutate(ordered_at=sales.ordered_at.truncate("D"))
    return by_day.group_by("customer_id", "ordered_at").agg(**{name: by_day[name].sum() for name in money})


def keep_dealings(orders: ir.Table) -> ir.Table:
    """Orders that count, sales and returns, with is_sale; cancelled ones, and those of nobody or of no time, do not."""
    orders = orders.filter(orders.customer_id.notnull(), orders.ordered_at.notnull())
    if "kind" not in orders.columns:
        return orders.mutate(is_sale=ibis.literal(value=True))
    kind = orders.kind.fill_null(vocabulary.SALE)
    return orders.filter(kind != vocabulary.CANCELLED).mutate(is_sale=kind == vocabulary.SALE)


def check_occasion(occasion: str) -> None:
    """Raise ParameterError unless it is a known kind of purchase occasion."""
    if occasion not in OCCASIONS:
        raise ParameterError(f"occasion must be one of {', '.join(OCCASIONS)}; not {occasion!r}.")
