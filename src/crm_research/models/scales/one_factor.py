"""What several items have in common: the loadings of one factor, for many correlation matrices at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_research.models.scales.coefficients import FloatArray

_TOLERANCE: Final = 1e-6
_MOST_ROUNDS: Final = 500
_LARGEST: Final = 1.0


def load_on_one_factor(correlations: FloatArray) -> FloatArray:
    """How strongly does each item reflect the one thing that all share?

    Loadings that reproduce the correlations of different items best (least squares; Harman and Jones 1966, item by
    item as Comrey 1962), never beyond 1. Two items cannot tell two loadings: both get the root of their correlation.

    Parameters
    ----------
    correlations
        (n_sets, items, items), of at least two items.

    Returns
    -------
    array
        (n_sets, items), positive in sum. A set of items that do not go together at all loads near 0.

    References
    ----------
    Comrey (1962), Psychological Reports 11, 15-18; Harman and Jones (1966), Psychometrika 31, 351-368.
    """
    k = correlations.shape[-1]
    if k == 2:
        between = correlations[:, 0, 1]
        size = np.sqrt(np.abs(between))
        return np.column_stack([size, np.where(between < 0, -size, size)])
    off = correlations * (1 - np.eye(k))
    found = _start(off)
    open_sets = np.arange(len(off))
    for _ in range(_MOST_ROUNDS):
        here, before = off[open_sets], found[open_sets]
        after = _go_round(here, before)
        found[open_sets] = after
        open_sets = open_sets[np.abs(after - before).max(axis=1) > _TOLERANCE]
        if not len(open_sets):
            break
    return np.asarray(found * np.where(found.sum(axis=1) < 0, -1.0, 1.0)[:, None])


def _start(off: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(off + np.abs(off).max(axis=-1)[:, :, None] * np.eye(off.shape[-1]))
    start = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 0.0))
    return np.asarray(np.clip(start, -_LARGEST, _LARGEST))


def _go_round(off: FloatArray, loadings: FloatArray) -> FloatArray:
    found = loadings.copy()
    square = (found**2).sum(axis=1)
    for place in range(found.shape[1]):
        others = square - found[:, place] ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            new = np.where(others > 0, np.einsum("si,si->s", off[:, place], found) / others, 0.0)
        found[:, place] = np.clip(new, -_LARGEST, _LARGEST)
        square = others + found[:, place] ** 2
    return found
