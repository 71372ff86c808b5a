"""Data without groups, made like the data at hand in everything but that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator], NDArray[np.float64]]

HEAP: Final = 0.1
_FITTED_ON: Final = 4_000
_STEPS: Final = 4
_GRID: Final = 512
_LEAST_MODE: Final = 0.05


def permute_columns(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The same values in every column, each column in an order of its own: no structure between columns is left.

    The levels of one category stay together (`find_categories`): they are one input.
    """
    drawn = np.empty_like(points)
    for columns in find_categories(points):
        drawn[:, columns] = points[np.ix_(rng.permutation(len(points)), columns)]
    return drawn


def fit_gaussian(points: NDArray[np.float64]) -> Draw:
    """One Gaussian cloud with the same means and covariances."""
    middle, covariance = points.mean(axis=0), np.atleast_2d(np.cov(points, rowvar=False))
    # Not checked: one giant makes rounding errors as large as all other variances.
    return lambda rng: rng.multivariate_normal(
        middle, covariance, size=len(points), method="eigh", check_valid="ignore"
    )


def fit_copula(points: NDArray[np.float64], *, seed: int) -> Draw:
    """One cloud with the shape of each input and the rank correlations between them (a Gaussian copula).

    Ties weaken rank correlations; those of the copula are raised until the draws have what the data have (Cario and
    Nelson 1997), or counts would look more alike than the copula makes them. The levels of a category are cut out of
    one such variable, in the order in which the customers of each stand on what the other inputs have most in common.
    """
    categories = find_categories(points)
    scores = order_levels(points, categories)
    correlations = _fit_correlations(scores, seed)
    sorted_rows = scores.argsort(axis=0, kind="stable")

    def draw(rng: np.random.Generator) -> NDArray[np.float64]:
        drawn = np.empty_like(points)
        rows = np.take_along_axis(sorted_rows, _draw_ranks(correlations, len(points), rng), axis=0)
        for place, columns in enumerate(categories):
            drawn[:, columns] = points[np.ix_(rows[:, place], columns)]
        return drawn

    return draw


def fit_one_hump(points: NDArray[np.float64], *, seed: int) -> Draw:
    """The same with each input smoothed just so far that it has a single hump (Silverman 1981), its variance kept."""
    from crm_research.pillars.segmentation.evidence.separation import spread_ties

    spread = spread_ties(points, seed=seed)
    draw_spread = fit_copula(spread, seed=seed)
    widths = np.array([one_hump_width(column) for column in spread.T])
    middle, variances = spread.mean(axis=0), spread.var(axis=0)
    shrink = np.sqrt(variances / np.maximum(variances + widths**2, np.finfo(float).tiny))

    def draw(rng: np.random.Generator) -> NDArray[np.float64]:
        drawn = draw_spread(rng)
        smoothed: NDArray[np.float64] = middle + shrink * (drawn + widths * rng.normal(size=drawn.shape) - middle)
        return smoothed

    return draw


def fit_heaps(points: NDArray[np.float64], *, seed: int) -> Draw | None:
    """The same with the largest heap kept: who stands on that one value is kept apart from those who do not.

    Within the two sides there is one cloud each (Gaussian copula). So the dependence that a heap brings with it, such
    as that who bought once cannot have bought lately, is in the data without groups too. None where no value of an
    input that has several is shared by a tenth of the customers.
    """
    heap = _largest_heap(points)
    if heap is None or min(heap.sum(), (~heap).sum()) < 2 * points.shape[1] + 2:
        return None
    sides = [fit_copula(points[side], seed=seed) for side in (heap, ~heap)]
    return lambda rng: np.vstack([side(rng) for side in sides])


def find_categories(points: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Which columns are levels of one category, so that nobody has two of them?

    Returns
    -------
    list
        Numbers of the columns of each input: neighbours with two values each, of which no customer has the higher one
        twice, stand together; every other column stands alone.
    """
    found: list[list[int]] = []
    taken: NDArray[np.bool_] | None = None
    for place, column in enumerate(points.T):
        is_on = column == column.max()
        is_level = bool(((column == column.min()) | is_on).all()) and not is_on.all()
        if is_level and taken is not None and not (taken & is_on).any():
            found[-1].append(place)
            taken = taken | is_on
        else:
            found.append([place])
            taken = is_on if is_level else None
    return [np.array(columns) for columns in found]


def order_levels(points: NDArray[np.float64], categories: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """One column an input: its values, or for a category where the customers of each level stand on the others' first
    principal component.
    """  # noqa: D205
    scores = np.empty((len(points), len(categories)))
    for place, columns in enumerate(categories):
        if len(columns) == 1:
            scores[:, place] = points[:, columns[0]]
            continue
        others = np.delete(points, columns, axis=1)
        levels = np.unique(points[:, columns], axis=0, return_inverse=True)[1].ravel()
        common = _first_component(others) if others.shape[1] else levels.astype(float)
        means = np.bincount(levels, weights=common) / np.bincount(levels)
        # A rank for each level: two levels that stand alike must not become one.
        scores[:, place] = means.argsort().argsort()[levels]
    return scores


def _first_component(points: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = points - points.mean(axis=0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    along: NDArray[np.float64] = centred @ direction
    return along


def one_hump_width(values: NDArray[np.float64]) -> float:
    """Least width of a Gaussian kernel that leaves a single mode (of some height) in the density of the values."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return 0.0
    reach = high - low
    counts, _ = np.histogram(values, bins=_GRID, range=(low - reach / 2, high + reach / 2))
    least, most = 0.0, reach
    for _ in range(12):
        width = (least + most) / 2
        if _n_modes(counts, width / (2 * reach) * _GRID) > 1:
            least = width
        else:
            most = width
    return most


def _n_modes(counts: NDArray[np.int64], width: float) -> int:
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(counts.astype(float), width, mode="constant")
    rises = np.diff(smooth)
    tops = np.flatnonzero((rises[:-1] > 0) & (rises[1:] <= 0)) + 1
    return int((smooth[tops] > _LEAST_MODE * smooth.max()).sum())


def _largest_heap(points: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    best, members = HEAP * len(points), None
    for column in points.T:
        values, counts = np.unique(column, return_counts=True)
        if len(values) > 2 and best <= counts.max() < len(points):
            best, members = float(counts.max()), column == values[counts.argmax()]
    return members


def _fit_correlations(points: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Correlations of the Gaussian whose draws, put into the shapes of the data, correlate by rank as the data do."""
    wanted = _rank_correlations(points)
    correlations = 2 * np.sin(np.pi / 6 * wanted)
    rng = np.random.default_rng(seed)
    n = max(len(points), _FITTED_ON)
    shapes = np.sort(points, axis=0)[np.arange(n) * len(points) // n]
    for _ in range(_STEPS):
        drawn = _pick(shapes, _draw_ranks(_nearest_valid(correlations), n, rng))
        correlations = np.clip(correlations + wanted - _rank_correlations(drawn), -0.999, 0.999)
        np.fill_diagonal(correlations, 1.0)
    return _nearest_valid(correlations)


def _rank_correlations(points: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    ranks = rankdata(points, axis=0)
    ranks = ranks - ranks.mean(axis=0)
    size = np.sqrt((ranks**2).sum(axis=0))
    scaled = ranks / np.where(size > 0, size, 1.0)
    found: NDArray[np.float64] = np.atleast_2d(scaled.T @ scaled)
    np.fill_diagonal(found, 1.0)
    return found


def _nearest_valid(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(correlations)
    mended = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    size = np.sqrt(np.diag(mended))
    valid: NDArray[np.float64] = mended / np.outer(size, size)
    return valid


def _draw_ranks(correlations: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    drawn = rng.normal(size=(n, len(correlations))) @ np.linalg.cholesky(correlations).T
    ranks: NDArray[np.int64] = drawn.argsort(axis=0).argsort(axis=0)
    return ranks


def _pick(shapes: NDArray[np.float64], ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    picked: NDArray[np.float64] = np.take_along_axis(shapes, ranks, axis=0)
    return picked
