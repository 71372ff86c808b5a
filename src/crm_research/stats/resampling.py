"""Intervals by resampling, seeded and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from crm_research.stats.intervals import FloatArray, Interval, check_confidence

Statistic = Callable[..., ArrayLike]
_ELEMENTS_AT_ONCE = 20_000_000


def bootstrap_interval(
    *samples: ArrayLike,
    statistic: Statistic,
    seed: int,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    method: Literal["percentile", "BCa"] = "BCa",
    paired: bool = False,
) -> Interval:
    """Between which limits does a statistic lie, if the customers at hand had been drawn again?

    Parameters
    ----------
    samples
        One or more one-dimensional samples; with `paired` the same customers are drawn in each.
    statistic
        Takes the samples and ``axis`` and returns one value per resample (``numpy.mean`` fits).
    method
        ``BCa`` corrects for bias and skewness and falls back to ``percentile`` where it is not defined (a
        constant sample).

    Returns
    -------
    Interval
        Zero-dimensional arrays. Limits equal the estimate where fewer than two values are at hand, so the caller
        must say that such an interval says nothing.

    References
    ----------
    Efron (1987), JASA 82, 171-185, as in ``scipy.stats.bootstrap``.
    """
    check_confidence(confidence)
    data = [np.asarray(sample, dtype=float) for sample in samples]
    estimate = np.asarray(statistic(*data, axis=-1), dtype=float)
    if min(len(sample) for sample in data) < 2:
        return Interval(estimate, estimate, estimate)
    widest = max(len(sample) for sample in data)
    batch = max(1, min(n_resamples, _ELEMENTS_AT_ONCE // widest))

    def limits(how: str) -> tuple[FloatArray, FloatArray]:
        found = stats.bootstrap(
            data,
            statistic,
            n_resamples=n_resamples,
            batch=batch,
            vectorized=True,
            paired=paired,
            confidence_level=confidence,
            method=how,
            rng=np.random.default_rng(seed),
        ).confidence_interval
        return np.asarray(found.low, dtype=float), np.asarray(found.high, dtype=float)

    if method == "BCa" and not _is_constant(data):
        lower, upper = limits("BCa")
        if np.all(np.isfinite(lower)) and np.all(np.isfinite(upper)):
            return Interval(estimate, lower, upper)
    return Interval(estimate, *limits("percentile"))


def poisson_bootstrap_interval(
    statistic: Callable[[FloatArray], ArrayLike],
    *,
    n: int,
    seed: int,
    confidence: float = 0.95,
    n_resamples: int = 1000,
) -> Interval:
    """Between which limits does a weighted statistic lie? Each record gets a Poisson(1) weight per resample.

    For samples too large to index again and again, and for data already aggregated by customer: memory is one
    vector of n weights.

    Parameters
    ----------
    statistic
        Takes n weights and returns a number or a fixed-length vector of numbers.
    n
        Records (customers) that carry a weight.

    References
    ----------
    Hanley and MacGibbon (2006), Computer Methods and Programs in Biomedicine 83, 57-62.
    """
    tail = (1 - check_confidence(confidence)) / 2
    rng = np.random.default_rng(seed)
    estimate = np.asarray(statistic(np.ones(n)), dtype=float)
    draws = np.stack(
        [np.asarray(statistic(rng.poisson(1.0, size=n).astype(float)), dtype=float) for _ in range(n_resamples)]
    )
    lower, upper = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    return Interval(estimate, np.asarray(lower), np.asarray(upper))


def _is_constant(samples: Sequence[FloatArray]) -> bool:
    return all(bool(np.all(sample == sample[0])) for sample in samples)
