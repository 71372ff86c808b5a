"""How many groups: several criteria together, and a rule of decision that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, draw_sample, fit_centres, spread_within
from crm_research.pillars.segmentation.evidence.stability import PATTERN, bootstrap_groups
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SAMPLE: Final = 4_000
_SILHOUETTE_SAMPLE: Final = 2_000
_GAP_SAMPLE: Final = 2_000
_N_REFERENCES: Final = 10
_N_BOOTSTRAPS: Final = 10
_N_HALVES: Final = 4
SMALLEST_SHARE: Final = 0.02
CRITERIA: Final = ("silhouette", "calinski_harabasz", "gap", "bic", "stability")
RULE: Final = (
    "A number of groups qualifies if each of its groups holds at least 2 % of the customers and its weakest group is "
    "found again in resamples (mean Jaccard of .6 or more). Each of five criteria then speaks for the number it finds "
    "best: silhouette, Calinski-Harabasz and stability for their highest value, BIC of a mixture for its lowest, the "
    "gap for the smallest number within one standard error of the next. The number with the best mean rank over "
    "silhouette, Calinski-Harabasz, BIC and stability and the votes of the gap wins; of equals, the smaller. If none "
    "qualifies, the most stable one is taken, and the groups are called constructed."
)


def compare_numbers_of_groups(points: NDArray[np.float64], *, k_min: int, k_max: int, seed: int) -> pd.DataFrame:
    """How do the groupings into k_min to k_max groups compare? On at most 4,000 customers drawn at random.

    Returns
    -------
    frame
        n_groups; silhouette (mean, on at most 2,000 customers); calinski_harabasz; gap and gap_error (log of the
        spread within groups in data spread evenly over the box of the principal components, less that in the data,
        and its standard error: Tibshirani, Walther and Hastie 2001); is_gap_choice (the smallest number whose gap is
        within one standard error of the next one's; none where one single group is enough); bic (of a mixture of
        Gaussians with diagonal covariances, lower is better); stability (mean Jaccard of the weakest group over 10
        resamples); seeds (mean adjusted Rand of single starts with the grouping) and subsets (of two halves grouped
        apart, over everybody); smallest_share; qualifies; mean_rank (1 is best) and is_chosen.
    """
    points = points[draw_sample(len(points), _SAMPLE, seed=seed)]
    frame = pd.DataFrame([_measure(points, k, seed) for k in range(k_min, k_max + 1)])
    frame = frame.join(measure_gaps(points, k_min=k_min, k_max=k_max, seed=seed))
    frame["qualifies"] = (frame["smallest_share"] >= SMALLEST_SHARE) & (frame["stability"] >= PATTERN)
    ranks = rank_numbers(frame)
    frame["mean_rank"] = ranks.mean(axis=1)
    frame["is_chosen"] = frame.index == _choose(frame)
    return frame


def rank_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Rank of each number of groups by each criterion, 1 the best."""
    better = frame[list(CRITERIA)].astype(float).assign(bic=-frame["bic"])
    # The gap rises on and on; what it says by its rule comes first, then the nearer to that.
    if frame["is_gap_choice"].any():
        said = int(frame.loc[frame["is_gap_choice"], "n_groups"].iloc[0])
        better["gap"] = -(frame["n_groups"] - said).abs()
    return better.rank(ascending=False, method="average")


def _choose(frame: pd.DataFrame) -> int:
    fit = frame[frame["qualifies"]]
    if fit.empty:
        return int(frame["stability"].to_numpy().argmax())
    return int(fit.sort_values(["mean_rank", "n_groups"]).index[0])


@step
def _measure(points: NDArray[np.float64], k: int, seed: int) -> dict[str, float]:
    from sklearn.metrics import calinski_harabasz_score

    centres = fit_centres(points, k, seed=seed)
    labels = assign_nearest(points, centres)
    sizes = np.bincount(labels, minlength=k)
    seeds, subsets = measure_agreement(points, labels, k, seed=seed)
    return {
        "n_groups": k,
        "silhouette": measure_silhouette(points, labels, seed=seed)[0],
        "calinski_harabasz": float(calinski_harabasz_score(points, labels)) if sizes.all() else 0.0,
        "bic": measure_bic(points, labels, k, seed=seed),
        "stability": float(
            bootstrap_groups(points, centres, n_bootstraps=_N_BOOTSTRAPS, seed=seed, n_starts=3).mean(axis=0).min()
        ),
        "seeds": seeds,
        "subsets": subsets,
        "smallest_share": float(sizes.min() / len(points)),
    }


def measure_gaps(points: NDArray[np.float64], *, k_min: int, k_max: int, seed: int) -> pd.DataFrame:
    """Gap statistic by number of groups, its error, and the number its one-standard-error rule takes.

    Returns
    -------
    frame
        One number of groups from k_min to k_max: gap, gap_error, is_gap_choice. On at most 2,000 customers.

    References
    ----------
    Tibshirani, Walther and Hastie (2001), Journal of the Royal Statistical Society B 63, 411-423; reference (b).
    """
    few = points[draw_sample(len(points), _GAP_SAMPLE, seed=seed)]
    rng = np.random.default_rng(seed)
    references = [_draw_box(few, rng) for _ in range(_N_REFERENCES)]
    numbers = [1, *range(k_min, k_max + 2)]
    spreads = np.array([_log_spreads(few, references, k, seed) for k in numbers]).T
    own, theirs = spreads[0], spreads[1:]
    gaps = theirs.mean(axis=0) - own
    errors = theirs.std(axis=0) * np.sqrt(1 + 1 / _N_REFERENCES)
    is_enough = gaps[:-1] >= gaps[1:] - errors[1:]
    first = int(is_enough.argmax()) if is_enough.any() else -1
    tried = slice(1, len(numbers) - 1)
    return pd.DataFrame(
        {"gap": gaps[tried], "gap_error": errors[tried], "is_gap_choice": np.arange(1, len(numbers) - 1) == first}
    )


def measure_bic(points: NDArray[np.float64], labels: NDArray[np.int64], k: int, *, seed: int) -> float:
    """BIC of a mixture of k Gaussians with diagonal covariances that starts from the groups (Schwarz 1978)."""
    from crm_research.pillars.segmentation.evidence.mixtures import fit_mixture

    few = draw_sample(len(points), _GAP_SAMPLE, seed=seed)
    fitted = fit_mixture(points[few], k, kind="diag", seed=seed, labels=labels[few])
    return float("nan") if fitted is None else float(fitted.bic(points[few]))


def measure_agreement(
    points: NDArray[np.float64], labels: NDArray[np.int64], k: int, *, seed: int
) -> tuple[float, float]:
    """Mean adjusted Rand index of other seeds (one start each) with the grouping, and of two halves with each other."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    seeds, subsets = [], []
    for place in range(_N_HALVES):
        again = assign_nearest(points, fit_centres(points, k, seed=seed + 1 + place, n_starts=1))
        seeds.append(adjusted_rand_score(labels, again))
        order = rng.permutation(len(points))
        halves = np.array_split(order, 2)
        both = [assign_nearest(points, fit_centres(points[half], k, seed=seed + place, n_starts=2)) for half in halves]
        subsets.append(adjusted_rand_score(*both))
    return float(np.mean(seeds)), float(np.mean(subsets))


@step
def _log_spreads(
    points: NDArray[np.float64], references: Sequence[NDArray[np.float64]], k: int, seed: int
) -> NDArray[np.float64]:
    """Of the data first, then of each reference."""
    return np.array([_log_spread(each, k, seed) for each in (points, *references)])


def _log_spread(points: NDArray[np.float64], k: int, seed: int) -> float:
    if k == 1:
        within = float(((points - points.mean(axis=0)) ** 2).sum())
    else:
        centres = fit_centres(points, min(k, len(points)), seed=seed, n_starts=2)
        within = spread_within(points, centres, assign_nearest(points, centres))
    return float(np.log(max(within, np.finfo(float).tiny)))


def _draw_box(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Points spread evenly over the box of the principal components."""
    centred = points - points.mean(axis=0)
    turned = np.linalg.svd(centred, full_matrices=False)[2]
    scores = centred @ turned.T
    box: NDArray[np.float64] = rng.uniform(scores.min(axis=0), scores.max(axis=0), size=scores.shape)
    turned_back: NDArray[np.float64] = box @ turned
    return turned_back


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
