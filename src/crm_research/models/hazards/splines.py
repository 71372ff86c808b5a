"""Natural cubic splines: a continuous covariate may bend, but runs straight where data are thin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from crm_research.models.survival.risk import FloatArray

# Harrell (2015), Regression Modeling Strategies, 2nd edition, table 2.3: quantiles at which knots lie.
_QUANTILES: Final = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.50, 0.725, 0.95)}


def quantiles(values: FloatArray, shares: Sequence[float], n: FloatArray | None = None) -> FloatArray:
    """Quantiles of rows, linear between neighbours; of rows that were counted, as if each were listed.

    Parameters
    ----------
    values
        Without missing ones.
    n
        Rows of each value; one without it.
    """
    if n is None or bool((n == 1).all()):
        return np.asarray(np.quantile(values, shares), dtype=np.float64)
    distinct, place = np.unique(values, return_inverse=True)
    upto = np.cumsum(np.bincount(place, n, len(distinct)))
    at = np.asarray(shares, dtype=np.float64) * (upto[-1] - 1.0)
    below = np.floor(at)
    low, high = (distinct[np.searchsorted(upto, rank, side="right")] for rank in (below, np.ceil(at)))
    return np.asarray(low + (at - below) * (high - low), dtype=np.float64)


def place_knots(values: FloatArray, n_knots: int = 4, n: FloatArray | None = None) -> FloatArray:
    """Where may the effect of this covariate bend? Distinct quantiles of its values; fewer than three mean nowhere.

    Parameters
    ----------
    values, n
        The covariate, without missing values, and the rows of each value; one without `n`.
    n_knots
        3, 4 or 5.

    References
    ----------
    Harrell (2015), Regression Modeling Strategies, 2nd edition, table 2.3.
    """
    if n_knots not in _QUANTILES:
        raise ValueError(f"n_knots must be 3, 4 or 5, not {n_knots!r}.")
    knots = np.unique(quantiles(values, _QUANTILES[n_knots], n)) if len(values) else np.empty(0)
    if len(knots) < 3:
        # Most values are alike: the distinct ones carry what shape there is.
        distinct = np.unique(values)
        knots = np.unique(np.quantile(distinct, _QUANTILES[n_knots])) if len(distinct) > n_knots else np.empty(0)
    return np.asarray(knots, dtype=np.float64)


def natural_spline(values: FloatArray, knots: FloatArray) -> FloatArray:
    """The covariate itself and its bends: one column straight, len(knots) - 2 that are linear beyond the outer knots.

    References
    ----------
    Restricted cubic splines by truncated powers, scaled by the squared range of the knots: Harrell (2015),
    equation 2.25.
    """
    x = np.asarray(values, dtype=np.float64)
    last, before = knots[-1], knots[-2]
    scale = (last - knots[0]) ** 2

    def cube(knot: float) -> FloatArray:
        return np.maximum(x - knot, 0.0) ** 3

    columns = [x]
    for knot in knots[:-2]:
        bend = (
            cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before)
        )
        columns.append(bend / scale)
    return np.column_stack(columns)
