"""Do these groups say more than groups forced onto data without any structure?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.segmentation.clustering import assign_nearest, draw_sample, fit_centres
from crm_research.segmentation.criteria import measure_silhouette, permute_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLE: Final = 1_000
_N_STARTS: Final = 4  # the same for the data and for the nulls: a poor start must not decide
_N_DRAWS: Final = 19


def compare_with_nulls(
    points: NDArray[np.float64], k: int, *, seed: int, n_draws: int = _N_DRAWS, n_customers: int = _SAMPLE
) -> pd.DataFrame:
    """How does the silhouette compare with that of k groups forced onto data without groups?

    Three kinds of data without groups: the columns permuted (each input keeps its own shape, nothing joins them); one
    Gaussian cloud with the same means and covariances (inputs stay correlated, but there is one cloud); and one cloud
    with both the shapes and the rank correlations of the data (a Gaussian copula), which also repeats what counts do
    by themselves, such as a heap of customers with one purchase.

    Returns
    -------
    frame
        null, silhouette (of the data, on the same number of customers), null_mean, null_high (the highest of the
        draws), n_draws, share_as_high (draws that reach the data's silhouette, the data counted among them).
    """
    few = points[draw_sample(len(points), n_customers, seed=seed)]
    own = _silhouette_of(few, k, seed)
    rows = []
    for name, draw in _NULLS.items():
        rng = np.random.default_rng(seed)
        drawn = np.array([_silhouette_of(draw(few, rng), k, seed + place) for place in range(n_draws)])
        rows.append(
            {
                "null": name,
                "silhouette": own,
                "null_mean": drawn.mean(),
                "null_high": drawn.max(),
                "n_draws": n_draws,
                "share_as_high": (1 + (drawn >= own).sum()) / (n_draws + 1),
            }
        )
    return pd.DataFrame(rows)


def _silhouette_of(points: NDArray[np.float64], k: int, seed: int) -> float:
    centres = fit_centres(points, k, seed=seed, n_starts=_N_STARTS)
    return measure_silhouette(points, assign_nearest(points, centres), seed=seed, most=len(points))[0]


def _draw_gaussian(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    return rng.multivariate_normal(points.mean(axis=0), covariance, size=len(points), method="eigh")


def _draw_copula(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    from scipy.stats import norm, rankdata

    n = len(points)
    scores = norm.ppf(rankdata(points, axis=0) / (n + 1))
    correlations = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    drawn = rng.multivariate_normal(np.zeros(points.shape[1]), correlations, size=n, method="eigh")
    ranks = drawn.argsort(axis=0).argsort(axis=0)
    return np.take_along_axis(np.sort(points, axis=0), ranks, axis=0)


_NULLS: Final = {
    "columns permuted": permute_columns,
    "one Gaussian cloud": _draw_gaussian,
    "one cloud of the same shapes and correlations": _draw_copula,
}
