"""Newton's method for concave likelihoods: few steps, never downhill, and it says when it did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import numpy as np

from crm_research.models.survival.risk import FloatArray

_MOST_STEPS: Final = 40
_HALVINGS: Final = 25
_TOLERANCE: Final = 1e-10
# Eigenvalues of a scaled information below this share are nought but for rounding.
_NO_INFORMATION: Final = 1e-12


class Evaluated(Protocol):
    """A likelihood at one point."""

    @property
    def log_likelihood(self) -> float: ...  # noqa: D102

    @property
    def score(self) -> FloatArray: ...  # noqa: D102

    @property
    def information(self) -> FloatArray: ...  # noqa: D102

    def is_finite(self) -> bool: ...  # noqa: D102


Point = TypeVar("Point", bound=Evaluated)


def maximise(
    evaluate: Callable[[FloatArray], Point],
    start: FloatArray,
    *,
    first: Point | None = None,
    tolerance: float = _TOLERANCE,
    shorten: Callable[[FloatArray], float] | None = None,
    n_steps: int = _MOST_STEPS,
) -> tuple[FloatArray, Point, bool]:
    """Where is the likelihood greatest? The coefficients, the likelihood there, and whether the search arrived.

    Parameters
    ----------
    first
        The likelihood at the start, where it is known already.
    shorten
        The part of a step that may be taken at once.
    n_steps
        Steps at most.
    """
    beta, here = start.copy(), evaluate(start) if first is None else first
    if not len(start):
        return beta, here, True
    for _ in range(n_steps):
        step = solve(here.information, here.score)
        gain = float(step @ here.score)
        close = tolerance * (abs(here.log_likelihood) + 1.0)
        if gain <= close:
            # The last step squares the distance that is left; the gain may be lost in rounding.
            there = evaluate(beta + step)
            if there.is_finite() and there.log_likelihood >= here.log_likelihood - close:
                beta, here = beta + step, there
            return beta, here, True
        step = step if shorten is None else step * shorten(step)
        for _ in range(_HALVINGS):
            there = evaluate(beta + step)
            if there.is_finite() and there.log_likelihood >= here.log_likelihood:
                break
            step = step / 2
        else:
            return beta, here, gain <= 1e-6
        beta, here = beta + step, there
    return beta, here, False


def solve(information: FloatArray, score: FloatArray) -> FloatArray:
    """The Newton step; the shortest one where the information is singular."""
    try:
        step = np.linalg.solve(information, score)
    except np.linalg.LinAlgError:
        step = np.linalg.lstsq(information, score, rcond=None)[0]
    return np.asarray(step, dtype=np.float64)


def invert(information: FloatArray) -> FloatArray:
    """The covariance of the coefficients; NaN for those of which there is no information, which is not certainty."""
    if not len(information):
        return np.empty((0, 0))
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    has_any = np.isfinite(scale) & (scale > 0)
    covariance = np.full(information.shape, np.nan)
    if not has_any.any():
        return covariance
    among = information[np.ix_(has_any, has_any)] / np.outer(scale[has_any], scale[has_any])
    values, vectors = np.linalg.eigh(among)
    is_none = values <= _NO_INFORMATION * values[-1]
    found = (vectors[:, ~is_none] / values[~is_none]) @ vectors[:, ~is_none].T
    lost = (np.abs(vectors[:, is_none]) > np.sqrt(_NO_INFORMATION)).any(axis=1)
    found[lost] = found[:, lost] = np.nan
    covariance[np.ix_(has_any, has_any)] = found / np.outer(scale[has_any], scale[has_any])
    return covariance
