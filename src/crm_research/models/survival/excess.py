"""Are the ends of several groups further from what was expected than chance explains?"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import stats

from crm_research.models.survival.risk import FloatArray

# Of the largest eigenvalue. Excesses sum to zero, so one eigenvalue is zero but for rounding.
_NOTHING: Final = 1e-10


def judge_excess(excess: FloatArray, variance: FloatArray) -> tuple[float, int, float]:
    """How large is an excess of ends against its own variance?

    Returns
    -------
    tuple
        Chi-squared, its degrees of freedom (the directions in which the groups could differ), and the p-value; NaN, 0
        and NaN where they could not differ.
    """
    if not variance.any():
        return float("nan"), 0, float("nan")
    values, vectors = np.linalg.eigh(variance)
    kept = values > _NOTHING * values.max()
    degrees = int(kept.sum())
    along = vectors[:, kept].T @ excess
    chi_squared = float(np.sum(along**2 / values[kept]))
    return chi_squared, degrees, float(stats.chi2.sf(chi_squared, degrees))
