"""Limits from resamples of customers, where plain percentiles are too narrow or lean to one side."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from crm_research.stats.intervals import FloatArray, check_confidence

_ROUNDING: Final = 1e-9
_KEPT: Final = 0.02


def expand_percentiles(draws: ArrayLike, *, n: int, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Between which limits does an estimate lie, given its values on resamples of n customers?

    Parameters
    ----------
    draws
        (n_draws, ...): the estimate on each resample.
    n
        Customers that were drawn.

    Returns
    -------
    tuple
        Lower and upper limits; NaN without a draw, or where a draw could not be had.

    Notes
    -----
    Resamples spread like a normal with the variance divided by n, where Student's t with it divided by n - 1 is right;
    percentiles so far out that a mean gets Student's limits.

    References
    ----------
    Hesterberg (2015), The American Statistician 69, 371-386 (expanded percentiles).
    """
    sample = np.asarray(draws, dtype=float)
    if not len(sample):
        return np.full(sample.shape[1:], np.nan), np.full(sample.shape[1:], np.nan)
    tail = float(stats.norm.sf(_reach(n, confidence)))
    lower, upper = np.quantile(sample, [tail, 1 - tail], axis=0)
    return np.asarray(lower), np.asarray(upper)


def expand_p_value(p_value: float, *, n: int) -> float:
    """The two-sided p-value that goes with expanded percentiles, from twice the share of draws beyond nought."""
    freedom = max(int(n) - 1, 1)
    reach = stats.norm.isf(p_value / 2) * np.sqrt(freedom / (freedom + 1))
    return float(2 * stats.t.sf(reach, freedom))


def explained_limits(
    estimate: ArrayLike, draws: ArrayLike, *, n: int, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Between which limits does a share of explained variance lie, given its values on resamples of n customers?

    Parameters
    ----------
    estimate, draws
        (...) and (n_draws, ...): R squared, or shares of it, from 0 to 1.
    n
        Customers that were drawn.

    Returns
    -------
    tuple
        On each side the farthest of three: expanded percentiles, and Student's t on Fisher's scale (the inverse
        hyperbolic tangent of the root) and on log odds, .02 added to either side. A model explains more of a resample
        than of its sample, and more of that than of everybody, so percentiles alone lie too high, and they are short
        for the largest share; the two scales alone are short for shares near 0 (docs/methods/coverage.md).

    References
    ----------
    Fisher (1915), Biometrika 10, 507-521; Hesterberg (2015), as in `expand_percentiles`.
    """
    value, sample = np.asarray(estimate, dtype=float), np.asarray(draws, dtype=float)
    low, high = expand_percentiles(sample, n=n, confidence=confidence)
    if len(sample) < 2:
        return low, high
    reach = _reach(n, confidence)
    for there, back in ((_to_fisher, _from_fisher), (_to_kept_odds, _from_kept_odds)):
        centre, half = there(value), reach * there(sample).std(axis=0, ddof=1)
        # Where no draw moves it, nothing is known beyond the draws.
        low = np.where(half > _ROUNDING, np.minimum(low, back(centre - half)), low)
        high = np.where(half > _ROUNDING, np.maximum(high, back(centre + half)), high)
    return np.asarray(low), np.asarray(high)


def share_limits(estimate: ArrayLike, draws: ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Between which limits does a share lie, given draws of it from a posterior?

    Parameters
    ----------
    estimate, draws
        (...) and (n_draws, ...): shares from 0 to 1.

    Returns
    -------
    tuple
        On each side the farther of two: percentiles, and a normal law on the log odds about the estimate. Draws from
        few counts lie a little to one side of the estimate, and their percentiles with them.
    """
    value, sample = np.asarray(estimate, dtype=float), np.asarray(draws, dtype=float)
    tail = (1 - check_confidence(confidence)) / 2
    low, high = np.quantile(sample, [tail, 1 - tail], axis=0)
    centre, half = _to_log_odds(value), float(stats.norm.isf(tail)) * _to_log_odds(sample).std(axis=0)
    lower, upper = (1 / (1 + np.exp(-end)) for end in (centre - half, centre + half))
    is_still = np.ptp(sample, axis=0) < _ROUNDING
    return np.where(is_still, low, np.minimum(low, lower)), np.where(is_still, high, np.maximum(high, upper))


def _reach(n: int, confidence: float) -> float:
    """Standard deviations of resamples of n customers out to Student's limits."""
    freedom = max(int(n) - 1, 1)
    return float(np.sqrt((freedom + 1) / freedom) * stats.t.ppf(0.5 + check_confidence(confidence) / 2, freedom))


def _to_log_odds(share: FloatArray) -> FloatArray:
    kept = np.clip(share, _ROUNDING, 1 - _ROUNDING)
    return np.asarray(np.log(kept / (1 - kept)))


def _to_fisher(share: FloatArray) -> FloatArray:
    return np.asarray(np.arctanh(np.sqrt(np.clip(share, 0.0, 1 - _ROUNDING))))


def _from_fisher(value: FloatArray) -> FloatArray:
    return np.asarray(np.tanh(np.maximum(value, 0.0)) ** 2)


def _to_kept_odds(share: FloatArray) -> FloatArray:
    kept = np.clip(share, 0.0, 1.0)
    return np.asarray(np.log((kept + _KEPT) / (1 - kept + _KEPT)))


def _from_kept_odds(value: FloatArray) -> FloatArray:
    odds = np.exp(value)
    return np.asarray(np.clip((odds * (1 + _KEPT) - _KEPT) / (1 + odds), 0.0, 1.0))
