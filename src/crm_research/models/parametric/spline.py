"""Royston and Parmar's curve: the logarithm of the cumulative hazard bends smoothly along log tenure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.models.parametric.curve import Likelihood, Reading
from crm_research.models.parametric.moves import Moves
from crm_research.models.survival.risk import FloatArray


@dataclass(frozen=True, kw_only=True)
class SplineHazard:
    """log H(t) is a natural cubic spline of log t: straight, and so a Weibull, beyond the outer knots.

    Parameters
    ----------
    knots
        Log tenures, rising: the outer two and those between them.
    """

    knots: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Level, slope, and one bend for each inner knot."""
        return ("level", "slope", *(f"bend {place}" for place in range(1, len(self.knots) - 1)))

    def start(self, moves: Moves) -> FloatArray:
        """The exponential: slope 1 and no bend."""
        theta = np.zeros(len(self.names))
        theta[:2] = np.log(moves.n_ended / max(moves.exposure, 1e-9)), 1.0
        return theta

    def evaluate(self, theta: FloatArray, moves: Moves) -> Likelihood:
        """The likelihood of the moves; minus infinity where the curve would rise at a tenure at which some ended."""
        base, slopes = self._basis(moves.days)
        happened = moves.ended > 0
        slope = slopes[happened] @ theta
        ended = moves.ended[happened]
        if not (slope > 0).all():
            nothing = np.zeros(len(theta))
            return Likelihood(log_likelihood=-np.inf, score=nothing, information=np.eye(len(theta)))
        with np.errstate(over="ignore", invalid="ignore"):
            weight = moves.net * np.exp(base @ theta)
            value = ended @ (np.log(slope) + (base[happened] @ theta) - np.log(moves.days[happened])) - weight.sum()
            relative = slopes[happened] / slope[:, None]
            score = relative.T @ ended + base[happened].T @ ended - base.T @ weight
            information = (relative * ended[:, None]).T @ relative + (base * weight[:, None]).T @ base
        return Likelihood(log_likelihood=float(value), score=score, information=information)

    def read(self, theta: FloatArray, days: FloatArray, columns: FloatArray) -> Reading:  # noqa: ARG002
        """The curve and its slopes in the parameters; where it would rise, its hazard is next to nothing."""
        base, slopes = self._basis(days)
        slope = np.maximum(slopes @ theta, 1e-12)
        total = np.exp(np.minimum(base @ theta, 500.0))
        return Reading(
            cumulative=total,
            log_hazard=np.log(slope) + base @ theta - np.log(days),
            d_cumulative=total[:, None] * base,
            d_log_hazard=slopes / slope[:, None] + base,
        )

    def _basis(self, days: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The spline's columns and their slopes in log time.

        Royston and Parmar (2002), equation 6: v_j = (x - k_j)+^3 - l_j (x - k_min)+^3 - (1 - l_j) (x - k_max)+^3
        with l_j = (k_max - k_j) / (k_max - k_min).
        """
        x = np.log(days)
        low, high = self.knots[0], self.knots[-1]
        span = max(high - low, 1e-9)
        columns, slopes = [np.ones_like(x), x], [np.zeros_like(x), np.ones_like(x)]
        for knot in self.knots[1:-1]:
            share = (high - knot) / span
            weights = ((knot, 1.0), (low, -share), (high, share - 1.0))
            # Divided by the squared span, so that bends are of the size of the slope.
            columns.append(np.sum([c * np.maximum(x - k, 0.0) ** 3 for k, c in weights], axis=0) / span**2)
            slopes.append(np.sum([3 * c * np.maximum(x - k, 0.0) ** 2 for k, c in weights], axis=0) / span**2)
        return np.column_stack(columns), np.column_stack(slopes)


def place_log_knots(moves: Moves, n_inner: int) -> tuple[float, ...]:
    """Where may the curve bend? The outer knots at the first and last end, the inner ones at even shares of the ends.

    References
    ----------
    Royston and Parmar (2002), Statistics in Medicine 21, table I.
    """
    order = np.argsort(moves.days)
    days, ended = moves.days[order], moves.ended[order]
    days, ended = np.log(days[ended > 0]), ended[ended > 0]
    share = np.cumsum(ended) / ended.sum()
    inner = [float(days[np.searchsorted(share, place / (n_inner + 1))]) for place in range(1, n_inner + 1)]
    return tuple(float(knot) for knot in np.unique([days[0], *inner, days[-1]]))
