"""Do these groups say more than groups forced onto data without any structure?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, draw_sample, fit_centres
from crm_research.pillars.segmentation.evidence.null_draws import (
    fit_copula,
    fit_gaussian,
    fit_heaps,
    fit_one_hump,
    permute_columns,
)
from crm_research.pillars.segmentation.evidence.number_of_groups import measure_silhouette
from crm_research.pillars.segmentation.evidence.separation import worst_border

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.evidence.null_draws import Draw

    FitShares = Callable[[NDArray[np.int64]], Draw]

_SAMPLE: Final = 1_000
_N_STARTS: Final = 4  # the same for the data and for the nulls: a poor start must not decide
_N_DRAWS: Final = 19
_LEVELS: Final = 3
FAR: Final = 3.0
PERMUTED: Final = "every input shuffled"
GAUSSIAN: Final = "one bell-shaped crowd"
SHAPED: Final = "one crowd of the same shapes and correlations"
HEAPED: Final = "the same with the largest heap kept"
HUMPED: Final = "one crowd with a single hump in each input"
SHARED: Final = "one crowd of shares, seen through as few purchases"
# Those without a gap of their own: the shapes of the others may have gaps.
_WITHOUT_GAPS: Final = (GAUSSIAN, HUMPED, SHARED)


def compare_with_nulls(
    points: NDArray[np.float64],
    k: int,
    *,
    seed: int,
    n_draws: int = _N_DRAWS,
    n_customers: int = _SAMPLE,
    shares: FitShares | None = None,
) -> pd.DataFrame:
    """How do silhouette and borders compare with those of k groups forced onto data without groups?

    Kinds of data without groups: the columns permuted (each input keeps its own shape, nothing joins them); one
    Gaussian cloud with the same means and covariances; one cloud with the shapes and the rank correlations of the
    data (a Gaussian copula); the same with the largest heap kept apart (such as the customers with one purchase),
    where there is one; and one cloud whose inputs have a single hump each. Where inputs are parts of a whole, also one
    cloud of shares.

    Parameters
    ----------
    shares
        From the numbers of some rows of `points`, the draw of shares for them (`fit_shares`).

    Returns
    -------
    frame
        null; silhouette (of the data, on the same number of customers), null_mean, null_sd, null_high (the highest of
        the draws), n_draws, share_as_high (draws that reach the data's silhouette, the data counted among them);
        is_beyond (above every draw and more than three standard deviations above their mean); judges_separation (all
        but the last kind, whose tails are laid out anew); border (density on the most crowded border of the data),
        null_border_low (the lowest of the draws), is_emptier (does the data's border lie below every draw?) and
        judges_borders (does this kind have no gap of its own?).
    """
    rows_judged = draw_sample(len(points), n_customers, seed=seed)
    few = points[rows_judged]
    own, border = _measure(few, k, seed)
    # Between yes and no nobody stands: where inputs are levels, data with the same levels judge the gaps too.
    has_levels = any(len(np.unique(column)) <= _LEVELS for column in few.T)
    judging = (*_WITHOUT_GAPS, PERMUTED, SHAPED) if has_levels else _WITHOUT_GAPS
    kinds = _kinds(few, seed) | ({} if shares is None else {SHARED: shares(rows_judged)})
    rows = []
    for name, draw in kinds.items():
        rng = np.random.default_rng(seed)
        found = np.array([_measure(draw(rng), k, seed + place) for place in range(n_draws)])
        rows.append(
            _compare(name, own, border, found)
            | {"judges_borders": name in judging, "judges_separation": name != HUMPED}
        )
    return pd.DataFrame(rows)


def _kinds(points: NDArray[np.float64], seed: int) -> dict[str, Draw]:
    heaps = fit_heaps(points, seed=seed)
    kinds: dict[str, Draw] = {
        PERMUTED: lambda rng: permute_columns(points, rng),
        GAUSSIAN: fit_gaussian(points),
        SHAPED: fit_copula(points, seed=seed),
    }
    if heaps is not None:
        kinds[HEAPED] = heaps
    return {**kinds, HUMPED: fit_one_hump(points, seed=seed)}


def _measure(points: NDArray[np.float64], k: int, seed: int) -> tuple[float, float]:
    labels = assign_nearest(points, fit_centres(points, k, seed=seed, n_starts=_N_STARTS))
    silhouette = measure_silhouette(points, labels, seed=seed, most=len(points))[0]
    return silhouette, worst_border(points, labels, seed=seed)


def _compare(name: str, own: float, border: float, found: NDArray[np.float64]) -> dict[str, object]:
    silhouettes, borders = found.T
    mean, spread, high = silhouettes.mean(), silhouettes.std(ddof=1), silhouettes.max()
    return {
        "null": name,
        "silhouette": own,
        "null_mean": mean,
        "null_sd": spread,
        "null_high": high,
        "n_draws": len(silhouettes),
        "share_as_high": (1 + (silhouettes >= own).sum()) / (len(silhouettes) + 1),
        "is_beyond": bool(own > max(high, mean + FAR * spread)),
        "border": border,
        "null_border_low": borders.min(),
        "is_emptier": bool(border < borders.min()),
    }
