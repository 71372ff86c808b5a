"""Many one-dimensional roots at once, and errors from leaving out one group of customers after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import stats

from crm_research.stats.intervals import FloatArray, Interval, check_confidence

FEWEST_GROUPS: Final = 10
_STEPS: Final = 44


def solve_rising(function: Callable[[FloatArray], FloatArray], low: float, high: float, like: FloatArray) -> FloatArray:
    """Where does a rising function of a positive number cross nought, element by element?

    Parameters
    ----------
    function
        Takes an array of the form of `like`, returns one value for each element; rises in each.
    low, high
        Limits of the search, on a logarithmic scale.

    Returns
    -------
    numpy.ndarray
        The roots; 0 where the function is positive at `low` already, infinity where it is negative at `high`.
    """
    below = np.full(like.shape, np.log(low))
    above = np.full(like.shape, np.log(high))
    at_low, at_high = function(np.exp(below)), function(np.exp(above))
    for _ in range(_STEPS):
        middle = (below + above) / 2
        is_under = function(np.exp(middle)) < 0
        below, above = np.where(is_under, middle, below), np.where(is_under, above, middle)
    root = np.exp((below + above) / 2)
    return np.where(at_low >= 0, 0.0, np.where(at_high <= 0, np.inf, root))


def leave_out(by_group: FloatArray) -> FloatArray:
    """Totals over all groups (first row), then over all groups but one; groups run along the first axis."""
    total = by_group.sum(axis=0, keepdims=True)
    return np.concatenate([total, total - by_group])


def jackknife_interval(estimates: FloatArray, *, confidence: float = 0.95, n_comparisons: int = 1) -> Interval:
    """Between which limits does an estimate lie, given it once from all groups and once without each?

    Parameters
    ----------
    estimates
        The estimate from all (first row), then those that leave out one group of customers each.
    n_comparisons
        The limits hold for so many comparisons together (Bonferroni).

    Returns
    -------
    Interval
        NaN limits with fewer than ten groups, or where an estimate could not be had.

    References
    ----------
    Delete-a-group jackknife with a t quantile: Kott (2001), Journal of Official Statistics 17, 521-526; Efron and
    Tibshirani (1993), An Introduction to the Bootstrap, chapter 11.
    """
    whole, rest = estimates[0], estimates[1:]
    error = jackknife_error(estimates)
    n_groups = len(rest)
    tail = (1 - check_confidence(confidence)) / 2 / max(n_comparisons, 1)
    half = error * stats.t.ppf(1 - tail, max(n_groups - 1, 1))
    return Interval(whole, whole - half, whole + half)


def jackknife_error(estimates: FloatArray) -> FloatArray:
    """Standard errors from the estimates that leave out one group each (all rows but the first)."""
    rest = estimates[1:]
    n_groups = len(rest)
    if n_groups < FEWEST_GROUPS:
        return np.full(np.shape(estimates[0]), np.nan)
    with np.errstate(invalid="ignore"):
        spread = rest - rest.mean(axis=0)
        return np.asarray(np.sqrt((n_groups - 1) / n_groups * (spread**2).sum(axis=0)))
