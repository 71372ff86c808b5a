"""Explained variance of every subset of drivers, and its fair division, from correlation matrices alone."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_LEAST_EIGENVALUE: Final = 1e-10


def divide_by_subsets(correlations: FloatArray) -> FloatArray:
    """How much of R squared belongs to each driver, averaged over all orders of taking them in?

    Shapley's value, in statistics known as LMG: exact, from 2^p regressions solved in batches.

    Parameters
    ----------
    correlations
        Stack of correlation matrices, (n_stacks, p + 1, p + 1); the outcome is last.

    Returns
    -------
    array
        (n_stacks, p), summing to R squared in every row.

    References
    ----------
    Lindeman, Merenda and Gold (1980), Introduction to Bivariate and Multivariate Analysis, 119 ff.; Shapley (1953);
    Groemping (2006), Journal of Statistical Software 17(1).
    """
    n, size = correlations.shape[0], correlations.shape[1] - 1
    explained = {0: np.zeros(n)}
    for count in range(1, size + 1):
        for members in combinations(range(size), count):
            explained[_code(members)] = explain(correlations, members)
    shares = np.zeros((n, size))
    for driver in range(size):
        others = [place for place in range(size) if place != driver]
        for count in range(size):
            weight = factorial(count) * factorial(size - count - 1) / factorial(size)
            for members in combinations(others, count):
                before = _code(members)
                shares[:, driver] += weight * (explained[before | 1 << driver] - explained[before])
    return shares


def divide_by_weights(correlations: FloatArray) -> FloatArray:
    """The same by relative weights, for more drivers than all subsets can be tried of.

    The drivers are replaced by the uncorrelated variables nearest to them, whose shares are plain, and these are
    handed back in proportion to the squared correlations. Shapes as in `divide_by_subsets`.

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35, 1-19.
    """
    among, with_outcome = correlations[:, :-1, :-1], correlations[:, :-1, -1]
    values, vectors = np.linalg.eigh(among)
    values = np.maximum(values, _LEAST_EIGENVALUE)
    root = np.einsum("sij,sj,skj->sik", vectors, np.sqrt(values), vectors)
    inverse = np.einsum("sij,sj,skj->sik", vectors, 1 / np.sqrt(values), vectors)
    beta = np.einsum("sij,sj->si", inverse, with_outcome)
    return np.asarray(np.einsum("sij,sj->si", root**2, beta**2))


def explain(correlations: FloatArray, members: tuple[int, ...]) -> FloatArray:
    """R squared of the outcome on these drivers, for each matrix; drivers that repeat others add nothing."""
    chosen = list(members)
    among = correlations[:, chosen][:, :, chosen]
    with_outcome = correlations[:, chosen, -1]
    values, vectors = np.linalg.eigh(among)
    turned = np.einsum("sij,si->sj", vectors, with_outcome)
    kept = values > _LEAST_EIGENVALUE * len(chosen)
    parts = np.where(kept, turned**2 / np.where(kept, values, 1.0), 0.0)
    return np.asarray(np.clip(parts.sum(axis=1), 0.0, 1.0))


def _code(members: tuple[int, ...]) -> int:
    return sum(1 << place for place in members)
