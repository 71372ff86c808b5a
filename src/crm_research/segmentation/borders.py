"""Is there a gap between two groups, or does the line between them run through a crowd?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.segmentation.scale import CUT_OFF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAP: Final = 0.5
HEAP_RULE: Final = 0.9
_GRID: Final = 256
_MOST_LOPSIDED: Final = 1.5
_LEAST_HEAP: Final = 0.05
_FEWEST: Final = 5
_LEAST_EDGE: Final = 0.005
_NEARBY: Final = 0.25
_FAR_TAIL: Final = 3.0


def measure_borders(
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    seed: int,
    names: Sequence[str] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """How many customers stand between two groups, compared with the sparser of the two?

    Parameters
    ----------
    points
        Scaled inputs, one row a customer (a sample will do).
    labels
        Group of each row.
    names
        Inputs, one a column; numbers where not given.
    weights
        What each input was multiplied by after its ends were cut off at three; 1 where not given.

    Returns
    -------
    frame
        One pair of groups: group, other; border_density (lowest density on the way from one peak to the other, over
        the lower of the two peaks, along the line that joins the centres: 1 where the line runs through a crowd, near
        0 across an empty gap; missing where a group has fewer than five customers); heap (the input on which one
        exact value tells the two groups apart, else empty) and heap_value; is_gap (at most half the density of the
        sparser peak, and no heap).

    Notes
    -----
    Whole numbers are first spread evenly over their own step, so that the room between one purchase and two is not
    taken for a gap. Density by a Gaussian kernel, its width set by the smaller group (.9 s n^-1/5, Silverman 1986).
    Two normal groups of equal size reach .5 at 3.35 of their standard deviations.
    """
    spread = spread_ties(points, seed=seed)
    ends = CUT_OFF * (np.ones(points.shape[1]) if weights is None else weights)
    rows = []
    for one, other in combinations([int(label) for label in np.unique(labels)], 2):
        is_one, is_other = labels == one, labels == other
        density = _density_between(spread[is_one], spread[is_other])
        heap, value = find_heap_rule(points[is_one], points[is_other], ends=ends)
        rows.append(
            {
                "group": one,
                "other": other,
                "border_density": density,
                "heap": "" if heap is None else (names[heap] if names is not None else str(heap)),
                "heap_value": value,
                "is_gap": bool(density <= GAP) and heap is None,
            }
        )
    return pd.DataFrame(rows, columns=["group", "other", "border_density", "heap", "heap_value", "is_gap"])


def worst_border(points: NDArray[np.float64], labels: NDArray[np.int64], *, seed: int) -> float:
    """The most crowded border of the grouping; 1 where it cannot be told."""
    spread = spread_ties(points, seed=seed)
    members = [spread[labels == label] for label in np.unique(labels)]
    found = [_density_between(one, other) for one, other in combinations(members, 2)]
    return 1.0 if not found or np.isnan(found).any() else float(max(found))


def spread_ties(points: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Values that several customers share, spread evenly up to half-way to the next value on either side.

    The wider side counts for at most one and a half times the narrower, so that a real gap is not filled. A heap at
    the end of something measured finely (a tail that was cut off, a share of exactly nothing) is laid out again as a
    tail that goes on as dense as what stands next to it.
    """
    rng = np.random.default_rng(seed)
    return np.column_stack([_spread_column(column, rng) for column in points.T])


def find_heap_rule(
    one: NDArray[np.float64], other: NDArray[np.float64], *, ends: NDArray[np.float64] | None = None
) -> tuple[int | None, float]:
    """The input, and its value, on which "exactly this value or not" tells two groups apart nine times in ten.

    Balanced accuracy, so that the larger group does not decide. None where there is no such value. The ends at which
    scaled inputs are cut off (three, where not given) are no such values: who stands there has any value beyond.
    """
    both = np.vstack([one, other])
    best, where, value = HEAP_RULE, None, float("nan")
    for place in range(both.shape[1]):
        values, counts = np.unique(both[:, place], return_counts=True)
        if len(values) < 2:
            continue
        end = CUT_OFF if ends is None else float(ends[place])
        for heap in values[(counts >= _LEAST_HEAP * len(both)) & ~np.isclose(np.abs(values), end)]:
            accuracy = 0.5 + abs(float((one[:, place] == heap).mean() - (other[:, place] == heap).mean())) / 2
            if accuracy >= best:
                best, where, value = accuracy, place, float(heap)
    return where, value


def _spread_column(column: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    values, places, counts = np.unique(column, return_inverse=True, return_counts=True)
    if len(values) < 2 or counts.max() == 1:
        return column
    steps = np.diff(values) / 2
    left, right = np.r_[steps[0], steps], np.r_[steps, steps[-1]]
    left, right = np.minimum(left, _MOST_LOPSIDED * right), np.minimum(right, _MOST_LOPSIDED * left)
    is_shared = counts > 1
    left, right = np.where(is_shared, left, 0.0), np.where(is_shared, right, 0.0)
    spread: NDArray[np.float64] = column - left[places] + rng.random(len(column)) * (left + right)[places]
    unit = float(column.std())
    for end, away in ((0, -1.0), (-1, 1.0)):
        step = steps[end] * 2
        if counts[end] >= max(_LEAST_EDGE * len(column), 2) and step <= _NEARBY * unit / 3:
            is_edge = column == values[end]
            length = _tail_length(np.abs(column[~is_edge] - values[end]), int(counts[end]), unit)
            spread[is_edge] = values[end] + away * rng.exponential(length, size=int(counts[end]))
    return spread


def _tail_length(distances: NDArray[np.float64], n: int, unit: float) -> float:
    """Mean length of a tail of n customers that begins as dense as what stands next to it."""
    nearby = _NEARBY * unit
    density = max(int((distances <= nearby).sum()), 1) / nearby
    return min(n / density, _FAR_TAIL * unit)


def _density_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    smaller = min(len(one), len(other))
    if smaller < _FEWEST:
        return float("nan")
    line = other.mean(axis=0) - one.mean(axis=0)
    length = float(np.linalg.norm(line))
    if length == 0:
        return 1.0
    left, right = one @ line / length, other @ line / length
    within = np.sqrt((left.var() * len(left) + right.var() * len(right)) / (len(left) + len(right)))
    width = max(0.9 * float(within) * smaller**-0.2, 1e-3 * length)
    low, high = min(left.min(), right.min()) - 3 * width, max(left.max(), right.max()) + 3 * width
    parts = [_smooth(side, low, high, width) for side in (left, right)]
    peaks = sorted(int(part.argmax()) for part in parts)
    density = parts[0] + parts[1]
    lesser = min(density[peaks[0]], density[peaks[1]])
    return float(min(density[peaks[0] : peaks[1] + 1].min() / lesser, 1.0)) if lesser > 0 else 1.0


def _smooth(values: NDArray[np.float64], low: float, high: float, width: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    counts, _ = np.histogram(values, bins=_GRID, range=(low, high))
    smoothed: NDArray[np.float64] = gaussian_filter1d(
        counts.astype(float), width / (high - low) * _GRID, mode="constant"
    )
    return smoothed
