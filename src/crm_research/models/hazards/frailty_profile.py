"""Which variance of the frailties makes the data likeliest, and how far could it be from that?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import optimize, stats

from crm_research.models.hazards.frailty_likelihood import Clustered, FrailtyPoint, fit_at, slope_at_zero
from crm_research.models.hazards.searching import Search

_LEAST: Final = 1e-3
_MOST: Final = 64.0
_FIRST: Final = 0.5


def find_variance(data: Clustered, plain: Search, variance: float | None) -> FrailtyPoint | None:
    """Where the marginal likelihood is greatest; None where no variance does better than 0."""
    start = fit_at(data, 1.0 / (variance or _FIRST), plain.beta, np.zeros(len(data.n_ended)))
    if variance is not None:
        return start
    if slope_at_zero(data, plain.at) <= 0 and start.log_likelihood <= plain.at.log_likelihood:
        return None
    path = _Path(data, start)
    near = far = float(np.log(_FIRST))
    way = np.log(4.0) if start.rise > 0 else -np.log(4.0)
    slopes = {far: start.rise}
    while slopes[far] * way > 0 and np.log(_LEAST) <= far <= np.log(_MOST):
        near, far = far, far + way
        slopes[far] = path.at(far).rise
    if slopes[far] * way > 0:
        return path.seen[-1] if way > 0 else None
    # The slopes at the ends are kept: near the least variance they could come out otherwise a second time.
    optimize.brentq(lambda log: slopes[log] if log in slopes else path.at(log).rise, near, far, xtol=1e-6)
    best = min(path.seen, key=lambda point: abs(point.rise))
    return best if best.log_likelihood > plain.at.log_likelihood else None


class _Path:
    """Fits at one variance after the other, each from the one before."""

    def __init__(self, data: Clustered, start: FrailtyPoint) -> None:
        self.data, self.seen = data, [start]

    def at(self, log_variance: float) -> FrailtyPoint:
        last = self.seen[-1]
        point = fit_at(self.data, float(np.exp(-log_variance)), last.beta, last.log_frailty)
        self.seen.append(point)
        return point


def limit_variance(data: Clustered, point: FrailtyPoint, null: float, confidence: float) -> tuple[float, float]:
    """Variances whose profile likelihood lies within reach of the greatest."""
    drop = stats.chi2.ppf(confidence, 1) / 2
    path, best = _Path(data, point), -np.log(point.nu)

    def beyond(log_variance: float) -> float:
        return float(path.at(log_variance).log_likelihood - point.log_likelihood + drop)

    lower = 0.0
    if null < point.log_likelihood - drop:
        lower = _cross(beyond, best, -0.5, np.log(_LEAST))
    return lower, _cross(beyond, best, 0.5, np.log(4 * _MOST))


def _cross(beyond: Callable[[float], float], start: float, step: float, stop: float) -> float:
    """The variance at which a function of its logarithm falls under 0, going away from `start`."""
    near, far = start, start + step
    while beyond(far) > 0:
        near, far, step = far, far + step, step * 1.6
        if (far - stop) * step > 0:
            return 0.0 if step < 0 else np.inf
    return float(np.exp(optimize.brentq(beyond, near, far, xtol=1e-3)))


def limit_from_zero(data: Clustered, plain: Search, confidence: float) -> float:
    """The largest variance within reach of the likelihood, where none at all is the likeliest (0.01 at least)."""
    drop = stats.chi2.ppf(confidence, 1) / 2
    start = fit_at(data, 100.0, plain.beta, np.zeros(len(data.n_ended)))
    path = _Path(data, start)

    def beyond(log_variance: float) -> float:
        return float(path.at(log_variance).log_likelihood - plain.at.log_likelihood + drop)

    if start.log_likelihood - plain.at.log_likelihood + drop <= 0:
        return 1.0 / start.nu
    return _cross(beyond, np.log(0.01), 0.7, np.log(4 * _MOST))
