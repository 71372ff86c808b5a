"""Profit in one result: what customers bring and cost in the window, ranked, and held against the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.features.customer_costs import find_grain_months
from crm_research.features.money_window import (
    USUAL_MONTHS,
    MoneyWindow,
    ends_begin_late,
    find_window,
    has_no_ends,
    share_seen_late,
)
from crm_research.features.profit import (
    Noise,
    kept_profit,
    sources_of,
    total_customers,
    total_ledger,
)
from crm_research.models.costing import Costing, plan_costs
from crm_research.pillars.value.profit.costing import judge_noise
from crm_research.pillars.value.profit.curve import DIGITS, rank_money
from crm_research.pillars.value.profit.ledger import is_equal, pools_difference, reconcile, reconcile_pools
from crm_research.show.shown import Shown
from crm_research.stats.concentration import FEWEST_CUSTOMERS, limit_groups
from crm_research.stats.intervals import Interval, check_confidence, wilson_share
from crm_research.stats.whale import Whale, measure_whale
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

PROFIT: Final = "profit"
AFTER_SERVICE: Final = "revenue after the cost to serve"
REVENUE: Final = "revenue"


@dataclass(frozen=True, eq=False, kw_only=True)
class Moved(Shown):
    """Who turns from a profit to a loss when costs follow activity in the place of volume?

    Parameters
    ----------
    n_to_loss, n_surely
        Customers with a profit by volume and a loss by activity; those of them served otherwise than chance gives.
    n_to_profit
        Customers with a loss by volume and a profit by activity.
    loss
        What those of `n_to_loss` lose by activity (negative).
    shifted
        Money of costs that lies with other customers than volume has it.
    can_tell
        Can chance be judged? Not from one period alone.
    """

    n_to_loss: int
    n_surely: int
    n_to_profit: int
    loss: float
    shifted: float
    can_tell: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Profit(Shown):
    """What is left of customers after all costs that the records hold, from the most profitable down?

    Parameters
    ----------
    window
        The months over which money is counted.
    sources
        Which parts of it the study holds: orders, goods, discount, fees, service, contacts, invoices.
    costing
        Which costs are charged, and at which rates.
    totals
        Sums over the customers known, and over all others, of each column of money.
    ranked
        As `rank_money` has it.
    reconciled, pools
        As `reconcile` and `reconcile_pools` have them.
    top20, gini, customers_for_80
        On how few it rests; None with too few customers, or where all together leave nothing.
    whale
        The curve with its peak; None with nobody.
    loss_share, n_losing, loss
        Share and number of customers who leave less than nothing, and what these leave together (negative).
    moved
        None where no cost of activities is charged.
    late_share
        Of the contracts that ran when the window began, the share that the records know only since later.
    misses_leavers
        Ends are recorded only since so late in the window that who left before must be missing.
    has_no_ends
        No end of any contract is recorded.
    """

    currency: str
    window: MoneyWindow
    sources: Mapping[str, bool]
    costing: Costing
    totals: pd.DataFrame
    ranked: pd.DataFrame
    reconciled: pd.DataFrame
    pools: pd.DataFrame
    top20: Interval | None
    gini: Interval | None
    customers_for_80: Interval | None
    whale: Whale | None
    loss_share: Interval | None
    n_losing: int
    loss: float
    moved: Moved | None
    confidence: float
    volume: str
    late_share: float = 0.0
    misses_leavers: bool = False
    has_no_ends: bool = False

    @property
    def noun(self) -> str:
        """What is left, by its name."""
        return name_what_is_left(self.sources)

    @property
    def has_income(self) -> bool:
        """Is anything recorded of what customers bring?"""
        return self.sources["orders"] or self.sources["fees"]

    @property
    def has_costs(self) -> bool:
        """Is any cost recorded?"""
        return has_costs(self.sources)

    @property
    def is_profit(self) -> bool:
        """May it be called profit?"""
        return self.noun == PROFIT

    @property
    def n_customers(self) -> int:
        """Customers known with money in the window."""
        return int(self.ranked["n"].sum())

    @property
    def total(self) -> float:
        """What all of them leave."""
        return float(self.ranked["total"].sum())

    @property
    def failed(self) -> pd.DataFrame:
        """Columns that do not add up to the ledger."""
        return self.reconciled.loc[~self.reconciled["is_equal"]]

    @property
    def pools_fail(self) -> bool:
        """Is the cost of all pools more or less than what was charged, used elsewhere and not used?"""
        size = 0.0 if self.pools.empty else float(self.pools["amount"].iloc[-1])
        return not bool(is_equal(pools_difference(self.pools), size))

    @property
    def is_reconciled(self) -> bool:
        """Does everything add up to the cent?"""
        return self.failed.empty and not self.pools_fail

    def of_customers(self, column: str) -> float:
        """Sum of a column over the customers known."""
        return float(self.totals.loc[self.totals["is_known"].astype(bool), column].sum())

    def of_others(self, column: str) -> float:
        """Sum of a column over rows that name nobody known."""
        return float(self.totals.loc[~self.totals["is_known"].astype(bool), column].sum())


def has_costs(sources: Mapping[str, bool]) -> bool:
    """Is any cost recorded?"""
    return any(sources[name] for name in ("goods", "service", "contacts"))


def name_what_is_left(sources: Mapping[str, bool]) -> str:
    """What is left, by its name: profit only where the goods' cost is recorded (or there are no goods)."""
    if sources["goods"] or (not sources["orders"] and has_costs(sources)):
        return PROFIT
    return AFTER_SERVICE if has_costs(sources) else REVENUE


@dataclass(frozen=True, eq=False, kw_only=True)
class Books:
    """How a study's money is counted: what `profit_table` needs."""

    window: MoneyWindow
    costing: Costing
    totals: pd.DataFrame
    noise: Noise | None

    def sum_of(self, column: str) -> float:
        """Sum over the customers known."""
        return float(self.totals.loc[self.totals["is_known"].astype(bool), column].sum())


@step
def open_books(
    study: Study,
    *,
    months: int = USUAL_MONTHS,
    volume: str = "revenue",
    capital_rate: float | None = None,
    contact_costs: bool = True,
    confidence: float = 0.95,
) -> Books:
    """Over which months, at which rates and with which totals is money counted?"""
    check_confidence(confidence)
    grain = find_grain_months(study) if study.has("activities", "activity_use") else 1
    window = find_window(study, months=months, grain_months=grain)
    return books_of(study, window, volume, capital_rate, confidence, contact_costs=contact_costs)


def books_of(
    study: Study,
    window: MoneyWindow,
    volume: str,
    capital_rate: float | None,
    confidence: float,
    *,
    contact_costs: bool,
) -> Books:
    """The books of one window."""
    costing = plan_costs(study, window, volume=volume, capital_rate=capital_rate, contact_costs=contact_costs)
    totals = total_customers(study, window, costing.plan)
    known = totals.loc[totals["is_known"].astype(bool)]
    n_tested = int(known["n_with_volume"].sum())
    noise = judge_noise(study, window, costing, n_tested=n_tested, confidence=confidence)
    return Books(window=window, costing=costing, totals=totals, noise=noise)


def profit_table(study: Study, books: Books) -> ir.Table:
    """Each customer's profit, in the engine."""
    return kept_profit(
        study,
        books.window,
        books.costing.plan,
        volume=books.sum_of("volume"),
        service=books.sum_of("service"),
        noise=books.noise,
    )


@step
def measure_profit(
    study: Study,
    *,
    months: int = USUAL_MONTHS,
    volume: str = "revenue",
    capital_rate: float | None = None,
    contact_costs: bool = True,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Profit:
    """What is left of each customer in the latest months, and on how few does it rest?

    Parameters
    ----------
    study
        Needs orders or contracts; costs are charged as far as the study holds them.
    months
        Whole calendar months up to as_of.
    volume
        What costing by volume spreads the cost of activities by: ``revenue`` or ``orders``.
    capital_rate
        Cost of money that customers owe, a year, as a factor (0.08); None: it is not charged.
    contact_costs
        Are the contacts' own costs charged beside the activities?
    confidence, seed
        Level of the intervals, and start of the resampling.
    """
    books = open_books(
        study,
        months=months,
        volume=volume,
        capital_rate=capital_rate,
        contact_costs=contact_costs,
        confidence=confidence,
    )
    table, plan = profit_table(study, books), books.costing.plan
    ranked = rank_money(table, "profit")
    sources = sources_of(study, plan)
    ledger = total_ledger(study, books.window, plan)
    left = sum(books.sum_of(name) for name in ("revenue", "fees"))
    left -= sum(books.sum_of(name) for name in ("goods", "service", "contacts"))
    left -= books.sum_of("receivables") * float(plan.capital_rate or 0.0)
    sizes, means = _groups(ranked)
    n, is_enough = float(sizes.sum()), sizes.sum() >= FEWEST_CUSTOMERS and ranked["total"].sum() > 0
    shares = limit_groups(sizes, means, confidence=confidence, seed=seed) if is_enough else [None] * 3
    n_losing, loss = _count_losing(table)
    return Profit(
        currency=study.currency,
        window=books.window,
        sources=sources,
        costing=books.costing,
        totals=books.totals,
        ranked=ranked,
        reconciled=reconcile(books.totals, ledger, float(ranked["total"].sum()), left),
        pools=reconcile_pools(books.costing, books.totals),
        top20=shares[0],
        gini=shares[1],
        customers_for_80=shares[2],
        whale=measure_whale(sizes, means, confidence=confidence, seed=seed) if n else None,
        loss_share=wilson_share(n_losing, n, confidence=confidence) if n else None,
        n_losing=n_losing,
        loss=loss,
        moved=_count_moved(table, can_tell=books.noise is not None) if sources["service"] else None,
        confidence=confidence,
        volume="orders" if plan.by_orders else "revenue",
        late_share=share_seen_late(study, books.window.start),
        misses_leavers=ends_begin_late(study, books.window.start),
        has_no_ends=has_no_ends(study),
    )


def _groups(ranked: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    sizes = ranked["n"].to_numpy(dtype=float)
    return sizes, ranked["total"].to_numpy(dtype=float) / np.maximum(sizes, 1.0)


def _count_losing(table: ir.Table) -> tuple[int, float]:
    # As they are ranked: what rounds to nothing is no loss.
    profit = table.profit.round(DIGITS)
    row = table.agg(n=table.count(where=profit < 0), loss=profit.sum(where=profit < 0)).to_pyarrow().to_pylist()[0]
    return int(row["n"] or 0), float(row["loss"] or 0.0)


def _count_moved(table: ir.Table, *, can_tell: bool) -> Moved:
    to_profit = (table.by_volume < 0) & (table.profit > 0)
    row: dict[str, Any] = (
        table.agg(
            n_to_loss=table.count(where=table.is_moved),
            n_surely=table.count(where=table.is_moved & table.is_served_more),
            n_to_profit=table.count(where=to_profit),
            loss=table.profit.sum(where=table.is_moved),
            shifted=(table.profit - table.by_volume).abs().sum() / 2,
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    counts = {name: int(row[name] or 0) for name in ("n_to_loss", "n_surely", "n_to_profit")}
    return Moved(**counts, loss=float(row["loss"] or 0.0), shifted=float(row["shifted"] or 0.0), can_tell=can_tell)
