"""Cox's partial likelihood with Efron's ties, late entry and strata, in sums over risk sets.

One step costs rows times columns squared in one matrix product, whatever the number of ends. The same sums over
risk sets in which those who left for another reason stay give Fine and Gray's likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.models.hazards.risk_sets import RiskSets
from crm_research.models.survival.risk import FloatArray

_LARGEST_SCORE: Final = 500.0
# Blocks of columns that stay in the processor's cache.
_ROWS_AT_ONCE: Final = 16_384


@dataclass(frozen=True, eq=False, kw_only=True)
class PartialLikelihood:
    """Value, gradient and information at one coefficient vector, and the pieces that residuals need.

    Parameters
    ----------
    weights, hazard
        Of each row: exp(x b), and the cumulative hazard over the ends it was at risk for.
    means, denominators
        Of each row that ended: weighted means of the columns in its risk set, and the sum of the weights.
    """

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


def evaluate(sets: RiskSets, x: FloatArray, beta: FloatArray, *, offset: FloatArray | None = None) -> PartialLikelihood:
    """How likely are these ends, in their order, under these coefficients?

    Parameters
    ----------
    x
        In the order of the risk sets; columns should lie together in memory.
    offset
        Added to x b, with the coefficient 1.

    Notes
    -----
    Coefficients so large that the sums lose all digits have the log likelihood minus infinity: a step too far.

    References
    ----------
    Efron (1977), JASA 72, 557-565; Therneau and Grambsch (2000), Modeling Survival Data, sections 3.1 and 3.3.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        eta = x @ beta if offset is None else x @ beta + offset
        weights = np.exp(np.minimum(eta, _LARGEST_SCORE))
        denominators = sets.event_sums(weights)
        means = np.empty((len(sets.event_place), x.shape[1]), order="F")
        for column in range(x.shape[1]):
            means[:, column] = sets.event_sums(weights * x[:, column]) / denominators
        hazard = sets.row_hazard(1.0 / denominators)
        load = weights * hazard
        is_sound = eta.max(initial=0.0) <= _LARGEST_SCORE and bool((denominators > 0).all())
        value = float(eta[sets.event_rows].sum() - np.log(denominators).sum()) if is_sound else -np.inf
        drawn = -load
        drawn[sets.event_rows] += 1.0
        return PartialLikelihood(
            log_likelihood=value,
            score=x.T @ drawn,
            information=_cross(x, load) - _cross(means),
            weights=weights,
            hazard=hazard,
            means=means,
            denominators=denominators,
        )


def weighted_information(sets: RiskSets, x: FloatArray, at: PartialLikelihood, weight: FloatArray) -> FloatArray:
    """The variance of the columns within the risk set of each end, times a weight of the end, added up."""
    load = at.weights * sets.row_hazard(weight / at.denominators)
    return _cross(x, load) - _cross(at.means, weight)


def score_residuals(sets: RiskSets, x: FloatArray, at: PartialLikelihood) -> FloatArray:
    """What does each row add to the gradient? Rows in the order of the risk sets; columns those of x.

    References
    ----------
    Therneau and Grambsch (2000), section 4.6; Lin and Wei (1989), JASA 84, 1074-1078.
    """
    residuals = np.empty(x.shape, order="F")
    for column in range(x.shape[1]):
        pulled = sets.row_hazard(at.means[:, column] / at.denominators)
        residuals[:, column] = at.weights * (pulled - at.hazard * x[:, column])
    residuals[sets.event_rows] += schoenfeld_residuals(sets, x, at)
    return residuals


def schoenfeld_residuals(sets: RiskSets, x: FloatArray, at: PartialLikelihood) -> FloatArray:
    """By how much did those who ended differ from those at risk then? One row for each who ended."""
    residuals = np.empty(at.means.shape, order="F")
    for column in range(x.shape[1]):
        mean = sets.sum_by_end(at.means[:, column]) / sets.n_ended
        residuals[:, column] = x[sets.event_rows, column] - mean[sets.event_place]
    return residuals


def baseline_steps(sets: RiskSets, at: PartialLikelihood) -> FloatArray:
    """Rise of the cumulative hazard at each numbered end, for a row whose columns are all 0."""
    return sets.sum_by_end(1.0 / at.denominators)


def _cross(x: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Cross products of the columns, each row with its weight."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for part in _blocks(len(x)):
        block = x[part]
        total += (block if weight is None else block * weight[part, None]).T @ block
    return total


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _ROWS_AT_ONCE):
        yield slice(start, start + _ROWS_AT_ONCE)
