"""The customer base in one result: whom we know, what they did, how it grew, on how few it rests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from crm_research.contracts.checks import check_study
from crm_research.errors import NotEnoughData
from crm_research.pillars.customer_base.concentration import Concentration, measure_concentration
from crm_research.pillars.customer_base.coverage import measure_coverage
from crm_research.pillars.customer_base.dealings import PERIODS, OrderTotals, count_contracts, total_orders
from crm_research.pillars.customer_base.growth import Growth, measure_growth
from crm_research.pillars.customer_base.spending import rank_spending
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.theme import say_date, say_range

if TYPE_CHECKING:
    from crm_research.contracts.findings import Verdict
    from crm_research.study import Study

_NO_ORDERS = "This study has no orders, so there are neither orders nor revenue to count."


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomerBase(Shown):
    """Whom do we know, how well, and how much of the revenue rests on how few?

    Parameters
    ----------
    verdict
        What the checks found in the study's tables.
    coverage
        about, what, n_customers, share: of how many customers we have which records.
    orders
        Totals of orders and money; None without a table of orders.
    growth
        Customers buying in each period; None where nobody has bought.
    contracts
        period, n_started, n_ended, n_running by month; empty without contracts.
    concentration
        Shares of revenue by rank of spend; None where it cannot be had, and `why_no_concentration` says why.
    elsewhere
        Table to the details that it carries beside its own columns, where they are no table's of customers.
    """

    title: str
    currency: str
    as_of: datetime
    holdout_until: datetime | None
    verdict: Verdict
    coverage: pd.DataFrame
    orders: OrderTotals | None
    growth: Growth | None
    contracts: pd.DataFrame
    concentration: Concentration | None
    why_no_concentration: str = ""
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def n_customers(self) -> int:
        """Customers named in any table at as_of."""
        return int(self.coverage["n_customers"].iloc[0])

    @property
    def window(self) -> str:
        """The period of the orders (or of the records), in words."""
        if self.orders is not None and self.orders.first_at is not None:
            return say_range(self.orders.first_at, self.orders.last_at, say_date)
        return f"all records known on {say_date(self.as_of)}"

    @property
    def periods(self) -> pd.DataFrame:
        """Customers, orders and revenue in each period; contracts by month where there are no orders."""
        return self.contracts if self.growth is None else self.growth.periods


@step
def describe_base(study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> CustomerBase:
    """Whom do we know at as_of, how good are the records, and how much of the revenue rests on how few?

    Parameters
    ----------
    study
        Any study: orders bring revenue and its concentration, contracts the number running, customers who they are.
    confidence, seed
        Level of the intervals, and start of the resampling.
    """
    has_orders = study.has("orders")
    concentration, why = None, _NO_ORDERS
    if has_orders:
        try:
            concentration, why = measure_concentration(rank_spending(study), confidence=confidence, seed=seed), ""
        except NotEnoughData as problem:
            why = str(problem)
    return CustomerBase(
        title=study.title,
        currency=study.currency,
        as_of=study.as_of,
        holdout_until=study.holdout_until,
        verdict=check_study(study),
        coverage=measure_coverage(study),
        orders=total_orders(study) if has_orders else None,
        growth=measure_growth(study) if has_orders else None,
        contracts=count_contracts(study) if study.has("contracts") else pd.DataFrame(columns=list(PERIODS)),
        concentration=concentration,
        why_no_concentration=why,
        elsewhere={
            table: tuple(study.attributes_of(table))
            for table in study.attributes
            if table != "customers" and study.attributes_of(table)
        },
    )
