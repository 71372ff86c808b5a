"""Which scores are equal, though arithmetic wrote them a little differently?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDING: Final = 1e-10  # of the largest score: far above what sums of products differ by, far below what is seen


def place_scores(score: ArrayLike) -> NDArray[np.int64]:
    """Which place has each score among the different ones, from 0 for the lowest?

    Customers alike in everything get scores that may differ in their last digits, by the order in which products were
    added up. They have one place here, so that measures of order count them as ties and not as told apart.

    Returns
    -------
    numpy.ndarray
        Whole numbers, one a score. Neighbours closer than 1e-10 of the largest absolute score are equal.
    """
    values = np.asarray(score, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    rising = values[order]
    least = _ROUNDING * float(np.abs(values).max(initial=0.0))
    steps = np.concatenate([[0], (np.diff(rising) > least).astype(np.int64)])[: len(values)]
    places = np.empty(len(values), dtype=np.int64)
    places[order] = np.cumsum(steps)
    return places
