"""Intervals for shares, differences of shares and rates, over whole arrays at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FloatArray = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate with its limits, element by element; NaN where there is nothing to estimate."""

    estimate: FloatArray
    lower: FloatArray
    upper: FloatArray


def normal_quantile(confidence: float) -> float:
    """How many standard errors lie on each side of the estimate? 1.96 at 95 %."""
    return float(stats.norm.ppf(0.5 + check_confidence(confidence) / 2))


def check_confidence(confidence: float) -> float:
    """A level strictly between 0 and 1; ValueError otherwise (95 % is 0.95)."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence!r}; 95 % is 0.95.")
    return float(confidence)


def wilson_share(n_hits: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """What share of n has the property, and between which limits? Score interval without continuity correction.

    Parameters
    ----------
    n_hits, n
        Counts, broadcast against each other. Where n is 0 the result is NaN.

    References
    ----------
    Wilson (1927), JASA 22, 209-212; recommended by Brown, Cai and DasGupta (2001), Statistical Science 16.
    """
    hits, total = _check_counts(n_hits, n)
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / total
        centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    # At the edges the limit is the edge itself; rounding would leave it a hair inside.
    lower = np.where(hits == 0, np.where(total > 0, 0.0, np.nan), np.maximum(centre - half, 0.0))
    upper = np.where(hits == total, np.where(total > 0, 1.0, np.nan), np.minimum(centre + half, 1.0))
    return Interval(share, lower, upper)


def exact_share(n_hits: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """What share of n has the property, with limits that cover at least as often as stated?

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413, by quantiles of the beta distribution.
    """
    hits, total = _check_counts(n_hits, n)
    tail = (1 - check_confidence(confidence)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / total
        lower = np.where(hits > 0, stats.beta.ppf(tail, hits, total - hits + 1), 0.0)
        upper = np.where(hits < total, stats.beta.ppf(1 - tail, hits + 1, total - hits), 1.0)
    nothing = total == 0
    return Interval(share, np.where(nothing, np.nan, lower), np.where(nothing, np.nan, upper))


def newcombe_difference(
    n_hits: ArrayLike, n: ArrayLike, other_hits: ArrayLike, other_n: ArrayLike, *, confidence: float = 0.95
) -> Interval:
    """By how much does the first share exceed the other? Hybrid score interval of two independent shares.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    return difference_from_limits(
        wilson_share(n_hits, n, confidence=confidence), wilson_share(other_hits, other_n, confidence=confidence)
    )


def difference_from_limits(first: Interval, other: Interval) -> Interval:
    """By how much does the first exceed the other, given each one's own limits? Independent estimates only.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 ("square and add", MOVER), equation 3.
    """
    gap = first.estimate - other.estimate
    down = np.hypot(first.estimate - first.lower, other.upper - other.estimate)
    up = np.hypot(first.upper - first.estimate, other.estimate - other.lower)
    return Interval(gap, gap - down, gap + up)


def poisson_rate(n_events: ArrayLike, exposure: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """How many events fall on one unit of exposure? Exact limits for a Poisson count.

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442, by quantiles of the chi-squared distribution.
    """
    events, time = np.broadcast_arrays(np.asarray(n_events, dtype=float), np.asarray(exposure, dtype=float))
    tail = (1 - check_confidence(confidence)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = np.where(events > 0, stats.chi2.ppf(tail, 2 * events) / 2, 0.0)
        upper = stats.chi2.ppf(1 - tail, 2 * (events + 1)) / 2
        known = time > 0
        rates = [np.where(known, value / time, np.nan) for value in (events, lower, upper)]
    return Interval(*rates)


def normal_interval(estimate: ArrayLike, std_error: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Between which limits does an estimate lie that is about normally distributed?"""
    value, error = np.broadcast_arrays(np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float))
    half = normal_quantile(confidence) * error
    return Interval(value, value - half, value + half)


def log_interval(estimate: ArrayLike, std_error: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Between which limits does a positive estimate lie whose logarithm is about normal (a rate, a ratio)?

    `std_error` is that of the estimate itself; the delta method carries it to the logarithm.
    """
    value, error = np.broadcast_arrays(np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.exp(normal_quantile(confidence) * error / value)
        return Interval(value, value / factor, value * factor)


def logit_interval(estimate: ArrayLike, std_error: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Between which limits within 0 and 1 does a share lie whose log odds are about normal?

    `std_error` is that of the share itself; the delta method carries it to the log odds. A share of 0 or 1 has no log
    odds, and NaN for limits.
    """
    value, error = np.broadcast_arrays(np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = value / (1 - value)
        factor = np.exp(normal_quantile(confidence) * error / (value * (1 - value)))
        known = (value > 0) & (value < 1)
        lower, upper = (np.where(known, x / (1 + x), np.nan) for x in (odds / factor, odds * factor))
    return Interval(value, lower, upper)


def _check_counts(n_hits: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    hits, total = np.broadcast_arrays(np.asarray(n_hits, dtype=float), np.asarray(n, dtype=float))
    if bool(np.any((hits < 0) | (hits > total))):
        raise ValueError("A share needs 0 <= n_hits <= n in every place.")
    return hits, total
