"""k-means behind one door: fitting on a sample, assigning everybody, comparing two groupings."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE: Final = 200_000
# Enough for groups of customers: the last steps move single customers on the edges only.
_MOST_STEPS: Final = 60
_STEP: Final = 1e-3


def fit_centres(
    points: NDArray[np.float64], k: int, *, seed: int, n_starts: int = 5, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Centres of k groups by k-means++ (Arthur and Vassilvitskii 2007) and Lloyd, the best of `n_starts`.

    As many centres as customers where these are fewer than k.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Fewer distinct customers than groups: an empty group is told from its size, not from a warning.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = KMeans(
            n_clusters=min(k, len(points)), n_init=n_starts, random_state=seed, max_iter=_MOST_STEPS, tol=_STEP
        )
        fitted = model.fit(points, sample_weight=weights)
    return np.asarray(fitted.cluster_centers_, dtype=np.float64)


def assign_nearest(
    points: NDArray[np.float64], centres: NDArray[np.float64], *, weights: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Number of the nearest centre for each point (multiplied by the weights, if given), in bounded memory."""
    norms = (centres**2).sum(axis=1)
    turned = (centres if weights is None else centres * weights).T
    labels = np.empty(len(points), dtype=np.int64)
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        labels[part] = np.argmin(norms - 2 * points[part] @ turned, axis=1)
    return labels


def spread_within(points: NDArray[np.float64], centres: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Sum of squared distances to the own centre."""
    return float(((points - centres[labels]) ** 2).sum())


def match_groups(labels: NDArray[np.int64], others: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Jaccard similarity of each group with the group most like it in another grouping of the same customers."""
    both = np.zeros((k, int(others.max()) + 1))
    np.add.at(both, (labels, others), 1)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    with np.errstate(invalid="ignore", divide="ignore"):
        similarity = np.where(union > 0, both / union, 0.0)
    best: NDArray[np.float64] = similarity.max(axis=1)
    return best


def draw_sample(n: int, size: int, *, seed: int) -> NDArray[np.int64]:
    """Numbers of a random sample of `size` of n customers, in order; everybody where there are no more."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=size, replace=False))


def n_distinct(points: NDArray[np.float64], most: int) -> int:
    """Number of different customers, counted up to `most`: a few rows answer for a million."""
    for size in (1_000, len(points)):
        found = len(np.unique(points[:size], axis=0))
        if found >= most:
            return most
    return found
