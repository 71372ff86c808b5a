"""Gompertz: a danger that rises or falls by the same factor in every stretch of tenure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.models.parametric.curve import Likelihood, Reading
from crm_research.models.parametric.moves import Moves
from crm_research.models.survival.risk import FloatArray

_N_TERMS: Final = 25
_SERIES_BELOW: Final = 1.0
_FARTHEST: Final = 500.0


@dataclass(frozen=True, kw_only=True)
class Gompertz:
    """The hazard is exp(level + slope t / unit) / unit; a falling one leaves some for ever.

    Parameters
    ----------
    unit_days
        The stretch of tenure that the slope counts in.
    """

    unit_days: float

    @property
    def names(self) -> tuple[str, ...]:
        """Level and slope."""
        return ("level", "slope")

    def start(self, moves: Moves) -> FloatArray:
        """The exponential."""
        return np.array([np.log(moves.n_ended / max(moves.exposure, 1e-9) * self.unit_days), 0.0])

    def evaluate(self, theta: FloatArray, moves: Moves) -> Likelihood:
        """The likelihood of the moves, its slope and minus its second derivatives."""
        u = moves.days / self.unit_days
        with np.errstate(over="ignore", invalid="ignore"):
            area, first, second = (np.exp(theta[0]) * part for part in _grown(theta[1], u))
            value = moves.ended @ (theta[0] + theta[1] * u - np.log(self.unit_days)) - moves.net @ area
            score = np.array([moves.ended.sum() - moves.net @ area, moves.ended @ u - moves.net @ first])
            cross = float(moves.net @ first)
            information = np.array([[float(moves.net @ area), cross], [cross, float(moves.net @ second)]])
        return Likelihood(log_likelihood=float(value), score=score, information=information)

    def read(self, theta: FloatArray, days: FloatArray, columns: FloatArray) -> Reading:  # noqa: ARG002
        """The curve and its slopes in the parameters."""
        u = days / self.unit_days
        area, first, _ = (np.exp(theta[0]) * part for part in _grown(theta[1], u))
        return Reading(
            cumulative=area,
            log_hazard=theta[0] + theta[1] * u - np.log(self.unit_days),
            d_cumulative=np.column_stack([area, first]),
            d_log_hazard=np.column_stack([np.ones_like(u), u]),
        )


def _grown(slope: float, u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(exp(slope u) - 1) / slope and its first two derivatives in the slope, also where the slope is near 0."""
    x = np.minimum(slope * u, _FARTHEST)
    near = np.abs(x) < _SERIES_BELOW
    away = np.where(near, 1.0, x)
    grown = np.exp(away)
    parts = [
        np.expm1(away) / away,
        (grown * (away - 1) + 1) / away**2,
        (grown * (away**2 - 2 * away + 2) - 2) / away**3,
    ]
    small = np.where(near, x, 0.0)
    term, sums = np.ones_like(small), [np.zeros_like(small) for _ in range(3)]
    # Sum of x^k / (k + 1)!, and its derivatives term by term.
    for k in range(_N_TERMS):
        sums[0] += term / (k + 1)
        sums[1] += term / (k + 2)
        sums[2] += term / (k + 3)
        term = term * small / (k + 1)
    return tuple(np.where(near, s, p) * u ** (i + 1) for i, (s, p) in enumerate(zip(sums, parts, strict=True)))  # type: ignore[return-value]
