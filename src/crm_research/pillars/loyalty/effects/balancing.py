"""A comparison of customers to whom something happened with others, weighted until both were alike before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

_ROUNDS: Final = 60
_BALANCED: Final = 0.02  # standard deviations
_RIDGE: Final = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Balance:
    """Weights under which the others looked like the exposed beforehand.

    Parameters
    ----------
    weight
        One for each of the others; they sum to one.
    largest_gap
        The largest difference of a mean that is left, in standard deviations of the exposed.
    n_effective
        Others of equal weight that would be worth as much (Kish).
    """

    weight: FloatArray
    largest_gap: float
    n_effective: float

    @property
    def is_balanced(self) -> bool:
        """Whether every mean agrees."""
        return self.largest_gap <= _BALANCED


def balance(exposed: FloatArray, others: FloatArray, base: FloatArray) -> Balance:
    """Which weights, as near to the given ones as may be, give the others the means of the exposed?

    Parameters
    ----------
    exposed, others
        (n, columns): what was known of each beforehand.
    base
        One for each of the others, above nought: weights to begin with.

    References
    ----------
    Hainmueller (2012), Political Analysis 20, 25-46 (entropy balancing).
    """
    centre, spread = exposed.mean(axis=0), np.concatenate([exposed, others]).std(axis=0)
    kept = spread > 0
    gaps = (others[:, kept] - centre[kept]) / spread[kept]
    log_base = np.log(base / base.sum())
    slope = np.zeros(gaps.shape[1])
    weight, value = _weigh(log_base, gaps, slope)
    for _ in range(_ROUNDS):
        mean = weight @ gaps
        if np.abs(mean).max(initial=0.0) < _BALANCED / 100:
            break
        curve = (gaps * weight[:, None]).T @ gaps - np.outer(mean, mean)
        step = np.linalg.solve(curve + _RIDGE * np.eye(len(mean)), mean + _RIDGE * slope)
        size = 1.0
        while size > 1e-4:
            tried = slope - size * step
            held, worth = _weigh(log_base, gaps, tried)
            if worth + _RIDGE / 2 * tried @ tried < value + _RIDGE / 2 * slope @ slope:
                break
            size /= 2
        else:
            break
        slope, weight, value = tried, held, worth
    largest = float(np.abs(weight @ gaps).max(initial=0.0))
    return Balance(weight=weight, largest_gap=largest, n_effective=float(1 / (weight**2).sum()))


def _weigh(log_base: FloatArray, gaps: FloatArray, slope: FloatArray) -> tuple[FloatArray, float]:
    """Weights of a tilt, and the logarithm of their sum, which is least where the means agree."""
    tilt = log_base + gaps @ slope
    top = float(tilt.max())
    raw = np.exp(tilt - top)
    return raw / raw.sum(), top + float(np.log(raw.sum()))


def compare_balanced(
    outcome: FloatArray,
    is_exposed: NDArray[np.bool_],
    before: FloatArray,
    found: Balance,
    owner: NDArray[np.int64],
    *,
    confidence: float,
) -> dict[str, float]:
    """By how much does the mean of the exposed exceed that of the others, once they are alike?

    Parameters
    ----------
    outcome, is_exposed, before, owner
        One row a customer and time; `before` as it was balanced, `owner` numbers the customers.
    found
        From `balance`, for the others in their order.

    Returns
    -------
    dict
        ``mean``, ``mean_alike``, ``difference``, ``lower``, ``upper``.

    Notes
    -----
    What the weights left of differences beforehand is taken away by a regression among the others, so the estimate is
    right if either the tilt or the regression is (Zhao and Percival 2017). Limits by the sum of each customer's
    influence, with Student's t on as many degrees of freedom as the smaller side has, less one.

    References
    ----------
    Hainmueller (2012); Zhao and Percival (2017), Journal of Causal Inference 5(1).
    """
    mine, theirs = outcome[is_exposed], outcome[~is_exposed]
    spread = before.std(axis=0)
    design = np.column_stack(
        [np.ones(len(before)), ((before - before[is_exposed].mean(axis=0)) / np.where(spread > 0, spread, 1.0))]
    )
    other = design[~is_exposed]
    weighted = other * found.weight[:, None]
    slope = np.linalg.lstsq(weighted.T @ other + 1e-9 * np.eye(other.shape[1]), weighted.T @ theirs, rcond=None)[0]
    left = outcome - design @ slope
    influence = np.zeros(len(outcome))
    gap = float(left[is_exposed].mean() - found.weight @ left[~is_exposed])
    influence[is_exposed] = (left[is_exposed] - left[is_exposed].mean()) / len(mine)
    influence[~is_exposed] = -found.weight * (left[~is_exposed] - found.weight @ left[~is_exposed])
    sums = np.bincount(owner, weights=influence)
    n_owners = int((np.bincount(owner) > 0).sum())
    error = float(np.sqrt(n_owners / max(n_owners - 1, 1) * (sums**2).sum()))
    freedom = max(1.0, min(len(mine), found.n_effective) - 1)
    half = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    mean = float(mine.mean())
    return {"mean": mean, "mean_alike": mean - gap, "difference": gap, "lower": gap - half, "upper": gap + half}


def e_value(ratio: float) -> float:
    """How strongly must something unrecorded go with both sides to make up a ratio of risks by itself?

    The least ratio of risks that it needs with both, being exposed and the outcome; 1 where nothing is to be explained.

    References
    ----------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167, 268-274.
    """
    if not np.isfinite(ratio) or ratio <= 0:
        return float("nan")
    far = max(ratio, 1 / ratio)
    return float(far + np.sqrt(far * (far - 1)))


def weigh_classes(classes: pd.Series, is_exposed: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], FloatArray]:
    """Rows whose class holds both sides, and weights that give the others the classes of the exposed.

    Returns
    -------
    tuple
        Kept, for every row; weight, for the kept others in their order.
    """
    code = pd.factorize(classes)[0]
    size = code.max(initial=-1) + 1
    mine = np.bincount(code[is_exposed], minlength=size).astype(float)
    theirs = np.bincount(code[~is_exposed], minlength=size).astype(float)
    kept = (mine[code] > 0) & (theirs[code] > 0)
    held = code[kept & ~is_exposed]
    return kept, mine[held] / theirs[held]
