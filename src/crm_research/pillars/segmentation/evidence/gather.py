"""Groups of customers in a table of scaled inputs, and the evidence for and against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, draw_sample, fit_centres, n_distinct
from crm_research.pillars.segmentation.evidence.null_tests import compare_with_nulls
from crm_research.pillars.segmentation.evidence.number_of_groups import compare_numbers_of_groups, measure_silhouette
from crm_research.pillars.segmentation.evidence.separation import GAP, measure_borders
from crm_research.pillars.segmentation.evidence.stability import STABLE, bootstrap_groups, judge_stability
from crm_research.pillars.segmentation.evidence.verdicts import CONSTRUCTED, NATURAL, REPRODUCIBLE
from crm_research.pillars.segmentation.evidence.weights import weigh_inputs
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, normal_interval
from crm_research.stats.threads import one_thread
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.evidence.null_tests import FitShares

_FIT_SAMPLE: Final = 20_000
_BOOTSTRAP_SAMPLE: Final = 5_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence(Shown):
    """Which groups are in these points, and are they natural, reproducible or constructed?

    Parameters
    ----------
    points
        The scaled and weighted inputs the groups were fitted on: all customers, or a random 20,000 of them.
    weights
        What each scaled input was multiplied by (`weigh_inputs`).
    centres, labels
        Centres of the groups on the weighted inputs, and the group of each row of the table that was asked about.
    criteria, stability, nulls, borders
        `compare_numbers_of_groups`, `judge_stability`, `compare_with_nulls`, `measure_borders` and `confirm_gaps`.
    silhouette, n_silhouette
        Mean silhouette given the groups, and the customers it was taken on.
    verdict
        By `judge_groups`; constructed where no number of groups qualifies.
    """

    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    centres: NDArray[np.float64]
    labels: NDArray[np.int64]
    criteria: pd.DataFrame
    stability: pd.DataFrame
    nulls: pd.DataFrame
    borders: pd.DataFrame
    silhouette: Interval
    n_silhouette: int
    verdict: str

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.centres)


def find_groups(
    points: NDArray[np.float64],
    *,
    k_min: int = 2,
    k_max: int = 8,
    n_bootstraps: int = 100,
    confidence: float = 0.95,
    seed: int = 20170101,
    names: Sequence[str] | None = None,
    may_weigh: bool = True,
    shares: FitShares | None = None,
) -> Evidence:
    """Which groups are in these points, and are they real?

    Parameters
    ----------
    points
        Scaled inputs, one row a customer.
    k_min, k_max
        Fewest and most groups tried; never more than a tenth of the customers.
    n_bootstraps
        Resamples that judge the stability of the groups chosen.
    names
        Inputs, one a column.
    may_weigh
        Whether inputs may be weighted by their spread within groups (`weigh_inputs`); parts of a whole may not.
    shares
        Where inputs are parts of a whole: from the numbers of some customers, the draw of shares without groups for
        them (`fit_wholes`).

    Raises
    ------
    NotEnoughData
        If there are fewer than ten customers, or not two different ones, a group.
    """
    sample = draw_sample(len(points), _FIT_SAMPLE, seed=seed)
    most = min(k_max, len(sample) // 10, n_distinct(points[sample], k_max + 1) - 1)
    if most < k_min:
        raise NotEnoughData("A segmentation: customers who differ", needed=10 * k_min, found=10 * max(most, 0))
    with one_thread():
        weights = np.ones(points.shape[1])
        if may_weigh:
            weights = weigh_inputs(points[sample], k_min=k_min, k_max=most, seed=seed)
        fitted = points[sample] * weights
        criteria = compare_numbers_of_groups(fitted, k_min=k_min, k_max=most, seed=seed)
        chosen = criteria[criteria["is_chosen"]].iloc[0]
        k = int(chosen["n_groups"])
        centres = fit_centres(fitted, k, seed=seed, n_starts=10)
        few = fitted[draw_sample(len(fitted), _BOOTSTRAP_SAMPLE, seed=seed)]
        jaccards = bootstrap_groups(few, centres, n_bootstraps=n_bootstraps, seed=seed)
        stability = judge_stability(jaccards, confidence=confidence)
        silhouette, error, n_silhouette = measure_silhouette(fitted, assign_nearest(fitted, centres), seed=seed)
        nulls = _judge_nulls(fitted, k, seed, sample, shares)
        borders = measure_borders(few, assign_nearest(few, centres), seed=seed, names=names, weights=weights)
        borders = confirm_gaps(borders, nulls)
    weakest = float(stability["mean_jaccard"].min())
    return Evidence(
        points=fitted,
        weights=weights,
        centres=centres,
        labels=assign_nearest(points, centres, weights=weights),
        criteria=criteria,
        stability=stability,
        nulls=nulls,
        borders=borders,
        silhouette=normal_interval(silhouette, error, confidence=confidence),
        n_silhouette=n_silhouette,
        verdict=judge_groups(weakest, nulls, borders) if chosen["qualifies"] else CONSTRUCTED,
    )


@step
def _judge_nulls(
    points: NDArray[np.float64], k: int, seed: int, sample: NDArray[np.int64], shares: FitShares | None
) -> pd.DataFrame:
    given = None if shares is None else lambda rows: shares(sample[rows])
    return compare_with_nulls(points, k, seed=seed, shares=given)


def confirm_gaps(borders: pd.DataFrame, nulls: pd.DataFrame) -> pd.DataFrame:
    """Are the borders gaps also where there are too few customers for a dip test to tell?

    They are where each of them is at most half as dense as the sparser group and no heap, and even the most
    crowded one is emptier than in every draw of data without gaps. Else as they were measured.
    """
    is_border = borders["is_border"]
    is_empty = is_border & (borders["border_density"] <= GAP) & (borders["heap"] == "")
    if bool(is_empty[is_border].all()) and _is_emptier(nulls):
        return borders.assign(is_gap=is_empty)
    return borders


def _is_emptier(nulls: pd.DataFrame) -> bool:
    return bool(nulls.loc[nulls["judges_borders"], "is_emptier"].all())


def judge_groups(weakest_jaccard: float, nulls: pd.DataFrame, borders: pd.DataFrame) -> str:
    """Are the groups natural, reproducible or constructed?

    natural: every group is found again (mean Jaccard of .75 or more, Hennig 2007), between any two neighbours lies a
    gap (at most half as dense as the sparser of the two, and not the edge of a heap of customers who share one value),
    and that gap is emptier than in every draw of data without gaps. reproducible: every group is found again, yet some
    border runs through a crowd; but either the groups are better separated than in all data without groups, or every
    border is a dip between two humps (at most .8 as dense, p of the dip test at most .1, no heap) and emptier than in
    every draw of data without gaps. constructed: the rest, also groups that are found again only because any cloud that
    is longer than broad is cut in the same place.

    The three words are those of Dolnicar and Leisch (2010); thresholds are conventions, their error is in
    docs/methods/segmentation.md.
    """
    if not weakest_jaccard >= STABLE:
        return CONSTRUCTED
    is_emptier = _is_emptier(nulls)
    between = borders[borders["is_border"]]
    if len(between) and bool(between["is_gap"].all()) and is_emptier:
        return NATURAL
    if len(between) and bool(between["is_dip"].all()) and is_emptier:
        return REPRODUCIBLE
    is_beyond = bool(nulls.loc[nulls["judges_separation"], "is_beyond"].all())
    return REPRODUCIBLE if is_beyond else CONSTRUCTED
