"""The books: every order once, by who brought it and when, against the total of the records, to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.pillars.customer_base_audit.cohorts import NAMELESS, ONLY_RETURNS
from crm_research.show.shown import Shown

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.pillars.customer_base_audit.periods import Periods

BUYERS: Final = "customers who bought"
UNDATED: Final = "orders without a date"
_CENT: Final = 0.005
_MANY: Final = 0.05
# What adding in parallel may move, of all the money that was added.
_ROUNDING: Final = 1e-11


@dataclass(frozen=True, eq=False, kw_only=True)
class Books(Shown):
    """Where is the revenue, and is all of it there?

    Parameters
    ----------
    n_sales, n_returns, n_cancelled, n_undated
        Orders of each kind; cancelled ones count nowhere, undated ones in no period.
    revenue, undated_revenue
        Sales less returns of all dated orders, summed up without regard to customer or period; of undated ones.
    first_at, last_at
        First and last purchase; None without any.
    by_source
        part, n_customers (missing for orders that name none), n_orders (returns too), revenue.
    by_period
        period, is_whole, n_orders (returns too), customers_who_bought, only_returns, no_customer_named, revenue: the
        same by period.
    last_period
        Number of the last period of the course with any order; None without any.
    """

    n_sales: int
    n_returns: int
    n_cancelled: int
    n_undated: int
    revenue: float
    undated_revenue: float
    first_at: datetime | None
    last_at: datetime | None
    by_source: pd.DataFrame
    by_period: pd.DataFrame
    last_period: int | None = None

    @property
    def difference(self) -> float:
        """How far are the parts from the total, whichever way they are cut?"""
        sums = [float(frame["revenue"].sum()) for frame in (self.by_source, self.by_period) if len(frame)]
        return max((abs(total - self.revenue) for total in sums), default=abs(self.revenue))

    @property
    def is_balanced(self) -> bool:
        """Do the parts sum to the total, to the cent?"""
        added = float(self.by_source["revenue"].abs().sum()) if len(self.by_source) else 0.0
        return self.difference < max(_CENT, _ROUNDING * added)

    def of_period(self, periods: Periods, number: int) -> tuple[int, float]:
        """Orders and revenue of one of the periods that are compared."""
        names = [periods.name_of_course(one) for one in periods.span(number)]
        own = self.by_period[self.by_period["period"].isin(names)]
        return int(own["n_orders"].sum()), float(own["revenue"].sum())

    @property
    def nameless_revenue(self) -> float:
        """Revenue of orders that name no customer."""
        own = self.by_source[self.by_source["part"] == NAMELESS]
        return float(own["revenue"].sum())

    @property
    def nameless_orders(self) -> int:
        """Purchases and returns that name no customer."""
        own = self.by_source[self.by_source["part"] == NAMELESS]
        return int(own["n_orders"].sum())

    @property
    def is_much_nameless(self) -> bool:
        """Do orders without a customer carry so much of the revenue that who they are would matter?"""
        return self.revenue > 0 and self.nameless_revenue > _MANY * self.revenue

    @property
    def has_named(self) -> bool:
        """Does any purchase name its customer?"""
        return bool((self.by_source["part"] == BUYERS).any())

    def reaches_beyond(self, periods: Periods) -> bool:
        """Did anything come after the latest whole period that is compared?"""
        latest = periods.latest
        return latest is not None and self.last_period is not None and self.last_period >= periods.span(latest).stop


def balance_books(
    totals: dict[str, Any],
    classes: pd.DataFrame,
    dated: pd.DataFrame,
    nameless: pd.DataFrame,
    periods: Periods | None,
) -> Books:
    """Sum up everything by source and by period, and lay it beside the total.

    Parameters
    ----------
    totals
        The row of `total_dealings`.
    classes, dated, nameless
        Of `count_classes`, `sum_by_cohort` and `sum_nameless`.
    periods
        Which are whole; None where nobody has bought.
    """
    bought = dated["first_period"].notna()
    has_bought = classes["first_period"].notna()
    rows = [
        (BUYERS, int(classes.loc[has_bought, "n_customers"].sum()), dated[bought]),
        (ONLY_RETURNS, int(classes.loc[~has_bought, "n_customers"].sum()), dated[~bought]),
        (NAMELESS, None, nameless),
    ]
    by_source = pd.DataFrame(
        [
            {
                "part": part,
                "n_customers": n,
                "n_orders": int(own["n_orders"].sum() + own["n_returns"].sum()),
                "revenue": float(own["revenue"].sum()),
            }
            for part, n, own in rows
            if len(own)
        ],
        columns=["part", "n_customers", "n_orders", "revenue"],
    )
    return Books(
        n_sales=int(totals["n_sales"]),
        n_returns=int(totals["n_returns"]),
        n_cancelled=int(totals["n_cancelled"]),
        n_undated=int(totals["n_undated"]),
        revenue=float(totals["revenue"]),
        undated_revenue=float(totals["undated_revenue"]),
        first_at=totals["first_at"],
        last_at=totals["last_at"],
        by_source=by_source,
        by_period=_by_period(dated[bought], dated[~bought], nameless, periods),
        last_period=_last_of(dated["period"], nameless["period"]),
    )


def _last_of(*periods: pd.Series) -> int | None:
    held = pd.concat(periods).dropna()
    return None if held.empty else int(held.max())


def _by_period(
    bought: pd.DataFrame, returned: pd.DataFrame, nameless: pd.DataFrame, periods: Periods | None
) -> pd.DataFrame:
    if periods is None:
        return pd.DataFrame()
    parts = {"customers_who_bought": bought, "only_returns": returned, "no_customer_named": nameless}
    money = {name: part.groupby("period")["revenue"].sum() for name, part in parts.items() if len(part)}
    frame = pd.DataFrame(money).fillna(0.0).sort_index()
    numbers = [int(number) for number in frame.index]
    counted = pd.concat([part[["period", "n_orders", "n_returns"]] for part in parts.values() if len(part)])
    n_orders = counted.groupby("period").sum().sum(axis=1)
    return frame.assign(
        revenue=frame.sum(axis=1),
        n_orders=n_orders.reindex(frame.index).astype("int64"),
        period=[periods.name_of_course(number) for number in numbers],
        is_whole=[periods.first <= number <= periods.last for number in numbers],
    ).reset_index(drop=True)
