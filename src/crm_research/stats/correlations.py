"""Correlations of weighted rows, many sets of weights at once: what resampling a regression really needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ELEMENTS_AT_ONCE: Final = 5_000_000


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
    size = values.shape[1]
    total = weights.sum(axis=1)
    means = weights @ values / total[:, None]
    pairs = (values[:, :, None] * values[:, None, :]).reshape(len(values), -1)
    second = (weights @ pairs).reshape(-1, size, size) / total[:, None, None]
    covariance = second - means[:, :, None] * means[:, None, :]
    spread = np.sqrt(np.maximum(np.einsum("sii->si", covariance), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = covariance / (spread[:, :, None] * spread[:, None, :])
    found = np.nan_to_num(found, posinf=0.0, neginf=0.0)
    np.einsum("sii->si", found)[:] = 1.0
    return np.asarray(found)


def resample_correlations(
    values: FloatArray,
    weights: FloatArray,
    *,
    n_bootstraps: int,
    seed: int,
    owner: IntArray | None = None,
) -> Iterator[FloatArray]:
    """Correlation matrices of bootstrap resamples, in batches that bound the memory.

    Parameters
    ----------
    weights
        (n_rows,), kept by the rows that are drawn.
    owner
        Number (0, 1, ...) of the customer each row belongs to: customers are drawn, with all their rows.

    Yields
    ------
    array
        (n_sets, n_columns, n_columns), `n_bootstraps` sets in all.
    """
    rng = np.random.default_rng(seed)
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    mine = np.arange(len(values)) if owner is None else owner
    n_owners = int(mine.max()) + 1
    at_once = max(1, _ELEMENTS_AT_ONCE // len(values))
    for start in range(0, n_bootstraps, at_once):
        size = min(at_once, n_bootstraps - start)
        times = rng.multinomial(n_owners, np.full(n_owners, 1 / n_owners), size=size)[:, mine]
        yield correlate(scaled, times * weights)
