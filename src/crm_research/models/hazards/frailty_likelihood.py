"""Shared gamma frailty by penalised partial likelihood, its second derivative never laid out.

For a given variance 1/nu of the frailties z = exp(w), the best coefficients b and log frailties w maximise
logPL(b, w) + nu * sum(w - z). That is what the EM algorithm finds, and the marginal likelihood follows from it in
closed form. The Hessian has one row for each cluster; conjugate gradients need only its product with a vector, which
is a handful of sums over risk sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special
from scipy.sparse.linalg import LinearOperator, cg

from crm_research.models.hazards.partial_likelihood import PartialLikelihood, evaluate
from crm_research.models.hazards.risk_sets import RiskSets
from crm_research.models.survival.risk import FloatArray, IntArray

_MOST_STEPS: Final = 60
_HALVINGS: Final = 30
_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Clustered:
    """Rows of a model with their clusters.

    Parameters
    ----------
    sets, x, owner
        Risk sets; columns and cluster numbers of the rows in their order.
    n_ended
        Ends of each cluster.
    """

    sets: RiskSets
    x: FloatArray
    owner: IntArray
    n_ended: FloatArray

    def sum_by_cluster(self, values: FloatArray) -> FloatArray:
        """Values of rows added up in each cluster."""
        return np.asarray(np.bincount(self.owner, values, len(self.n_ended)), dtype=np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrailtyPoint:
    """The best coefficients and log frailties for one variance.

    Parameters
    ----------
    log_likelihood
        Of the data with the frailties integrated out; that of Cox's model where the variance goes to 0.
    slope
        Its derivative in nu, everything else following.
    """

    nu: float
    beta: FloatArray
    log_frailty: FloatArray
    at: PartialLikelihood
    log_likelihood: float
    slope: float
    has_converged: bool

    @property
    def rise(self) -> float:
        """The derivative in the logarithm of the variance: above 0, more of it is likelier."""
        return -self.slope * self.nu


def fit_at(data: Clustered, nu: float, beta: FloatArray, log_frailty: FloatArray) -> FrailtyPoint:
    """Maximise over coefficients and frailties for a given variance 1/nu, from a start."""
    here, value = _evaluate(data, nu, beta, log_frailty)
    arrived = False
    for _ in range(_MOST_STEPS):
        score = _score(data, nu, here, log_frailty)
        step = solve_curvature(data, nu, here, log_frailty, score, tolerance=1e-3)
        gain = float(step @ score)
        if gain <= _TOLERANCE * (abs(value) + 1.0) * 0.01:
            arrived = True
        for _ in range(_HALVINGS):
            to_beta, to_log = beta + step[: len(beta)], log_frailty + step[len(beta) :]
            there, reached = _evaluate(data, nu, to_beta, to_log)
            if np.isfinite(reached) and reached >= value:
                beta, log_frailty, here, value = to_beta, to_log, there, reached
                break
            step = step / 2
        else:
            arrived = gain <= 1e-6
            break
        if arrived:
            break
    marginal, slope = _integrate(data, nu, value, log_frailty)
    return FrailtyPoint(
        nu=nu, beta=beta, log_frailty=log_frailty, at=here, log_likelihood=marginal, slope=slope, has_converged=arrived
    )


def slope_at_zero(data: Clustered, at: PartialLikelihood) -> float:
    """Derivative of the marginal likelihood in the variance where it is 0; `at` is Cox's fit.

    References
    ----------
    Commenges and Andersen (1995), Lifetime Data Analysis 1, 145-156.
    """
    expected = data.sum_by_cluster(at.weights * at.hazard)
    return float(((data.n_ended - expected) ** 2 - data.n_ended).sum() / 2)


def solve_curvature(
    data: Clustered,
    nu: float,
    at: PartialLikelihood,
    log_frailty: FloatArray,
    right: FloatArray,
    *,
    tolerance: float = 1e-9,
) -> FloatArray:
    """Solve (minus the Hessian) v = right, coefficients first, then clusters."""
    p, size = data.x.shape[1], len(right)
    load = at.weights * at.hazard
    prior = nu * np.exp(log_frailty)
    own = data.sum_by_cluster(load) + prior
    inverse = np.linalg.pinv(at.information) if p else np.empty((0, 0))

    def times(v: FloatArray) -> FloatArray:
        rows = data.x @ v[:p] + v[p:][data.owner]
        moved = load * rows - at.weights * _pulled(data.sets, at, rows)
        return np.concatenate([data.x.T @ moved, data.sum_by_cluster(moved) + prior * v[p:]])

    def ease(v: FloatArray) -> FloatArray:
        return np.concatenate([inverse @ v[:p], v[p:] / own])

    shape = (size, size)
    found, _ = cg(
        LinearOperator(shape, matvec=times, dtype=np.float64),
        right,
        rtol=tolerance,
        atol=0.0,
        maxiter=500,
        M=LinearOperator(shape, matvec=ease, dtype=np.float64),
    )
    return np.asarray(found, dtype=np.float64)


def curvature_of_profile(data: Clustered, point: FrailtyPoint) -> tuple[float, FloatArray]:
    """Second derivative of the marginal likelihood in nu, and how the coefficients move with nu."""
    z = np.exp(point.log_frailty)
    moves = np.concatenate([np.zeros(len(point.beta)), 1.0 - z])
    shift = solve_curvature(data, point.nu, point.at, point.log_frailty, moves)
    d, n = np.unique(data.n_ended, return_counts=True)
    nu = point.nu
    own = n @ (special.polygamma(1, nu + d) - special.polygamma(1, nu) + 1 / nu - 1 / (nu + d))
    return float(own + shift[len(point.beta) :].sum()), shift[: len(point.beta)]


def _evaluate(data: Clustered, nu: float, beta: FloatArray, log_frailty: FloatArray) -> tuple[PartialLikelihood, float]:
    at = evaluate(data.sets, data.x, beta, offset=log_frailty[data.owner])
    with np.errstate(over="ignore"):
        penalty = nu * float((log_frailty - np.exp(log_frailty)).sum())
    return at, at.log_likelihood + penalty


def _score(data: Clustered, nu: float, at: PartialLikelihood, log_frailty: FloatArray) -> FloatArray:
    expected = data.sum_by_cluster(at.weights * at.hazard)
    return np.concatenate([at.score, data.n_ended - expected + nu * (1.0 - np.exp(log_frailty))])


def _pulled(sets: RiskSets, at: PartialLikelihood, rows: FloatArray) -> FloatArray:
    """The mean of a value over each risk set, summed over the ends a row was at risk for."""
    return sets.row_hazard(sets.event_sums(at.weights * rows) / at.denominators**2)


def _integrate(data: Clustered, nu: float, penalised: float, log_frailty: FloatArray) -> tuple[float, float]:
    """The marginal log likelihood and its derivative in nu; clusters with equally many ends share their constants.

    References
    ----------
    Therneau and Grambsch (2000), Modeling Survival Data, section 9.6.
    """
    d, n = np.unique(data.n_ended, return_counts=True)
    both = nu + d
    # With the ends added, no variance at all gives Cox's partial likelihood.
    value = n @ (both - both * np.log(both) + nu * np.log(nu) + special.gammaln(both) - special.gammaln(nu))
    slope = n @ (special.digamma(both) - special.digamma(nu) + np.log(nu) - np.log(both)) + log_frailty.sum()
    return float(penalised + value), float(slope)
