"""The segmentation in one result: the groups, whether they are real, and what they are good for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.segmentation import charts, report, wording
from crm_research.segmentation.cards import describe_groups
from crm_research.segmentation.clustering import assign_nearest, draw_sample, fit_centres
from crm_research.segmentation.criteria import compare_numbers_of_groups, measure_silhouette
from crm_research.segmentation.holdout import HoldoutCheck, check_in_holdout
from crm_research.segmentation.inputs import Inputs, build_inputs
from crm_research.segmentation.nulls import compare_with_nulls
from crm_research.segmentation.rules import Rules, grow_rules
from crm_research.segmentation.stability import STABLE, bootstrap_groups, judge_stability
from crm_research.segmentation.verdicts import CONSTRUCTED, NATURAL, REPRODUCIBLE
from crm_research.stats.intervals import Interval, normal_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from crm_research.figures import Figure
    from crm_research.study import Study

_CLEAR_SILHOUETTE: Final = 0.5
_FIT_SAMPLE: Final = 20_000
_BOOTSTRAP_SAMPLE: Final = 5_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Grouping:
    """The groups found, and the evidence for and against them.

    Parameters
    ----------
    inputs
        What the customers are grouped by.
    labels
        Group of each customer of `inputs.customers`.
    centres
        Centres of the groups on the scaled inputs.
    criteria
        How the numbers of groups compare (`compare_numbers_of_groups`).
    cards
        One segment, best customers first (`describe_groups`).
    stability
        Jaccard similarity of each group over the resamples, with the segment's name (`judge_stability`).
    silhouette, n_silhouette
        Mean silhouette given the groups, and the customers it was taken on.
    nulls
        The silhouette beside that of data without groups (`compare_with_nulls`).
    rules, holdout
        Readable rules, and the check on what customers did next (None without a holdout).
    verdict
        natural, reproducible or constructed.
    n_fitted, n_bootstraps
        Customers the groups were fitted on, and resamples that judged them.
    """

    inputs: Inputs
    labels: NDArray[np.int64]
    centres: NDArray[np.float64]
    criteria: pd.DataFrame
    cards: pd.DataFrame
    stability: pd.DataFrame
    silhouette: Interval
    n_silhouette: int
    nulls: pd.DataFrame
    rules: Rules
    holdout: HoldoutCheck | None
    verdict: str
    n_fitted: int
    n_bootstraps: int

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.cards)

    @property
    def n_customers(self) -> int:
        """Customers grouped: all with a purchase at as_of."""
        return len(self.labels)


@dataclass(frozen=True, eq=False, kw_only=True)
class Segmentation:
    """Which groups of customers differ in how they buy, and are the groups real?

    Parameters
    ----------
    found
        The groups with their evidence; None where the records do not suffice, and `why_not` says why.
    window
        Period of the purchases, in words.
    """

    found: Grouping | None
    why_not: str
    currency: str
    window: str
    as_of: datetime
    holdout_until: datetime | None
    confidence: float

    def figures(self, part: str = "all") -> list[Figure]:
        """The numbers other programs may read; only segmentation.k, without a value, where nothing was found.

        `part` takes them apart for a page: answer, or segments (one of each kind for each segment).
        """
        return report.list_figures(self, part)

    def answer(self) -> list[str]:
        """Sentences that answer the report's question."""
        return wording.answer_segments(self)

    def notes(self) -> str:
        """What a reader must know before using the groups, in one paragraph."""
        return wording.note_segments(self)

    def table(self, name: str) -> pd.DataFrame:
        """A table of the evidence, empty where nothing was found: inputs, numbers, cards, stability, nulls, rules,
        holdout, gains.
        """  # noqa: D205
        return report.tabulate(self, name)

    def alt(self, name: str) -> str:
        """What one sees in a picture, in words."""
        return report.describe_picture(self, name)

    def formats(self, name: str) -> dict[str, str]:
        """How the columns of a table are printed."""
        return report.name_formats(self, name)

    def summary(self) -> pd.DataFrame:
        """The main numbers, rounded: figure, group, value."""
        return report.summarise(self)

    def estimators(self) -> dict[str, str]:
        """What was estimated, and how."""
        return report.name_estimators(self)

    def draw(self, name: str, ax: Axes | None = None) -> Axes:
        """A picture: segments, profiles, numbers, stability, nulls or holdout; or why there is none."""
        return charts.draw(self, name, ax=ax)

    def members(self) -> pd.DataFrame:
        """The segment of each customer: customer_id, segment. Empty where nothing was found."""
        if self.found is None:
            return pd.DataFrame(columns=["customer_id", "segment"])
        names = self.found.cards.set_index("group")["segment"]
        ids = self.found.inputs.customers["customer_id"]
        return pd.DataFrame({"customer_id": ids, "segment": names.reindex(self.found.labels).to_numpy()})


def segment_customers(
    study: Study,
    *,
    k_min: int = 2,
    k_max: int = 8,
    n_bootstraps: int = 100,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Segmentation:
    """Which groups of customers differ in how they buy, and are the groups real?

    k-means on robustly scaled behaviour at as_of. On more than 20,000 customers it is fitted on a random 20,000 and
    everybody is assigned to the nearest centre; resamples and null data use at most 5,000.

    Parameters
    ----------
    study
        Needs orders.
    k_min, k_max
        Fewest and most groups tried; never more than a tenth of the customers.
    n_bootstraps
        Resamples that judge the stability of the groups chosen.
    confidence, seed
        Level of the intervals, and start of every chance draw.

    Raises
    ------
    ParameterError
        If k_max is less than k_min.
    """
    if k_max < k_min:
        raise ParameterError(f"k_max must be at least k_min; {k_max} is less than {k_min}.")
    import sklearn.cluster  # noqa: F401 - only libraries that are loaded by now are held to one thread
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    found, why_not = None, ""
    try:
        inputs = build_inputs(study)
        # Hundreds of small fits: threads would wait for each other longer than they compute.
        with threadpool_limits(limits=1):
            found = _group(study, inputs, k_min, k_max, n_bootstraps, confidence, seed)
    except NotEnoughData as problem:
        why_not = str(problem)
    return Segmentation(
        found=found,
        why_not=why_not,
        currency=study.currency,
        window=f"purchases known on {study.as_of:%Y-%m-%d}",
        as_of=study.as_of,
        holdout_until=study.holdout_until,
        confidence=confidence,
    )


def _group(
    study: Study, inputs: Inputs, k_min: int, k_max: int, n_bootstraps: int, confidence: float, seed: int
) -> Grouping:
    points = inputs.scaled
    fitted = points[draw_sample(len(points), _FIT_SAMPLE, seed=seed)]
    most = min(k_max, len(fitted) // 10, len(np.unique(fitted, axis=0)) - 1)
    if most < k_min:
        raise NotEnoughData("A segmentation: customers who differ", needed=10 * k_min, found=10 * max(most, 0))
    criteria = compare_numbers_of_groups(fitted, k_min=k_min, k_max=most, seed=seed)
    k = int(criteria.loc[criteria["is_chosen"], "n_groups"].iloc[0])
    centres = fit_centres(fitted, k, seed=seed, n_starts=10)
    labels = assign_nearest(points, centres)
    cards = describe_groups(inputs, labels, k)
    names = dict(zip(cards["group"], cards["segment"], strict=True))
    few = fitted[draw_sample(len(fitted), _BOOTSTRAP_SAMPLE, seed=seed)]
    jaccards = bootstrap_groups(few, centres, n_bootstraps=n_bootstraps, seed=seed)
    stability = judge_stability(jaccards, confidence=confidence)
    stability["segment"] = stability["group"].map(names)
    silhouette, error, n_silhouette = measure_silhouette(points, labels, seed=seed)
    nulls = compare_with_nulls(fitted, k, seed=seed)
    return Grouping(
        inputs=inputs,
        labels=labels,
        centres=centres,
        criteria=criteria,
        cards=cards,
        stability=_in_order(stability.dropna(subset="segment"), cards),
        silhouette=normal_interval(silhouette, error, confidence=confidence),
        n_silhouette=n_silhouette,
        nulls=nulls,
        rules=grow_rules(inputs.raw, labels, names, seed=seed, confidence=confidence),
        holdout=check_in_holdout(study, inputs, labels, confidence=confidence, seed=seed),
        verdict=judge_groups(stability["mean_jaccard"].min(), silhouette, nulls),
        n_fitted=len(fitted),
        n_bootstraps=n_bootstraps,
    )


def judge_groups(weakest_jaccard: float, silhouette: float, nulls: pd.DataFrame) -> str:
    """Are the groups natural, reproducible or constructed?

    natural: every group is stable, the silhouette is .5 or more (Kaufman and Rousseeuw 1990), and no data without
    groups reaches it. reproducible: every group is at least a pattern (mean Jaccard of .6) and the mean weakest one
    stable enough to be found again (.75). constructed: the rest; the line between customers is ours, not theirs. The
    three words are those of Dolnicar and Leisch (2010), the thresholds conventions.
    """
    is_beyond_nulls = bool((nulls["silhouette"] > nulls["null_high"]).all())
    if weakest_jaccard >= STABLE and silhouette >= _CLEAR_SILHOUETTE and is_beyond_nulls:
        return NATURAL
    return REPRODUCIBLE if weakest_jaccard >= STABLE else CONSTRUCTED


def _in_order(stability: pd.DataFrame, cards: pd.DataFrame) -> pd.DataFrame:
    places: Any = cards.reset_index().set_index("group")["index"]
    return stability.sort_values("group", key=lambda groups: groups.map(places), ignore_index=True)
