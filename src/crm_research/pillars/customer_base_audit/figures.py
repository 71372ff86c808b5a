"""The printed numbers of the audit, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research.figures import Figure, FigureMaker
from crm_research.stats.concentration import HOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit

REVENUE: Final = "audit.revenue"
NAMELESS_REVENUE: Final = "audit.nameless_revenue"
PERIOD_REVENUE: Final = "audit.period_revenue"
REVENUE_CHANGE: Final = "audit.revenue_change"
PROFIT_CHANGE: Final = "audit.profit_change"
FLOW_REVENUE: Final = "audit.flow_revenue"
FLOW_CUSTOMERS: Final = "audit.flow_customers"
KEPT_SHARE: Final = "audit.kept_share"
NEW_REVENUE_SHARE: Final = "audit.new_revenue_share"
NEW_REVENUE_CHANGE: Final = "audit.new_revenue_change"
SETTLED_SHARE: Final = "audit.settled_share"
TOP20: Final = "audit.top20_revenue_share"
GINI: Final = "audit.gini"
CUSTOMERS_FOR_80: Final = "audit.customers_for_80_share"
ACTIVE_SHARE: Final = "audit.active_share"
FIRST_REVENUE: Final = "audit.first_revenue"
NEWER: Final = {"first_revenue": "audit.newer_first_revenue", "back_share": "audit.newer_back_share"}
_MEASURES: Final = {"first_revenue": "revenue in the first period", "back_share": "who bought in the next one"}

_BOOKS: Final = "the same orders summed up by customer and period: they agree to the cent"
_BROKEN: Final = "the same orders summed up by customer and period: they do not agree"
_OVER_CUSTOMERS: Final = "over customers, who came or stayed away by chance"
_SPLIT: Final = "Shapley's parts of a product of factors, linear in the customers for the limits, out to the long tail"
_PARTS: Final = "the parts sum to the change of the period's {}, exactly"


def headline_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """The cards of the first screen: what the period brought, what changed, who brought it, on how few it rests."""
    change = [figure for figure in change_figures(audit) if figure.group == "total" and figure.id == REVENUE_CHANGE]
    revenue = period_figures(audit)[:1] or total_figures(audit)[:1]
    top = [figure for figure in spread_figures(audit) if figure.id == TOP20]
    new = [figure for figure in health_figures(audit) if figure.id == NEW_REVENUE_SHARE]
    return [*revenue, *change, *new, *top]


def total_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """Revenue of all records, and what of it names no customer."""
    books = audit.books
    n = books.n_sales + books.n_returns
    check, verdict = (_BOOKS, "agrees") if books.is_balanced else (_BROKEN, "refuted")
    rows = [(REVENUE, "Revenue of all records, net of returns", books.revenue, n)]
    if books.nameless_orders:
        rows.append((NAMELESS_REVENUE, "Revenue that names no customer", books.nameless_revenue, books.nameless_orders))
    maker = _maker(audit)
    how = "sum of the dated orders known at as_of; a sum of all records has no sampling interval"
    return [
        maker.one(id_, label, value, unit=audit.currency, n=n_orders, estimator=how, validation=check, verdict=verdict)
        for id_, label, value, n_orders in rows
    ]


def period_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """Revenue of the latest whole period, and of the one it is compared with."""
    periods = audit.periods
    if periods is None or periods.latest is None:
        return []
    numbers = [periods.latest] if audit.change is None or periods.then is None else [periods.latest, periods.then]
    rows = [(periods.name(number), *audit.books.of_period(periods, number)) for number in numbers]
    return [
        _maker(audit).one(
            PERIOD_REVENUE,
            "Revenue of the period",
            value,
            unit=audit.currency,
            n=n_orders,
            estimator="sum of all orders of the period, net of returns; it has no sampling interval",
            validation=_BOOKS if audit.books.is_balanced else _BROKEN,
            group=name,
        )
        for name, n_orders, value in rows
    ]


def change_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """The parts of the change of revenue, and of profit where cost stands; lost, kept and gained customers."""
    change, periods = audit.change, audit.periods
    if change is None or periods is None:
        return []
    maker = _maker(audit)
    between = f"from {periods.name(periods.then)} to {periods.name(periods.latest)}"
    found: list[Figure] = []
    tables = ((REVENUE_CHANGE, "revenue", change.revenue), (PROFIT_CHANGE, "profit", change.profit))
    for id_, money, frame in tables:
        found += [
            maker.one(
                id_,
                f"Change of {money} {between}",
                _numbers(row),
                unit=audit.currency,
                n=change.n_customers,
                estimator=_SPLIT,
                limits=_OVER_CUSTOMERS,
                validation=_PARTS.format(money),
                group=row["component"],
            )
            for _, row in frame.iterrows()
        ]
    for _, row in change.flows.iterrows():
        found.append(
            maker.one(
                FLOW_REVENUE,
                f"Change of revenue {between}, of customers",
                _numbers(row),
                unit=audit.currency,
                n=int(row["n_customers"]),
                estimator="sum over the customers of what each brought more or less",
                limits=_OVER_CUSTOMERS,
                group=row["flow"],
            )
        )
        found.append(
            maker.one(
                FLOW_CUSTOMERS,
                f"Customers {between}",
                float(row["n_customers"]),
                unit="customers",
                n=change.n_customers,
                estimator="count of the records known at as_of",
                group=row["flow"],
            )
        )
    return found


SAID: Final = {
    "customers": "how many bought",
    "frequency": "how often each bought",
    "spend": "what a purchase brought",
    "margin": "how much of it was left after costs",
    "only returns": "returns of customers who bought nothing",
    "no customer named": "orders that name no customer",
    "total": "all of it",
}


def spread_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """On how few the revenue of the latest period rests, and how many of the customers known bought in it."""
    spread, periods = audit.spread, audit.periods
    if spread is None or periods is None:
        return []
    maker, name = _maker(audit), periods.name(periods.latest)
    found = [
        maker.one(id_, label, [float(part) for part in value], unit=unit, n=spread.n_buyers, estimator=HOW, group=name)
        for id_, label, value, unit in (
            (TOP20, "Share of the period's revenue from the top fifth of its buyers", spread.top20, "share"),
            (CUSTOMERS_FOR_80, "Share of the buyers who bring 80 % of it", spread.customers_for_80, "share"),
            (GINI, "Gini coefficient of what buyers brought", spread.gini, ""),
        )
        if value is not None
    ]
    if spread.n_known:
        found.append(
            maker.one(
                ACTIVE_SHARE,
                "Share of the customers known who bought in the period",
                spread.n_buyers / spread.n_known,
                unit="share",
                n=spread.n_known,
                estimator="share of all customers with a purchase up to the period's end; no sampling interval",
                group=name,
            )
        )
    return found


def health_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """What new customers bring, and how many buyers come again."""
    return list(_health(audit))


def _health(audit: CustomerBaseAudit) -> Iterator[Figure]:
    health, periods, maker = audit.health, audit.periods, _maker(audit)
    if health is None or periods is None:
        return
    now, then = periods.name(periods.latest), periods.name(periods.then)
    if health.new_revenue_share is not None:
        yield maker.one(
            NEW_REVENUE_SHARE,
            "Share of the buyers' revenue from customers first seen in the period",
            health.new_revenue_share,
            unit="share",
            n=0 if audit.spread is None else audit.spread.n_buyers,
            estimator="share of the period's revenue; no sampling interval",
            group=now,
        )
    if health.new_change is not None and health.new_periods is not None:
        own, sign = health.new_periods, health.new_change
        yield maker.one(
            NEW_REVENUE_CHANGE,
            "What customers first seen in the period brought more than those of the earlier period did in theirs",
            _numbers(sign),
            unit=audit.currency,
            n=sign["n_then"] + sign["n_now"],
            estimator="difference of two sums over customers, limits out to the long tail",
            limits=_OVER_CUSTOMERS,
            group=f"{own.name(own.latest)} against {own.name(own.then)}",
        )
    shares = (
        (KEPT_SHARE, f"Of the buyers of {then}, share who bought in {now}", health.kept_share, now),
        (
            SETTLED_SHARE,
            f"Of the buyers of {then} known before it, share who bought in {now}",
            health.settled_share,
            now,
        ),
        (
            SETTLED_SHARE,
            f"Of the buyers of {periods.name(periods.before)} known before it, share who bought in {then}",
            health.settled_before,
            then,
        ),
    )
    for id_, label, share, group in shares:
        if share is not None:
            yield maker.one(
                id_, label, _numbers(share), unit="share", n=int(share["n"]), estimator="share, Wilson's limits",
                group=group,
            )  # fmt: skip


def cohort_figures(audit: CustomerBaseAudit) -> list[Figure]:
    """What a customer of each new cohort brought in its first period."""
    cohorts, periods = audit.cohorts, audit.periods
    if cohorts is None or periods is None or cohorts.quality.empty:
        return []
    maker = _maker(audit)
    compared = [
        maker.one(
            NEWER[row["measure"]],
            f"The later half of the cohorts less the earlier one: {_MEASURES[row['measure']]}",
            _numbers(row),
            unit=audit.currency if row["measure"] == "first_revenue" else "share",
            n=int(row["n_older"] + row["n_newer"]),
            estimator="difference of two averages (of two shares) over customers, from the limits of each",
        )
        for _, row in cohorts.newer.iterrows()
    ]
    return compared + maker.of_rows(
        cohorts.quality,
        FIRST_REVENUE,
        f"Revenue of a customer in the {periods.course_noun} first seen",
        unit=audit.currency,
        estimator="average over the customers of the cohort, limits out to the long tail",
        numbers=("first_revenue", "lower", "upper"),
        n="n_customers",
        group="cohort",
    )


def _maker(audit: CustomerBaseAudit) -> FigureMaker:
    return FigureMaker(window=audit.window, confidence=audit.confidence)


def _numbers(row: pd.Series | dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name, np.nan) for name in ("estimate", "lower", "upper")}


def estimators(audit: CustomerBaseAudit) -> dict[str, str]:
    """What was estimated, and how, as far as the study has it."""
    methods = {"revenue": "sums in the engine of all records known at as_of, balanced against their total"}
    if audit.spread is not None and audit.spread.top20 is not None:
        methods["shares of revenue"] = HOW
    if audit.change is not None:
        methods["parts of a change"] = _SPLIT
    if audit.intake is not None:
        methods["new customers"] = (
            "first seen after the longer of two: the usual gap between purchases (ninth decile, at most half the "
            "records), and the rush of first-seen customers when the records begin"
        )
    return methods
