"""How much of the revenue rests on how few: concentration curve, top fifth, Gini, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import CrmError, NotEnoughData
from crm_research.pillars.customer_base.dealings import CARRIES_MOST
from crm_research.pillars.customer_base.spending import RankedSpend
from crm_research.stats.intervals import Interval
from crm_research.stats.skewed import mean_interval, skewed_interval, skewness_of_mean

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
    top_customer_share
        Share of net revenue of the one customer who spends most.
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
    top_customer_share: float = 0.0

    @property
    def is_one_customer(self) -> bool:
        """Does one customer alone bring most of the revenue? Then shares of many say nothing."""
        return self.top_customer_share > CARRIES_MOST


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
    Science 12, 155-183). On each side the farthest of three: `skewed_interval` with the skewness of what each
    customer moves, the same about the estimate less its bias on resamples, and percentiles of these. Each customer
    gets a Poisson(1) weight per resample; beyond the 10,000 highest spenders, neighbours in rank are drawn together,
    which loses only the variance between near-equal spenders. Percentiles alone are too narrow where few spend most:
    they held the truth in 76 to 93 of 100 worlds of docs/methods/coverage.md.
    """
    spend, n = ranked.spend, ranked.n_customers
    if n < FEWEST_CUSTOMERS:
        raise NotEnoughData("A fifth of the customers", needed=FEWEST_CUSTOMERS, of="of them", found=n)
    total = ranked.total
    if not np.isfinite(total) or total <= 0:
        raise NoRevenue(total)
    top20, gini, customers_for_80 = _limit(spend, confidence=confidence, seed=seed)
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
        top_customer_share=float(spend[0]) / total,
        estimator="share of ranked customers; limits out to the long tail, at least those of a Poisson bootstrap of "
        f"customers ({_N_RESAMPLES} resamples)",
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


def influence_of(spend: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far does each customer move the three shares of `concentration_of`? (3, customers), nought on average.

    A share moves by this over the number of customers when its customer is counted once more.

    References
    ----------
    Lorenz shares: Beach and Davidson (1983), Review of Economic Studies 50, 723-735; Gini: Davidson (2009), Journal
    of Econometrics 150, 30-40.
    """
    top, gini, many = concentration_of(spend, weights)
    n, money = weights.sum(), np.cumsum(weights * spend)
    mean, reached = money[-1] / n, np.cumsum(weights)
    edge = spend[min(int(np.searchsorted(reached, TOP_SHARE * n * (1 - _ROUNDING))), len(spend) - 1)]
    last = spend[int(np.argmax(money >= CLAIMED_SHARE * money[-1]))]
    in_top = (np.maximum(spend - edge, 0.0) + TOP_SHARE * edge - top * spend) / mean
    for_most = np.full(len(spend), np.nan)
    if last > 0:
        for_most = (CLAIMED_SHARE * spend - np.maximum(spend - last, 0.0) - many * last) / last
    # Of everybody: the share at or below each, and what those spend.
    rank, below = 1 - (reached - weights / 2) / n, (money[-1] - money + weights * spend / 2) / n
    uneven = (2 * spend * rank - 2 * below - (gini + 1) * spend) / mean
    found = np.stack([in_top, uneven, for_most])
    return np.asarray(found - (found @ weights / n)[:, None])


def _limit(spend: NDArray[np.float64], *, confidence: float, seed: int) -> list[Interval]:
    sizes, means = _group_neighbours(spend)
    estimate, n = np.array(concentration_of(means, sizes)), float(sizes.sum())
    moved = influence_of(means, sizes)
    second, third = (moved**power @ sizes / n for power in (2, 3))
    skewness, error = skewness_of_mean(second, third, n), np.sqrt(second / (n - 1))
    rng = np.random.default_rng(seed)
    draws = np.array([concentration_of(means, rng.poisson(sizes).astype(float)) for _ in range(_N_RESAMPLES)])
    tail = (1 - confidence) / 2
    drawn = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    bias = np.nanmean(draws, axis=0) - estimate
    ends = [skewed_interval(at, error, skewness, n - 1, confidence=confidence) for at in (estimate, estimate - bias)]
    lower = np.fmin.reduce([drawn[0], *(end.lower for end in ends)])
    upper = np.fmax.reduce([drawn[1], *(end.upper for end in ends)])
    # Where some gave back more than they bought, the others' share and Gini's coefficient may lie above 1.
    highest = np.array([1.0, 1.0, 1.0] if spend[-1] >= 0 else [np.inf, np.inf, 1.0])
    lower, upper = np.maximum(lower, 0.0), np.minimum(upper, highest)
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
