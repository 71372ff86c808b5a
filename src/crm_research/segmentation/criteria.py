"""How many groups: several criteria together, and a rule of decision that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.segmentation.clustering import assign_nearest, draw_sample, fit_centres, spread_within
from crm_research.segmentation.stability import PATTERN, bootstrap_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLE: Final = 4_000
_SILHOUETTE_SAMPLE: Final = 2_000
_N_NULLS: Final = 3
_N_BOOTSTRAPS: Final = 10
SMALLEST_SHARE: Final = 0.02
CRITERIA: Final = ("silhouette", "calinski_harabasz", "gap", "stability")
RULE: Final = (
    "A number of groups qualifies if each of its groups holds at least 2 % of the customers and its weakest group is "
    "found again in resamples (mean Jaccard of .6 or more). Among those that qualify, the one with the best mean rank "
    "over silhouette, Calinski-Harabasz, gap and stability wins; of equals, the smaller. If none qualifies, the most "
    "stable one is taken, and the groups are called constructed."
)


def compare_numbers_of_groups(points: NDArray[np.float64], *, k_min: int, k_max: int, seed: int) -> pd.DataFrame:
    """How do the groupings into k_min to k_max groups compare? On at most 4,000 customers drawn at random.

    Returns
    -------
    frame
        n_groups; silhouette (mean, on at most 2,000 customers); calinski_harabasz; gap (log of the spread within groups
        in data whose columns are permuted, less that in the data: Tibshirani, Walther and Hastie 2001 with another
        reference); stability (mean Jaccard of the weakest group over 10 resamples); smallest_share; qualifies;
        mean_rank (1 is best) and is_chosen.
    """
    points = points[draw_sample(len(points), _SAMPLE, seed=seed)]
    rng = np.random.default_rng(seed)
    nulls = [permute_columns(points, rng) for _ in range(_N_NULLS)]
    rows = [_measure(points, nulls, k, seed) for k in range(k_min, k_max + 1)]
    frame = pd.DataFrame(rows)
    frame["qualifies"] = (frame["smallest_share"] >= SMALLEST_SHARE) & (frame["stability"] >= PATTERN)
    frame["mean_rank"] = frame[list(CRITERIA)].rank(ascending=False, method="average").mean(axis=1)
    frame["is_chosen"] = frame.index == _choose(frame)
    return frame


def _choose(frame: pd.DataFrame) -> int:
    fit = frame[frame["qualifies"]]
    if fit.empty:
        return int(frame["stability"].to_numpy().argmax())
    return int(fit.sort_values(["mean_rank", "n_groups"]).index[0])


def _measure(points: NDArray[np.float64], nulls: list[NDArray[np.float64]], k: int, seed: int) -> dict[str, float]:
    from sklearn.metrics import calinski_harabasz_score

    centres = fit_centres(points, k, seed=seed)
    labels = assign_nearest(points, centres)
    sizes = np.bincount(labels, minlength=k)
    within = spread_within(points, centres, labels)
    reference = [np.log(_spread_of_null(null, k, seed)) for null in nulls]
    is_whole = bool(sizes.all())
    return {
        "n_groups": k,
        "silhouette": measure_silhouette(points, labels, seed=seed)[0],
        "calinski_harabasz": float(calinski_harabasz_score(points, labels)) if is_whole else 0.0,
        "gap": float(np.mean(reference) - np.log(within)) if within > 0 else np.nan,
        "stability": float(bootstrap_groups(points, centres, n_bootstraps=_N_BOOTSTRAPS, seed=seed).mean(axis=0).min()),
        "smallest_share": float(sizes.min() / len(points)),
    }


def _spread_of_null(points: NDArray[np.float64], k: int, seed: int) -> float:
    centres = fit_centres(points, k, seed=seed, n_starts=2)
    return max(spread_within(points, centres, assign_nearest(points, centres)), np.finfo(float).tiny)


def measure_silhouette(
    points: NDArray[np.float64], labels: NDArray[np.int64], *, seed: int, most: int = _SILHOUETTE_SAMPLE
) -> tuple[float, float, int]:
    """Mean silhouette, its standard error given the groups, and the customers it was taken on (Rousseeuw 1987)."""
    from sklearn.metrics import silhouette_samples

    drawn = draw_sample(len(points), most, seed=seed)
    if len(np.unique(labels[drawn])) < 2:
        return 0.0, float("nan"), len(drawn)
    values = silhouette_samples(points[drawn], labels[drawn])
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))), len(drawn)


def permute_columns(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The same values in every column, each column in an order of its own: no structure between columns is left."""
    return np.column_stack([rng.permutation(column) for column in points.T])
