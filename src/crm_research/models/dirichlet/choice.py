"""Given how often a customer buys the category, how do the purchases fall on the brands? Dirichlet-multinomial."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from crm_research.models.dirichlet.nbd import Nodes, make_nodes
from crm_research.models.dirichlet.solving import solve_rising
from crm_research.stats.intervals import FloatArray

LEAST_S: Final = 1e-3
MOST_S: Final = 1e3


def none_of_brand(n: FloatArray, s: FloatArray, alpha: FloatArray) -> FloatArray:
    """Chance that none of n purchases is of a brand with that alpha, where all alphas add up to S."""
    rest = np.maximum(s - alpha, 0.0)
    with np.errstate(invalid="ignore"):
        logarithm = special.gammaln(rest + n) - special.gammaln(s + n) + special.gammaln(s) - special.gammaln(rest)
    return np.where(rest > 0, np.exp(logarithm), np.where(n > 0, 0.0, 1.0))


def penetration(nodes: Nodes, s: FloatArray, shares: FloatArray) -> FloatArray:
    """Share of customers who buy each brand at least once.

    Parameters
    ----------
    nodes
        Category purchases, (..., nodes).
    s
        One S for each brand, or one for all (last axis 1).
    shares
        Market shares, (..., brands).
    """
    s = np.broadcast_to(s, shares.shape)
    missed = none_of_brand(nodes.n[..., None], s[..., None, :], (s * shares)[..., None, :])
    return np.asarray((nodes.chance[..., None] * (1 - missed)).sum(axis=-2))


def s_by_zeros(nodes: Nodes, shares: FloatArray, observed: FloatArray) -> FloatArray:
    """For each brand, which S gives its penetration?

    Returns
    -------
    numpy.ndarray
        (..., brands): S; 0 where fewer customers buy than even perfect loyalty would allow, infinity where more than
        if every purchase were a fresh draw.
    """
    return solve_rising(lambda s: penetration(nodes, s, shares) - observed, LEAST_S, MOST_S, shares)


def average_s(by_brand: FloatArray, shares: FloatArray) -> FloatArray:
    """One S from those of the brands, weighted with their market shares; brands without a solution do not vote.

    Where none has a solution it is the edge most of the market lies at.
    """
    known = np.isfinite(by_brand) & (by_brand > 0)
    weight = np.where(known, shares, 0.0)
    total = weight.sum(axis=-1)
    mean = (weight * np.where(known, by_brand, 0.0)).sum(axis=-1) / np.where(total > 0, total, 1.0)
    edge = np.where(
        (shares * np.isinf(by_brand)).sum(axis=-1) >= (shares * (by_brand == 0)).sum(axis=-1), MOST_S, LEAST_S
    )
    return np.where(total > 0, mean, edge)


def s_by_likelihood(
    values: FloatArray, buyers: FloatArray, category_values: FloatArray, category: FloatArray, shares: FloatArray
) -> FloatArray:
    """Which S makes the brands' purchases likeliest, given each customer's purchases of the category?

    Parameters
    ----------
    values, buyers
        Numbers of purchases of a brand (from 1 on), and customers with each: (..., brands, values).
    category_values, category
        Numbers of purchases of the category, and customers with each: (..., values).
    shares
        Market shares, held at what was observed: (..., brands).

    Notes
    -----
    The likelihood needs only these counts: log of (alpha_j) rising r_j for each brand less that of S rising n. An S
    that grows without end (every purchase a fresh draw) is infinity, one that falls to nought (all loyal) 0.
    """

    def minus_score(s: FloatArray) -> FloatArray:
        alpha = s[..., None] * shares
        gains = special.digamma(alpha[..., None] + values) - special.digamma(np.maximum(alpha, 1e-300))[..., None]
        gains = np.where(shares[..., None] > 0, gains, 0.0)
        of_brands = (shares * (buyers * gains).sum(axis=-1)).sum(axis=-1)
        of_category = (
            category * (special.digamma(s[..., None] + category_values) - special.digamma(s)[..., None])
        ).sum(axis=-1)
        return np.asarray(of_category - of_brands)

    return solve_rising(minus_score, LEAST_S, MOST_S, shares[..., 0])


def predict_measures(mean: FloatArray, shape: FloatArray, s: FloatArray, shares: FloatArray) -> dict[str, FloatArray]:
    """What does the norm say of each brand?

    Parameters
    ----------
    mean, shape, s
        M, K and S, one for each fit (any form).
    shares
        Market shares, one more axis.

    Returns
    -------
    dict
        ``penetration`` (share of all customers), ``purchases_per_buyer``, ``category_per_buyer`` (purchases of the
        category by the brand's buyers), ``scr`` (share of category requirements), ``sole_share`` (of buyers, those who
        buy nothing else): each of the form of `shares`, NaN for a brand without sales.

    References
    ----------
    Goodhardt, Ehrenberg and Chatfield (1984), JRSS A 147, 621-655; formulas in Rungie and Goodhardt (2004), Marketing
    Bulletin 15, Technical Note 2.
    """
    nodes = make_nodes(mean, shape)
    n, chance = nodes.n[..., None], nodes.chance[..., None]
    alpha = s[..., None] * shares
    bought = chance * (1 - none_of_brand(n, s[..., None, None], alpha[..., None, :]))
    only = chance * none_of_brand(n, s[..., None, None], (s[..., None] - alpha)[..., None, :])
    buyers, category, sole = bought.sum(axis=-2), (n * bought).sum(axis=-2), only.sum(axis=-2)
    own = mean[..., None] * shares
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "penetration": np.where(shares > 0, buyers, np.nan),
            "purchases_per_buyer": np.where(shares > 0, own / buyers, np.nan),
            "category_per_buyer": np.where(shares > 0, category / buyers, np.nan),
            "scr": np.where(shares > 0, own / category, np.nan),
            "sole_share": np.where(shares > 0, sole / buyers, np.nan),
        }


def predict_duplication(mean: float, shape: float, s: float, shares: FloatArray) -> FloatArray:
    """Of the buyers of the brand in the row, what share also buys the brand in the column? NaN on the diagonal.

    Notes
    -----
    Two brands together are again a brand, with the sum of their shares: buyers of both are the buyers of each less
    the buyers of either.
    """
    nodes = make_nodes(np.array([mean]), np.array([shape]))
    every = np.array([[s]])
    single = penetration(nodes, every, shares[None, :])[0]
    pairs = np.minimum(shares[:, None] + shares[None, :], 1.0)
    either = penetration(nodes, every, pairs.reshape(1, -1))[0].reshape(pairs.shape)
    both = single[:, None] + single[None, :] - either
    with np.errstate(divide="ignore", invalid="ignore"):
        share = both / single[:, None]
    np.fill_diagonal(share, np.nan)
    return np.asarray(share)
