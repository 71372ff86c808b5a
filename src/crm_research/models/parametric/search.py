"""Newton's steps to the top of a likelihood that may bend the wrong way far from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.models.parametric.curve import Curve, Likelihood
from crm_research.models.parametric.moves import Moves
from crm_research.models.survival.risk import FloatArray

_MOST_STEPS: Final = 100
_HALVINGS: Final = 40
_LONGEST: Final = 3.0
_ARRIVED: Final = 1e-10


@dataclass(frozen=True, eq=False, kw_only=True)
class Top:
    """Where the likelihood is greatest; a covariance of NaN where the search did not arrive at a peak."""

    theta: FloatArray
    log_likelihood: float
    covariance: FloatArray
    has_converged: bool


@np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore")
def climb(curve: Curve, moves: Moves, start: FloatArray) -> Top:
    """Which parameters make the moves most likely?"""
    theta, here = start.copy(), curve.evaluate(start, moves)
    arrived = False
    for _ in range(_MOST_STEPS):
        step = _uphill(here)
        gain = float(step @ here.score)
        if gain < _ARRIVED * max(1.0, abs(here.log_likelihood) * 1e-3):
            arrived = True
            break
        for _ in range(_HALVINGS):
            there = curve.evaluate(theta + step, moves)
            if there.is_finite() and there.log_likelihood >= here.log_likelihood:
                break
            step = step / 2
        else:
            # Rounding leaves no higher point: near enough, if the slope says so too.
            arrived = gain < 1e-6
            break
        theta, here = theta + step, there
    covariance = _invert(here.information) if arrived else np.full_like(here.information, np.nan)
    return Top(
        theta=theta,
        log_likelihood=here.log_likelihood,
        covariance=covariance,
        has_converged=arrived and bool(np.isfinite(covariance).all()),
    )


def _uphill(here: Likelihood) -> FloatArray:
    """Newton's step on a scale free of units; where the likelihood curves upwards its slope decides."""
    size = np.sqrt(np.maximum(np.abs(np.diag(here.information)), 1e-12))
    curvature, directions = np.linalg.eigh(here.information / np.outer(size, size))
    floor = max(float(np.abs(curvature).max()) * 1e-10, 1e-12)
    step = (directions @ ((directions.T @ (here.score / size)) / np.maximum(np.abs(curvature), floor))) / size
    longest = float(np.abs(step).max())
    return np.asarray(step * min(1.0, _LONGEST / longest) if longest > 0 else step)


def _invert(information: FloatArray) -> FloatArray:
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    nothing = np.full_like(information, np.nan)
    if not (size > 0).all():
        return nothing
    scaled = information / np.outer(size, size)
    if np.linalg.eigvalsh(scaled)[0] < 1e-11:
        return nothing
    return np.asarray(np.linalg.inv(scaled) / np.outer(size, size))
