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

# How much larger than the counts a table by kind and period may be to be filled rather than kept sparse.
_ROOM: Final = 8
_MOST_PLACES: Final = 5_000_000
# Exponents are cut here, far beyond any sound estimate, so that products of two stay finite.
_LARGEST: Final = 200.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Stretches:
    """The counts by kind, with periods numbered among those that have a coefficient of their own.

    Parameters
    ----------
    moves
        Kinds times periods and one more: contracts that begin to be at risk of surviving a period, less those that no
        longer are. An array where few of its places would be empty.
    ends
        Kinds times periods: ends.
    """

    moves: sparse.csr_matrix | FloatArray
    ends: sparse.csr_matrix

    def parts(self, blocks: Blocks) -> Iterator[tuple[FloatArray, sparse.csr_matrix | FloatArray, sparse.csr_matrix]]:
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
    shape = (n_kinds, n_periods + 1)
    if n_kinds * (n_periods + 1) <= min(_ROOM * (len(kind) + 1), _MOST_PLACES):
        begin, ends, over = (
            np.bincount(kind * shape[1] + period, values, shape[0] * shape[1]).reshape(shape)
            for period, values in ((first, n_at_risk), (last, n_ended), (last, n_at_risk))
        )
        moves = begin - ends
        moves[:, 1:] -= (over - ends)[:, :-1]
        return Stretches(moves=moves, ends=sparse.csr_matrix(ends[:, :-1]))
    change = np.concatenate([n_at_risk, -n_ended, n_ended - n_at_risk])
    sparse_moves = sparse.csr_matrix((change, (np.tile(kind, 3), np.concatenate([first, last, last + 1]))), shape=shape)
    sparse_moves.eliminate_zeros()
    ended = n_ended > 0
    few = sparse.csr_matrix((n_ended[ended], (kind[ended], last[ended])), shape=(n_kinds, n_periods))
    return Stretches(moves=sparse_moves, ends=few)


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
        log_end, slope, bend = _describe_ends(hazard)
        pull, pinch = n_ended * slope, n_ended * bend
        value += float(n_ended @ log_end - lasting.sum())
        score[:p] += x.T @ (np.bincount(kind, pull, len(x)) - lasting)
        # Both parts of the weight are never below nought; a product with itself takes half the work.
        weighted = x * np.sqrt(lasting + np.bincount(kind, pinch, len(x)))[:, None]
        information[:p, :p] += weighted.T @ weighted
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


def _describe_ends(hazard: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """log(1 - exp(-u)), and in log u its first derivative and minus its second."""
    share = -np.expm1(-hazard)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_share = np.where(share > 0, hazard / share, 1.0)
        slope = (1.0 - share) * by_share
        return np.log(share), slope, slope * np.maximum(by_share - 1.0, 0.0)
