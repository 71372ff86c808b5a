"""Concordance: of two customers, does the one with the higher risk leave first?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.stats.ties import place_scores


@dataclass(frozen=True, kw_only=True)
class Concordance:
    """Share of comparable pairs that the score puts in the right order; half for equal scores.

    Parameters
    ----------
    estimate, std_error
        NaN where no pair can be compared.
    n_pairs
        Comparable pairs (weighted, where ends carry weights).
    """

    estimate: float
    std_error: float
    n_pairs: float


def measure_concordance(
    score: FloatArray,
    tenure: FloatArray,
    ended: NDArray[np.bool_],
    *,
    entry: FloatArray | None = None,
    end_weight: FloatArray | None = None,
    cluster: IntArray | None = None,
    stratum: IntArray | None = None,
) -> Concordance:
    """How well does a score order the ends?

    A pair counts where one ended at a tenure at which the other was under observation and stayed longer; whoever is
    censored at the tenure of an end stayed longer. All pairs are counted in n log n steps.

    Parameters
    ----------
    score
        Higher means sooner.
    end_weight
        Weight of the pairs each end makes; without it Harrell's C.
    cluster
        Rows of one cluster (customer) vary together.
    stratum
        Pairs are made within a stratum only.

    Notes
    -----
    The standard error is that of the infinitesimal jackknife over clusters; weights are taken as known.

    References
    ----------
    Harrell, Lee and Mark (1996), Statistics in Medicine 15, 361-387; Therneau and Watson (2015), The concordance
    statistic and the Cox model, Mayo Clinic technical report 85.
    """
    n = len(score)
    weight = np.where(ended, 1.0 if end_weight is None else end_weight, 0.0)
    start = np.zeros(n) if entry is None else entry
    groups = np.zeros(n, np.int64) if stratum is None else stratum
    right, pairs = np.zeros(n), np.zeros(n)
    for number in np.unique(groups):
        rows = np.flatnonzero(groups == number)
        right[rows], pairs[rows] = _row_shares(score[rows], tenure[rows], weight[rows], start[rows])
    total = pairs.sum() / 2
    if total <= 0:
        return Concordance(estimate=np.nan, std_error=np.nan, n_pairs=0.0)
    estimate = right.sum() / 2 / total
    influence = right - estimate * pairs
    if cluster is not None:
        influence = np.bincount(cluster, influence)
    return Concordance(
        estimate=float(estimate),
        std_error=float(np.sqrt(np.sum(influence**2)) / total),
        n_pairs=float(total),
    )


def _row_shares(
    score: FloatArray, tenure: FloatArray, weight: FloatArray, entry: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """For each row: weight of the pairs it is in that are right, and of all its pairs, as the one or as the other."""
    one = np.ones(len(score))
    # An end meets those who stayed longer; at equal tenure the censored one stayed longer (half a step later).
    key = np.unique(np.concatenate([tenure, entry]))
    ends = 2 * np.searchsorted(key, tenure)
    stayed = ends + np.where(weight > 0, 0, 1)
    began = np.where(entry <= 0, -1, 2 * np.searchsorted(key, entry))
    rank = place_scores(score)
    right, pairs = np.zeros(len(score)), np.zeros(len(score))
    has_late = bool(np.any(began >= 0))
    for sign, clock in ((1.0, stayed), (-1.0, began)):
        if sign < 0 and not has_late:
            break
        # Comparators later than the end: those who stay longer, less those who had not entered by then. Somebody
        # who enters at the very tenure of the end is not yet at risk.
        limit = ends if sign > 0 else ends - 1
        low, equal, every = _count_beyond(limit, rank, clock, rank, one)
        right += sign * weight * (low + equal / 2)
        pairs += sign * weight * every
        # The same pairs seen from the comparator: ends before it, with a higher score.
        low, equal, every = _count_beyond(-clock, -rank, -limit, -rank, weight)
        right += sign * (low + equal / 2)
        pairs += sign * every
    return right, pairs


def _count_beyond(
    from_time: IntArray, own_rank: IntArray, time: IntArray, rank: IntArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """For each asker, the weight of points strictly later than it: with a lower rank, with an equal rank, and all."""
    n, m = len(from_time), len(time)
    shift = min(int(own_rank.min()), int(rank.min()))
    ranks = np.concatenate([own_rank, rank]) - shift
    times = np.concatenate([from_time, time])
    asks = np.concatenate([np.ones(n, bool), np.zeros(m, bool)])
    carried = np.concatenate([np.zeros(n), weight])
    # Latest first; at equal times the askers come before the points, which they then do not see.
    order = np.lexsort((~asks, -times))
    ranks, asks, carried = ranks[order], asks[order], carried[order]
    before = np.cumsum(carried)
    below = np.zeros(n + m)
    place = np.arange(n + m)
    for bit in range(int(ranks.max()).bit_length() - 1, -1, -1):
        # Rows lie in groups of equal high bits, in order of time: those with the bit set see those without it.
        high = ranks[place] >> (bit + 1)
        set_here = (ranks[place] >> bit) & 1 == 1
        running = np.cumsum(np.where(set_here, 0.0, carried[place]))
        starts = np.flatnonzero(np.concatenate([[True], high[1:] != high[:-1]]))
        base = np.concatenate([[0.0], running])[starts]
        group = np.cumsum(np.concatenate([[0], (high[1:] != high[:-1]).astype(np.int64)]))
        below[place[set_here]] += (running - base[group])[set_here]
        place = _parted(place, set_here, starts, group)
    same = np.cumsum(carried[place])
    edge = np.concatenate([[True], ranks[place][1:] != ranks[place][:-1]])
    base = np.concatenate([[0.0], same])[np.flatnonzero(edge)]
    equal = np.zeros(n + m)
    equal[place] = same - base[np.cumsum(edge) - 1]
    found = np.empty((3, n))
    found[:, order[asks]] = np.stack([below[asks], equal[asks], before[asks]])
    return found[0], found[1], found[2]


def _parted(place: IntArray, set_here: NDArray[np.bool_], starts: IntArray, group: IntArray) -> IntArray:
    """Each group split stably into those without the bit and those with it."""
    unset = np.cumsum(~set_here)
    before = np.concatenate([[0], unset])[starts]
    n_unset = np.diff(np.concatenate([before, [unset[-1]]]))
    nth_unset = unset - before[group] - 1
    nth_set = np.arange(len(place)) - starts[group] - (nth_unset + 1)
    target = starts[group] + np.where(set_here, n_unset[group] + nth_set, nth_unset)
    parted = np.empty_like(place)
    parted[target] = place
    return parted
