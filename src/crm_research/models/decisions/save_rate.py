"""What is believed of a share before it has been measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from crm_research.errors import ParameterError
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import check_confidence

# Beyond this a beta distribution is a point for every purpose.
_SHARPEST = 1e9


@dataclass(frozen=True, kw_only=True)
class SaveRate:
    """Of would-be leavers who are contacted, what share stays because of it?

    Parameters
    ----------
    mean, lower, upper
        As believed: the mean, and the middle range at the level given.
    alpha, beta
        Of the beta distribution with that mean and a middle range of that width; infinite where there is no doubt.
    """

    mean: float
    lower: float
    upper: float
    alpha: float
    beta: float

    @property
    def variance(self) -> float:
        """Of the beta distribution."""
        if math.isinf(self.alpha):
            return 0.0
        return self.mean * (1 - self.mean) / (self.alpha + self.beta + 1)

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Save rates as they may turn out."""
        return np.full(n, self.mean) if math.isinf(self.alpha) else np.asarray(rng.beta(self.alpha, self.beta, n))


def believe_save_rate(mean: float, lower: float, upper: float, *, confidence: float = 0.95) -> SaveRate:
    """Which beta distribution has this mean, and a middle range (at this level) as wide as from lower to upper?

    Raises
    ------
    ParameterError
        Unless 0 <= lower <= mean <= upper <= 1, the mean inside (0, 1), and the range one that a beta distribution
        with this mean can have.
    """
    check_confidence(confidence)
    if not (all(map(math.isfinite, (mean, lower, upper))) and 0 <= lower <= mean <= upper <= 1 and 0 < mean < 1):
        raise ParameterError(
            f"save_rate is (mean, lower, upper) with 0 <= lower <= mean <= upper <= 1 and the mean between 0 and 1, "
            f"not ({mean!r}, {lower!r}, {upper!r}). An example: (0.30, 0.13, 0.51)."
        )
    tail = (1 - confidence) / 2

    def width(log_size: float) -> float:
        size = math.exp(log_size)
        low, high = stats.beta.ppf([tail, 1 - tail], mean * size, (1 - mean) * size)
        return float(high - low) - (upper - lower)

    sharpest, dullest = math.log(_SHARPEST), math.log(1.0)
    if width(sharpest) >= 0:
        return SaveRate(mean=mean, lower=lower, upper=upper, alpha=math.inf, beta=math.inf)
    if width(dullest) <= 0:
        raise ParameterError(
            f"No save rate with mean {mean:g} can be as uncertain as {lower:g} to {upper:g}. Narrow the range."
        )
    size = math.exp(float(optimize.brentq(width, dullest, sharpest, xtol=1e-10)))
    return SaveRate(mean=mean, lower=lower, upper=upper, alpha=mean * size, beta=(1 - mean) * size)
