"""How much each input should count: as much as it needs to be equally wide within the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, draw_sample, fit_centres
from crm_research.pillars.segmentation.evidence.null_draws import find_categories
from crm_research.pillars.segmentation.evidence.separation import measure_borders
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLE: Final = 2_000
_MOST_ROUNDS: Final = 6
_N_STARTS: Final = 4
_CHANGE: Final = 0.03
_MOST_WEIGHT: Final = 4.0
_LEVELS: Final = 3
_LEAST: Final = 1e-3
_SMALLEST_SHARE: Final = 0.05
# A clearer gap than the verdict asks for: weights are chosen to make gaps, and a long tail shows one of .25 by chance.
_CLEAR_GAP: Final = 0.15


def weigh_inputs(points: NDArray[np.float64], *, k_min: int, k_max: int, seed: int) -> NDArray[np.float64]:
    """By what should each input be multiplied, so that groups are not blurred by the spread between them?

    An input on which the groups lie apart is wide because of them; scaled by its whole spread it counts less than one
    that tells nothing. Weights of one over the spread within the groups mend that, but need groups: they are sought
    from the largest number downwards, and taken only where clear gaps lie between all of them (less than .15 as dense
    as the sparser group). Where there are none, every input counts the same.

    Parameters
    ----------
    points
        Scaled inputs, one row a customer; at most 2,000 of them, drawn at random, are used.
    k_min, k_max
        Fewest and most groups tried.

    Returns
    -------
    array
        One weight an input, from a quarter to four. All 1 where no groups with such gaps are found. Inputs of no more
        than three values are levels of categories and keep a weight of 1: the others are made as wide within groups as
        these are as a whole, and gaps are looked for in the others alone. Without levels, the geometric mean is 1.

    References
    ----------
    Gnanadesikan, Kettenring and Tsao (1995), Journal of Classification 12, 113-136: weights by the spread within
    groups find planted groups, those by the whole spread or range often do not.
    """
    equal = np.ones(points.shape[1])
    few = points[draw_sample(len(points), _SAMPLE, seed=seed)]
    is_number = np.array([len(np.unique(column)) > _LEVELS for column in few.T])
    if points.shape[1] == 1 or not is_number.any():
        return equal
    for k in range(k_max, k_min - 1, -1):
        weights, labels = _fit(few, is_number, k, seed)
        if np.bincount(labels, minlength=k).min() < _SMALLEST_SHARE * len(few):
            continue
        numbers = (few * weights)[:, is_number]
        borders = measure_borders(numbers, labels, seed=seed, weights=weights[is_number])
        if bool((borders["is_gap"] & (borders["border_density"] <= _CLEAR_GAP)).all()):
            return weights
    return equal


def measure_spread(points: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Standard deviation of each input within the groups, pooled."""
    squares = np.zeros(points.shape[1])
    for group in np.unique(labels):
        members = points[labels == group]
        squares += ((members - members.mean(axis=0)) ** 2).sum(axis=0)
    spread: NDArray[np.float64] = np.sqrt(squares / len(points))
    return spread


@step
def _fit(
    points: NDArray[np.float64], is_number: NDArray[np.bool_], k: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Weights and groups that fit each other, from two starts; the one with the narrower groups, on any scale."""
    single = [assign_nearest(column, fit_centres(column, k, seed=seed, n_starts=1)) for column in points.T[:, :, None]]
    alone = np.array([measure_spread(points[:, [at]], labels)[0] for at, labels in enumerate(single)])
    alone = np.where(is_number, alone, _measure_categories(points))
    starts = (np.ones(points.shape[1]), _as_weights(alone, is_number))
    fits = [_alternate(points, is_number, start, k, seed) for start in starts]
    within = [measure_spread(points[:, is_number], labels) for _, labels in fits]
    volumes = [float(np.log(np.maximum(spread, _LEAST)).sum()) for spread in within]
    return fits[int(np.argmin(volumes))]


def _alternate(
    points: NDArray[np.float64], is_number: NDArray[np.bool_], weights: NDArray[np.float64], k: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """k-means and the spread within its groups, turn by turn."""
    whole = _measure_categories(points)
    for _ in range(_MOST_ROUNDS):
        centres = fit_centres(points * weights, k, seed=seed, n_starts=_N_STARTS)
        labels = assign_nearest(points * weights, centres)
        spread = np.where(is_number, measure_spread(points, labels), whole)
        wanted = _as_weights(spread, is_number)
        change = float(np.abs(np.log(wanted / weights)).max())
        if change < _CHANGE:
            break
        weights = wanted
    return weights, labels


def _measure_categories(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each column the whole spread of the category it is a level of: within groups it would be nought at once."""
    spread: NDArray[np.float64] = points.std(axis=0)
    for columns in find_categories(points):
        spread[columns] = np.sqrt((spread[columns] ** 2).sum())
    return spread


def _as_weights(spread: NDArray[np.float64], is_number: NDArray[np.bool_]) -> NDArray[np.float64]:
    logarithms = -np.log(np.maximum(spread, _LEAST))
    most = np.log(_MOST_WEIGHT)
    if is_number.all():
        logarithms = np.clip(logarithms - np.median(logarithms), -most, most)
        logarithms = logarithms - logarithms.mean()
    else:
        logarithms = np.where(is_number, logarithms - logarithms[~is_number].mean(), 0.0)
    weights: NDArray[np.float64] = np.exp(np.clip(logarithms, -most, most))
    return weights
