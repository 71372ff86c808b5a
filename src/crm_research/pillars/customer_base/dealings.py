"""Totals of what customers did: orders and their money, contracts and how many of them run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research import vocabulary
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.show.shown import Shown
from crm_research.steps import step

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.study import Study

CARRIES_MOST: Final = 0.5
PERIODS: Final = ("period", "n_started", "n_ended", "n_running")


@dataclass(frozen=True, kw_only=True)
class OrderTotals(Shown):
    """How many orders, and how much money, are known at as_of?

    Parameters
    ----------
    n_sales, n_returns, n_cancelled
        Orders of each kind, also those that name no customer; cancelled ones count nowhere else.
    revenue
        Sales less returns, in the study's currency, of all of them.
    returned
        Money that returns gave back, as recorded (negative).
    n_nameless, nameless_revenue
        Sales and returns among them that name no customer, and their sales less returns: in the totals, and in nothing
        counted by customer.
    n_undated
        Orders that name no time; they are in none of the other numbers.
    first_at, last_at
        First and last order counted; None without any.
    largest
        Revenue of the largest order.
    """

    n_sales: int
    n_returns: int
    n_cancelled: int
    revenue: float
    returned: float
    n_nameless: int
    nameless_revenue: float
    n_undated: int
    first_at: datetime | None
    last_at: datetime | None
    largest: float = 0.0

    @property
    def is_one_order(self) -> bool:
        """Does one order alone carry most of the revenue?"""
        return self.n_sales > 1 and self.largest > CARRIES_MOST * self.revenue > 0

    @property
    def customers_revenue(self) -> float:
        """Sales less returns of the orders that name a customer: what shares of customers are taken of."""
        return self.revenue - self.nameless_revenue


@step
def total_orders(study: Study) -> OrderTotals:
    """What do the orders known at as_of add up to? The study needs orders."""
    known = known_rows(study, "orders")
    dated = known.ordered_at.notnull()  # noqa: PD004 - Ibis
    has_kinds = "kind" in known.columns
    cancelled = known.kind.fill_null(vocabulary.SALE) == vocabulary.CANCELLED if has_kinds else None
    rows = known.agg(
        n_undated=known.count(where=~dated),
        n_cancelled=known.count(where=dated & cancelled) if cancelled is not None else known.count() * 0,
    )
    dealings = keep_dealings(known, of_anybody=True)
    nameless = dealings.customer_id.isnull()  # noqa: PD003 - Ibis
    sums = dealings.agg(
        n_sales=dealings.count(where=dealings.is_sale),
        n_returns=dealings.count(where=~dealings.is_sale),
        revenue=dealings.revenue.sum(),
        returned=dealings.revenue.sum(where=~dealings.is_sale),
        n_nameless=dealings.count(where=nameless),
        nameless_revenue=dealings.revenue.sum(where=nameless),
        first_at=dealings.ordered_at.min(),
        last_at=dealings.ordered_at.max(),
        largest=dealings.revenue.max(),
    )
    found = _only_row(rows) | _only_row(sums)
    return OrderTotals(
        n_sales=int(found["n_sales"]),
        n_returns=int(found["n_returns"]),
        n_cancelled=int(found["n_cancelled"]),
        n_nameless=int(found["n_nameless"]),
        nameless_revenue=float(found["nameless_revenue"] or 0.0),
        n_undated=int(found["n_undated"]),
        revenue=float(found["revenue"] or 0.0),
        returned=float(found["returned"] or 0.0),
        first_at=found["first_at"],
        last_at=found["last_at"],
        largest=float(found["largest"] or 0.0),
    )


@step
def count_contracts(study: Study) -> pd.DataFrame:
    """How many contracts started, ended and ran in each month up to as_of?

    Returns
    -------
    frame
        period (first day of the month), n_started, n_ended, n_running at the end of the month; months without any
        event are there too. Empty where no contract is known. The study needs contracts.
    """
    known = known_rows(study, "contracts")
    starts = known.filter(known.started_at.notnull()).select(at=known.started_at)  # noqa: PD004 - Ibis
    counted = {"n_started": _by_month(starts)}
    if "ended_at" in known.columns:
        ends = known.filter(known.ended_at.notnull()).select(at=known.ended_at)  # noqa: PD004 - Ibis
        counted["n_ended"] = _by_month(ends)
    months = pd.concat(counted, axis=1).fillna(0.0)
    if months.empty:
        return pd.DataFrame(columns=list(PERIODS))
    calendar = pd.date_range(months.index.min(), months.index.max(), freq="MS", name="period")
    months = months.reindex(calendar, fill_value=0).reindex(columns=["n_started", "n_ended"], fill_value=0)
    running = (months["n_started"] - months["n_ended"]).cumsum()
    return months.assign(n_running=running).astype("int64").reset_index()[list(PERIODS)]


def _by_month(events: ir.Table) -> pd.Series:
    months = events.mutate(period=events["at"].truncate("M"))
    frame = months.group_by("period").agg(n=months.count()).to_pandas()
    counts = pd.Series(frame["n"].to_numpy(dtype=float), index=pd.DatetimeIndex(frame["period"]))
    return counts.sort_index()


def _only_row(table: ir.Table) -> dict[str, Any]:
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row
