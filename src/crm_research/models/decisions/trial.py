"""How many customers must a trial hold, for a difference of two shares to be seen?"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from crm_research.errors import ParameterError
from crm_research.stats.intervals import normal_quantile


def size_trial(share: float, other_share: float, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """How many customers in each half of a trial show that two shares differ? Infinite where they do not.

    Parameters
    ----------
    power
        Chance to see the difference if it is there.
    confidence
        One less the chance to see one that is not there (two-sided).

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, 3rd edition, chapter 4, without
    continuity correction; the formula of R's ``power.prop.test``.
    """
    _check(share, other_share)
    if share == other_share:
        return math.inf
    mean = (share + other_share) / 2
    null = normal_quantile(confidence) * math.sqrt(2 * mean * (1 - mean))
    other = float(stats.norm.ppf(power)) * math.sqrt(share * (1 - share) + other_share * (1 - other_share))
    return ((null + other) / (share - other_share)) ** 2


def power_of_trial(n: float, share: float, other_share: float, *, confidence: float = 0.95) -> float:
    """With n customers in each half, how likely is the difference of two shares to be seen?"""
    _check(share, other_share)
    mean = (share + other_share) / 2
    spread = math.sqrt(share * (1 - share) + other_share * (1 - other_share))
    if spread == 0:
        return float(share != other_share)
    reach = abs(share - other_share) * math.sqrt(max(n, 0.0))
    return float(stats.norm.cdf((reach - normal_quantile(confidence) * math.sqrt(2 * mean * (1 - mean))) / spread))


def _check(*shares: float) -> None:
    for share in shares:
        if not (np.isfinite(share) and 0 <= share <= 1):
            raise ParameterError(f"A share lies between 0 and 1, not {share!r}.")
