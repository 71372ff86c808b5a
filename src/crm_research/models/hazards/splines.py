"""Natural cubic splines: a continuous covariate may bend, but runs straight where data are thin."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_research.models.survival.risk import FloatArray

# Harrell (2015), Regression Modeling Strategies, 2nd edition, table 2.3: quantiles at which knots lie.
_QUANTILES: Final = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.50, 0.725, 0.95)}


def place_knots(values: FloatArray, n_knots: int = 4) -> FloatArray:
    """Where may the effect of this covariate bend? Distinct quantiles of its values; fewer than three mean nowhere.

    Parameters
    ----------
    values
        The covariate, without missing values.
    n_knots
        3, 4 or 5.

    References
    ----------
    Harrell (2015), Regression Modeling Strategies, 2nd edition, table 2.3.
    """
    if n_knots not in _QUANTILES:
        raise ValueError(f"n_knots must be 3, 4 or 5, not {n_knots!r}.")
    knots = np.unique(np.quantile(values, _QUANTILES[n_knots])) if len(values) else np.empty(0)
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
