"""Profile-likelihood limits: how far can a quantity go before the data speak against it?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crm_research.models.btyd.fitted import BtydFit
from crm_research.models.btyd.limits import combine, reduce_objective
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.patterns import read_patterns
from crm_research.models.btyd.scoring import read_level
from crm_research.stats.intervals import FloatArray, Interval

# A quantity with its gradient, both in the free log parameters.
Target = Callable[[FloatArray], tuple[float, FloatArray]]

# How far from the top a log parameter may be led; beyond it the limit is taken as open.
_REACH = 12.0
_STEP = 1e-4
_TOLERANCE = 0.02
_FLAT = 1e-12
# With more patterns the likelihood is as good as quadratic, and Wald's limits are the same at a fraction of the cost.
MOST_PROFILED = 20_000


def profile_params(fit: BtydFit, *, confidence: float | None = None) -> pd.DataFrame:
    """Between which limits do the parameters lie, where those of Wald lean on a likelihood that is not quadratic?

    Parameters
    ----------
    confidence
        Level; None takes that of the fit.

    Returns
    -------
    pandas.DataFrame
        Grain: free parameter (at an edge of the model the ratios that remain). Columns ``name``, ``estimate``,
        ``lower``, ``upper``. Limits are NaN where the fit has no top or more than 20,000 patterns, 0 or infinite
        where the likelihood never falls far enough.
    """
    level = fit.confidence if confidence is None else read_level(confidence)
    limit = fit.limit or combine([side[0] for side in fit.family.sides])
    point, covariance = limit.project @ fit.log_params, limit.project @ fit.covariance @ limit.project.T
    limits = np.full((len(limit.names), 2), np.nan)
    objective = _objective_of(fit)
    if objective is not None:
        n, n_free = float(fit.n_customers), len(limit.names)
        for place in range(n_free):
            found = profile_limits(
                objective, point, covariance, coordinate(place, n_free), n_customers=n, confidence=level
            )
            limits[place] = np.exp(found)
    return pd.DataFrame(
        {"name": list(limit.names), "estimate": np.exp(point), "lower": limits[:, 0], "upper": limits[:, 1]}
    )


def profile_alive(fit: BtydFit, *, confidence: float | None = None) -> Interval:
    """What share of the fitted customers is still active, with the limits of its profile likelihood?

    The limits hold the uncertainty of the parameters alone; NaN as in `profile_params`.
    """
    level = fit.confidence if confidence is None else read_level(confidence)
    limit = fit.limit or combine([side[0] for side in fit.family.sides])
    history = fit.history(fit.patterns)
    weights = fit.patterns["n_customers"].to_numpy(dtype=float) / fit.n_customers

    def share(point: FloatArray) -> float:
        params = np.exp(limit.base + limit.matrix @ point)
        return float(weights @ np.clip(fit.family.probability_alive(params, history), 0.0, 1.0))

    point = limit.project @ fit.log_params
    objective, found = _objective_of(fit), (np.nan, np.nan)
    if objective is not None:
        covariance = limit.project @ fit.covariance @ limit.project.T
        found = profile_limits(
            objective, point, covariance, by_differences(share), n_customers=float(fit.n_customers), confidence=level
        )
    return Interval(np.asarray(share(point)), np.asarray(found[0]), np.asarray(found[1]))


def _objective_of(fit: BtydFit) -> Objective | None:
    """The likelihood of a fit in its free parameters and its own unit of time."""
    if not fit.is_converged or len(fit.patterns) > MOST_PROFILED:
        return None
    whole = fit.family.objective(read_patterns(fit.patterns, clock=fit.family.clock).scaled(1 / fit.time_unit_days))
    return whole if fit.limit is None else reduce_objective(whole, fit.limit)


def profile_limits(
    objective: Objective,
    top: FloatArray,
    covariance: FloatArray,
    target: Target,
    *,
    n_customers: float,
    confidence: float,
) -> tuple[float, float]:
    """Between which values of a quantity does the profile likelihood stay within reach of its top?

    Parameters
    ----------
    objective
        Mean log-likelihood per customer with its gradient.
    top, covariance
        Where it is highest, and Wald's covariance, from which the search begins.
    target
        The quantity and its gradient.

    Returns
    -------
    tuple of float
        Smallest and largest value of the quantity among parameters whose log-likelihood lies no more than half a
        quantile of chi-squared (one degree of freedom) below the top: the ends of its profile. Infinite where the
        likelihood never falls so far; NaN where the search does not get there.

    References
    ----------
    Venzon and Moolgavkar (1988), Applied Statistics 37, 87-94, for the limits as extremes under that constraint.
    """
    allowed = float(stats.chi2.ppf(confidence, 1)) / 2
    highest = objective(top)[0]
    # In units in which the likelihood falls alike in all directions the search is a short one.
    spread, directions = np.linalg.eigh(covariance)
    scale = directions * np.sqrt(np.maximum(spread, 0.0))

    def room(point: FloatArray) -> float:
        return allowed - (highest - objective(_within(top, scale @ point))[0]) * n_customers

    def room_slope(point: FloatArray) -> FloatArray:
        return np.asarray(scale.T @ objective(_within(top, scale @ point))[1] * n_customers)

    radius = float(np.sqrt(2 * allowed))
    lower, upper = (_extreme(sign, top, scale, target, room, room_slope, radius) for sign in (1.0, -1.0))
    return lower, upper


def _extreme(
    sign: float,
    top: FloatArray,
    scale: FloatArray,
    target: Target,
    room: Callable[[FloatArray], float],
    room_slope: Callable[[FloatArray], FloatArray],
    radius: float,
) -> float:
    """The smallest (sign 1) or largest (sign -1) value of the target that the constraint allows."""

    def value(point: FloatArray) -> tuple[float, FloatArray]:
        own, slope = target(_within(top, scale @ point))
        return sign * own / unit, sign * (scale.T @ slope) / unit

    unit = 1.0
    slope = value(np.zeros(len(top)))[1]
    unit = float(np.linalg.norm(slope))
    if unit < _FLAT:
        return float(target(top)[0])
    start = -radius * slope / unit
    with np.errstate(all="ignore"):
        done = optimize.minimize(
            value,
            start,
            jac=True,
            method="SLSQP",
            constraints=[{"type": "ineq", "fun": room, "jac": room_slope}],
            options={"maxiter": 100, "ftol": 1e-7},
        )
    at = _within(top, scale @ done.x)
    left = room(done.x)
    if done.success and abs(left) < _TOLERANCE:
        return float(target(at)[0])
    # Led far away without the likelihood falling: the quantity is open to this side.
    is_open = float(np.abs(at - top).max()) >= _REACH and left > 0
    return -sign * np.inf if is_open else float("nan")


def _within(top: FloatArray, moved: FloatArray) -> FloatArray:
    return np.asarray(top + np.clip(moved, -_REACH, _REACH))


def by_differences(function: Callable[[FloatArray], float]) -> Target:
    """A quantity with its gradient by central differences."""

    def target(point: FloatArray) -> tuple[float, FloatArray]:
        steps = _STEP * np.eye(len(point))
        slope = np.array([function(point + step) - function(point - step) for step in steps]) / (2 * _STEP)
        return function(point), slope

    return target


def coordinate(place: int, n: int) -> Target:
    """One of the log parameters itself."""
    unit = np.eye(n)[place]
    return lambda point: (float(point[place]), unit)
