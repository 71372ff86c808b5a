"""Which of several is the largest? Named only where it lies above every other one beyond chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from crm_research.stats.intervals import Interval, check_confidence, normal_quantile


def find_leader(estimates: ArrayLike, std_errors: ArrayLike, *, confidence: float = 0.95) -> int | None:
    """Which of these estimates is the largest, if one is beyond chance? Its place; None where none is told apart.

    Parameters
    ----------
    estimates, std_errors
        One for each that was looked at; independent of each other and about normal. A missing value is in nobody's
        way and never named.
    confidence
        One less the chance that, were all of them equal, one is named.

    Notes
    -----
    The first must exceed each of the others in a one-sided test at (1 - confidence) / K, K of them being compared: that
    a given one passes by chance has at most that probability, and there are K that might.

    References
    ----------
    Multiple comparisons with the best: Hsu (1984), Annals of Statistics 12, 1136-1144; K for K - 1, so that equals are
    not named either.
    """
    value, error = np.broadcast_arrays(np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float))
    known = np.flatnonzero(np.isfinite(value) & np.isfinite(error))
    if len(known) < 2:
        return None
    top = known[int(np.argmax(value[known]))]
    others = known[known != top]
    least = leading_quantile(len(known), confidence=confidence)
    is_above = value[top] - value[others] > least * np.hypot(error[top], error[others])
    return int(top) if bool(is_above.all()) else None


def find_leader_within(
    estimates: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, level: float = 0.95, confidence: float = 0.95
) -> int | None:
    """`find_leader` from limits in place of errors: half their width over the quantile of their level is the error."""
    width = np.asarray(upper, dtype=float) - np.asarray(lower, dtype=float)
    return find_leader(estimates, width / (2 * normal_quantile(level)), confidence=confidence)


def widen(
    estimates: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, n_compared: int, confidence: float = 0.95
) -> Interval:
    """Limits that hold for all that are compared at once, from those of each by itself (Bonferroni; about normal)."""
    value, low, high = (np.asarray(part, dtype=float) for part in (estimates, lower, upper))
    level = 1 - (1 - check_confidence(confidence)) / max(n_compared, 1)
    times = normal_quantile(level) / normal_quantile(confidence)
    return Interval(value, value - times * (value - low), value + times * (high - value))


def find_leading_count(n_hits: ArrayLike, *, confidence: float = 0.95) -> int | None:
    """Which of several exclusive outcomes is the commonest, if one is beyond chance? Its place; None otherwise.

    Parameters
    ----------
    n_hits
        How often each came about, of the same cases: reasons, answers, where somebody went.

    Notes
    -----
    Of any two outcomes that are as likely, each has half of their sum: an exact sign test of the first against each of
    the others, at (1 - confidence) / K.
    """
    hits = np.asarray(n_hits, dtype=np.int64)
    level = 1 - check_confidence(confidence)
    if len(hits) < 2:
        return None
    top = int(np.argmax(hits))
    others = np.delete(hits, top)
    p_values = stats.binom.sf(hits[top] - 1, hits[top] + others, 0.5)
    return top if bool(np.all(p_values <= level / len(hits))) else None


def leading_quantile(n: int, *, confidence: float = 0.95) -> float:
    """How many standard errors must the first of `n` lie above each other one to be named?"""
    return float(stats.norm.isf((1 - check_confidence(confidence)) / max(n, 1)))
