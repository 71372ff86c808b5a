"""Expectation-maximisation on counts of patterns: how often pairs of one customer are how alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EMPTY: Final = -1
_MOST_STEPS: Final = 500
_STILL: Final = 1e-6
# What is usual counts as much as so many pairs: a handful of pairs must not overrule it.
PRIOR_PAIRS: Final = 8.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Patterns:
    """Pairs by how alike they are.

    Parameters
    ----------
    levels
        One row for each pattern, one column for each comparison: place of the level, EMPTY where not compared.
    counts
        Pairs of each.
    """

    levels: Ints
    counts: Floats

    def where(self, kept: npt.NDArray[np.bool_]) -> Patterns:
        """Those patterns only."""
        return Patterns(levels=self.levels[kept], counts=self.counts[kept])


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """What the pairs of one look tell.

    Parameters
    ----------
    m
        For each comparison, the share of each level among pairs of one customer; None where the look tells nothing.
    share
        Of pairs that are of one customer.
    n_matches
        Expected number of such pairs.
    converged
        The steps came to rest.
    """

    m: tuple[Floats | None, ...]
    share: float
    n_matches: float
    n_steps: int
    converged: bool


def weigh(patterns: Patterns, m: Sequence[Floats | None], u: Sequence[Floats | None]) -> Floats:
    """Natural logarithm of how much likelier each pattern is of one customer than of two."""
    total = np.zeros(len(patterns.counts))
    for column, (ours, others) in enumerate(zip(m, u, strict=True)):
        if ours is None or others is None:
            continue
        weights = np.append(np.log(ours) - np.log(others), 0.0)  # EMPTY takes the last
        total += weights[patterns.levels[:, column]]
    return total


def posterior(weights: Floats, share: float) -> Floats:
    """How probable it is that a pair is of one customer, where that share of pairs is."""
    share = min(max(share, 1e-15), 1 - 1e-15)
    odds = np.clip(weights + np.log(share) - np.log1p(-share), -700, 700)
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def fit_matches(
    patterns: Patterns, usual: Sequence[Floats | None], u: Sequence[Floats | None], *, share: float = 0.1
) -> Fitted:
    """What are pairs of one customer like, among pairs that agree in something already?

    Parameters
    ----------
    usual
        Share of each level that is usual, by comparison; None leaves the comparison out.
    u
        The same among pairs of two customers; stays as it is.
    """
    m: list[Floats | None] = [None if one is None else one.copy() for one in usual]
    n = patterns.counts.sum()
    converged, step = False, 0
    while not converged and step < _MOST_STEPS:
        step += 1
        p = posterior(weigh(patterns, m, u), share)
        expected = p * patterns.counts
        # One pair of each kind is always thought of: no share comes to nothing.
        new_share = float((expected.sum() + 0.5) / (n + 10.0))
        moved = abs(new_share - share) / max(share, 1e-9)
        for column, prior in enumerate(usual):
            if prior is None:
                continue
            new = share_by_level(patterns.levels[:, column], expected, prior)
            moved = max(moved, float(np.abs(new - np.asarray(m[column])).max()))
            m[column] = new
        share = new_share
        converged = moved < _STILL
    expected = posterior(weigh(patterns, m, u), share) * patterns.counts
    return Fitted(m=tuple(m), share=share, n_matches=float(expected.sum()), n_steps=step, converged=converged)


def share_by_level(levels: Ints, weights: Floats, prior: Floats, n_prior: float = PRIOR_PAIRS) -> Floats:
    """Share of each level by weight, drawn towards what is usual by so many pairs."""
    seen = levels != EMPTY
    sums = np.bincount(levels[seen], weights=weights[seen], minlength=len(prior))
    return np.asarray((sums + n_prior * prior) / (sums.sum() + n_prior * prior.sum()))


def share_of_matches(weights: Floats, counts: Floats, n_pairs: float, *, start: float) -> float:
    """Of all pairs there are, the share that is of one customer, where only these were looked at."""
    share = start
    for _ in range(_MOST_STEPS):
        new = float((posterior(weights, share) * counts).sum()) / max(n_pairs, 1.0)
        if abs(new - share) <= _STILL * max(share, 1e-12):
            return new
        share = max(new, 1e-12)
    return share
