"""How good are the links? Precision, recall and both in one, from probabilities and from what a person has judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.special import betaln
from scipy.stats import beta

from crm_research.linking.em import Floats
from crm_research.linking.pairs import ScoredPairs, tell_group
from crm_research.stats.intervals import check_confidence
from crm_research.vocabulary import NOT_LOOKED_AT, TOGETHER

if TYPE_CHECKING:
    from crm_research.linking.clusters import Flags

HOW_BY_MODEL: Final = (
    "by the probabilities of the pairs; each band of them is believed to within a factor of several (beta with the "
    "band's mean and half a pair of the rarer kind)"
)
HOW_BY_JUDGEMENTS: Final = (
    "by a person's judgements of a sample in layers of like probability, weighted by the layers' pairs; beta-binomial "
    "posterior of a finite number of pairs, begun from the probabilities"
)
_N_DRAWS: Final = 20_000
# So many pairs of the rarer kind a band's probability counts for: Jeffreys' half, with the band's own mean.
_HALF: Final = 0.5
# How probable it is, before anything is judged, that probabilities say nothing of a band.
_ALL_WRONG: Final = 0.01
_SURE: Final = 1e-9
_GRID: Final = (np.arange(2000) + 0.5) / 2000


class Limits(NamedTuple):
    """An estimate and its limits."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, eq=False, kw_only=True)
class PairGroups:
    """Pairs that were treated alike and are about as sure as each other.

    Parameters
    ----------
    n_pairs, n_expected
        Pairs of each, and how many of them are of one customer by their probabilities.
    n_same, n_different, n_unsure
        What a person has judged; nought where nobody was asked.
    """

    standing: Sequence[str]
    n_pairs: Floats
    n_expected: Floats
    n_same: Floats
    n_different: Floats
    n_unsure: Floats

    @property
    def is_judged(self) -> bool:
        """Has a person judged any?"""
        return bool((self.n_same + self.n_different).sum())


@dataclass(frozen=True, eq=False, kw_only=True)
class Goodness:
    """How good the links are.

    Parameters
    ----------
    precision
        Of pairs brought together, those of one customer; None where none was.
    recall
        Of pairs of one customer, among those looked at or brought together, those brought together; None where none
        was.
    f1
        Their harmonic mean.
    right_for_found
        Pairs of one customer for each pair brought together; None where none was.
    n_missed
        Pairs of one customer that stand apart.
    """

    precision: Limits | None
    recall: Limits | None
    f1: Limits | None
    right_for_found: Limits | None
    n_missed: Limits
    n_wrong: Limits


def group_pairs(pairs: ScoredPairs) -> pa.Table:
    """Pairs counted by how they were treated and by bands of probability.

    Returns
    -------
    pyarrow.Table
        Canonical table ``link_pairs``.
    """
    group = pairs.group
    n_pairs, n_expected = np.bincount(group), np.bincount(group, weights=pairs.probability)
    there = [int(one) for one in np.flatnonzero(n_pairs)]
    told = [tell_group(one) for one in there]
    return pa.table(
        {
            "standing": pa.array([standing for standing, _ in told], pa.string()),
            "probable_from": pa.array([band for _, band in told], pa.float64()),
            "n_pairs": n_pairs[there].astype(float),
            "n_expected": n_expected[there].astype(float),
        }
    )


def estimate_goodness(groups: PairGroups, *, confidence: float = 0.95, seed: int = 20170101) -> Goodness:
    """How many of the pairs brought together are of one customer, and how many of such pairs were brought together?

    Parameters
    ----------
    groups
        Those that no rule had anybody look at are left out: nothing tells of them.

    Notes
    -----
    In each group the share of pairs of one customer begins as a beta distribution with the mean of the probabilities
    and half a pair of the rarer kind. Judged pairs move it, and the pairs not judged are drawn from it, so that a group
    that is judged whole is known. Where anything is judged, one chance in a hundred is left that the probabilities say
    nothing, and the share begins anywhere: judgements that contradict them are believed. Pairs left open count once as
    same and once as different, and the farther limits are taken.

    References
    ----------
    Cochran (1977), Sampling Techniques, chapter 5 (strata); Ericson (1969), JRSS B 31, 195-233 (posterior of a finite
    population); Schmidli et al. (2014), Biometrics 70, 1023-1032 (a prior that gives way); Marchant and Rubinstein
    (2017), PVLDB 10, 1322-1333 (layers by score and priors from it, for linkage).
    """
    kept = np.array([one != NOT_LOOKED_AT for one in groups.standing], dtype=bool)
    is_together = np.array([one == TOGETHER for one in groups.standing], dtype=bool)[kept]
    n, expected, same, different, unsure = (
        np.asarray(values, dtype=float)[kept]
        for values in (groups.n_pairs, groups.n_expected, groups.n_same, groups.n_different, groups.n_unsure)
    )
    # Nobody can judge more pairs than there are, nor expect more: such tables say less than they claim.
    n = np.maximum(n, same + different + unsure)
    expected = np.clip(expected, 0.0, n)
    found = [_measure(is_together, _draw(is_together, n, expected, same, different, seed), n)]
    if unsure.any():
        for one, other in ((same + unsure, different), (same, different + unsure)):
            found.append(_measure(is_together, _draw(is_together, n, expected, one, other, seed), n))
    tail = (1 - check_confidence(confidence)) / 2
    plain = None
    if not groups.is_judged:
        plain = {name: float(value[0]) for name, value in _measure(is_together, expected[:, None], n).items()}
    limits = {
        name: _limits([one[name] for one in found], tail, None if plain is None else plain[name])
        for name in ("precision", "recall", "f1", "right_for_found", "n_missed", "n_wrong")
    }
    has_found = bool(is_together.any())
    return Goodness(
        precision=limits["precision"] if has_found else None,
        # Where nothing was brought together nothing was found, whatever there is.
        recall=limits["recall"] if has_found else None,
        f1=limits["f1"] if has_found else None,
        right_for_found=limits["right_for_found"] if has_found else None,
        n_missed=limits["n_missed"] or Limits(0.0, 0.0, 0.0),
        n_wrong=limits["n_wrong"] or Limits(0.0, 0.0, 0.0),
    )


def _draw(is_together: Flags, n: Floats, expected: Floats, same: Floats, different: Floats, seed: int) -> Floats:
    """Pairs of one customer in each group: (group, draw)."""
    rng = np.random.default_rng(seed)
    mean = np.clip(expected / np.maximum(n, 1.0), _SURE, 1 - _SURE)
    a, b = _HALF * np.maximum(mean / (1 - mean), 1.0), _HALF * np.maximum((1 - mean) / mean, 1.0)
    left = np.maximum(n - same - different, 0.0).astype(np.int64)
    # What makes the probabilities of one band too high makes those of all too high, until a person has judged some.
    place = rng.random((2, _N_DRAWS))
    drawn = []
    for k in range(len(n)):
        if same[k] + different[k]:
            share = rng.beta(a[k] + same[k], b[k] + different[k], _N_DRAWS)
            open_minded = rng.beta(_HALF + same[k], _HALF + different[k], _N_DRAWS)
            believed = betaln(a[k] + same[k], b[k] + different[k]) - betaln(a[k], b[k])
            doubted = betaln(_HALF + same[k], _HALF + different[k]) - betaln(_HALF, _HALF)
            odds = _ALL_WRONG / (1 - _ALL_WRONG) * np.exp(np.clip(doubted - believed, -700, 700))
            share = np.where(rng.random(_N_DRAWS) < odds / (1 + odds), open_minded, share)
        else:
            share = beta.ppf(_GRID, a[k], b[k])[(place[int(is_together[k])] * len(_GRID)).astype(np.int64)]
        drawn.append(same[k] + rng.binomial(left[k], np.clip(share, 0.0, 1.0)))
    return np.array(drawn, dtype=float).reshape(len(n), _N_DRAWS)


def _measure(is_together: Flags, right: Floats, n: Floats) -> dict[str, Floats]:
    hits, missed, found = right[is_together].sum(axis=0), right[~is_together].sum(axis=0), n[is_together].sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "precision": np.asarray(hits / found),
            "recall": np.asarray(hits / (hits + missed)),
            "f1": np.asarray(2 * hits / (found + hits + missed)),
            "right_for_found": np.asarray((hits + missed) / found),
            "n_missed": np.asarray(missed),
            "n_wrong": np.asarray(found - hits),
        }


def _limits(draws: Sequence[Floats], tail: float, plain: float | None) -> Limits | None:
    known = [one[np.isfinite(one)] for one in draws]
    if not all(len(one) for one in known) or (plain is not None and not np.isfinite(plain)):
        return None
    estimate = float(np.median(known[0])) if plain is None else plain
    ends = [np.quantile(one, [tail, 1 - tail]) for one in known]
    lower, upper = min(float(one[0]) for one in ends), max(float(one[1]) for one in ends)
    return Limits(estimate, min(lower, estimate), max(upper, estimate))
