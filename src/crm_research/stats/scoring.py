"""Which of two forecasts of a yes or no was better, customer by customer?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crm_research.stats.skewed import mean_interval


@dataclass(frozen=True, kw_only=True)
class BrierComparison:
    """Mean squared errors of two forecasts and the gain of the first over the other.

    Parameters
    ----------
    score, other_score
        Mean of (outcome - chance)**2; 0 is perfect.
    gain, lower, upper
        The other's score less the first's, with its interval: above 0 the first is better.
    """

    score: float
    other_score: float
    gain: float
    lower: float
    upper: float


def compare_brier(
    n: ArrayLike, n_hits: ArrayLike, chance: ArrayLike, other_chance: ArrayLike, *, confidence: float = 0.95
) -> BrierComparison:
    """Does the first forecast come closer to what happened than the other?

    Parameters
    ----------
    n, n_hits
        Customers who share a forecast, and how many of them had the outcome.
    chance, other_chance
        What the two forecasts gave them.

    Notes
    -----
    The interval is that of `stats.skewed` on the differences within customers, who are taken as independent.

    References
    ----------
    Brier (1950), Monthly Weather Review 78, 1-3.
    """
    size, hits, p, q = (np.asarray(values, dtype=float) for values in (n, n_hits, chance, other_chance))
    total = float(size.sum())

    def mean(if_hit: np.ndarray, if_not: np.ndarray) -> float:
        return float((hits * if_hit + (size - hits) * if_not).sum() / total)

    if_hit, if_not = (1 - q) ** 2 - (1 - p) ** 2, q**2 - p**2
    gains, customers = np.concatenate([if_hit, if_not]), np.concatenate([hits, size - hits])
    limits = mean_interval(gains, customers, confidence=confidence)
    return BrierComparison(
        score=mean((1 - p) ** 2, p**2),
        other_score=mean((1 - q) ** 2, q**2),
        gain=float(limits.estimate),
        lower=float(limits.lower),
        upper=float(limits.upper),
    )
