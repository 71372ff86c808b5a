"""Cox's partial likelihood with Efron's ties, late entry and strata, in sums over tenures.

With w = exp(x b) and every row at risk at the ends numbered [first, last), each sum over risk sets is a running
difference of counts, and each sum over a row's ends is a difference of two cumulative values. Nothing is ever laid
out as rows times tenures, so one step costs rows times columns squared in one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray, IntArray


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskSets:
    """Which ends is each row at risk for? Rows are in the order of `order`, ends numbered by stratum and tenure.

    Parameters
    ----------
    order
        Rows of the input in the order of the arrays here.
    first, last
        Row i is at risk for the ends numbered first[i] to last[i] - 1.
    stratum, tenure_days, n_ended
        Of each numbered end (a tenure of a stratum at which anybody ended).
    event_rows, event_place, event_nth
        Rows that ended, the number of that end, and 0, 1, ... among those who ended together.
    """

    order: IntArray
    first: IntArray
    last: IntArray
    stratum: IntArray
    tenure_days: FloatArray
    n_ended: IntArray
    event_rows: IntArray
    event_place: IntArray
    event_nth: IntArray

    @property
    def tie_share(self) -> FloatArray:
        """Efron's share of those who ended together that is taken out of the risk set, for each end."""
        return np.asarray(self.event_nth / self.n_ended[self.event_place])


def build_risk_sets(entry: FloatArray, tenure: FloatArray, ended: NDArray[np.bool_], stratum: IntArray) -> RiskSets:
    """Number the ends, and find for each row those it is at risk for: after its entry, up to its tenure.

    Whoever enters at 0 is at risk at 0 too.
    """
    ends = pd.DataFrame({"stratum": stratum[ended], "tenure": tenure[ended]})
    table = ends.groupby(["stratum", "tenure"], sort=True).size()
    ends_stratum = table.index.get_level_values(0).to_numpy().astype(np.int64)
    ends_tenure = table.index.get_level_values(1).to_numpy().astype(np.float64)
    first, last = np.zeros(len(tenure), np.int64), np.zeros(len(tenure), np.int64)
    entered = np.where(entry <= 0, -1.0, entry)
    for number in np.unique(stratum):
        rows = stratum == number
        base, beyond = np.searchsorted(ends_stratum, [number, number + 1])
        days = ends_tenure[base:beyond]
        first[rows] = base + np.searchsorted(days, entered[rows], side="right")
        last[rows] = base + np.searchsorted(days, tenure[rows], side="right")
    order = np.lexsort((~ended, last))
    event_rows = np.flatnonzero(ended[order])
    place = last[order][event_rows] - 1
    starts = np.searchsorted(place, np.arange(len(table)))
    return RiskSets(
        order=order,
        first=first[order],
        last=last[order],
        stratum=ends_stratum,
        tenure_days=ends_tenure,
        n_ended=table.to_numpy().astype(np.int64),
        event_rows=event_rows,
        event_place=place,
        event_nth=np.arange(len(place)) - starts[place],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class PartialLikelihood:
    """Value, gradient and information at one coefficient vector, and the pieces that residuals need."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray
    weights: FloatArray
    hazard: FloatArray
    means: FloatArray
    denominators: FloatArray

    def is_finite(self) -> bool:
        """Is it usable as a step of a search?"""
        return bool(np.isfinite(self.log_likelihood) and np.isfinite(self.information).all())


def evaluate(sets: RiskSets, x: FloatArray, beta: FloatArray) -> PartialLikelihood:
    """How likely are these ends, in their order, under these coefficients? `x` in the order of the risk sets.

    References
    ----------
    Efron (1977), JASA 72, 557-565; Therneau and Grambsch (2000), Modeling Survival Data, sections 3.1 and 3.3.
    """
    eta = x @ beta
    weights = np.exp(np.minimum(eta, 500.0))
    place, share = sets.event_place, sets.tie_share
    tied = tied_sums(sets, weights)
    denominators = risk_sums(sets, weights)[place] - share * tied[place]
    means = np.empty((len(place), x.shape[1]))
    for column in range(x.shape[1]):
        part = weights * x[:, column]
        means[:, column] = (risk_sums(sets, part)[place] - share * tied_sums(sets, part)[place]) / denominators
    hazard = row_hazard(sets, 1.0 / denominators)
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


def score_residuals(sets: RiskSets, x: FloatArray, at: PartialLikelihood) -> FloatArray:
    """What does each row add to the gradient? Rows in the order of the risk sets; columns those of x.

    References
    ----------
    Therneau and Grambsch (2000), section 4.6; Lin and Wei (1989), JASA 84, 1074-1078.
    """
    residuals = -(at.weights * at.hazard)[:, None] * x
    for column in range(x.shape[1]):
        pulled = row_hazard(sets, at.means[:, column] / at.denominators)
        residuals[:, column] += at.weights * pulled
    residuals[sets.event_rows] += x[sets.event_rows] - _mean_by_place(sets, at.means)[sets.event_place]
    return residuals


def schoenfeld_residuals(sets: RiskSets, x: FloatArray, at: PartialLikelihood) -> FloatArray:
    """By how much did those who ended differ from those at risk then? One row for each end."""
    residuals: FloatArray = x[sets.event_rows] - _mean_by_place(sets, at.means)[sets.event_place]
    return residuals


def baseline_steps(sets: RiskSets, at: PartialLikelihood) -> FloatArray:
    """Rise of the cumulative hazard at each numbered end, for a row whose columns are all 0."""
    return np.asarray(np.bincount(sets.event_place, 1.0 / at.denominators, len(sets.tenure_days)), dtype=np.float64)


def risk_sums(sets: RiskSets, values: FloatArray) -> FloatArray:
    """Sum over the rows at risk, at each numbered end; long doubles keep small late risk sets exact."""
    size = len(sets.tenure_days) + 1
    moves = np.bincount(sets.last, values, size) - np.bincount(sets.first, values, size)
    return np.cumsum(moves[::-1].astype(np.longdouble))[::-1][1:].astype(np.float64)


def tied_sums(sets: RiskSets, values: FloatArray) -> FloatArray:
    """Sum over the rows that ended, at each numbered end."""
    size = len(sets.tenure_days)
    return np.asarray(np.bincount(sets.event_place, values[sets.event_rows], size), dtype=np.float64)


def row_hazard(sets: RiskSets, each_end: FloatArray) -> FloatArray:
    """For each row, the sum of a value per end over the ends it was at risk for, allowing for its own tie."""
    size = len(sets.tenure_days)
    total = np.concatenate([[0.0], np.cumsum(np.bincount(sets.event_place, each_end, size))])
    rows = total[sets.last] - total[sets.first]
    own = np.bincount(sets.event_place, each_end * sets.tie_share, size)
    rows[sets.event_rows] -= own[sets.event_place]
    return np.asarray(rows)


def _mean_by_place(sets: RiskSets, values: FloatArray) -> FloatArray:
    size = len(sets.tenure_days)
    sums = [np.bincount(sets.event_place, column, size) for column in values.T]
    return np.column_stack(sums) / sets.n_ended[:, None] if sums else np.empty((size, 0))
