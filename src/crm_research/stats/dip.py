"""Has a number more than one hump, beyond what sampling alone gives?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Upper tail of sqrt(n) times the dip of n uniform numbers, n to infinity: R's diptest 0.76, qDiptab at n 72,000. For
# fewer numbers the quantiles are lower (at n 50 by a twelfth), so that the p value errs to the high side.
_TAIL: Final = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
_DIPS: Final = (0.173, 0.378, 0.455, 0.503, 0.545, 0.597, 0.633, 0.666, 0.709, 0.739, 0.768, 0.801, 0.830)


def measure_dip(values: NDArray[np.float64]) -> float:
    """How far is the distribution of the values from the nearest one with a single hump?

    Returns
    -------
    float
        The dip: the greatest difference between the two distribution functions, from 1 / (2 n) to .25.

    References
    ----------
    Hartigan and Hartigan (1985), Annals of Statistics 13, 70-84.
    """
    ordered = np.sort(values)
    n = len(ordered)
    if n < 4 or ordered[0] == ordered[-1]:
        return 0.5 / max(n, 1)
    ranks = np.arange(n, dtype=float)
    low, high, worst = 0, n - 1, 1.0
    while True:
        x, rank = ordered[low : high + 1], ranks[low : high + 1]
        below, above = _hull(x, rank, 1.0), _hull(x, rank, -1.0)
        convex, concave = np.interp(x, x[below], rank[below]), np.interp(x, x[above], rank[above])
        knots = np.union1d(below, above)
        widest = int(knots[(concave - convex)[knots].argmax()])
        # The distribution function rises by one customer at each value: the concave side is one higher.
        if concave[widest] - convex[widest] + 1 <= worst:
            break
        # The modal interval begins at the last knot of the convex side and ends at the first of the concave one.
        start = int(below[np.searchsorted(below, widest, side="right") - 1])
        end = int(above[np.searchsorted(above, widest, side="left")])
        left = (rank[: start + 1] - convex[: start + 1]).max() + 1
        right = (concave[end:] - rank[end:]).max() + 1
        worst = max(worst, float(left), float(right))
        if start == 0 and end == high - low:
            break
        low, high = low + start, low + end
    return worst / (2 * n)


def reject_one_hump(values: NDArray[np.float64]) -> float:
    """How probable is so large a dip if the values have a single hump? The p value, at the most that it can be.

    Of all distributions with one hump the uniform one gives the largest dips, so that others are rejected less often
    than the p value says. By the limit for many values; between 1 and .0001, beyond which it is not followed.
    """
    dip = float(np.sqrt(len(values))) * measure_dip(values)
    return float(np.exp(np.interp(dip, _DIPS, np.log(_TAIL))))


def _hull(x: NDArray[np.float64], y: NDArray[np.float64], side: float) -> NDArray[np.int64]:
    """Places of the knots of the greatest convex line below the points (side 1), or the least concave above (-1)."""
    xs, ys = x.tolist(), (side * y).tolist()
    kept: list[int] = []
    for place, (at, height) in enumerate(zip(xs, ys, strict=True)):
        while len(kept) > 1:
            before, last = kept[-2], kept[-1]
            if (ys[last] - ys[before]) * (at - xs[last]) < (height - ys[last]) * (xs[last] - xs[before]):
                break
            kept.pop()
        kept.append(place)
    return np.array(kept, dtype=np.int64)
