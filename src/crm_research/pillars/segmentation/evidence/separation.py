"""Is there a gap between two groups, or does the line between them run through a crowd?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.inputs.scale import CUT_OFF
from crm_research.stats.dip import reject_one_hump
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAP: Final = 0.5
DIP: Final = 0.8
# Groups are sought where customers are few, so that chance gaps are found rather than met: 5 % would be 10.
_LEVEL: Final = 0.01
# Of dips every border must be one, so that each is asked by itself.
_LEVEL_OF_DIPS: Final = 0.1
_FEWEST_OF_DIPS: Final = 100
# Of a group's customers, the least share that has another group as the next nearest for a border with it.
_NEIGHBOURS: Final = 0.05
_LEAST_BETWEEN: Final = 0.5
_FEWEST_BETWEEN: Final = 20
_COLUMNS: Final = (
    "group", "other", "is_border", "border_density", "heap", "heap_value", "p_one_hump", "is_dip", "is_gap",
)  # fmt: skip
HEAP_RULE: Final = 0.9
# Short of a gap less will do: who bought once stands a little apart from the rest by that alone.
_NO_HEAP: Final = 0.7
_GRID: Final = 256
_MOST_LOPSIDED: Final = 1.5
_LEAST_HEAP: Final = 0.05
_FEWEST: Final = 5
_LEAST_EDGE: Final = 0.005
_NEARBY: Final = 0.25
_FAR_TAIL: Final = 3.0


@step
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
        One pair of groups: group, other; is_border (are there customers who have these two as the two nearest
        centres? Between other pairs a third group lies); border_density (lowest density on the way from one peak to
        the other, over the lower of the two peaks, along the line that joins the centres: 1 where the line runs
        through a crowd, near 0 across an empty gap; missing where a group has fewer than five customers, and where
        there is no border); heap (the input on which one exact value tells the two groups apart, else empty) and
        heap_value; p_one_hump (of the dip test of Hartigan and Hartigan 1985, times the number of borders: how probable
        is so empty a border where all are one hump? Asked where the density is at most .8); is_gap (at most half, no
        heap, and p at most .01; see also `confirm_gaps`); is_dip (no value of an input tells the two apart seven times
        in ten, and a gap, or at most .8 with p of the border by itself at most .1 among 100 customers of either side).

    Notes
    -----
    Density is that of all customers, of whichever group, among whom both centres are nearer than the others (as many
    more as a density takes), by a Gaussian kernel, its width set by the smaller group (.9 s n^-1/5, Silverman 1986).
    Whole numbers are first spread evenly over their own step, so that the room between one purchase and two is not
    taken for a gap. Two normal groups of equal size reach .5 at 3.35 of their standard deviations, .8 at 2.67.
    """
    ends = CUT_OFF * (np.ones(points.shape[1]) if weights is None else weights)
    seen = _see_borders(spread_ties(points, seed=seed), labels)
    rows = []
    for one, other in combinations([int(label) for label in np.unique(labels)], 2):
        is_border = (one, other) in seen
        density, p_value, heap, value = float("nan"), float("nan"), None, float("nan")
        is_dip = is_gap = False
        if is_border:
            along, sides = seen[one, other]
            density = _measure_density(along, sides)
            members = points[labels == one], points[labels == other]
            heap, value = find_heap_rule(*members, ends=ends)
            if density <= DIP:
                p_alone = _test_dip(along, sides)
                p_value = min(len(seen) * p_alone, 1.0)
                is_plain = find_heap_rule(*members, ends=ends, at_least=_NO_HEAP)[0] is None
                has_many = min(int((sides < 0).sum()), int((sides > 0).sum())) >= _FEWEST_OF_DIPS
                is_gap = heap is None and density <= GAP and p_value <= _LEVEL
                is_dip = is_plain and (is_gap or (has_many and p_alone <= _LEVEL_OF_DIPS))
        rows.append(
            {
                "group": one,
                "other": other,
                "is_border": is_border,
                "border_density": density,
                "heap": "" if heap is None else (names[heap] if names is not None else str(heap)),
                "heap_value": value,
                "p_one_hump": p_value,
                "is_dip": is_dip,
                "is_gap": is_gap,
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def worst_border(points: NDArray[np.float64], labels: NDArray[np.int64], *, seed: int) -> float:
    """The most crowded border of the grouping; 1 where it cannot be told."""
    found = [_measure_density(*border) for border in _see_borders(spread_ties(points, seed=seed), labels).values()]
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
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    *,
    ends: NDArray[np.float64] | None = None,
    at_least: float = HEAP_RULE,
) -> tuple[int | None, float]:
    """The input, and its value, on which "exactly this value or not" tells two groups apart (nine times in ten).

    Balanced accuracy, so that the larger group does not decide. None where there is no such value. The ends at which
    scaled inputs are cut off (three, where not given) are no such values: who stands there has any value beyond.
    """
    both = np.vstack([one, other])
    best, where, value = at_least, None, float("nan")
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


def _see_borders(
    points: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[tuple[int, int], tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """For each pair of groups with a border, where the customers between them stand along the line that joins the
    centres, and on which side: -1 and 1 for members of the two, 0 for those of other groups.
    """  # noqa: D205
    groups, places = np.unique(labels, return_inverse=True)
    if len(groups) < 2:
        return {}
    centres = np.array([points[places == place].mean(axis=0) for place in range(len(groups))])
    squares = np.column_stack([((points - centre) ** 2).sum(axis=1) for centre in centres])
    seen = {}
    for one, other in sorted(_find_neighbours(squares, places)):
        is_between = _stand_between(squares, places, one, other)
        line = centres[other] - centres[one]
        along = points[is_between] @ line / (float(np.linalg.norm(line)) or 1.0)
        sides = (places[is_between] == other).astype(np.int64) - (places[is_between] == one)
        seen[int(groups[one]), int(groups[other])] = along, sides
    return seen


def _find_neighbours(squares: NDArray[np.float64], labels: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Pairs of groups between which customers stand: who belongs to one has the other as his next nearest.

    Each group has at least one neighbour, the one that most of its customers have as the next nearest.
    """
    k = squares.shape[1]
    others = squares.copy()
    others[np.arange(len(labels)), labels] = np.inf
    counts = np.zeros((k, k))
    np.add.at(counts, (labels, others.argmin(axis=1)), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    is_border = np.triu(np.minimum(shares, shares.T) >= _NEIGHBOURS, 1)
    is_border[np.arange(k), counts.argmax(axis=1)] = True
    return {(int(min(pair)), int(max(pair))) for pair in zip(*np.nonzero(is_border), strict=True)}


def _stand_between(squares: NDArray[np.float64], labels: NDArray[np.int64], one: int, other: int) -> NDArray[np.bool_]:
    """Customers of any group to whom both centres are nearer than the rest, and as many more as a density takes.

    They fill a convex piece of space. A cloud with one hump (log-concave) has one in any such piece, too, from
    whatever side it is seen (Prekopa 1973), while a line through a corner of several groups looks empty.
    """
    rest = np.delete(squares, [one, other], axis=1)
    if not rest.shape[1]:
        return np.ones(len(labels), dtype=bool)
    behind = np.maximum(squares[:, one], squares[:, other]) - rest.min(axis=1)
    members = [np.sort(behind[labels == group]) for group in (one, other)]
    wanted = max(_FEWEST_BETWEEN, int(_LEAST_BETWEEN * min(map(len, members))))
    reach = max(0.0, *(float(side[min(wanted, len(side)) - 1]) for side in members))
    is_between: NDArray[np.bool_] = behind <= reach
    return is_between


def _measure_density(along: NDArray[np.float64], sides: NDArray[np.int64]) -> float:
    left, right = along[sides < 0], along[sides > 0]
    smaller = min(len(left), len(right))
    if smaller < _FEWEST:
        return float("nan")
    length = abs(float(right.mean() - left.mean()))
    if length == 0:
        return 1.0
    within = np.sqrt((left.var() * len(left) + right.var() * len(right)) / (len(left) + len(right)))
    width = max(0.9 * float(within) * smaller**-0.2, 1e-3 * length)
    low, high = along.min() - 3 * width, along.max() + 3 * width
    peaks = sorted(int(_smooth(side, low, high, width).argmax()) for side in (left, right))
    density = _smooth(along, low, high, width)
    lesser = min(density[peaks[0]], density[peaks[1]])
    return float(min(density[peaks[0] : peaks[1] + 1].min() / lesser, 1.0)) if lesser > 0 else 1.0


def _test_dip(along: NDArray[np.float64], sides: NDArray[np.int64]) -> float:
    """How probable is one hump among as many customers of either side as the smaller has, those next to the border?

    A piece of a single hump is one, too: so a small group beside a large one is judged by its own number.
    """
    left, right = np.sort(along[sides < 0]), np.sort(along[sides > 0])
    n = min(len(left), len(right))
    return reject_one_hump(along[(along >= left[-n]) & (along <= right[n - 1])])


def _smooth(values: NDArray[np.float64], low: float, high: float, width: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    counts, _ = np.histogram(values, bins=_GRID, range=(low, high))
    smoothed: NDArray[np.float64] = gaussian_filter1d(
        counts.astype(float), width / (high - low) * _GRID, mode="constant"
    )
    return smoothed
