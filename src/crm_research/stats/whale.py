"""The whale curve: profit added up from the most profitable customer down, with its peak and a band."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.stats.concentration import N_RESAMPLES
from crm_research.stats.intervals import Interval
from crm_research.stats.skewed import skewed_interval, skewness_of_mean

_POINTS: Final = 101
HOW: Final = (
    "sum of all profits above nought over the sum of all profits; limits out to the long tail, at least those of a "
    f"Poisson bootstrap of customers ({N_RESAMPLES} resamples)"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Whale:
    """How much do the most profitable customers earn, and how much of it do the others lose?

    Parameters
    ----------
    curve
        customer_share, profit (money added up from the most profitable down), lower, upper: pointwise limits.
    peak
        The highest point of the curve as a share of the profit of all: 1 where nobody loses money. Not a number where
        all together earn nothing; the upper limit is open where they may not.
    earners_share
        Share of customers up to the peak.
    """

    curve: pd.DataFrame
    peak: Interval
    earners_share: float


def measure_whale(sizes: NDArray[np.float64], means: NDArray[np.float64], *, confidence: float, seed: int) -> Whale:
    """The whale curve of groups of neighbours in rank, the most profitable first: their sizes and mean profit."""
    n = float(sizes.sum())
    rng = np.random.default_rng(seed)
    grid = np.linspace(0.0, 1.0, _POINTS)
    peaks, curves = np.empty(N_RESAMPLES), np.empty((N_RESAMPLES, _POINTS))
    for place in range(N_RESAMPLES):
        weights = rng.poisson(sizes).astype(float)
        peaks[place], curves[place] = _peak_of(weights, means), _curve_of(weights, means, grid, n)
    tail = (1 - confidence) / 2
    lower, upper = np.nanquantile(curves, [tail, 1 - tail], axis=0)
    curve = pd.DataFrame(
        {"customer_share": grid, "profit": _curve_of(sizes, means, grid, n), "lower": lower, "upper": upper}
    )
    return Whale(
        curve=curve,
        peak=_limit_peak(sizes, means, peaks, confidence),
        earners_share=float(sizes[means > 0].sum() / n) if n else float("nan"),
    )


def _peak_of(weights: NDArray[np.float64], means: NDArray[np.float64]) -> float:
    total = float(weights @ means)
    return float(weights @ np.maximum(means, 0.0)) / total if total > 0 else np.nan


def _curve_of(
    weights: NDArray[np.float64], means: NDArray[np.float64], grid: NDArray[np.float64], n: float
) -> NDArray[np.float64]:
    """Money that so many customers as there are would earn, at each share of them."""
    customers = np.concatenate([[0.0], np.cumsum(weights)])
    if customers[-1] <= 0:
        return np.full(len(grid), np.nan)
    money = np.concatenate([[0.0], np.cumsum(weights * means)]) * n / customers[-1]
    return np.asarray(np.interp(grid, customers / customers[-1], money))


def _limit_peak(
    sizes: NDArray[np.float64], means: NDArray[np.float64], draws: NDArray[np.float64], confidence: float
) -> Interval:
    peak, n = _peak_of(sizes, means), float(sizes.sum())
    if not np.isfinite(peak) or n < 2:
        return Interval(*(np.asarray(part) for part in (peak, np.nan, np.nan)))
    # Ratio of two sums over the same customers, linearised (Cochran 1977, Sampling Techniques, 6.4).
    moved = (np.maximum(means, 0.0) - peak * means) / (float(sizes @ means) / n)
    found = _farthest(peak, moved, sizes, draws, confidence)
    is_open = np.isnan(draws).mean() > (1 - confidence) / 2
    upper = np.nan if is_open else float(found.upper)
    return Interval(found.estimate, np.asarray(max(float(found.lower), 1.0)), np.asarray(upper))


def limit_reach(
    sizes: NDArray[np.float64], means: NDArray[np.float64], shares: tuple[float, ...], *, confidence: float, seed: int
) -> list[Interval]:
    """Which share of customers, from the most profitable down, earns each of these shares of all that is earned?

    The first interval is of those who earn the first share, each later one of those who earn from one share to the
    next, the last of everybody else. Losses are left out of what is earned: 1 is the peak of the curve.

    Notes
    -----
    On each side the farther of `skewed_interval` with the skewness of what each customer moves and percentiles of a
    Poisson bootstrap of customers.
    """
    earned = np.maximum(means, 0.0)
    rng = np.random.default_rng(seed)
    reached = np.array([_reach_of(sizes, earned, share) for share in shares])
    draws = np.empty((N_RESAMPLES, len(shares)))
    for place in range(N_RESAMPLES):
        weights = rng.poisson(sizes).astype(float)
        draws[place] = [_reach_of(weights, earned, share) for share in shares]
    moved = np.stack([_influence_of_reach(sizes, earned, share) for share in shares])
    ends = [(0.0, np.zeros(N_RESAMPLES), np.zeros(len(sizes)))]
    ends += [(reached[k], draws[:, k], moved[k]) for k in range(len(shares))]
    ends += [(1.0, np.ones(N_RESAMPLES), np.zeros(len(sizes)))]
    found = []
    for (low, low_draws, low_moved), (high, high_draws, high_moved) in pairwise(ends):
        one = _farthest(high - low, high_moved - low_moved, sizes, high_draws - low_draws, confidence)
        found.append(Interval(one.estimate, *(np.clip(end, 0.0, 1.0) for end in one[1:])))
    return found


def _reach_of(weights: NDArray[np.float64], earned: NDArray[np.float64], share: float) -> float:
    """In whole customers (or groups of them): the last one who is needed counts in full."""
    money, customers = np.cumsum(weights * earned), np.cumsum(weights)
    if money[-1] <= 0:
        return np.nan
    return float(customers[int(np.argmax(money >= share * money[-1] * (1 - 1e-12)))] / customers[-1])


def _influence_of_reach(sizes: NDArray[np.float64], earned: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """How far does each customer move the share of customers that earns so much, times the number of customers?"""
    money, n = np.cumsum(sizes * earned), float(sizes.sum())
    if money[-1] <= 0:
        return np.full(len(sizes), np.nan)
    edge = earned[int(np.argmax(money >= share * money[-1] * (1 - 1e-12)))]
    moved = (share * earned - np.maximum(earned - edge, 0.0)) / edge
    return np.asarray(moved - float(moved @ sizes) / n)


def _farthest(
    estimate: float,
    moved: NDArray[np.float64],
    sizes: NDArray[np.float64],
    draws: NDArray[np.float64],
    confidence: float,
) -> Interval:
    """On each side the farther of the skewed interval of what each customer moves and of percentiles of draws."""
    n = float(sizes.sum())
    if not np.isfinite(estimate) or n < 2 or not np.isfinite(draws).any():
        return Interval(*(np.asarray(part) for part in (estimate, np.nan, np.nan)))
    second, third = (float(sizes @ moved**power) / n for power in (2, 3))
    found = skewed_interval(
        estimate, np.sqrt(second / (n - 1)), skewness_of_mean(second, third, n), n - 1, confidence=confidence
    )
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    lower, upper = min(float(found.lower), float(low)), max(float(found.upper), float(high))
    return Interval(*(np.asarray(part) for part in (estimate, lower, upper)))
