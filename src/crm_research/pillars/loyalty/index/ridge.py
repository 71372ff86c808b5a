"""Weights of an index by penalised logistic regression, and how two rankings compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from crm_research.stats.intervals import Interval, normal_interval
from crm_research.stats.skewed import mean_interval
from crm_research.stats.ties import place_scores

FloatArray = NDArray[np.float64]
_STEPS: Final = 60
_TOLERANCE: Final = 1e-9
_LEAST_CHANCE: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class RidgeLogistic:
    """A fitted logistic regression on standardised columns.

    Parameters
    ----------
    means, scales
        Of the columns in the records it was fitted on; a constant column has scale 1 and weight 0.
    weights
        Intercept first, then one a column, for a difference of one standard deviation.
    covariance
        Of the weights: inverse of the penalised information.
    converged
        Did Newton's steps come to rest?
    """

    means: FloatArray
    scales: FloatArray
    weights: FloatArray
    covariance: FloatArray
    converged: bool

    def score(self, x: FloatArray) -> FloatArray:
        """Log odds."""
        return np.asarray(self._design(x) @ self.weights)

    def chance(self, x: FloatArray) -> FloatArray:
        """The chance given to each row."""
        return np.asarray(special.expit(self.score(x)))

    def limits(self, x: FloatArray, confidence: float) -> Interval:
        """The chance with limits for the uncertainty of the weights alone (delta method on the log odds)."""
        design = self._design(x)
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, self.covariance, design), 0.0))
        return Interval(*(special.expit(part) for part in normal_interval(self.score(x), error, confidence=confidence)))

    def _design(self, x: FloatArray) -> FloatArray:
        return np.column_stack([np.ones(len(x)), (x - self.means) / self.scales])


def fit_ridge_logistic(x: FloatArray, y: FloatArray, *, penalty: float = 1.0) -> RidgeLogistic:
    """How does each column bear on a yes or no, the others alike?

    Parameters
    ----------
    x, y
        Rows with their columns, and 0 or 1 for each row.
    penalty
        Half of it times the sum of squared weights (not the intercept) is taken off the log-likelihood. 1 is what one
        customer more would say against each column; it keeps weights finite where a column tells yes from no perfectly.

    References
    ----------
    le Cessie and van Houwelingen (1992), Applied Statistics 41, 191-201.
    """
    means, scales = x.mean(axis=0), x.std(axis=0)
    scales = np.where(scales > _TOLERANCE * np.maximum(1.0, np.abs(means)), scales, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - means) / scales])
    ridge = np.full(design.shape[1], float(penalty))
    # A touch of penalty on the intercept keeps it finite where everybody, or nobody, came.
    ridge[0] = min(1e-3, penalty)
    weights = np.zeros(design.shape[1])
    converged = False
    for _ in range(_STEPS):
        chance = special.expit(design @ weights)
        score = design.T @ (y - chance) - ridge * weights
        information = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(information, score)
        weights = weights + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < _TOLERANCE:
            converged = True
            break
    return RidgeLogistic(
        means=means, scales=scales, weights=weights, covariance=np.linalg.inv(information), converged=converged
    )


def compare_ranking(
    y: FloatArray, score: FloatArray, other: FloatArray, *, confidence: float = 0.95
) -> tuple[float, float, Interval]:
    """Which of two scores ranks those who came above those who did not? Both areas, and their difference.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845; by ranks as in Sun and Xu (2014), IEEE Signal
    Processing Letters 21, 1389-1393.
    """
    came = y > 0
    n_came, n_stayed = int(came.sum()), int((~came).sum())
    nothing = Interval(*(np.asarray(np.nan) for _ in range(3)))
    if min(n_came, n_stayed) < 2:
        return float("nan"), float("nan"), nothing
    parts = [_placements(values, came) for values in (score, other)]
    areas = [float(above.mean()) for above, _ in parts]
    gap_came = parts[0][0] - parts[1][0]
    gap_stayed = parts[0][1] - parts[1][1]
    error = np.sqrt(gap_came.var(ddof=1) / n_came + gap_stayed.var(ddof=1) / n_stayed)
    return areas[0], areas[1], normal_interval(areas[0] - areas[1], error, confidence=confidence)


def compare_deviance(y: FloatArray, chance: FloatArray, other: FloatArray, *, confidence: float = 0.95) -> Interval:
    """By how much is the mean deviance of the other forecast larger? Above 0 the first is better; paired."""
    gain = _deviance(y, other) - _deviance(y, chance)
    return mean_interval(gain, confidence=confidence)


def _deviance(y: FloatArray, chance: FloatArray) -> FloatArray:
    kept = np.clip(chance, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    return np.asarray(-2 * (special.xlogy(y, kept) + special.xlogy(1 - y, 1 - kept)))


def _placements(score: FloatArray, came: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Of those who came: share of the others ranked below; of the others: share of those who came ranked above."""
    places = place_scores(score)
    whole = stats.rankdata(places)
    n_came, n_stayed = int(came.sum()), int((~came).sum())
    above = (whole[came] - stats.rankdata(places[came])) / n_stayed
    below = 1 - (whole[~came] - stats.rankdata(places[~came])) / n_came
    return np.asarray(above), np.asarray(below)
