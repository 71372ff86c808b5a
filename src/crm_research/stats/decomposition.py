"""A change of a product, told apart into its factors: each one's share of it, and all of them its whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_STEP: Final = 1e-20


def share_change(before: ArrayLike, after: ArrayLike) -> NDArray[np.generic]:
    """How much of the change of a product is owed to each of its factors?

    Parameters
    ----------
    before, after
        The factors, then and now, in any one order.

    Returns
    -------
    array
        One part for each factor; they sum to the product of `after` less that of `before`.

    Notes
    -----
    Shapley's value: what a factor moves when it changes after each choice of the others, averaged over all orders in
    which they might change. No factor comes first, so the parts do not depend on an order; then and now exchanged turn
    every sign; a factor that stays gets nothing. Factors may be nought or negative, where logarithms give up.

    References
    ----------
    Shapley (1953), A value for n-person games; Sun (1998), Accounting for the changes of energy use, Energy Economics
    20, 85-100 (the same rule); Ang (2004), Energy Policy 32, 1131-1139 compares it with logarithmic means.
    """
    then, now = np.asarray(before), np.asarray(after)
    n = len(then)
    parts = []
    for place in range(n):
        others = [other for other in range(n) if other != place]
        moved = np.zeros((), dtype=np.result_type(then, now, float))
        for size in range(n):
            weight = factorial(size) * factorial(n - 1 - size) / factorial(n)
            for changed in combinations(others, size):
                held = [now[other] if other in changed else then[other] for other in others]
                moved = moved + weight * np.prod(np.asarray([1.0, *held]))
        parts.append(moved * (now[place] - then[place]))
    return np.asarray(parts)


def slopes_of(
    measure: Callable[[NDArray[np.generic]], NDArray[np.generic]], at: Sequence[float]
) -> NDArray[np.float64]:
    """How far does each result move with each of the numbers it is made of? (results, numbers); exact to rounding.

    `measure` must be analytic and take complex numbers: a step off the real line loses no digits (Squire and Trapp
    1998, SIAM Review 40, 110-112).
    """
    point = np.asarray(at, dtype=float)
    slopes = []
    for place in range(len(point)):
        shifted = point.astype(complex)
        shifted[place] += 1j * _STEP
        slopes.append(np.imag(measure(shifted)) / _STEP)
    return np.asarray(slopes, dtype=float).T
