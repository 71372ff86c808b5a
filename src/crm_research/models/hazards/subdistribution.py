"""Risk sets in which those who left for another reason stay, for Fine and Gray's likelihood.

Each such row has one more range of ends, those after its own, at which it counts with weight (its own share) times
(the fall of the chance to be watched). Rows are not split.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crm_research.models.hazards.partial_likelihood import PartialLikelihood, score_residuals
from crm_research.models.hazards.risk_sets import RiskSets, build_risk_sets
from crm_research.models.hazards.staying_weights import Watching, spread_doubt, watch
from crm_research.models.survival.risk import FloatArray, IntArray


@dataclass(frozen=True, eq=False, kw_only=True)
class StayingSets(RiskSets):
    """Risk sets in which those who left for another reason stay.

    Parameters
    ----------
    stays, stay_first, stay_last, weight
        Rows that left for another reason, the numbers of the ends at which they count afterwards, and one over the
        chance to be watched at their own end.
    fall
        Chance to be watched just before each numbered end.
    watchings
        The estimated chances, in the order of the input's rows.
    row_stratum
        Of each row.
    n_lost
        Rows that left for another reason at a tenure from which observation is broken, and which cannot stay.
    """

    stays: IntArray
    stay_first: IntArray
    stay_last: IntArray
    weight: FloatArray
    fall: FloatArray
    watchings: tuple[Watching, ...]
    row_stratum: IntArray
    n_lost: int

    def risk_sums(self, values: FloatArray) -> FloatArray:
        """Sum over the rows at risk and those who stay, at each numbered end."""
        size = len(self.fall) + 1
        kept = values[self.stays] * self.weight
        moves = np.bincount(self.stay_first, kept, size) - np.bincount(self.stay_last, kept, size)
        later = np.cumsum(moves.astype(np.longdouble))[:-1].astype(np.float64)
        return super().risk_sums(values) + self.fall * later

    def row_hazard(self, each_event: FloatArray) -> FloatArray:
        """For each row, the sum of a value per end over the ends at which it counted, each with its weight."""
        rows = super().row_hazard(each_event)
        total = np.concatenate([[0.0], np.cumsum(self.sum_by_end(each_event) * self.fall)])
        rows[self.stays] += self.weight * (total[self.stay_last] - total[self.stay_first])
        return rows


def build_staying_sets(
    entry: FloatArray,
    tenure: FloatArray,
    ended: NDArray[np.bool_],
    left_otherwise: NDArray[np.bool_],
    stratum: IntArray,
    *,
    watched_in: IntArray | None = None,
) -> StayingSets:
    """Number the ends for the reason, and weigh those who left for another one.

    Parameters
    ----------
    watched_in
        Groups of strata, each of which has chances to be watched of its own; the strata themselves without it.
    """
    sets = build_risk_sets(entry, tenure, ended, stratum)
    fall, chance = np.ones(len(sets.tenure_days)), np.ones(len(tenure))
    watchings = []
    group = stratum if watched_in is None else watched_in
    for number in np.unique(group):
        # About in order of tenure, in which places are found faster.
        rows = sets.order[group[sets.order] == number]
        here = np.isin(sets.stratum, np.unique(stratum[rows]))
        stopped = ~ended[rows] & ~left_otherwise[rows]
        own = watch(entry[rows], tenure[rows], stopped, rows)
        for watching in own:
            chance[rows] *= watching.before(tenure[rows])
            fall[here] *= watching.before(sets.tenure_days[here])
        watchings += own
    beyond = np.searchsorted(sets.stratum, stratum[sets.order], side="right")
    otherwise = left_otherwise[sets.order]
    can = chance[sets.order] > 0
    stays = np.flatnonzero(otherwise & can & (sets.last < beyond))
    row_stratum = stratum[sets.order]
    return StayingSets(
        **{part.name: getattr(sets, part.name) for part in fields(sets)},
        stays=stays,
        stay_first=sets.last[stays],
        stay_last=beyond[stays],
        weight=1.0 / chance[sets.order][stays],
        fall=fall,
        watchings=tuple(watchings),
        row_stratum=row_stratum,
        n_lost=int((otherwise & ~can & (sets.last < beyond)).sum()),
    )


def staying_influence(
    staying: StayingSets,
    x: FloatArray,
    at: PartialLikelihood,
    *,
    entry: FloatArray,
    tenure: FloatArray,
    stopped: NDArray[np.bool_],
) -> FloatArray:
    """What does each row add to the score, by itself and through the estimated weights?

    Parameters
    ----------
    x
        In the order of the risk sets, as are the rows of the result.
    entry, tenure, stopped
        In the order of the input: whose observation stopped without an end.

    References
    ----------
    Fine and Gray (1999), equations 7 and 8, with the exact derivative of the product limit.
    """
    residuals = score_residuals(staying, x, at)
    doubt = np.zeros_like(residuals)
    for watching in staying.watchings:
        pull = _pull(staying, x, at, watching.tenure_days, watching.rows, tenure)
        rows = watching.rows
        doubt[rows] += spread_doubt(watching, pull, entry[rows], tenure[rows], stopped[rows])
    return np.asarray(residuals + doubt[staying.order])


def _pull(
    staying: StayingSets, x: FloatArray, at: PartialLikelihood, days: FloatArray, rows: IntArray, tenure: FloatArray
) -> FloatArray:
    """At each tenure: how the score changes with the weights that reach across it, of those watched alike."""
    in_group = np.zeros(len(tenure), dtype=bool)
    in_group[rows] = True
    is_in = in_group[staying.order]
    total = np.zeros((len(days), x.shape[1]))
    # A weight counts at the ends of its own stratum only.
    for number in np.unique(staying.row_stratum[is_in]):
        total += _pull_within(staying, x, at, days, is_in & (staying.row_stratum == number), tenure)
    return total


def _pull_within(
    staying: StayingSets,
    x: FloatArray,
    at: PartialLikelihood,
    days: FloatArray,
    is_in: NDArray[np.bool_],
    tenure: FloatArray,
) -> FloatArray:
    own = is_in[staying.stays]
    who = staying.stays[own]
    left_at = tenure[staying.order][who]
    by_leaving = np.argsort(left_at, kind="stable")
    who, load = who[by_leaving], (at.weights[who] * staying.weight[own])[by_leaving]
    reached = np.searchsorted(left_at[by_leaving], days, side="right")
    ends = np.flatnonzero(is_in[staying.event_rows])
    when = staying.tenure_days[staying.event_place[ends]]
    step = staying.fall[staying.event_place[ends]] / at.denominators[ends]
    ahead = np.searchsorted(when, days, side="right")
    load_sum, step_left = _sums(load[:, None])[reached], _left(step[:, None])[ahead]
    load_x, step_mean = _sums(load[:, None] * x[who])[reached], _left(step[:, None] * at.means[ends])[ahead]
    return np.asarray(load_x * step_left - load_sum * step_mean)


def _sums(values: FloatArray) -> FloatArray:
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def _left(values: FloatArray) -> FloatArray:
    return np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, values.shape[1]))])
