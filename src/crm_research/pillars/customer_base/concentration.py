"""How much of the revenue rests on how few: concentration curve, top fifth, Gini, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import CrmError, NotEnoughData
from crm_research.pillars.customer_base.spending import RankedSpend
from crm_research.stats.intervals import Interval
from crm_research.stats.skewed import mean_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_CUSTOMERS: Final = 10
TOP_SHARE: Final = 0.2
CLAIMED_SHARE: Final = 0.8
_SINGLY: Final = 10_000  # the highest spenders are resampled one by one, the others in as many groups
_ROUNDING: Final = 1e-9
_N_RESAMPLES: Final = 500
_CURVE_POINTS: Final = 200


class NoRevenue(NotEnoughData):
    """Shares were asked of a revenue that is nothing, or less."""

    def __init__(self, total: float) -> None:
        self.needed, self.found = 1, 0
        CrmError.__init__(
            self, f"A share of net revenue means nothing where that is {total:,.2f}. Check orders.revenue."
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Concentration:
    """On how few customers does the revenue rest?

    Parameters
    ----------
    n_customers, revenue
        Customers with a purchase at as_of, and their net revenue.
    n_losing
        Customers whose returns exceed their purchases.
    top20
        Share of net revenue of the fifth of customers that spends most.
    gini
        Gini coefficient of spend: 0 where all spend alike, towards 1 where one spends all.
    customers_for_80
        Share of customers, from the highest spender down, that brings 80 % of net revenue.
    later_top20
        Share that the same fifth brought of what all these customers spent in the holdout; None without one.
    curve
        customer_share, revenue_share: from the highest spenders down, at most 201 points.
    tenths
        tenth (1 spends most), n_customers, least_spend, mean_spend, revenue, revenue_share, and later_share of the
        holdout's revenue where there is one.
    """

    n_customers: int
    revenue: float
    n_losing: int
    top20: Interval
    gini: Interval
    customers_for_80: Interval
    later_top20: Interval | None
    curve: pd.DataFrame
    tenths: pd.DataFrame
    confidence: float
    estimator: str


def measure_concentration(ranked: RankedSpend, *, confidence: float = 0.95, seed: int = 20170101) -> Concentration:
    """How much of the net revenue do the customers who spend most bring, and how sure is that?

    Parameters
    ----------
    ranked
        Spend of each customer, descending.
    confidence, seed
        Level of the intervals, and start of the resampling.

    Raises
    ------
    NotEnoughData
        With fewer than ten customers a fifth is fewer than two of them; with no revenue, or less than none, a share
        of it means nothing.

    Notes
    -----
    The intervals say how the shares would vary had other customers of the same kind come. They do not cover
    another window: a longer one spreads spending differently (Schmittlein, Cooper and Morrison 1993, Marketing
    Science 12, 155-183). Each customer gets a Poisson(1) weight per resample; beyond the 10,000 highest spenders,
    neighbours in rank are drawn together, which loses only the variance between near-equal spenders.
    """
    spend, n = ranked.spend, ranked.n_customers
    if n < FEWEST_CUSTOMERS:
        raise NotEnoughData("A fifth of the customers", needed=FEWEST_CUSTOMERS, of="of them", found=n)
    total = ranked.total
    if not np.isfinite(total) or total <= 0:
        raise NoRevenue(total)
    top20, gini, customers_for_80 = _resample(spend, confidence=confidence, seed=seed)
    return Concentration(
        n_customers=n,
        revenue=total,
        n_losing=int((spend < 0).sum()),
        top20=top20,
        gini=gini,
        customers_for_80=customers_for_80,
        later_top20=_later_share(ranked, confidence),
        curve=_draw_points(spend),
        tenths=_tabulate_tenths(ranked),
        confidence=confidence,
        estimator=f"share of ranked customers, Poisson bootstrap of customers ({_N_RESAMPLES} resamples, percentiles)",
    )


def concentration_of(spend: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float, float]:
    """Top fifth's share, Gini coefficient and share of customers for 80 %, of descending spend with weights.

    A customer on the edge of the fifth counts in part, so ties at the edge change nothing.
    """
    customers = np.concatenate([[0.0], np.cumsum(weights)])
    money = np.concatenate([[0.0], np.cumsum(weights * spend)])
    if customers[-1] <= 0 or money[-1] <= 0:
        return (np.nan, np.nan, np.nan)
    customers /= customers[-1]
    money /= money[-1]
    top = float(np.interp(TOP_SHARE, customers, money))
    gini = float(2 * np.trapezoid(money, customers) - 1)
    reached = int(np.argmax(money >= CLAIMED_SHARE))
    step = money[reached] - money[reached - 1]
    part = (CLAIMED_SHARE - money[reached - 1]) / step if step > 0 else 1.0
    return top, gini, float(customers[reached - 1] + part * (customers[reached] - customers[reached - 1]))


def _resample(spend: NDArray[np.float64], *, confidence: float, seed: int) -> list[Interval]:
    sizes, means = _group_neighbours(spend)
    estimate = np.array(concentration_of(means, sizes))
    rng = np.random.default_rng(seed)
    draws = np.array([concentration_of(means, rng.poisson(sizes).astype(float)) for _ in range(_N_RESAMPLES)])
    tail = (1 - confidence) / 2
    lower, upper = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    # Customers who spend alike: nought but for the last digits, to which no limits belong.
    estimate, lower, upper = (np.where(np.abs(each) < _ROUNDING, 0.0, each) for each in (estimate, lower, upper))
    return [Interval(*(np.asarray(part[place]) for part in (estimate, lower, upper))) for place in range(3)]


def _group_neighbours(spend: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes and mean spend of groups of neighbours in rank; the highest spenders each stand alone."""
    if len(spend) <= 2 * _SINGLY:
        return np.ones(len(spend)), spend
    rest = np.linspace(_SINGLY, len(spend), _SINGLY + 1).astype(int)
    starts = np.concatenate([np.arange(_SINGLY), rest[:-1]])
    sizes = np.diff(np.append(starts, len(spend))).astype(float)
    return sizes, np.add.reduceat(spend, starts) / sizes


def _later_share(ranked: RankedSpend, confidence: float) -> Interval | None:
    later = ranked.holdout_spend
    if later is None or later.sum() <= 0:
        return None
    is_top = np.arange(len(later)) < TOP_SHARE * len(later)
    share = float(later[is_top].sum() / later.sum())
    # Ratio of two sums over the same customers: linearised (Cochran 1977, Sampling Techniques, 6.4).
    moved = mean_interval(later * (is_top - share) / later.mean(), confidence=confidence)
    return Interval(np.asarray(share), *(np.clip(share + end, 0.0, 1.0) for end in moved[1:]))


def _draw_points(spend: NDArray[np.float64]) -> pd.DataFrame:
    ranks = np.unique(np.linspace(0, len(spend), min(_CURVE_POINTS, len(spend)) + 1).round().astype(int))
    money = np.concatenate([[0.0], np.cumsum(spend)])
    return pd.DataFrame({"customer_share": ranks / len(spend), "revenue_share": money[ranks] / money[-1]})


def _tabulate_tenths(ranked: RankedSpend) -> pd.DataFrame:
    spend = ranked.spend
    frame = pd.DataFrame({"tenth": np.arange(len(spend)) * 10 // len(spend) + 1, "spend": spend})
    tenths = frame.groupby("tenth", as_index=False).agg(
        n_customers=("spend", "size"),
        least_spend=("spend", "min"),
        mean_spend=("spend", "mean"),
        revenue=("spend", "sum"),
    )
    tenths["revenue_share"] = tenths["revenue"] / spend.sum()
    later = ranked.holdout_spend
    if later is not None and later.sum() > 0:
        tenths["later_share"] = pd.Series(later).groupby(frame["tenth"]).sum().to_numpy() / later.sum()
    return tenths
