"""The Pareto/NBD's integrals over the time of dropping out, tabulated over the few days on which anything happened.

Of a million customers there are some hundred thousand histories, but they begin and end on some thousand days. For
each number of purchases the integral from a history's last purchase to its age is a difference of two sums over those
days, so the cost of the likelihood grows with the days and not with the histories.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from crm_research.models.btyd.family import History, dot, sum_by
from crm_research.stats.intervals import FloatArray

# With fewer histories there is nothing to gain.
FEWEST_TABULATED: Final = 20_000
# A number of purchases is tabulated where it has at least one history for so many days.
_WORTH_IT: Final = 16
_NODES: Final = 6
# Between two days the logarithm of the integrand must not fall by more, so that six nodes give 13 digits.
_STEEPEST: Final = 1.5
# Over all days it must not fall by more, or what is left cannot be told from nothing.
_DEEPEST: Final = 600.0
_CELLS_AT_ONCE: Final = 500_000
_ROWS_AT_ONCE: Final = 250_000

Params = tuple[float, float, float, float]


class _Block(NamedTuple):
    """Histories of some numbers of purchases: `x` and the place of the first recency of each, and their rows."""

    x: FloatArray
    first: np.ndarray
    rows: slice


class TimeTable:
    """Sums over histories of the bracket in the Pareto/NBD's likelihood, for numbers of purchases that many share.

    Parameters
    ----------
    history, weights
        Distinct patterns, and the customers who share each.

    Attributes
    ----------
    left_out
        Rows of patterns that are not in the table, since few share their number of purchases.
    """

    def __init__(self, history: History, weights: FloatArray) -> None:
        self._times = np.unique(np.concatenate([history.recency, history.age]))
        x, at_x, n_rows = np.unique(history.frequency, return_inverse=True, return_counts=True)
        is_in = n_rows * _WORTH_IT >= (len(self._times) if len(at_x) >= FEWEST_TABULATED else np.inf)
        self.left_out = np.flatnonzero(~is_in[at_x])
        rows = np.flatnonzero(is_in[at_x])
        self._rows = rows[np.argsort(at_x[rows], kind="stable")]
        self._x, ends = x[is_in], np.cumsum(n_rows[is_in])
        self._starts = np.concatenate([[0], ends]).astype(int)
        self._at_recency = np.searchsorted(self._times, history.recency[self._rows]).astype(np.int32)
        self._at_age = np.searchsorted(self._times, history.age[self._rows]).astype(np.int32)
        self._weights = weights[self._rows]
        first = [self._at_recency[start:end].min() for start, end in zip(self._starts, ends, strict=False)]
        self._first = np.array(first, dtype=int)

    def sum_rows(self, params: Params) -> tuple[float, FloatArray, np.ndarray]:
        """The sum, its slopes in the natural parameters, and rows of patterns that these parameters do not let it hold.

        The slopes come by the same sums taken backwards: from the weight of each history to the days it spans.
        """
        value, gradient = 0.0, np.zeros(4)
        holds = self._holds(params)
        for block in self._blocks(holds):
            own_value, own_gradient = self._sum_block(params, block)
            value += own_value
            gradient += own_gradient
        refused = [self._rows[self._starts[place] : self._starts[place + 1]] for place in np.flatnonzero(~holds)]
        return value, gradient, np.concatenate([self.left_out, *refused])

    def _holds(self, params: Params) -> np.ndarray:
        """For which numbers of purchases are the days close enough together, and the numbers not too far apart?"""
        r, alpha, s, beta = params
        if not len(self._x):
            return np.zeros(0, dtype=bool)
        shape, start = r + self._x, self._times[self._first]
        depth = shape * np.log((alpha + self._times[-1]) / (alpha + start))
        depth += (s + 1.0) * np.log((beta + self._times[-1]) / (beta + start))
        gaps, since = np.diff(self._times), self._times[:-1]
        of_alpha, of_beta = (np.append(_most_from(gaps / (by + since)), 0.0) for by in (alpha, beta))
        steepness = shape * of_alpha[self._first] + (s + 1.0) * of_beta[self._first]
        return np.asarray((depth < _DEEPEST) & (steepness < _STEEPEST))

    def _blocks(self, holds: np.ndarray) -> Iterator[_Block]:
        """Neighbouring numbers of purchases, few enough to hold all their days at once."""
        most = max(1, _CELLS_AT_ONCE // (_NODES * len(self._times)))
        place = 0
        while place < len(holds):
            if not holds[place]:
                place += 1
                continue
            end = place + 1
            while (
                end < len(holds)
                and holds[end]
                and end - place < most
                and self._starts[end + 1] - self._starts[place] <= _ROWS_AT_ONCE
            ):
                end += 1
            rows = slice(int(self._starts[place]), int(self._starts[end]))
            yield _Block(self._x[place:end], self._first[place:end], rows)
            place = end

    def _sum_block(self, params: Params, block: _Block) -> tuple[float, FloatArray]:
        r, alpha, s, beta = params
        times, rows, n_times = self._times, block.rows, len(self._times)
        at_recency, at_age, weights = self._at_recency[rows], self._at_age[rows], self._weights[rows]
        starts = self._starts[np.searchsorted(self._x, block.x)] - rows.start
        at_x = np.zeros(len(weights), dtype=np.int64)
        at_x[starts[1:]] = 1
        at_x = at_x.cumsum()
        shape = r + block.x
        node_times, node_weights = _nodes(times)
        log_alpha, log_beta = np.log(alpha + node_times), np.log(beta + node_times)
        since = times[block.first]
        highest = -shape * np.log(alpha + since) - (s + 1.0) * np.log(beta + since)
        density = np.multiply.outer(-shape, log_alpha)
        density -= (s + 1.0) * log_beta
        density -= highest[:, None, None]
        # Before the first recency of its number of purchases no history needs it.
        np.exp(np.minimum(density, 0.0, out=density), out=density)
        later = np.zeros((len(shape), n_times))
        later[:, :-1] = np.einsum("xpn,pn->xp", density, node_weights)[:, ::-1].cumsum(axis=1)[:, ::-1]
        from_cell, to_cell = at_x * n_times + at_recency, at_x * n_times + at_age
        integral = later.ravel()[from_cell] - later.ravel()[to_cell]
        log_alpha_age, log_beta_age = np.log(alpha + times), np.log(beta + times)
        log_alive = -shape[at_x] * log_alpha_age[at_age] - s * log_beta_age[at_age]
        with np.errstate(divide="ignore"):
            log_odds = np.log(integral) + (np.log(s) + highest)[at_x] - log_alive
        small = np.exp(-np.abs(log_odds))
        value = dot(weights, log_alive + np.maximum(log_odds, 0.0) + np.log1p(small))
        is_dead = np.where(log_odds > 0, 1.0, small) / (1.0 + small)
        by_dead, by_alive = weights * is_dead, weights * (1.0 - is_dead)
        alive = sum_by(at_age, by_alive, n_times)
        alive_by_shape = sum_by(at_age, by_alive * shape[at_x], n_times)
        share = np.divide(by_dead, integral, out=np.zeros_like(integral), where=integral > 0)
        n_cells = later.size
        spans = (sum_by(from_cell, share, n_cells) - sum_by(to_cell, share, n_cells)).reshape(later.shape)
        spans = spans.cumsum(axis=1)[:, :-1]
        dead = np.einsum("xpn,xp->pn", density, spans) * node_weights
        dead_by_shape = np.einsum("xpn,xp->pn", density, spans * shape[:, None]) * node_weights
        gradient = np.array(
            [
                -dot(alive, log_alpha_age) - (dead * log_alpha).sum(),
                -dot(alive_by_shape, 1.0 / (alpha + times)) - (dead_by_shape / (alpha + node_times)).sum(),
                -dot(alive, log_beta_age) + by_dead.sum() / s - (dead * log_beta).sum(),
                -s * dot(alive, 1.0 / (beta + times)) - (s + 1.0) * (dead / (beta + node_times)).sum(),
            ]
        )
        return value, gradient


def _nodes(times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where the integrand is looked at between each time and the next, and the weight of each look."""
    nodes, node_weights = np.polynomial.legendre.leggauss(_NODES)
    gaps = np.diff(times)[:, None]
    return times[:-1, None] + gaps * (nodes + 1.0) / 2.0, gaps * node_weights / 2.0


def _most_from(values: FloatArray) -> FloatArray:
    """The largest of each value and all that follow it."""
    return np.asarray(np.maximum.accumulate(values[::-1])[::-1])
