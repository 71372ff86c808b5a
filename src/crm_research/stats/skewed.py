"""Intervals of means whose values are skewed: money, squared errors, gains of one forecast over another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from crm_research.stats.intervals import FloatArray, Interval, check_confidence

_SYMMETRIC = 1e-9


def mean_interval(values: ArrayLike, n: ArrayLike | None = None, *, confidence: float = 0.95) -> Interval:
    """What is the mean over customers, n of whom share each value, and between which limits?

    The limits of `skewed_interval`: a few customers hold most of the squared error or of the money, so a normal
    interval is too narrow above. NaN limits with fewer than two customers.

    Parameters
    ----------
    values
        What each customer (or group of customers alike) has.
    n
        Customers who share each value; None counts one each.
    """
    held = np.asarray(values, dtype=float)
    weights = np.ones(len(held)) if n is None else np.asarray(n, dtype=float)
    total = float(weights.sum())
    mean = float(weights @ held / total) if total > 0 else float("nan")
    if total < 2:
        return Interval(*(np.asarray(part) for part in (mean, np.nan, np.nan)))
    second, third = (float(weights @ (held - mean) ** power / total) for power in (2, 3))
    error = np.sqrt(second / (total - 1))
    return skewed_interval(mean, error, skewness_of_mean(second, third, total), total - 1, confidence=confidence)


def skewness_of_mean(second: ArrayLike, third: ArrayLike, n: ArrayLike) -> FloatArray:
    """How skewed is the mean of n values with these central moments? Theirs over the root of n; 0 where all agree."""
    spread, tilt, total = (np.asarray(part, dtype=float) for part in (second, third, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, tilt / spread**1.5 / np.sqrt(total), 0.0)


def skewed_interval(
    estimate: ArrayLike, std_error: ArrayLike, skewness: ArrayLike, df: ArrayLike, *, confidence: float = 0.95
) -> Interval:
    """Between which limits does an estimate lie whose sampling distribution may be skewed?

    Parameters
    ----------
    estimate, std_error, skewness
        The estimate, its standard error, and the skewness of its distribution (of a mean: `skewness_of_mean`).
    df
        Degrees of freedom of the standard error.

    Returns
    -------
    Interval
        On each side the farthest of three: Student's t, Johnson's modified t and Hall's transformed t. The sample
        tells neither how skewed money is nor which side is short; each of the three alone covers too little
        somewhere (docs/methods/means.md).

    References
    ----------
    Johnson (1978), JASA 73, 536-544; Hall (1992), Journal of the Royal Statistical Society B 54, 221-228.
    """
    value, error, tilt, freedom = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (estimate, std_error, skewness, df))
    )
    reach = stats.t.ppf(0.5 + check_confidence(confidence) / 2, freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.maximum.reduce([reach, _johnson_inverse(reach, tilt), _hall_inverse(reach, tilt)])
        high = np.maximum.reduce([reach, -_johnson_inverse(-reach, tilt), -_hall_inverse(-reach, tilt)])
        # Without spread there is no side to be short of.
        return Interval(value, value - low * error, value + high * error)


def skewed_p_value(estimate: ArrayLike, std_error: ArrayLike, skewness: ArrayLike, df: ArrayLike) -> FloatArray:
    """How likely is an estimate as far from 0, if the truth is 0? The largest of the three tests' two-sided values.

    It is under 1 - confidence where `skewed_interval` leaves 0 out.
    """
    value, error, tilt, freedom = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (estimate, std_error, skewness, df))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        t = value / error
        # Johnson's correction turns back beyond this point; Hall's does not.
        turn = np.where(np.abs(tilt) > _SYMMETRIC, -1.5 / tilt, np.nan)
        held = np.where(tilt > 0, np.fmax(t, turn), np.fmin(t, turn))
        johnson = np.where(np.abs(tilt) > _SYMMETRIC, held + tilt / 6 + tilt * held**2 / 3, t)
        hall = t + tilt * t**2 / 3 + tilt**2 * t**3 / 27 + tilt / 6
        sides = [np.where(np.sign(part) == np.sign(t), np.abs(part), 0.0) for part in (t, johnson, hall)]
        return np.where(np.isfinite(t), 2 * stats.t.sf(np.minimum.reduce(sides), freedom), np.nan)


def _johnson_inverse(quantile: FloatArray, tilt: FloatArray) -> FloatArray:
    """The t at which u + skewness / 6 + skewness u^2 / 3 reaches the quantile; where it never does, its turn."""
    under = 1 - 4 * tilt / 3 * (tilt / 6 - quantile)
    root = (-1 + np.sqrt(np.maximum(under, 0.0))) / (2 * tilt / 3)
    return np.asarray(np.where(np.abs(tilt) > _SYMMETRIC, root, quantile))


def _hall_inverse(quantile: FloatArray, tilt: FloatArray) -> FloatArray:
    """The t at which u + skewness / 6 + skewness u^2 / 3 + skewness^2 u^3 / 27 reaches the quantile."""
    root = 3 / tilt * (np.cbrt(1 + tilt * (quantile - tilt / 6)) - 1)
    return np.asarray(np.where(np.abs(tilt) > _SYMMETRIC, root, quantile))
