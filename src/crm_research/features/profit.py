"""Profit of each customer in the engine: what they bring, less what they cost, by volume and by activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.customer_costs import contact_rows, receivable_rows, service_rows
from crm_research.features.kept import keep_table
from crm_research.features.money_rows import COLUMNS, add_up, money_rows
from crm_research.features.takings import fee_rows, order_rows
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

# Tables that say who is a customer; use, contacts and invoices of anybody else are of nobody known.
_KNOWN_FROM: Final = ("customers", "orders", "contracts")


@dataclass(frozen=True, kw_only=True)
class CostPlan:
    """Which costs are charged, and how?

    Parameters
    ----------
    rates
        Activity to the cost of one unit; empty where no activity is recorded.
    counts_contacts, counts_goods
        Are the contacts' own costs charged, and those of goods?
    capital_rate
        Cost of money owed, a year, as a factor; None: it is not charged.
    by_orders
        Costing by volume spreads the cost of activities by orders; otherwise by what customers bring.
    """

    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    counts_contacts: bool = True
    counts_goods: bool = True
    capital_rate: float | None = None
    by_orders: bool = False


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How far does a customer's cost of activities stray by chance, were all served alike for their volume?

    Parameters
    ----------
    tilts
        Pairs of a tilt and of what a customer with all the volume would add: the chance that the cost of a customer
        with a share of the volume is as high as it is has a logarithm of at most share x addition - tilt x cost.
    log_level
        Logarithm of the chance at which a customer counts as served otherwise.
    """

    tilts: tuple[tuple[float, float], ...]
    log_level: float


def has_income(study: Study) -> bool:
    """Is anything recorded of what customers bring? What they cost alone tells nothing of their worth."""
    return study.has("orders") or (study.has("contracts") and "fee" in study.table("contracts").columns)


def sources_of(study: Study, plan: CostPlan) -> dict[str, bool]:
    """Which parts of the profit can be had of the study: orders, goods, fees, service, contacts, invoices?"""
    pays = has_income(study)
    contacts_cost = study.has("contacts") and "cost" in study.table("contacts").columns
    return {
        "orders": study.has("orders"),
        "goods": study.has("orders") and "cost" in study.table("orders").columns and plan.counts_goods,
        "discount": study.has("orders") and "discount" in study.table("orders").columns,
        "fees": study.has("contracts") and "fee" in study.table("contracts").columns,
        "service": pays and study.has("activity_use", "activities") and bool(plan.rates),
        "contacts": pays and contacts_cost and plan.counts_contacts,
        "invoices": pays and study.has("invoices"),
    }


def parts_of(study: Study, window: MoneyWindow, plan: CostPlan) -> list[ir.Table]:
    """Rows of all money of the window, each part in the shape of `money_rows`."""
    held = sources_of(study, plan)
    if not has_income(study):
        return [money_rows(known_rows(study, "contracts").limit(0))]
    parts = [order_rows(study, window, counts_goods=plan.counts_goods)] if held["orders"] else []
    parts += [fee_rows(study, window)] if held["fees"] else []
    parts += [service_rows(study, window, plan.rates)] if held["service"] else []
    parts += [contact_rows(study, window)] if held["contacts"] else []
    parts += [receivable_rows(study, window)] if held["invoices"] else []
    return parts


def build_money(study: Study, window: MoneyWindow, plan: CostPlan) -> ir.Table:
    """What came from and went to each customer in the window?

    Returns
    -------
    ibis table
        One customer with money in the window: customer_id, the columns of `money_rows`, and is_known: named in
        customers, orders or contracts. Rows of ids that are not, and the one without id, are nobody's.
    """
    parts = parts_of(study, window, plan)
    summed = add_up(parts)
    if not (study.has("activity_use") or study.has("contacts") or study.has("invoices")):
        return summed.mutate(is_known=summed.customer_id.notnull())  # noqa: PD004 - Ibis
    ids = [known_rows(study, table).select("customer_id") for table in _KNOWN_FROM if study.has(table)]
    known = reduce(lambda left, right: left.union(right), ids).distinct()
    known = known.filter(known.customer_id.notnull()).mutate(is_there=ibis.literal(value=True))  # noqa: PD004 - Ibis
    joined = summed.left_join(known, "customer_id")
    return joined.select(
        "customer_id",
        *COLUMNS,
        is_known=joined.is_there.fill_null(ibis.literal(value=False)),
    )


def kept_money(study: Study, window: MoneyWindow, plan: CostPlan) -> ir.Table:
    """`build_money`, made once for all who ask."""
    key = ("money", window, tuple(sorted(plan.rates.items())), plan.counts_contacts, plan.counts_goods)
    return keep_table(study, key, lambda: build_money(study, window, plan))


def total_customers(study: Study, window: MoneyWindow, plan: CostPlan) -> pd.DataFrame:
    """Sums over customers that are known, and over all others.

    Returns
    -------
    pandas.DataFrame
        Grain: is_known. n (customers), n_with_volume, volume (theirs, by which costs are spread), income (revenue and
        fees), and the columns of `money_rows`.
    """
    money = kept_money(study, window, plan)
    income = money.revenue + money.fees
    found: pd.DataFrame = (
        money.group_by("is_known")
        .agg(
            n=money.count(),
            n_with_volume=_volume(money, plan).sign().sum(),
            volume=_volume(money, plan).sum(),
            income=income.sum(),
            **{name: money[name].sum() for name in COLUMNS},
        )
        .order_by("is_known")
        .to_pandas()
    )
    return found


def total_ledger(study: Study, window: MoneyWindow, plan: CostPlan) -> dict[str, float]:
    """The same sums straight from the records, by no customer: what the columns must add up to."""
    totals = dict.fromkeys(COLUMNS, 0.0)
    for part in parts_of(study, window, plan):
        row = part.agg(**{name: part[name].sum() for name in COLUMNS}).to_pyarrow().to_pylist()[0]
        for name in COLUMNS:
            totals[name] += float(row[name] or 0.0)
    return totals


def build_profit(
    money: ir.Table, plan: CostPlan, *, volume: float, service: float, noise: Noise | None = None
) -> ir.Table:
    """What is left of each customer, when costs follow activity and when they follow volume?

    Parameters
    ----------
    money
        As `build_money` has it.
    volume, service
        Volume of all customers known together, and the cost of the activities that they used.
    noise
        How far costs stray by chance; None: nobody is told apart.

    Returns
    -------
    ibis table
        One customer known with money in the window: customer_id, income (revenue and fees), revenue, discount, goods,
        fees, service, contacts, capital, profit; by_volume (profit with the cost of activities spread by volume);
        is_moved (a profit by volume, a loss by activity) and is_served_more (makes more work for their volume than
        chance gives in any of so many customers).

    Notes
    -----
    Served alike, a customer uses units of each activity in proportion to their volume; these come by chance, in lumps.
    That the cost is as high as it is has at most the probability of Chernoff's bound for a sum of such counts, which
    holds for small numbers too.

    References
    ----------
    Chernoff (1952), Annals of Mathematical Statistics 23, 493-507.
    """
    known = money.filter(money.is_known)
    income = known.revenue + known.fees
    capital = known.receivables * float(plan.capital_rate or 0.0)
    share = _volume(known, plan) / volume if volume > 0 else ibis.literal(0.0)
    before = income - known.goods - known.contacts - capital
    made = known.select(
        "customer_id",
        "revenue",
        "discount",
        "goods",
        "fees",
        "service",
        "contacts",
        "n_orders",
        income=income,
        capital=capital,
        share=share,
        profit=before - known.service,
        by_volume=before - share * service,
    )
    is_moved = (made.by_volume > 0) & (made.profit < 0)
    more = ibis.literal(value=False)
    if noise is not None and noise.tilts:
        bounds = [made.share * addition - made.service * tilt for tilt, addition in noise.tilts]
        more = ibis.least(*bounds) <= noise.log_level
    return made.mutate(is_moved=is_moved, is_served_more=more).drop("share")


def kept_profit(
    study: Study, window: MoneyWindow, plan: CostPlan, *, volume: float, service: float, noise: Noise | None = None
) -> ir.Table:
    """`build_profit`, made once for all who ask."""
    key = ("profit", window, _key_of(plan), volume, service, noise)
    money = kept_money(study, window, plan)
    return keep_table(study, key, lambda: build_profit(money, plan, volume=volume, service=service, noise=noise))


def _key_of(plan: CostPlan) -> tuple[object, ...]:
    counted = plan.counts_contacts, plan.counts_goods, plan.by_orders
    return tuple(sorted(plan.rates.items())), plan.capital_rate, *counted


def _volume(money: ir.Table, plan: CostPlan) -> ir.FloatingValue:
    if plan.by_orders:
        return money.n_orders
    return ibis.greatest(money.revenue + money.fees, 0.0)
