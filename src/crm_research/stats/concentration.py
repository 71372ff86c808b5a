"""How unevenly customers contribute: the top fifth's share, Gini's coefficient, and how few bring four fifths."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from crm_research.stats.intervals import Interval
from crm_research.stats.skewed import skewed_interval, skewness_of_mean

TOP_SHARE: Final = 0.2
CLAIMED_SHARE: Final = 0.8
FEWEST_CUSTOMERS: Final = 10
_SINGLY: Final = 10_000  # the highest spenders are resampled one by one, the others in as many groups
_ROUNDING: Final = 1e-9
N_RESAMPLES: Final = 500
HOW: Final = (
    "share of ranked customers; limits out to the long tail, at least those of a Poisson bootstrap of "
    f"customers ({N_RESAMPLES} resamples)"
)


def say_against_claim(lower: float, upper: float) -> str:
    """What the limits of the top fifth's share say of the rule of thumb that it is four fifths."""
    if upper < CLAIMED_SHARE:
        return "less than the 80 % of the rule of thumb"
    if lower > CLAIMED_SHARE:
        return "more than the 80 % of the rule of thumb"
    return "which does not contradict the rule of thumb of 80 %"


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


def limit_concentration(spend: NDArray[np.float64], *, confidence: float, seed: int) -> list[Interval]:
    """The three shares of `concentration_of` with their limits, of spend in descending order.

    On each side the farthest of three: `skewed_interval` with the skewness of what each customer moves, the same about
    the estimate less its bias on resamples, and percentiles of these. Each customer gets a Poisson(1) weight per
    resample; beyond the 10,000 highest spenders, neighbours in rank are drawn together.
    """
    return limit_groups(*_group_neighbours(spend), confidence=confidence, seed=seed)


def limit_groups(
    sizes: NDArray[np.float64], means: NDArray[np.float64], *, confidence: float, seed: int
) -> list[Interval]:
    """`limit_concentration` of groups of neighbours in rank, the highest first: their sizes and their mean spend."""
    estimate, n = np.array(concentration_of(means, sizes)), float(sizes.sum())
    moved = influence_of(means, sizes)
    second, third = (moved**power @ sizes / n for power in (2, 3))
    skewness, error = skewness_of_mean(second, third, n), np.sqrt(second / (n - 1))
    rng = np.random.default_rng(seed)
    draws = np.array([concentration_of(means, rng.poisson(sizes).astype(float)) for _ in range(N_RESAMPLES)])
    tail = (1 - confidence) / 2
    drawn = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    bias = np.nanmean(draws, axis=0) - estimate
    ends = [skewed_interval(at, error, skewness, n - 1, confidence=confidence) for at in (estimate, estimate - bias)]
    lower = np.fmin.reduce([drawn[0], *(end.lower for end in ends)])
    upper = np.fmax.reduce([drawn[1], *(end.upper for end in ends)])
    # Where some gave back more than they bought, the others' share and Gini's coefficient may lie above 1.
    highest = np.array([1.0, 1.0, 1.0] if means[-1] >= 0 else [np.inf, np.inf, 1.0])
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
