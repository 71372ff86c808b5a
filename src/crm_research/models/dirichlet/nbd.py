"""How often do customers buy the category? The negative binomial distribution (NBD) of purchases per customer."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy import special

from crm_research.models.dirichlet.solving import solve_rising
from crm_research.stats.intervals import FloatArray

MOST_ALIKE: Final = 1e4  # beyond this K customers are all alike and purchases Poisson
LEAST_ALIKE: Final = 1e-4
_SINGLES: Final = 100
_GROWTH: Final = 1.03
_TAIL: Final = 1e-12


class Nodes(NamedTuple):
    """Numbers of purchases from 1 on with their chances: every number up to 100, then blocks of 3 %.

    ``n`` and ``chance`` have the parameters' form with one more axis; ``none`` is the chance of no purchase.
    """

    n: FloatArray
    chance: FloatArray
    none: FloatArray


def none_chance(mean: FloatArray, shape: FloatArray) -> FloatArray:
    """What share of customers buys nothing in a period? (1 + M / K)^-K."""
    return np.asarray(np.exp(-shape * np.log1p(mean / shape)))


def shape_by_zeros(mean: FloatArray, none: FloatArray) -> FloatArray:
    """Which K gives the observed share of customers without a purchase?

    Returns
    -------
    numpy.ndarray
        K; infinity where fewer buy nothing than chance alone would leave (Poisson), 0 where more than any K allows,
        NaN where everybody or nobody buys.

    References
    ----------
    "Means and zeros": Ehrenberg (1988), Repeat-Buying, 2nd edition, section 4.3 and appendix B.
    """
    known = (none > 0) & (none < 1) & (mean > 0)
    target = np.where(known, none, 0.5)
    average = np.where(known, mean, 1.0)
    found = solve_rising(lambda k: target - none_chance(average, k), LEAST_ALIKE, MOST_ALIKE, average)
    return np.where(known, found, np.nan)


def shape_by_likelihood(values: FloatArray, customers: FloatArray, n_customers: FloatArray) -> FloatArray:
    """Which K makes the counts of purchases likeliest, buyers of nothing included?

    Parameters
    ----------
    values
        Numbers of purchases from 1 on.
    customers
        Customers with each of them, last axis; further axes are fits of their own.
    n_customers
        All customers, buyers or not.

    Notes
    -----
    The mean is its own estimate. The score in K falls from above nought to its root.
    """
    mean = (customers * values).sum(axis=-1) / n_customers

    def minus_score(k: FloatArray) -> FloatArray:
        spread = special.digamma(values + k[..., None]) - special.digamma(k)[..., None]
        return np.asarray(np.log1p(mean / k) - (customers * spread).sum(axis=-1) / n_customers)

    return solve_rising(minus_score, LEAST_ALIKE, MOST_ALIKE, mean)


def fit_truncated(values: FloatArray, customers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """M and K where only buyers are known: the likelihood of the counts given at least one purchase.

    Returns
    -------
    tuple
        Mean per customer (buyers and those who did not buy this time, as far as the model tells them) and K.

    Notes
    -----
    For each K the likeliest M reproduces the buyers' mean; the score in K is taken along that line.
    """
    buyers = customers.sum(axis=-1)
    rate = (customers * values).sum(axis=-1) / buyers

    def mean_for(k: FloatArray) -> FloatArray:
        def surplus(m: FloatArray) -> FloatArray:
            return np.asarray(m / (1 - none_chance(m, k)) - rate)

        return np.minimum(np.maximum(solve_rising(surplus, 1e-9, 1e9, rate), 1e-9), 1e9)

    def minus_score(k: FloatArray) -> FloatArray:
        m = mean_for(k)
        none = none_chance(m, k)
        spread = special.digamma(values + k[..., None]) - special.digamma(k)[..., None]
        of_the_counts = (customers * spread).sum(axis=-1) / buyers - np.log1p(m / k) + (m - rate) / (m + k)
        of_the_cut = none / (1 - none) * (m / (m + k) - np.log1p(m / k))
        return np.asarray(-(of_the_counts + of_the_cut))

    k = solve_rising(minus_score, LEAST_ALIKE, MOST_ALIKE, rate)
    inside = np.clip(k, LEAST_ALIKE, MOST_ALIKE)
    return mean_for(inside), k


def make_nodes(mean: FloatArray, shape: FloatArray) -> Nodes:
    """The distribution of purchases on few enough points to sum over quickly, with exact chances and block means.

    Notes
    -----
    The mean of a block follows from n P(n; K) = M P(n - 1; K + 1) at the same odds, so no block is summed by hand.
    The last block ends where less than 1e-12 is left.
    """
    edges = _edges(mean, shape)
    odds = (shape / (shape + mean))[..., None]
    k = shape[..., None]
    below = _cumulative(edges - 1, k, odds)
    chance = np.diff(below, axis=-1)
    weighted = mean[..., None] * np.diff(_cumulative(edges - 2, k + 1, odds), axis=-1)
    low, high = edges[:-1], edges[1:] - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(chance > 1e-14, weighted / chance, low)
    return Nodes(n=np.clip(n, low, high), chance=chance, none=none_chance(mean, shape))


def _cumulative(n: FloatArray, shape: FloatArray, odds: FloatArray) -> FloatArray:
    return np.where(n < 0, 0.0, special.betainc(shape, np.maximum(n, 0) + 1, odds))


def _edges(mean: FloatArray, shape: FloatArray) -> FloatArray:
    odds = shape / (shape + mean)
    edges = [float(n) for n in range(1, _SINGLES + 1)]
    while float(np.max(1 - special.betainc(shape, edges[-1] + 1, odds))) > _TAIL and len(edges) < 2000:
        edges.append(float(np.ceil(edges[-1] * _GROWTH)))
    return np.array(edges)
