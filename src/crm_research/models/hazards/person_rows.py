"""Person-periods for a classifier of the discrete hazard, laid out or sampled so that memory stays bounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray, IntArray


@dataclass(frozen=True, eq=False, kw_only=True)
class PersonPeriods:
    """Rows under observation in a period.

    Parameters
    ----------
    row
        Number of the row of the input.
    period
        0 is the first of tenure.
    has_ended
        Whether it ended in the period.
    weight
        Share of the period that it was watched (1 where it ended), times the periods of this kind that it stands for.
    n_all
        Person-periods that there are.
    """

    row: IntArray
    period: IntArray
    has_ended: NDArray[np.bool_]
    weight: FloatArray
    n_all: int


def lay_out_periods(
    entry: FloatArray, tenure: FloatArray, ended: NDArray[np.bool_], *, unit_days: float, n_most: int, seed: int
) -> PersonPeriods:
    """Which rows were at risk in which period, and which ended there? At most about `n_most` of them.

    Of more, periods with an end and periods without are each thinned to an even sample with a random start, and
    weighted by what they stand for: chances stay right, unlike after making up customers.

    Parameters
    ----------
    entry, tenure, ended
        Each row is watched from after `entry` to `tenure`.
    """
    first = np.floor(np.maximum(entry, 0.0) / unit_days).astype(np.int64)
    last = np.maximum(np.ceil(tenure / unit_days).astype(np.int64) - 1, first)
    rng = np.random.default_rng(seed)
    # The period of an end stands for itself; all others were survived.
    survived = last - first + np.where(ended, 0, 1)
    before = np.cumsum(survived)
    n_survived, ends = int(before[-1]) if len(before) else 0, np.flatnonzero(ended)
    end_places, end_weight = _thin(len(ends), n_most // 2, rng)
    places, weight = _thin(n_survived, max(n_most - len(end_places), n_most // 2), rng)
    row = np.searchsorted(before, places, side="right")
    period = first[row] + places - (before[row] - survived[row])
    start = np.maximum(period * unit_days, entry[row])
    watched = (np.minimum((period + 1) * unit_days, tenure[row]) - start) / unit_days
    chosen = ends[end_places]
    return PersonPeriods(
        row=np.concatenate([row, chosen]),
        period=np.concatenate([period, last[chosen]]),
        has_ended=np.concatenate([np.zeros(len(row), bool), np.ones(len(chosen), bool)]),
        weight=np.concatenate([np.clip(watched, 0.0, 1.0) * weight, np.full(len(chosen), end_weight)]),
        n_all=n_survived + len(ends),
    )


def _thin(n: int, n_most: int, rng: np.random.Generator) -> tuple[IntArray, float]:
    """Evenly spread places among n, at most n_most, and how many each stands for."""
    if n <= n_most:
        return np.arange(n), 1.0
    step = n / n_most
    return np.floor((np.arange(n_most) + rng.random()) * step).astype(np.int64), step
