"""Newton's method for concave likelihoods: few steps, never downhill, and it says when it did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from crm_research.models.survival.risk import FloatArray

_MOST_STEPS: Final = 40
_HALVINGS: Final = 25
_TOLERANCE: Final = 1e-10
# A standardised column this strong, with an error as large, has no finite best value.
_RUNAWAY: Final = 5.0


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
) -> tuple[FloatArray, Point, bool]:
    """Where is the likelihood greatest? The coefficients, the likelihood there, and whether the search arrived.

    Parameters
    ----------
    first
        The likelihood at the start, where it is known already.
    """
    beta, here = start.copy(), evaluate(start) if first is None else first
    if not len(start):
        return beta, here, True
    for _ in range(_MOST_STEPS):
        step = solve(here.information, here.score)
        gain = float(step @ here.score)
        close = tolerance * (abs(here.log_likelihood) + 1.0)
        if gain <= close:
            # The last step squares the distance that is left; the gain may be lost in rounding.
            there = evaluate(beta + step)
            if there.is_finite() and there.log_likelihood >= here.log_likelihood - close:
                beta, here = beta + step, there
            return beta, here, True
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


def is_runaway(beta: FloatArray, information: FloatArray) -> NDArray[np.bool_]:
    """Which coefficients of standardised columns, the first of the information, went off without end?"""
    if not len(beta):
        return np.zeros(0, dtype=bool)
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(information)), 0.0))[: len(beta)]
    return np.asarray((np.abs(beta) > _RUNAWAY) & (error > _RUNAWAY))
