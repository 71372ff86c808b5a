"""The population stability index of one input between two times, beside what chance alone makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2

from crm_research.stats.intervals import check_confidence, normal_quantile


class StabilityIndex(NamedTuple):
    """How differently is an input distributed, and how differently would it be by chance?"""

    stability_index: float
    lower: float
    upper: float
    by_chance: float


def compare_bins(then: Sequence[int], now: Sequence[int], *, confidence: float = 0.95) -> StabilityIndex:
    """How differently are two lots of customers distributed over the same bins?

    Parameters
    ----------
    then, now
        Customers in each bin; bins that nobody was ever in are left out.

    Returns
    -------
    StabilityIndex
        stability_index, the sum over bins of (p - q) ln(p / q), with limits for the value without chance, and
        by_chance: what it stays under in the stated share of the cases where nothing has changed. NaN where one of
        the two lots is empty.

    Notes
    -----
    Half a customer is added to each bin, so that an empty one does not make it infinite. Where nothing has changed the
    index is about (1/n + 1/m) times a chi-squared variable with one degree of freedom less than bins (Yurdakul and
    Naranjo 2020). Its mean is taken off for the limits, which are normal, by the delta method, with the variance under
    no change added. The lots are taken as independent.

    References
    ----------
    Yurdakul and Naranjo (2020), Journal of Risk Model Validation 14(4). The customary line of .25 is that of
    credit scoring (Siddiqi 2006).
    """
    check_confidence(confidence)
    before, after = np.asarray(then, dtype=float), np.asarray(now, dtype=float)
    if before.sum() == 0 or after.sum() == 0:
        return StabilityIndex(float("nan"), float("nan"), float("nan"), float("nan"))
    held = (before + after) > 0
    before, after = before[held] + 0.5, after[held] + 0.5
    n, m, freedom = before.sum(), after.sum(), int(held.sum()) - 1
    if freedom == 0:
        return StabilityIndex(0.0, 0.0, 0.0, 0.0)
    p, q = after / m, before / n
    logs = np.log(p / q)
    index = float(((p - q) * logs).sum())
    chance = 1 / n + 1 / m
    variance = _variance(p, logs + 1 - q / p) / m + _variance(q, -logs + 1 - p / q) / n
    half = normal_quantile(confidence) * float(np.sqrt(variance + 2 * freedom * chance**2))
    middle = index - freedom * chance
    return StabilityIndex(
        index, max(middle - half, 0.0), max(middle + half, index), float(chi2.ppf(confidence, freedom) * chance)
    )


def _variance(shares: np.ndarray, slopes: np.ndarray) -> float:
    return float((shares * slopes**2).sum() - (shares * slopes).sum() ** 2)
