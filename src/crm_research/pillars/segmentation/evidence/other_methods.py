"""Would another method, or another scale, have found the same groups?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, draw_sample, fit_centres, spread_within
from crm_research.pillars.segmentation.evidence.mixtures import KINDS, fit_mixture
from crm_research.pillars.segmentation.evidence.null_draws import find_categories
from crm_research.pillars.segmentation.evidence.number_of_groups import measure_silhouette
from crm_research.pillars.segmentation.evidence.separation import worst_border
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]

NO_GROUP: Final = -1
_SAMPLE: Final = 2_000
_N_RESAMPLES: Final = 5
_SMALLEST: Final = 0.02
_OUTLIERS: Final = 0.02
_MOST_STEPS: Final = 30


@step
def compare_methods(points: NDArray[np.float64], centres: NDArray[np.float64], *, seed: int) -> pd.DataFrame:
    """How far do other methods, scales and customers agree with these groups?

    Parameters
    ----------
    points
        Scaled inputs the groups were fitted on; at most 2,000 of them, drawn at random, are grouped again.
    centres
        Centres of the groups in question.

    Returns
    -------
    frame
        method; n_groups (that it finds; the mixture and HDBSCAN choose their own number, the others take the one in
        question); agreement (adjusted Rand index with the groups in question, Hubert and Arabie 1985: 1 the same, 0
        what chance gives; customers in no group are left out); share_in_no_group; silhouette; border_density (of the
        most crowded border); stability (mean adjusted Rand of the method on resamples of four fifths with itself);
        note. k-prototypes is among them where an input is a category.
    """
    few = points[draw_sample(len(points), _SAMPLE, seed=seed)]
    labels, k = assign_nearest(few, centres), len(centres)
    has_levels = any(is_level(column[:, None]) for column in few.T)
    methods = _methods(k, seed, has_levels=has_levels)
    return pd.DataFrame([_row(name, few, labels, method, seed) for name, method in methods.items()])


def group_by_mixture(points: NDArray[np.float64], *, k_max: int, seed: int) -> tuple[Labels, str]:
    """Groups of the mixture with the lowest BIC over numbers of groups and kinds of covariances, and what it was."""
    best, bic, said = None, np.inf, "no mixture could be fitted"
    for kind in KINDS:
        for k in range(1, k_max + 1):
            model = fit_mixture(points, k, kind=kind, seed=seed)
            if model is not None and model.bic(points) < bic:
                best, bic, said = model, model.bic(points), f"{k} with {kind} covariances by BIC"
    if best is None:
        return np.zeros(len(points), dtype=np.int64), said
    return np.asarray(best.predict(points), dtype=np.int64), said


def group_by_ward(points: NDArray[np.float64], k: int) -> Labels:
    """Ward's hierarchical groups (1963), cut into k."""
    from sklearn.cluster import AgglomerativeClustering

    return np.asarray(AgglomerativeClustering(k).fit_predict(points), dtype=np.int64)


def group_by_prototypes(points: NDArray[np.float64], k: int, *, seed: int, n_starts: int = 4) -> Labels:
    """k-prototypes (Huang 1998): as k-means, but the middle of a group has its most frequent level of each category.

    Squared distances on the scaled inputs, so two levels of a category are as far apart as they are for k-means;
    categories as `find_categories` tells them. The best of `n_starts` random starts.
    """
    rng = np.random.default_rng(seed)
    categories = [columns for columns in find_categories(points) if is_level(points[:, columns])]
    best, least = np.zeros(len(points), dtype=np.int64), np.inf
    for _ in range(n_starts):
        middles = points[rng.choice(len(points), size=min(k, len(points)), replace=False)]
        for _ in range(_MOST_STEPS):
            labels = assign_nearest(points, middles)
            moved = _find_prototypes(points, labels, middles, categories)
            if np.array_equal(moved, middles):
                break
            middles = moved
        labels = assign_nearest(points, middles)
        cost = spread_within(points, middles, labels)
        if cost < least:
            best, least = labels, cost
    return best


def is_level(columns: NDArray[np.float64]) -> bool:
    """Are these columns levels of a category, each with two values?"""
    return all(len(np.unique(column)) == 2 for column in columns.T)


def _find_prototypes(
    points: NDArray[np.float64], labels: Labels, middles: NDArray[np.float64], categories: list[NDArray[np.int64]]
) -> NDArray[np.float64]:
    moved = middles.copy()
    for group in np.unique(labels):
        members = points[labels == group]
        moved[group] = members.mean(axis=0)
        for columns in categories:
            rows, counts = np.unique(members[:, columns], axis=0, return_counts=True)
            moved[group, columns] = rows[counts.argmax()]
    return moved


def group_by_density(points: NDArray[np.float64]) -> Labels:
    """HDBSCAN (Campello, Moulavi and Sander 2013): dense regions are groups, the rest of the customers are in none."""
    from sklearn.cluster import HDBSCAN

    smallest = max(5, round(_SMALLEST * len(points)))
    return np.asarray(HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(points), dtype=np.int64)


def _methods(k: int, seed: int, *, has_levels: bool) -> dict[str, Callable[[NDArray[np.float64]], tuple[Labels, str]]]:
    def by_means(points: NDArray[np.float64]) -> Labels:
        return assign_nearest(points, fit_centres(points, k, seed=seed))

    def by_prototypes(points: NDArray[np.float64]) -> tuple[Labels, str]:
        return group_by_prototypes(points, k, seed=seed), "the middle of a group is its most frequent level"

    mixed = {"k-prototypes": by_prototypes} if has_levels else {}
    return {
        "k-means": lambda points: (by_means(points), "the method of this page"),
        **mixed,
        "Gaussian mixture": lambda points: _at_most(points, k, seed),
        "Ward": lambda points: (group_by_ward(points, k), ""),
        "HDBSCAN": lambda points: (group_by_density(points), "finds dense regions; the rest is in no group"),
        "k-means, standard deviations": lambda points: (by_means(_standardise(points)), "scale: mean and deviation"),
        "k-means, ranks": lambda points: (by_means(_rank(points)), "scale: ranks"),
        "k-means, without outliers": lambda points: (_without_outliers(points, k, seed), "2 % furthest out set aside"),
    }


def _at_most(points: NDArray[np.float64], k: int, seed: int) -> tuple[Labels, str]:
    return group_by_mixture(points, k_max=max(k + 2, 4), seed=seed)


def _row(
    name: str,
    points: NDArray[np.float64],
    labels: Labels,
    method: Callable[[NDArray[np.float64]], tuple[Labels, str]],
    seed: int,
) -> dict[str, object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a grouping is told by the columns of its row
        found, note = method(points)
        is_in = found != NO_GROUP
        n_groups = len(np.unique(found[is_in]))
        again = _agree_with_itself(points, found, method, seed) if name != "Gaussian mixture" else float("nan")
    return {
        "method": name,
        "n_groups": n_groups,
        "agreement": _agree(labels[is_in], found[is_in]),
        "share_in_no_group": float(1 - is_in.mean()),
        "silhouette": measure_silhouette(points[is_in], found[is_in], seed=seed)[0] if n_groups > 1 else np.nan,
        "border_density": worst_border(points[is_in], found[is_in], seed=seed) if n_groups > 1 else np.nan,
        "stability": again,
        "note": note if n_groups > 1 else f"{note}; finds a single group" if note else "finds a single group",
    }


def _agree_with_itself(
    points: NDArray[np.float64],
    found: Labels,
    method: Callable[[NDArray[np.float64]], tuple[Labels, str]],
    seed: int,
) -> float:
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(_N_RESAMPLES):
        held = np.sort(rng.choice(len(points), size=len(points) * 4 // 5, replace=False))
        values.append(_agree(found[held], method(points[held])[0]))
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def _agree(one: Labels, other: Labels) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other)) if len(one) > 1 else float("nan")


def _standardise(points: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = points.std(axis=0)
    scaled: NDArray[np.float64] = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def _rank(points: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(points, axis=0) / len(points)
    return ranks


def _without_outliers(points: NDArray[np.float64], k: int, seed: int) -> Labels:
    far = ((points - np.median(points, axis=0)) ** 2).sum(axis=1)
    kept = far <= np.quantile(far, 1 - _OUTLIERS)
    return assign_nearest(points, fit_centres(points[kept], k, seed=seed))
