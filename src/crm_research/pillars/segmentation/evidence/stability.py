"""Are the groups found again in other customers of the same kind?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres, match_groups
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

STABLE: Final = 0.75
PATTERN: Final = 0.6
DISSOLVED: Final = 0.5
_AT_ONCE: Final = 20
# With fewer, what is measured is the search for groups and not the groups.
N_STARTS: Final = 5


def bootstrap_groups(
    points: NDArray[np.float64], centres: NDArray[np.float64], *, n_bootstraps: int, seed: int, n_starts: int = N_STARTS
) -> NDArray[np.float64]:
    """How like itself is each group when the customers are drawn again and grouped anew?

    Parameters
    ----------
    points
        Scaled inputs of the customers that judge (a sample will do).
    centres
        Centres of the groups in question.

    Returns
    -------
    array
        n_bootstraps by groups: Jaccard similarity with the most similar group of the resample, over the customers
        that the resample holds.

    References
    ----------
    Hennig (2007), Computational Statistics and Data Analysis 52, 258-271.
    """
    rng = np.random.default_rng(seed)
    n = len(points)
    labels = assign_nearest(points, centres)
    parts = []
    for first in range(0, n_bootstraps, _AT_ONCE):
        places = range(first, min(first + _AT_ONCE, n_bootstraps))
        drawn = np.array([np.bincount(rng.integers(0, n, size=n), minlength=n) for _ in places])
        parts.append(_compare_resamples(points, labels, drawn, len(centres), seed + first, n_starts))
    return np.concatenate(parts).reshape(n_bootstraps, len(centres))


@step
def _compare_resamples(
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    times_drawn: NDArray[np.int64],
    k: int,
    seed: int,
    n_starts: int,
) -> NDArray[np.float64]:
    """Some resamples at once, so that more of them, asked for later, take those that were drawn before."""
    return np.array(
        [
            compare_resample(points, labels, drawn, k, seed=seed + place, n_starts=n_starts)
            for place, drawn in enumerate(times_drawn)
        ]
    )


def compare_resample(
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    times_drawn: NDArray[np.int64],
    k: int,
    *,
    seed: int,
    n_starts: int = N_STARTS,
) -> NDArray[np.float64]:
    """How like itself is each group in one resample?

    Who was drawn several times counts once, as in fpc::clusterboot (multipleboot = FALSE): copies would draw centres
    to themselves. A group of which nobody was drawn scores 0.

    Parameters
    ----------
    times_drawn
        How often each of the points is in the resample.

    Returns
    -------
    array
        For each of the k groups of `labels` the highest Jaccard similarity with a group of the resample.
    """
    held = np.flatnonzero(times_drawn)
    resample = points[held]
    again = fit_centres(resample, k, seed=seed, n_starts=n_starts)
    return match_groups(labels[held], assign_nearest(resample, again), k)


def judge_stability(jaccards: NDArray[np.float64], *, confidence: float = 0.95) -> pd.DataFrame:
    """Which groups are stable, which are no more than a pattern, which dissolve?

    Returns
    -------
    frame
        group (number), mean_jaccard, lower, upper (between which the stated share of the resamples lies),
        share_dissolved (resamples in which the group was not found again, Jaccard under .5), is (stable from .75, a
        pattern from .6, doubtful from .5, dissolved below: conventions of Hennig 2007).
    """
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(jaccards, [tail, 1 - tail], axis=0)
    means = jaccards.mean(axis=0)
    return pd.DataFrame(
        {
            "group": np.arange(len(means)),
            "mean_jaccard": means,
            "lower": lower,
            "upper": upper,
            "share_dissolved": (jaccards < DISSOLVED).mean(axis=0),
            "is": [_call(value) for value in means],
        }
    )


def _call(value: float) -> str:
    if value >= STABLE:
        return "stable"
    if value >= PATTERN:
        return "a pattern"
    return "doubtful" if value >= DISSOLVED else "dissolved"
