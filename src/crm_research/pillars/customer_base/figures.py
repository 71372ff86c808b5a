"""The printed numbers of the customer base, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.theme import say_interval, say_percent

if TYPE_CHECKING:
    from crm_research.pillars.customer_base.base import CustomerBase
    from crm_research.pillars.customer_base.concentration import Concentration

CUSTOMERS: Final = "base.customers"
ORDERS: Final = "base.orders"
REVENUE: Final = "base.revenue"
CUSTOMERS_REVENUE: Final = "base.customers_revenue"
NAMELESS_REVENUE: Final = "base.nameless_revenue"
TOP20: Final = "base.top20_revenue_share"
CUSTOMERS_FOR_80: Final = "base.customers_for_80_share"
GINI: Final = "base.gini"
_CHECKS: Final = "the study's checks (see the quality of the records)"


def base_figures(base: CustomerBase) -> list[Figure]:
    """Customers, orders and revenue (of customers and of nobody where orders name none), and its concentration."""
    return [*total_figures(base), *concentration_figures(base)]


def total_figures(base: CustomerBase) -> list[Figure]:
    """Counts and sums of all records known at as_of."""
    counted = [_total(base, CUSTOMERS, "Customers known", base.n_customers, "customers", base.n_customers)]
    orders = base.orders
    if orders is None:
        return counted
    n_dealings = orders.n_sales + orders.n_returns
    money = [(REVENUE, "Revenue, net of returns", orders.revenue, n_dealings)]
    if orders.n_nameless:
        money += [
            (
                CUSTOMERS_REVENUE,
                "Revenue that names a customer",
                orders.customers_revenue,
                n_dealings - orders.n_nameless,
            ),
            (NAMELESS_REVENUE, "Revenue that names no customer", orders.nameless_revenue, orders.n_nameless),
        ]
    return [
        *counted,
        _total(base, ORDERS, "Orders, without returns and cancelled ones", orders.n_sales, "orders", orders.n_sales),
        *(_total(base, id_, label, value, base.currency, n) for id_, label, value, n in money),
    ]


def concentration_figures(base: CustomerBase) -> list[Figure]:
    """On how few the revenue rests, each with its interval; none where that cannot be had."""
    found = base.concentration
    if found is None:
        return []
    maker = FigureMaker(window=base.window, confidence=found.confidence, validation=NO_VALIDATION)
    rows = (
        (TOP20, "Share of revenue from the top fifth", found.top20, "share", _later(found)),
        (CUSTOMERS_FOR_80, "Share of customers who bring 80 %", found.customers_for_80, "share", NO_VALIDATION),
        (GINI, "Gini coefficient of spend", found.gini, "", NO_VALIDATION),
    )
    return [
        maker.one(
            id_,
            label,
            [float(limit) for limit in value],
            unit=unit,
            n=found.n_customers,
            estimator=found.estimator,
            validation=validation,
        )
        for id_, label, value, unit, validation in rows
    ]


def _later(found: Concentration) -> str:
    if found.later_top20 is None:
        return NO_VALIDATION
    value, lower, upper = (float(limit) for limit in found.later_top20)
    between = say_interval(lower, upper, say_percent)
    return f"holdout: the same customers brought {say_percent(value)} ({between}) of the revenue afterwards"


def _total(base: CustomerBase, id_: str, label: str, value: float, unit: str, n: int) -> Figure:
    how = "sum" if unit == base.currency else "count"
    return FigureMaker(window=base.window, confidence=None, validation=_CHECKS).one(
        id_,
        label,
        value,
        unit=unit,
        n=n,
        estimator=f"{how} of the records known at as_of; a {how} of all records has no sampling interval",
    )


def estimators(base: CustomerBase) -> dict[str, str]:
    """What was estimated, and how, as far as the study has it."""
    methods = {"counts and revenue": "counts and sums in the engine of all records known at as_of"}
    if base.concentration is not None:
        methods["shares of revenue"] = base.concentration.estimator
        if base.concentration.later_top20 is not None:
            methods["later share of the top fifth"] = (
                "ratio of sums over the same customers, linearised, limits out to the long tail"
            )
    if base.growth is not None:
        methods["warm-up"] = (
            "ninth decile of the mean days between purchases of repeat customers, at most half the records"
        )
    return methods
