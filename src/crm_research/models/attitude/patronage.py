"""How often customers really come, where few purchases tell: rates of buying and their spread (NBD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

FloatArray = NDArray[np.float64]

_CELLS: Final = 120
_LIMITS: Final = ((-5.0, 7.0), (-12.0, 12.0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Patronage:
    """Rates of buying in a base: gamma with this shape and rate.

    Parameters
    ----------
    shape, rate
        Of the gamma distribution; purchases per unit of exposure.
    has_converged
        False where the search stopped early or the base buys without any differences.
    """

    shape: float
    rate: float
    has_converged: bool

    def quantile(self, share: float) -> float:
        """The rate below which this share of customers lies."""
        return float(stats.gamma.ppf(share, self.shape, scale=1 / self.rate))

    def place(self, rate: float) -> float:
        """The share of customers below this rate."""
        return float(stats.gamma.cdf(rate, self.shape, scale=1 / self.rate))

    def cells(self, cuts: FloatArray, longest: float, highest: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Cells of the rate for summing: their middles, shares of customers, and standard normal scores.

        Parameters
        ----------
        cuts
            Rates on which an edge must lie, so that sums above a cut are exact.
        longest, highest
            Longest exposure and highest observed rate: where the records can tell anything.
        """
        low = max(self.quantile(1e-4), 1e-3 / longest)
        high = max(self.quantile(1 - 1e-5), 1.5 * highest, 2 * low)
        inner = np.unique(np.concatenate([np.geomspace(low, high, _CELLS), cuts[cuts > 0]]))
        below = stats.gamma.cdf(inner, self.shape, scale=1 / self.rate)
        edges = np.concatenate([[0.0], below, [1.0]])
        mass = np.diff(edges)
        middles = np.concatenate([[inner[0] / 2], np.sqrt(inner[1:] * inner[:-1]), [inner[-1] * 1.05]])
        scores = special.ndtri(np.clip((edges[1:] + edges[:-1]) / 2, 1e-9, 1 - 1e-9))
        kept = mass > 0
        return middles[kept], mass[kept], scores[kept]


def fit_patronage(n_purchases: FloatArray, exposure: FloatArray) -> Patronage:
    """At which rates do customers buy, and how far do they differ?

    Parameters
    ----------
    n_purchases
        Purchases of each customer in his time under observation.
    exposure
        That time, more than 0, in whatever unit the rates shall have.

    References
    ----------
    Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8, 26-41; Greenwood and Yule (1920).
    """
    pattern, count = np.unique(np.column_stack([n_purchases, exposure]), axis=0, return_counts=True)
    x, t = pattern[:, 0], pattern[:, 1]

    def loss(point: FloatArray) -> float:
        r, a = np.exp(point)
        parts = special.gammaln(r + x) - special.gammaln(r) + r * np.log(a / (a + t)) - x * np.log(a + t)
        return -float(count @ parts) / float(count.sum())

    mean = max(float(n_purchases.sum() / exposure.sum()), 1e-6)
    least, most = np.array(_LIMITS).T
    start = np.clip(np.log([1.0, 1.0 / mean]), least, most)
    found = optimize.minimize(loss, start, method="L-BFGS-B", bounds=_LIMITS)
    shape, rate = np.exp(found.x)
    on_edge = bool(np.any(np.isclose(found.x, least) | np.isclose(found.x, most)))
    return Patronage(shape=float(shape), rate=float(rate), has_converged=bool(found.success) and not on_edge)
