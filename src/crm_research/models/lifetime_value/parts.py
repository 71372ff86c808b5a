"""Outcomes of several parts of one customer added up: what is at least to come of all of them together?"""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_research.stats.intervals import FloatArray

# Each part stands as so many equally likely outcomes.
N_STEPS: Final = 20
STEPS: Final = (np.arange(N_STEPS) + 0.5) / N_STEPS
_ROWS_AT_ONCE: Final = 20_000


def add_outcomes(first: FloatArray, second: FloatArray, share: float) -> tuple[FloatArray, FloatArray]:
    """The sum of two independent outcomes.

    Parameters
    ----------
    first, second
        For each customer (row) the quantiles at `STEPS`.
    share
        Which quantile of the sum is asked for.

    Returns
    -------
    tuple
        The sum as equally likely outcomes again, in their order, and its quantile: of all sums of one outcome of each.
    """
    together, asked = np.empty_like(first), np.empty(len(first))
    for start in range(0, len(first), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        sums = (first[rows, :, None] + second[rows, None, :]).reshape(-1, N_STEPS**2)
        sums.sort(axis=1)
        together[rows] = sums.reshape(-1, N_STEPS, N_STEPS).mean(axis=2)
        asked[rows] = np.quantile(sums, share, axis=1)
    return together, asked
