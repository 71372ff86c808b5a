"""Pairs of purchases to come of somebody who may drop out after each, for the variance of what he brings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import special

from crm_research.stats.intervals import FloatArray

_NODES: Final = 32
# Jacobi's nodes are exact for the beta weight; beyond these parameters chances hardly differ, and quantiles will do.
_MOST_A: Final = 50.0
_MOST_B: Final = 400.0
# Below this Jacobi's nodes lose their digits: as good as nobody, or everybody, drops out at the first purchase.
_LEAST: Final = 1e-7
_ROWS_AT_ONCE: Final = 20_000
_HARDLY_ANY: Final = 1e-5


def expected_pairs(shape: FloatArray, rate: FloatArray, a: float, b: FloatArray, horizon: FloatArray) -> FloatArray:
    """Pairs of purchases, n (n - 1) / 2, within `horizon`, on average, of somebody alive.

    The rate is Gamma(shape, rate), and after each purchase he drops out with a Beta(a, b) chance p. With rate m, n is a
    Poisson count of m t cut off by a geometric one, of which the mean of n (n - 1) / 2 is
    (1 - p) / p^2 (1 - exp(-m p t) (1 + m p t)); its mean over m is closed, and that over p a weighted sum of few terms.
    """
    distinct, own = np.unique(b, return_inverse=True)
    looks = [_chances(a, float(one)) for one in distinct]
    chances, weights = np.array([look[0] for look in looks]), np.array([look[1] for look in looks])
    expected = np.empty(len(b))
    for rows in _slices(len(b)):
        chance = chances[own[rows]]
        longer = (horizon[rows] / rate[rows])[:, None]
        grown = chance * longer
        power = shape[rows, None]
        # Of a chance near nought both the mean and the chance's square vanish: their ratio is that of the series.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            twice = -np.expm1(np.log1p(power * grown / (1.0 + grown)) - power * np.log1p(grown)) / chance**2
            series = power * (power + 1.0) / 2.0 * longer**2
        twice = np.where(power * grown < _HARDLY_ANY, series, twice)
        expected[rows] = np.einsum("ij,ij->i", weights[own[rows]], (1.0 - chance) * twice)
    return expected


@lru_cache(maxsize=4_096)
def _chances(a: float, b: float) -> tuple[FloatArray, FloatArray]:
    """Chances to drop out with their weights, which stand for Beta(a, b)."""
    if min(a, b) < _LEAST:
        ends = np.zeros((2, _NODES))
        ends[0, -1] = 1.0
        ends[1, 0], ends[1, -1] = b / (a + b), a / (a + b)
        return ends[0], ends[1]
    if a <= _MOST_A and b <= _MOST_B:
        nodes, weights = special.roots_jacobi(_NODES, b - 1.0, a - 1.0)
        return np.maximum((1.0 + nodes) / 2.0, 1e-300), weights / weights.sum()
    places, weights = np.polynomial.legendre.leggauss(_NODES)
    return np.maximum(special.betaincinv(a, b, (places + 1.0) / 2.0), 1e-150), weights / 2.0


def _slices(n: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, n, _ROWS_AT_ONCE))
