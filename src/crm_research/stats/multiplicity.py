"""Many comparisons at once: how small must a p-value be to mean anything?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def adjust_holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """p-values that hold for the whole family: the chance of even one false finding stays at the stated level.

    Parameters
    ----------
    p_values
        One p-value per comparison, in any order; NaN (a comparison that could not be made) stays NaN and is
        not counted.

    Returns
    -------
    numpy.ndarray
        Adjusted p-values in the same order, never above 1.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70; needs no independence.
    """
    raw = np.asarray(p_values, dtype=float)
    adjusted = np.full(raw.shape, np.nan)
    known = np.flatnonzero(~np.isnan(raw))
    ascending = known[np.argsort(raw[known], kind="stable")]
    factors = np.arange(len(ascending), 0, -1)
    adjusted[ascending] = np.minimum(np.maximum.accumulate(raw[ascending] * factors), 1.0)
    return adjusted
