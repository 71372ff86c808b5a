"""Likelihood of ends in periods under proportional hazards, from counts of alike contracts.

Of n alike contracts watched from period a to period b, of which d ended in b, the log likelihood is
(n - d) log S(a..b) + d [log S(a..b-1) + log h(b)] with log S = -exp(x beta) * sum of exp(alpha). How long contracts
of one kind were watched enters as a sparse table of kinds by periods, so that cost grows neither with the contracts
nor with the periods they lasted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from crm_research.models.survival.risk import FloatArray, IntArray

Blocks = Callable[[], Iterator[tuple[slice, FloatArray]]]

# How much larger than the counts a table by kind and period may be to be filled in place of sorting the counts.
_ROOM: Final = 8
# Exponents are cut here, far beyond any sound estimate, so that products of two stay finite.
_LARGEST: Final = 200.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Stretches:
    """The counts by kind, with periods numbered among those that have a coefficient of their own.

    Parameters
    ----------
    moves
        Kinds times periods and one more: contracts that begin to be at risk of surviving a period, less those that no
        longer are.
    ends
        Kinds times periods: ends.
    """

    moves: sparse.csr_matrix
    ends: sparse.csr_matrix

    def parts(self, blocks: Blocks) -> Iterator[tuple[FloatArray, sparse.csr_matrix, sparse.csr_matrix]]:
        """Columns, moves and ends of some kinds at a time."""
        for part, x in blocks():
            is_all = len(x) == self.moves.shape[0]
            yield (x, self.moves, self.ends) if is_all else (x, self.moves[part], self.ends[part])


@dataclass(frozen=True, eq=False, kw_only=True)
class PeriodLikelihood:
    """Value, gradient and observed information: covariates first, then periods."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray

    def is_finite(self) -> bool:
        """Is it usable as a step of a search?"""
        return bool(np.isfinite(self.log_likelihood) and np.isfinite(self.information).all())


def lay_out_stretches(
    kind: IntArray,
    first: IntArray,
    last: IntArray,
    n_at_risk: FloatArray,
    n_ended: FloatArray,
    *,
    n_kinds: int,
    n_periods: int,
) -> Stretches:
    """Counts of kinds and stretches of periods (first and last, of which `n_ended` ended in the last) as a table."""
    # All but those who end survive the last period; those who end survive up to it.
    change = np.concatenate([n_at_risk, -n_ended, n_ended - n_at_risk])
    period = np.concatenate([first, last, last + 1])
    moves = _add_up(np.tile(kind, 3), period, change, (n_kinds, n_periods + 1))
    ended = n_ended > 0
    return Stretches(moves=moves, ends=_add_up(kind[ended], last[ended], n_ended[ended], (n_kinds, n_periods)))


def _add_up(kind: IntArray, period: IntArray, values: FloatArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Values by kind and period; through the whole table where it is not much larger than what there is to add."""
    if shape[0] * shape[1] > _ROOM * len(values) + _ROOM:
        table = sparse.csr_matrix((values, (kind, period)), shape=shape)
        table.eliminate_zeros()
        return table
    return sparse.csr_matrix(np.bincount(kind * shape[1] + period, values, shape[0] * shape[1]).reshape(shape))


def evaluate(stretches: Stretches, blocks: Blocks, n_columns: int, beta: FloatArray) -> PeriodLikelihood:
    """How likely are these ends under these coefficients?

    Parameters
    ----------
    blocks
        The columns of the kinds, some kinds at a time.

    References
    ----------
    Prentice and Gloeckler (1978), Biometrics 34, 57-67, with the period's log cumulative hazard as its coefficient.
    """
    p, periods = n_columns, stretches.ends.shape[1]
    rise = np.exp(np.minimum(beta[p:], _LARGEST))
    total = np.concatenate([[0.0], np.cumsum(rise)])
    value, score = 0.0, np.zeros(p + periods)
    information = np.zeros((p + periods, p + periods))
    diagonal, cross = np.zeros(periods), np.zeros((periods, p))
    for x, moves, ends in stretches.parts(blocks):
        kind, last, n_ended = np.repeat(np.arange(len(x)), np.diff(ends.indptr)), ends.indices, ends.data
        ratio = np.exp(np.minimum(x @ beta[:p], _LARGEST))
        lasting = -ratio * (moves @ total)
        hazard = ratio[kind] * rise[last]
        slope, bend = _end_slopes(hazard)
        pull, pinch = n_ended * slope, n_ended * bend
        value += float(n_ended @ _log_end(hazard) - lasting.sum())
        score[:p] += x.T @ (np.bincount(kind, pull, len(x)) - lasting)
        information[:p, :p] += (x * (lasting + np.bincount(kind, pinch, len(x)))[:, None]).T @ x
        watched = np.cumsum(moves.T @ np.column_stack([ratio, x * ratio[:, None]]), axis=0)[:periods] * rise[:, None]
        by_period = watched[:, 0]
        score[p:] += np.bincount(last, pull, periods) - by_period
        diagonal += by_period + np.bincount(last, pinch, periods)
        pinched = sparse.csr_matrix((pinch, ends.indices, ends.indptr), shape=ends.shape)
        cross += watched[:, 1:] + pinched.T @ x
    information[:p, p:] = cross.T
    information[p:, :p] = cross
    information[p:, p:][np.diag_indices(periods)] = diagonal
    return PeriodLikelihood(log_likelihood=value, score=score, information=information)


def _log_end(hazard: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.where(hazard > 0, np.log(-np.expm1(-hazard)), -np.inf)


def _end_slopes(hazard: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First derivative, and minus the second, of log(1 - exp(-u)) in log u."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.where(hazard > 0, hazard / np.expm1(np.minimum(hazard, 700.0)), 1.0)
        bend = slope * (np.where(hazard > 1e-12, hazard / -np.expm1(-hazard), 1.0) - 1.0)
    return slope, bend
