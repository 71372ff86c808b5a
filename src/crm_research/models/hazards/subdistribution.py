"""Fine and Gray's partial likelihood, in sums over tenures.

As in `partial_likelihood`, with one more range of ends for each row that left for another reason: those after its own
end, at which it counts with weight (its own share) times (the fall of the chance to be watched). Rows are not split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_research.models.hazards.partial_likelihood import (
    PartialLikelihood,
    RiskSets,
    build_risk_sets,
    risk_sums,
    row_hazard,
    tied_sums,
)
from crm_research.models.hazards.staying_weights import Watching, spread_doubt, watch
from crm_research.models.survival.risk import FloatArray, IntArray


@dataclass(frozen=True, eq=False, kw_only=True)
class StayingSets:
    """Risk sets in which those who left for another reason stay.

    Parameters
    ----------
    sets
        Who is watched at each end for the reason; its `order` is the order of the arrays here.
    stays, first, last, weight
        Rows that left for another reason, the numbers of the ends at which they count afterwards, and one over the
        chance to be watched at their own end.
    fall
        Chance to be watched just before each numbered end.
    watchings
        The estimated chances, in the order of the input's rows.
    n_lost
        Rows that left for another reason at a tenure from which observation is broken, and which cannot stay.
    """

    sets: RiskSets
    stays: IntArray
    first: IntArray
    last: IntArray
    weight: FloatArray
    fall: FloatArray
    watchings: tuple[Watching, ...]
    n_lost: int


def build_staying_sets(
    entry: FloatArray,
    tenure: FloatArray,
    ended: NDArray[np.bool_],
    left_otherwise: NDArray[np.bool_],
    stratum: IntArray,
) -> StayingSets:
    """Number the ends for the reason, and weigh those who left for another one; the chances by stratum."""
    sets = build_risk_sets(entry, tenure, ended, stratum)
    fall, chance = np.ones(len(sets.tenure_days)), np.ones(len(tenure))
    watchings = []
    for number in np.unique(stratum):
        rows = np.flatnonzero(stratum == number)
        stopped = ~ended[rows] & ~left_otherwise[rows]
        own = watch(entry[rows], tenure[rows], stopped, rows)
        for watching in own:
            chance[rows] *= watching.before(tenure[rows])
            here = sets.stratum == number
            fall[here] *= watching.before(sets.tenure_days[here])
        watchings += own
    beyond = np.searchsorted(sets.stratum, stratum[sets.order], side="right")
    otherwise = left_otherwise[sets.order]
    can = chance[sets.order] > 0
    stays = np.flatnonzero(otherwise & can & (sets.last < beyond))
    return StayingSets(
        sets=sets,
        stays=stays,
        first=sets.last[stays],
        last=beyond[stays],
        weight=1.0 / chance[sets.order][stays],
        fall=fall,
        watchings=tuple(watchings),
        n_lost=int((otherwise & ~can & (sets.last < beyond)).sum()),
    )


def evaluate_staying(staying: StayingSets, x: FloatArray, beta: FloatArray) -> PartialLikelihood:
    """How likely are these ends for the reason, in their order? `x` in the order of the risk sets; Efron's ties.

    References
    ----------
    Fine and Gray (1999), JASA 94, 496-509; with late entry Geskus (2011), Biometrics 67, 39-49.
    """
    sets = staying.sets
    eta = x @ beta
    weights = np.exp(np.minimum(eta, 500.0))
    place, share = sets.event_place, sets.tie_share
    denominators = _risk(staying, weights)[place] - share * tied_sums(sets, weights)[place]
    means = np.empty((len(place), x.shape[1]))
    for column in range(x.shape[1]):
        part = weights * x[:, column]
        means[:, column] = (_risk(staying, part)[place] - share * tied_sums(sets, part)[place]) / denominators
    hazard = _hazard(staying, 1.0 / denominators)
    load = weights * hazard
    events = np.zeros(len(eta))
    events[sets.event_rows] = 1.0
    return PartialLikelihood(
        log_likelihood=float(eta[sets.event_rows].sum() - np.log(denominators).sum()),
        score=x.T @ (events - load),
        information=(x * load[:, None]).T @ x - means.T @ means,
        weights=weights,
        hazard=hazard,
        means=means,
        denominators=denominators,
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
    sets, size = staying.sets, len(staying.fall)
    residuals = -(at.weights * at.hazard)[:, None] * x
    for column in range(x.shape[1]):
        residuals[:, column] += at.weights * _hazard(staying, at.means[:, column] / at.denominators)
    mean_at_end = np.column_stack([np.bincount(sets.event_place, column, size) for column in at.means.T])
    residuals[sets.event_rows] += x[sets.event_rows] - (mean_at_end / sets.n_ended[:, None])[sets.event_place]
    doubt = np.zeros_like(residuals)
    for watching in staying.watchings:
        pull = _pull(staying, x, at, watching.tenure_days, watching.rows, tenure)
        rows = watching.rows
        doubt[rows] += spread_doubt(watching, pull, entry[rows], tenure[rows], stopped[rows])
    return np.asarray(residuals + doubt[sets.order])


def _risk(staying: StayingSets, values: FloatArray) -> FloatArray:
    size = len(staying.fall) + 1
    kept = values[staying.stays] * staying.weight
    moves = np.bincount(staying.first, kept, size) - np.bincount(staying.last, kept, size)
    later = np.cumsum(moves.astype(np.longdouble))[:-1].astype(np.float64)
    return risk_sums(staying.sets, values) + staying.fall * later


def _hazard(staying: StayingSets, each_end: FloatArray) -> FloatArray:
    rows = row_hazard(staying.sets, each_end)
    falling = np.bincount(staying.sets.event_place, each_end, len(staying.fall)) * staying.fall
    total = np.concatenate([[0.0], np.cumsum(falling)])
    rows[staying.stays] += staying.weight * (total[staying.last] - total[staying.first])
    return rows


def _pull(
    staying: StayingSets, x: FloatArray, at: PartialLikelihood, days: FloatArray, rows: IntArray, tenure: FloatArray
) -> FloatArray:
    """At each tenure: how the score changes with the weights that reach across it, of one stratum."""
    sets = staying.sets
    in_stratum = np.zeros(len(tenure), dtype=bool)
    in_stratum[rows] = True
    own = in_stratum[sets.order][staying.stays]
    who = staying.stays[own]
    left_at = tenure[sets.order][who]
    by_leaving = np.argsort(left_at, kind="stable")
    who, load = who[by_leaving], (at.weights[who] * staying.weight[own])[by_leaving]
    reached = np.searchsorted(left_at[by_leaving], days, side="right")
    ends = np.flatnonzero(in_stratum[sets.order][sets.event_rows])
    when = sets.tenure_days[sets.event_place[ends]]
    step = staying.fall[sets.event_place[ends]] / at.denominators[ends]
    ahead = np.searchsorted(when[np.argsort(when, kind="stable")], days, side="right")
    by_end = np.argsort(when, kind="stable")
    ends, step = ends[by_end], step[by_end]
    load_sum, step_left = _sums(load[:, None])[reached], _left(step[:, None])[ahead]
    load_x, step_mean = _sums(load[:, None] * x[who])[reached], _left(step[:, None] * at.means[ends])[ahead]
    return np.asarray(load_x * step_left - load_sum * step_mean)


def _sums(values: FloatArray) -> FloatArray:
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def _left(values: FloatArray) -> FloatArray:
    return np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, values.shape[1]))])
