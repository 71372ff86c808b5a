"""The first lens: how customers differ in one period, in orders and in money, and on how few it rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import says_nothing
from crm_research.show.shown import Shown
from crm_research.stats.concentration import FEWEST_CUSTOMERS, limit_concentration

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.stats.intervals import Interval

_DIGITS: Final = 6
_TENTHS: Final = 10
# The last of the purchases that make one row, and how the row is called.
_BANDS: Final = (
    (1, "1 purchase"), (2, "2"), (3, "3"), (4, "4"), (5, "5"), (10, "6 to 10"), (20, "11 to 20"),
    (np.inf, "more than 20"),
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Spread(Shown):
    """How do the customers of one period differ?

    Parameters
    ----------
    n_known
        Customers with a purchase up to the end of the period.
    n_buyers
        Of them, those who bought in it.
    revenue
        What the buyers brought in it, less their returns.
    n_losing
        Buyers whose returns exceed their purchases.
    purchases
        purchases (in words), n_customers, share of the known, revenue, revenue_share; who bought nothing first.
    tenths
        tenth (1 brought most), n_customers, n_orders, revenue, revenue_share, least, mean, and profit where cost
        stands.
    top20, gini, customers_for_80
        Concentration of revenue among the buyers; None where it cannot be had, and `why_none` says why.
    median, mean
        Revenue of a buyer.
    """

    n_known: int
    n_buyers: int
    revenue: float
    n_losing: int
    purchases: pd.DataFrame
    tenths: pd.DataFrame
    top20: Interval | None
    gini: Interval | None
    customers_for_80: Interval | None
    median: float
    mean: float
    why_none: str = ""

    @property
    def tells_few(self) -> bool:
        """Is it known on how few it rests? Limits that leave nearly all open tell nothing."""
        return self.top20 is not None and not says_nothing(float(self.top20.lower), float(self.top20.upper), span=1.0)


def measure_spread(customers: ir.Table, *, n_known: int, has_cost: bool, confidence: float, seed: int) -> Spread:
    """How do customers differ in the latest period?

    Parameters
    ----------
    customers
        Of `lay_side_by_side`, with ``n_now``, ``revenue_now`` and ``cost_now``.
    n_known
        Customers with a purchase up to the period's end.
    has_cost
        Is the cost of every order known?
    confidence, seed
        Level of the intervals, and start of the resampling.
    """
    n_orders, revenue, profit = _rank(customers, has_cost=has_cost)
    total = float(revenue.sum())
    why = ""
    limits: list[Interval] | list[None] = [None, None, None]
    if len(revenue) < FEWEST_CUSTOMERS:
        why = f"A fifth of the buyers needs at least {FEWEST_CUSTOMERS} of them; here are {len(revenue)}."
    elif not total > 0:
        why = "A share of what buyers brought means nothing where that is nothing, or less."
    else:
        limits = limit_concentration(revenue, confidence=confidence, seed=seed)
    return Spread(
        n_known=n_known,
        n_buyers=len(revenue),
        revenue=total,
        n_losing=int((revenue < 0).sum()),
        purchases=_count_purchases(n_orders, revenue, n_known),
        tenths=_cut_in_tenths(n_orders, revenue, profit),
        top20=limits[0],
        gini=limits[1],
        customers_for_80=limits[2],
        median=float(np.median(revenue)) if len(revenue) else float("nan"),
        mean=float(revenue.mean()) if len(revenue) else float("nan"),
        why_none=why,
    )


def _rank(
    customers: ir.Table, *, has_cost: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """Purchases, revenue and profit of each buyer, who brought most first; ties alike in every run."""
    buyers = customers.filter(customers.n_now > 0)
    asked = {"n": buyers.n_now.cast("float64"), "revenue": buyers.revenue_now}
    if has_cost:
        asked["profit"] = buyers.revenue_now - buyers.cost_now
    columns = buyers.select(**asked).to_pyarrow()
    # Engines add in parallel: the last digits of a sum depend on who came first, and a second run must rank alike.
    held = {name: np.round(np.asarray(columns[name], dtype=float), _DIGITS) for name in asked}
    order = np.lexsort([-held[name] for name in reversed(list(held)) if name != "revenue"] + [-held["revenue"]])
    profit = held["profit"][order] if has_cost else None
    return held["n"][order], held["revenue"][order], profit


def _count_purchases(n_orders: NDArray[np.float64], revenue: NDArray[np.float64], n_known: int) -> pd.DataFrame:
    edges = np.array([last for last, _ in _BANDS])
    band = np.searchsorted(edges, n_orders)
    n = np.bincount(band, minlength=len(_BANDS))
    money = np.bincount(band, revenue, minlength=len(_BANDS))
    total = revenue.sum()
    frame = pd.DataFrame(
        {
            "purchases": ["none in this period", *(name for _, name in _BANDS)],
            "n_customers": [n_known - len(n_orders), *n.tolist()],
            "revenue": [0.0, *money.tolist()],
        }
    )
    frame["share"] = frame["n_customers"] / n_known if n_known else np.nan
    frame["revenue_share"] = frame["revenue"] / total if total > 0 else np.nan
    kept = frame[["purchases", "n_customers", "share", "revenue", "revenue_share"]]
    return kept[(kept["n_customers"] > 0)].reset_index(drop=True)


def _cut_in_tenths(
    n_orders: NDArray[np.float64], revenue: NDArray[np.float64], profit: NDArray[np.float64] | None
) -> pd.DataFrame:
    if len(revenue) < _TENTHS:
        return pd.DataFrame()
    starts = np.ceil(np.arange(_TENTHS) * len(revenue) / _TENTHS).astype(int)
    sizes = np.diff([*starts, len(revenue)])
    total = revenue.sum()
    money = np.add.reduceat(revenue, starts)
    frame = pd.DataFrame(
        {
            "tenth": np.arange(1, _TENTHS + 1),
            "n_customers": sizes,
            "n_orders": np.add.reduceat(n_orders, starts).astype(int),
            "revenue": money,
            "revenue_share": money / total if total > 0 else np.nan,
            "least": revenue[[*(starts[1:] - 1), len(revenue) - 1]],
            "mean": money / sizes,
        }
    )
    return frame if profit is None else frame.assign(profit=np.add.reduceat(profit, starts))
