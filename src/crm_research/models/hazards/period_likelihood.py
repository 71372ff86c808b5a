"""Likelihood of ends in periods under proportional hazards, from counts of stretches.

A stretch of n alike contracts watched from period a to period b, of which d ended in b, says
(n - d) log S(a..b) + d [log S(a..b-1) + log h(b)] with log S = -exp(x beta) * sum of exp(alpha), so that cost does
not grow with the periods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crm_research.models.survival.risk import FloatArray, IntArray

Blocks = Callable[[], Iterator[tuple[slice, FloatArray]]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Stretches:
    """The counts, with periods numbered among those that have a coefficient of their own."""

    first: IntArray
    last: IntArray
    n_at_risk: FloatArray
    n_ended: FloatArray
    n_periods: int


@dataclass(frozen=True, eq=False, kw_only=True)
class PeriodLikelihood:
    """Value, gradient and observed information: covariates first, then periods."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray

    def is_finite(self) -> bool:
        """Is it usable as a step of a search?"""
        return bool(np.isfinite(self.log_likelihood) and np.isfinite(self.information).all())


def evaluate(stretches: Stretches, blocks: Blocks, n_columns: int, beta: FloatArray) -> PeriodLikelihood:
    """How likely are these ends under these coefficients?

    References
    ----------
    Prentice and Gloeckler (1978), Biometrics 34, 57-67, with the period's log cumulative hazard as its coefficient.
    """
    p, periods = n_columns, stretches.n_periods
    alpha = beta[p:]
    total = np.concatenate([[0.0], np.cumsum(np.exp(np.minimum(alpha, 200.0)))])
    value, score = 0.0, np.zeros(p + periods)
    information = np.zeros((p + periods, p + periods))
    diagonal = np.zeros(periods)
    for part, x in blocks():
        first, last = stretches.first[part], stretches.last[part]
        n, ended = stretches.n_at_risk[part], stretches.n_ended[part]
        ratio = np.exp(np.minimum(x @ beta[:p], 200.0))
        # All but those who end survive the last period; those who end survive up to it.
        through, before = (n - ended) * ratio, ended * ratio
        hazard = ratio * np.exp(np.minimum(alpha[last], 200.0))
        value -= float(through @ (total[last + 1] - total[first]) + before @ (total[last] - total[first]))
        value += float(ended @ _log_end(hazard))
        slope, bend = _end_slopes(hazard)
        lasting = through * (total[last + 1] - total[first]) + before * (total[last] - total[first])
        pull, pinch = ended * slope, ended * bend
        score[:p] += x.T @ (pull - lasting)
        information[:p, :p] += (x * (lasting + pinch)[:, None]).T @ x
        by_period = _spread(first, last, through, before, periods) * np.exp(np.minimum(alpha, 200.0))
        gained, pinched = (np.bincount(last, values, periods) for values in (pull, pinch))
        score[p:] += gained - by_period
        diagonal += by_period + pinched
        for column in range(p):
            each = x[:, column]
            cross = _spread(first, last, through * each, before * each, periods) * np.exp(np.minimum(alpha, 200.0))
            information[column, p:] += cross + np.bincount(last, pinch * each, periods)
    information[p:, :p] = information[:p, p:].T
    information[p:, p:][np.diag_indices(periods)] = diagonal
    return PeriodLikelihood(log_likelihood=value, score=score, information=information)


def _spread(first: IntArray, last: IntArray, through: FloatArray, before: FloatArray, periods: int) -> FloatArray:
    """Sum over the stretches of each period: `through` counts up to the last one, `before` up to the one before."""
    size = periods + 1
    moves = np.bincount(first, through + before, size) - np.bincount(last, before, size)
    moves -= np.bincount(last + 1, through, size)
    return np.asarray(np.cumsum(moves)[:periods])


def _log_end(hazard: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.where(hazard > 0, np.log(-np.expm1(-hazard)), -np.inf)


def _end_slopes(hazard: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First derivative, and minus the second, of log(1 - exp(-u)) in log u."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.where(hazard > 0, hazard / np.expm1(np.minimum(hazard, 700.0)), 1.0)
        bend = slope * (np.where(hazard > 1e-12, hazard / -np.expm1(-hazard), 1.0) - 1.0)
    return slope, bend
