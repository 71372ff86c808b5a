"""How long do those who left for another reason stay in the risk set of this one?

Fine and Gray keep them there, with a weight that falls as observation itself would have run out: the chance to be
still watched at a later tenure, given that one was watched when leaving. It is estimated from those whose observation
stopped (reverse Kaplan-Meier) and, with late entry, from the tenures at which it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray, IntArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Watching:
    """Chance to be watched by tenure, of one stratum, as a product over `tenure_days`.

    Parameters
    ----------
    rows
        Rows of the stratum.
    tenure_days, share, n_left
        Tenures at which observation stopped (began), the share of those at risk for it whose did, and how many were
        left over.
    is_entry
        Whether it began there.
    """

    rows: IntArray
    tenure_days: FloatArray
    share: FloatArray
    n_left: FloatArray
    is_entry: bool

    def before(self, tenure: FloatArray) -> FloatArray:
        """The product just before each tenure: over stops below it, or over beginnings from it on."""
        factors = 1.0 - self.share
        if self.is_entry:
            product = np.concatenate([np.cumprod(factors[::-1])[::-1], [1.0]])
        else:
            product = np.concatenate([[1.0], np.cumprod(factors)])
        return np.asarray(product[np.searchsorted(self.tenure_days, tenure, side="left")])


def watch(entry: FloatArray, tenure: FloatArray, stopped: NDArray[np.bool_], rows: IntArray) -> list[Watching]:
    """The chance to be still watched, and with late entry the chance to be watched already, of one stratum.

    Whoever leaves at a tenure is no longer there to be censored at it, and entry falls just after both. A spell that
    goes on in another row stops and begins at the same tenure: the two cancel, and neither is counted.
    """
    begin = _begin(entry)
    moves = np.unique(np.concatenate([tenure[stopped], entry[entry > 0]]))
    n_stops = _count(tenure[stopped], moves)
    n_begins = _count(entry[entry > 0], moves)
    goes_on = np.minimum(n_stops, n_begins)
    # Watched just before the tenure, less those who leave at it.
    at_risk = _below(begin, moves, "left") - _below(tenure, moves, "left") - _count(tenure[~stopped], moves)
    n_left = at_risk - (n_stops - goes_on)
    found = [_watching(rows, moves, n_stops - goes_on, at_risk, n_left, n_stops > 0, is_entry=False)]
    if n_begins.any():
        already = n_left + n_begins - goes_on
        found.append(_watching(rows, moves, n_begins - goes_on, already, n_left, n_begins > 0, is_entry=True))
    return found


def _watching(
    rows: IntArray,
    days: FloatArray,
    count: IntArray,
    at_risk: IntArray,
    n_left: IntArray,
    kept: NDArray[np.bool_],
    *,
    is_entry: bool,
) -> Watching:
    return Watching(
        rows=rows,
        tenure_days=days[kept],
        share=count[kept] / at_risk[kept],
        n_left=n_left[kept].astype(np.float64),
        is_entry=is_entry,
    )


def _count(values: FloatArray, at: FloatArray) -> IntArray:
    return _below(values, at, "right") - _below(values, at, "left")


def _below(values: FloatArray, at: FloatArray, side: Literal["left", "right"]) -> IntArray:
    return np.searchsorted(np.sort(values), at, side=side)


def spread_doubt(
    watching: Watching,
    pull: FloatArray,
    entry: FloatArray,
    tenure: FloatArray,
    stopped: NDArray[np.bool_],
) -> FloatArray:
    """What does each row of the stratum add to the score through the estimated weights?

    Parameters
    ----------
    pull
        Grain: tenure of `watching`; columns those of the model: by how much the score rises if the chance of being
        watched falls a little there.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(watching.n_left[:, None] > 0, pull / watching.n_left[:, None], 0.0)
    total = np.concatenate([np.zeros((1, each.shape[1])), np.cumsum(each * watching.share[:, None], axis=0)])
    days = watching.tenure_days
    if watching.is_entry:
        first = np.searchsorted(days, _begin(entry), side="left")
        last = np.searchsorted(days, tenure, side="left")
        own = entry > 0
        place = np.searchsorted(days, entry[own])
    else:
        first = np.searchsorted(days, _begin(entry), side="right")
        last = np.where(stopped, np.searchsorted(days, tenure, "right"), np.searchsorted(days, tenure, "left"))
        own = stopped
        place = np.searchsorted(days, tenure[own])
    doubt = -(total[np.maximum(last, first)] - total[first])
    doubt[own] += each[place]
    return np.asarray(-doubt if watching.is_entry else doubt)


def _begin(entry: FloatArray) -> FloatArray:
    # Whoever enters at 0 is at risk at 0 too.
    return np.where(entry <= 0, -1.0, entry)
