"""Maximum likelihood with analytic gradients on the logarithms of the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from crm_research.stats.intervals import FloatArray

# Log parameters in, mean log-likelihood per customer and its gradient out.
Objective = Callable[[FloatArray], tuple[float, FloatArray]]

# Edges of the search for log parameters, times being in units of the mean age: 0.0001 to 8,000.
EDGE = 9.0
_AT_EDGE = 8.5
_STEP = 1e-4
_MAX_NEWTON = 50
_MAX_APPROACH = 8
# Squared distances to the top, in standard errors: where the whole is worth its own information, where that
# information stays what it is, and where the search ends.
_APPROACHED = 1e-3
_NEAR = 1e-6
_CLOSE_ENOUGH = 1e-12
_BARELY_KNOWN = 3.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Optimum:
    """Where is the likelihood highest, and how sharply?

    Parameters
    ----------
    log_params
        Logarithms of the parameters at the top.
    value
        Mean log-likelihood per customer there.
    covariance
        Of the log parameters, from the observed information; NaN where the top is not one.
    is_converged
        Whether the gradient vanishes inside the searched region and the likelihood falls in every direction.
    notes
        What a reader has to know: parameters at the edge, directions that the data hardly determine.
    """

    log_params: FloatArray
    value: float
    covariance: FloatArray
    is_converged: bool
    notes: tuple[str, ...]


def maximise(
    objective: Objective,
    starts: Sequence[FloatArray],
    *,
    n_customers: float,
    names: Sequence[str],
    rough: Objective | None = None,
) -> Optimum:
    """Which parameters make the observed patterns most likely?

    Each start is followed by BFGS within the edges, on a `rough` objective (a part of the patterns) where one
    is given; the best is then taken to the top by damped Newton steps on the whole.

    Parameters
    ----------
    objective, rough
        Mean log-likelihood per customer with its gradient.
    starts
        Log parameters to start from.
    n_customers
        Customers behind the mean; scales the information.
    names
        Names of the parameters, for the notes.
    """
    if rough is not None:
        begun = max((_climb(rough, start) for start in starts), key=lambda found: found[1])[0]
        begun = _approach(objective, begun, observed_information(rough, begun), n_customers)
        found = _judge(*_newton(objective, begun, n_customers), n_customers, names)
        if found.is_converged:
            return found
        # What a part of the patterns leaves open all of them may settle; from fewer starts, since they are many.
        starts = starts[:2]
    best = max((_climb(objective, start) for start in starts), key=lambda found: found[1])[0]
    return _judge(*_newton(objective, best, n_customers), n_customers, names)


def refine(
    objective: Objective,
    start: FloatArray,
    *,
    n_customers: float,
    names: Sequence[str],
    inform: Callable[[FloatArray], FloatArray],
) -> Optimum:
    """The top from a start that is near it, by damped Newton steps alone.

    Parameters
    ----------
    inform
        Minus the second derivatives of the objective at a point, where they come cheaper than by differences in
        each direction.
    """
    return _judge(*_newton(objective, start, n_customers, inform), n_customers, names)


def _climb(objective: Objective, start: FloatArray) -> tuple[FloatArray, float]:
    """Near the top from one start, by BFGS; Newton's steps go the rest of the way."""

    def negative(point: FloatArray) -> tuple[float, FloatArray]:
        inside = np.clip(point, -EDGE, EDGE)
        beyond = point - inside
        value, gradient = objective(inside)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return 1e10, np.zeros_like(point)
        return -value + float(beyond @ beyond), np.where(beyond == 0.0, -gradient, 2.0 * beyond)

    # Not L-BFGS-B: its compiled steps start BLAS threads for four numbers, which costs seconds on a busy machine.
    found = optimize.minimize(negative, start, jac=True, method="BFGS", options={"maxiter": 100, "gtol": 1e-5})
    return np.clip(np.asarray(found.x, dtype=float), -EDGE, EDGE), -float(found.fun)


def _approach(objective: Objective, start: FloatArray, information: FloatArray, n_customers: float) -> FloatArray:
    """Steps on all patterns with the information of a part of them: one evaluation each instead of nine."""
    point = start
    value, gradient = objective(point)
    for _ in range(_MAX_APPROACH):
        step = _uphill(information, gradient)
        if float(gradient @ step) * n_customers < _APPROACHED:
            break
        moved = _line_search(objective, point, value, step)
        if moved is None:
            break
        point, value, gradient = moved
    return point


def _newton(
    objective: Objective,
    start: FloatArray,
    n_customers: float,
    inform: Callable[[FloatArray], FloatArray] | None = None,
) -> tuple[FloatArray, float, FloatArray, FloatArray]:
    measure = inform or (lambda at: observed_information(objective, at))
    point = start
    value, gradient = objective(point)
    information = measure(point)
    for _ in range(_MAX_NEWTON):
        step = _uphill(information, gradient)
        distance = float(gradient @ step) * n_customers
        if distance < _CLOSE_ENOUGH or float(np.abs(point).max()) > _AT_EDGE:
            break
        if distance < _NEAR:
            # So near the top the gain is below the rounding of the value, and the information stays what it is.
            candidate = np.clip(point + step, -EDGE, EDGE)
            new_value, new_gradient = objective(candidate)
            if not float(np.abs(new_gradient).max()) < float(np.abs(gradient).max()):
                break
            point, value, gradient = candidate, new_value, new_gradient
            continue
        moved = _line_search(objective, point, value, step)
        if moved is None:
            break
        point, value, gradient = moved
        information = measure(point)
    return point, value, gradient, information


def _uphill(information: FloatArray, gradient: FloatArray) -> FloatArray:
    """Newton's step; in directions that do not curve downwards their slope decides, and no step is wild."""
    curvature, directions = np.linalg.eigh(information)
    floor = max(float(np.abs(curvature).max()) * 1e-9, 1e-14)
    step = directions @ ((directions.T @ gradient) / np.maximum(np.abs(curvature), floor))
    length = float(np.abs(step).max())
    return np.asarray(step * min(1.0, 2.0 / length) if length > 0 else step)


def _line_search(
    objective: Objective, point: FloatArray, value: float, step: FloatArray
) -> tuple[FloatArray, float, FloatArray] | None:
    for halving in range(30):
        candidate = np.clip(point + step * 0.5**halving, -EDGE, EDGE)
        new_value, new_gradient = objective(candidate)
        if np.isfinite(new_value) and new_value > value and np.all(np.isfinite(new_gradient)):
            return candidate, new_value, new_gradient
    return None


def observed_information(objective: Objective, point: FloatArray) -> FloatArray:
    """Minus the second derivatives, by central differences of the analytic gradient."""
    axes = np.eye(len(point)) * _STEP
    square = np.array([(objective(point - axis)[1] - objective(point + axis)[1]) / (2 * _STEP) for axis in axes])
    return np.asarray((square + square.T) / 2)


def _judge(
    point: FloatArray,
    value: float,
    gradient: FloatArray,
    information: FloatArray,
    n_customers: float,
    names: Sequence[str],
) -> Optimum:
    information = information * n_customers
    notes = []
    at_edge = [name for name, place in zip(names, point, strict=True) if abs(place) > _AT_EDGE]
    if at_edge:
        notes.append(
            f"The likelihood keeps rising towards the edge of the search in {' and '.join(at_edge)}: customers differ "
            "too little for the data to determine this model. Its parameters must not be read, and have no limits."
        )
    curvature = np.linalg.eigvalsh(information) if np.all(np.isfinite(information)) else np.array([-1.0])
    is_peak = bool(curvature.min() > 1e-12 * max(float(np.abs(curvature).max()), 1e-300))
    covariance = np.full(information.shape, np.nan)
    is_steady = False
    if is_peak:
        covariance = np.linalg.inv(information)
        slope = gradient * n_customers
        # Beside the distance in standard errors: rounding leaves a gradient of about 1e-12 per customer.
        is_steady = float(slope @ covariance @ slope) < 1e-6 or float(np.abs(gradient).max()) < 1e-10
    if not (is_peak and is_steady) and not at_edge:
        notes.append("The search ended where the likelihood is flat or still rising; standard errors are not given.")
    is_converged = is_peak and is_steady and not at_edge
    if is_converged:
        spread = np.sqrt(np.diag(covariance))
        vague = [name for name, width in zip(names, spread, strict=True) if width > _BARELY_KNOWN]
        if vague:
            notes.append(f"The data hardly determine {' and '.join(vague)}: see the intervals.")
    else:
        covariance = np.full(information.shape, np.nan)
    return Optimum(log_params=point, value=value, covariance=covariance, is_converged=is_converged, notes=tuple(notes))
