"""Coefficients of reliability and validity from correlation matrices, many sets at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def alpha_of(covariances: FloatArray) -> FloatArray:
    """Cronbach's alpha for each covariance matrix of items; NaN for a single item.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334.
    """
    k = covariances.shape[-1]
    if k < 2:
        return np.full(covariances.shape[:-2], np.nan)
    total = covariances.sum(axis=(-2, -1))
    own = np.einsum("...ii->...", covariances)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(k / (k - 1) * (1 - own / total))


def rho_a_of(correlations: FloatArray, weights: FloatArray) -> FloatArray:
    """Reliability of a construct as the weighted sum of its items; NaN for a single item.

    Parameters
    ----------
    correlations
        (..., items, items) of one construct's items.
    weights
        (..., items), which give the construct variance 1 (of standardised items, mode A).

    References
    ----------
    Dijkstra and Henseler (2015), MIS Quarterly 39, 297-316, equation 3.
    """
    if correlations.shape[-1] < 2:
        return np.full(correlations.shape[:-2], np.nan)
    size = np.einsum("...i,...i->...", weights, weights)
    off = np.einsum("...i,...ij,...j->...", weights, correlations, weights) - np.einsum(
        "...i,...ii,...i->...", weights, correlations, weights
    )
    pairs = size**2 - np.einsum("...i->...", weights**4)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(size**2 * off / pairs)


def rho_c_of(loadings: FloatArray) -> FloatArray:
    """Composite reliability from standardised loadings, (..., items); NaN for a single item.

    References
    ----------
    Joereskog (1971), Psychometrika 36, 109-133; Fornell and Larcker (1981), Journal of Marketing Research 18, 39-50.
    """
    if loadings.shape[-1] < 2:
        return np.full(loadings.shape[:-1], np.nan)
    together = loadings.sum(axis=-1) ** 2
    return np.asarray(together / (together + (1 - loadings**2).sum(axis=-1)))


def ave_of(loadings: FloatArray) -> FloatArray:
    """Average variance extracted: the mean squared loading, (..., items); NaN for a single item.

    References
    ----------
    Fornell and Larcker (1981), Journal of Marketing Research 18, 39-50.
    """
    if loadings.shape[-1] < 2:
        return np.full(loadings.shape[:-1], np.nan)
    return np.asarray((loadings**2).mean(axis=-1))


def htmt_of(correlations: FloatArray, one: NDArray[np.int64], other: NDArray[np.int64]) -> FloatArray:
    """How close do two constructs come to being the same thing (heterotrait-monotrait ratio)?

    Absolute correlations, so that reversed items do not cancel. NaN where both constructs have a single item and where
    one is measured by items that do not go together at all.

    Parameters
    ----------
    correlations
        (..., items, items).
    one, other
        Places of the items of the two constructs.

    References
    ----------
    Henseler, Ringle and Sarstedt (2015), Journal of the Academy of Marketing Science 43, 115-135.
    """
    size = np.abs(correlations)
    between = size[..., one, :][..., other].mean(axis=(-2, -1))
    within = np.ones(correlations.shape[:-2])
    for items in (one, other):
        k = len(items)
        if k > 1:  # a single item goes together with itself perfectly
            block = size[..., items, :][..., items]
            within = within * (block.sum(axis=(-2, -1)) - k) / (k * (k - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(within > 0, between / np.sqrt(within), np.nan))
