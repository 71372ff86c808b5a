"""Shapes in which a covariate stretches time: exponential, Weibull, log-normal, log-logistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from scipy import special

from crm_research.models.parametric.curve import Likelihood, Reading
from crm_research.models.parametric.moves import Moves
from crm_research.models.survival.risk import FloatArray

_ROOT_TWO_PI: Final = 0.5 * np.log(2 * np.pi)
_FARTHEST: Final = 500.0


class Standard(NamedTuple):
    """A standard law of log time: cumulative hazard, log hazard, and the log hazard's two derivatives."""

    cumulative: FloatArray
    log_hazard: FloatArray
    slope: FloatArray
    bend: FloatArray


def _extreme_value(w: FloatArray) -> Standard:
    w = np.minimum(w, _FARTHEST)
    return Standard(np.exp(w), w, np.ones_like(w), np.zeros_like(w))


def _logistic(w: FloatArray) -> Standard:
    total = np.logaddexp(0.0, w)
    share = special.expit(w)
    return Standard(total, w - total, 1 - share, -share * (1 - share))


def _normal(w: FloatArray) -> Standard:
    log_survival = special.log_ndtr(-w)
    log_hazard = -0.5 * w**2 - _ROOT_TWO_PI - log_survival
    hazard = np.exp(log_hazard)
    return Standard(-log_survival, log_hazard, hazard - w, hazard * (hazard - w) - 1)


LAWS: Final = MappingProxyType(
    {"exponential": _extreme_value, "weibull": _extreme_value, "log_normal": _normal, "log_logistic": _logistic}
)


@dataclass(frozen=True, kw_only=True)
class ScaledTime:
    """log T = location + columns + scale W, with W of a standard law; the exponential has scale 1.

    Parameters are the location, the columns' coefficients and the logarithm of the scale, in this order.
    """

    law: Callable[[FloatArray], Standard]
    has_scale: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Location first, log scale last."""
        return ("location", "log_scale") if self.has_scale else ("location",)

    def start(self, moves: Moves) -> FloatArray:
        """The exponential without covariates."""
        theta = np.zeros(len(self.names) + moves.columns.shape[1])
        theta[0] = np.log(max(moves.exposure, 1e-9) / moves.n_ended)
        return theta

    def evaluate(self, theta: FloatArray, moves: Moves) -> Likelihood:
        """Chain rule through w = (log t - location - columns) / scale."""
        w, scale = self._standardise(theta, moves.days, moves.columns)
        law = self.law(w)
        hazard = np.exp(law.log_hazard)
        value = moves.ended @ (law.log_hazard - np.log(scale) - np.log(moves.days)) - moves.net @ law.cumulative
        first = moves.ended * law.slope - moves.net * hazard
        second = moves.ended * law.bend - moves.net * hazard * law.slope
        design = np.column_stack([np.ones(len(w)), moves.columns])
        score = -design.T @ first / scale
        information = -(design * second[:, None]).T @ design / scale**2
        if self.has_scale:
            mixed = -design.T @ (w * second + first) / scale
            own = -float(w**2 @ second + w @ first)
            score = np.append(score, -float(w @ first) - moves.ended.sum())
            information = np.block([[information, mixed[:, None]], [mixed[None, :], np.array([[own]])]])
        return Likelihood(log_likelihood=float(value), score=score, information=information)

    def read(self, theta: FloatArray, days: FloatArray, columns: FloatArray) -> Reading:
        """The curve and its slopes in the parameters."""
        w, scale = self._standardise(theta, days, columns)
        law = self.law(w)
        hazard = np.exp(law.log_hazard)
        steps = -np.column_stack([np.ones(len(w)), columns]) / scale
        if self.has_scale:
            steps = np.column_stack([steps, -w])
        d_log_hazard = law.slope[:, None] * steps
        if self.has_scale:
            d_log_hazard[:, -1] -= 1.0
        return Reading(
            cumulative=law.cumulative,
            log_hazard=law.log_hazard - np.log(scale) - np.log(days),
            d_cumulative=hazard[:, None] * steps,
            d_log_hazard=d_log_hazard,
        )

    def _standardise(self, theta: FloatArray, days: FloatArray, columns: FloatArray) -> tuple[FloatArray, float]:
        n_columns = columns.shape[1]
        scale = float(np.exp(theta[-1])) if self.has_scale else 1.0
        place = theta[0] + columns @ theta[1 : 1 + n_columns]
        with np.errstate(over="ignore"):
            return np.asarray((np.log(days) - place) / max(scale, 1e-8)), scale
