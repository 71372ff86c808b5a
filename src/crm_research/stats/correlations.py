"""Correlations of weighted rows, many sets of weights at once: what resampling a regression really needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_BLOCKS: Final = 2000
_ELEMENTS_AT_ONCE: Final = 5_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Moments:
    """Means and covariances of the same columns, one set for each resample.

    Parameters
    ----------
    means
        (n_sets, n_columns).
    covariances
        (n_sets, n_columns, n_columns), divided by the sum of the weights.
    """

    means: FloatArray
    covariances: FloatArray

    @property
    def correlations(self) -> FloatArray:
        """(n_sets, n_columns, n_columns); a column that does not differ correlates 0 with the others."""
        spread = self.spreads
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.covariances / (spread[:, :, None] * spread[:, None, :])
        found = np.nan_to_num(found, posinf=0.0, neginf=0.0)
        np.einsum("sii->si", found)[:] = 1.0
        return np.asarray(found)

    @property
    def spreads(self) -> FloatArray:
        """Standard deviations, (n_sets, n_columns)."""
        return np.asarray(np.sqrt(np.maximum(np.einsum("sii->si", self.covariances), 0.0)))


def correlate(values: FloatArray, weights: FloatArray) -> FloatArray:
    """One correlation matrix of the columns for each row of weights.

    Parameters
    ----------
    values
        (n_rows, n_columns), without gaps; best centred, for numbers far from nought lose digits.
    weights
        (n_sets, n_rows), 0 or more.

    Returns
    -------
    array
        (n_sets, n_columns, n_columns); a column that does not differ under a set of weights correlates 0 with others.
    """
    return weigh_moments(values, weights).correlations


def weigh_moments(values: FloatArray, weights: FloatArray) -> Moments:
    """Means and covariances of the columns for each row of weights; shapes as in `correlate`."""
    n, k = values.shape
    total, first, second = weights.sum(axis=1), weights @ values, np.zeros((len(weights), k * (k + 1) // 2))
    at_once = max(1, _ELEMENTS_AT_ONCE // max(1, second.shape[1]))
    for start in range(0, n, at_once):
        rows = slice(start, start + at_once)
        second += weights[:, rows] @ _pairs(values[rows])
    return _to_moments(total, first, second)


def resample_correlations(
    values: FloatArray,
    weights: FloatArray,
    *,
    n_bootstraps: int,
    seed: int,
    owner: IntArray | None = None,
) -> Iterator[FloatArray]:
    """Correlation matrices of bootstrap resamples, in batches that bound the memory; as `resample_moments`.

    Yields
    ------
    array
        (n_sets, n_columns, n_columns), `n_bootstraps` sets in all.
    """
    for moments in resample_moments(values, weights, n_bootstraps=n_bootstraps, seed=seed, owner=owner):
        yield moments.correlations


def resample_moments(
    values: FloatArray,
    weights: FloatArray,
    *,
    n_bootstraps: int,
    seed: int,
    owner: IntArray | None = None,
) -> Iterator[Moments]:
    """Means and covariances of bootstrap resamples, in batches that bound the memory.

    Parameters
    ----------
    weights
        (n_rows,), kept by the rows that are drawn.
    owner
        Number (0, 1, ...) of the customer each row belongs to: customers are drawn, with all their rows.

    Yields
    ------
    Moments
        `n_bootstraps` sets in all, in the units of the values.

    Notes
    -----
    Above 2,000 customers, these are put at random into 2,000 blocks, and blocks are drawn: each block is a sum over
    customers, so the spread of the resamples stays right (to 1.6 %, as far as 2,000 draws tell a variance), while the
    cost no longer grows with the customers.
    """
    rng = np.random.default_rng(seed)
    spread = values.std(axis=0)
    centre, scale = values.mean(axis=0), np.where(spread > 0, spread, 1.0)
    mine = np.arange(len(values)) if owner is None else owner
    n_owners = int(mine.max()) + 1
    if n_owners > MOST_BLOCKS:
        mine, n_owners = (rng.permutation(n_owners) % MOST_BLOCKS)[mine], MOST_BLOCKS
    sums = _sum_by_owner((values - centre) / scale, weights, mine, n_owners)
    k = values.shape[1]
    at_once = max(1, _ELEMENTS_AT_ONCE // max(n_owners, k * k))
    for start in range(0, n_bootstraps, at_once):
        size = min(at_once, n_bootstraps - start)
        drawn = rng.multinomial(n_owners, np.full(n_owners, 1 / n_owners), size=size) @ sums
        scaled = _to_moments(drawn[:, 0], drawn[:, 1 : k + 1], drawn[:, k + 1 :])
        yield Moments(
            means=centre + scale * scaled.means, covariances=scaled.covariances * scale[:, None] * scale[None, :]
        )


def number_owners(labels: ArrayLike) -> IntArray:
    """Number (0, 1, ...) of whoever each row belongs to; a row without a label stands for itself."""
    numbers = pd.factorize(np.asarray(labels, dtype=object))[0].astype(np.int64)
    alone = numbers < 0
    numbers[alone] = numbers.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return np.asarray(numbers)


def _sum_by_owner(values: FloatArray, weights: FloatArray, owner: IntArray, n_owners: int) -> FloatArray:
    """(n_owners, 1 + n_columns + pairs): weight, weighted values and weighted products of each owner's rows."""
    k = values.shape[1]
    sums = np.zeros((n_owners, 1 + k + k * (k + 1) // 2))
    at_once = max(1, _ELEMENTS_AT_ONCE // sums.shape[1])
    for start in range(0, len(values), at_once):
        rows = slice(start, start + at_once)
        parts = np.column_stack([np.ones(len(values[rows])), values[rows], _pairs(values[rows])])
        np.add.at(sums, owner[rows], parts * weights[rows, None])
    return sums


def _pairs(values: FloatArray) -> FloatArray:
    one, other = np.triu_indices(values.shape[1])
    return values[:, one] * values[:, other]


def _to_moments(total: FloatArray, first: FloatArray, second: FloatArray) -> Moments:
    k = first.shape[1]
    one, other = np.triu_indices(k)
    with np.errstate(divide="ignore", invalid="ignore"):
        means, products = first / total[:, None], second / total[:, None]
    covariances = np.empty((len(total), k, k))
    covariances[:, one, other] = products - means[:, one] * means[:, other]
    covariances[:, other, one] = covariances[:, one, other]
    return Moments(means=means, covariances=covariances)
