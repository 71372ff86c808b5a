"""The segmentation in one result: the groups, whether they are real, and what they are good for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pandas as pd

from crm_research.deferred import Later, deferred
from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.describe.naming import rename_segments
from crm_research.pillars.segmentation.describe.rules import Rules, grow_rules
from crm_research.pillars.segmentation.describe.summary import describe_groups
from crm_research.pillars.segmentation.evidence.gather import find_groups
from crm_research.pillars.segmentation.evidence.null_shares import fit_wholes
from crm_research.pillars.segmentation.evidence.other_methods import compare_methods
from crm_research.pillars.segmentation.inputs.base import BUYERS, SPEND, name_members
from crm_research.pillars.segmentation.inputs.choose import Inputs, build_inputs
from crm_research.pillars.segmentation.use.holdout import HoldoutCheck, check_in_holdout
from crm_research.pillars.segmentation.use.leaving import LeavingCheck, check_leaving
from crm_research.show.shown import Shown
from crm_research.stats.threads import one_thread
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from crm_research.stats.intervals import Interval
    from crm_research.study import Study


T = TypeVar("T")


_RANK: Final = "rank__"


@dataclass(frozen=True, eq=False, kw_only=True)
class Grouping(Shown):
    """The groups found, and the evidence for and against them.

    Parameters
    ----------
    inputs
        What the customers are grouped by; `inputs.scaled` is weighted.
    labels
        Group of each customer of `inputs.customers`.
    weights
        What each scaled input was multiplied by (`weigh_inputs`); None for ones.
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
        Readable rules, and the check on what buyers did next (None without a holdout, or where they are no buyers).
    leaving, no_leaving
        The check on who leaves, of holders of contracts; where there is none, why.
    verdict
        natural, reproducible or constructed.
    n_fitted, n_bootstraps
        Customers the groups were fitted on, and resamples that judged them.
    borders
        How crowded the border between any two segments is (`measure_borders`), with their names.
    methods
        How other methods and other scales group the same customers (`compare_methods`).

    Rules and methods are computed when they are first read.
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
    rules: deferred[Rules] = deferred()
    holdout: HoldoutCheck | None
    verdict: str
    n_fitted: int
    n_bootstraps: int
    borders: pd.DataFrame = field(default_factory=pd.DataFrame)
    methods: deferred[pd.DataFrame] = deferred()
    weights: NDArray[np.float64] | None = None
    leaving: LeavingCheck | None = None
    no_leaving: str = ""

    @property
    def unweighted(self) -> NDArray[np.float64]:
        """The scaled inputs in robust standard deviations, before they were weighted."""
        return self.inputs.scaled if self.weights is None else self.inputs.scaled / self.weights

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.cards)

    @property
    def n_customers(self) -> int:
        """Customers grouped: all with a purchase at as_of."""
        return len(self.labels)


@dataclass(frozen=True, eq=False, kw_only=True)
class Segmentation(Shown):
    """Which groups of customers differ in what matters, and are the groups real?

    Parameters
    ----------
    found
        The groups with their evidence; None where the records do not suffice, and `why_not` says why.
    window
        Period of what was known of them, in words.
    """

    found: Grouping | None
    why_not: str
    currency: str
    window: str
    as_of: datetime
    holdout_until: datetime | None
    confidence: float

    def members(self) -> pd.DataFrame:
        """The segment of each customer: customer_id, segment. Empty where nothing was found."""
        if self.found is None:
            return pd.DataFrame(columns=["customer_id", "segment"])
        names = self.found.cards.set_index("group")["segment"]
        ids = self.found.inputs.customers["customer_id"]
        return pd.DataFrame({"customer_id": ids, "segment": names.reindex(self.found.labels).to_numpy()})

    def members_with_values(self) -> pd.DataFrame:
        """The same with what they are told apart by, in its own units, and what they bring; the best segment first."""
        members = self.members()
        if self.found is None:
            return members
        known, inputs = self.found.inputs.customers, self.found.inputs
        columns = [name for name in dict.fromkeys((*inputs.used, SPEND)) if name in known.columns]
        order = {name: place for place, name in enumerate(self.found.cards["segment"])}
        whole = pd.concat([members, known[columns]], axis=1).assign(place=members["segment"].map(order))
        by = ["place", *([SPEND] if SPEND in columns else []), "customer_id"]
        # Engines add money in another order: whose sums differ by less than anybody pays stand by their names.
        whole = whole.assign(**{_RANK: whole[SPEND].round(6)} if SPEND in columns else {})
        by = [_RANK if name == SPEND else name for name in by]
        ranked = whole.sort_values(by, ascending=[name != _RANK for name in by], ignore_index=True)
        return ranked.drop(columns=["place", _RANK], errors="ignore")


@step
def segment_customers(
    study: Study,
    *,
    k_min: int = 2,
    k_max: int = 8,
    n_bootstraps: int = 100,
    confidence: float = 0.95,
    seed: int = 20170101,
    purpose: str | None = None,
    inputs: Sequence[str] | None = None,
) -> Segmentation:
    """Which groups of customers differ in what matters for this purpose, and are the groups real?

    k-means on scaled inputs at as_of. On more than 20,000 customers it is fitted on a random 20,000 and
    everybody is assigned to the nearest centre; resamples and null data use at most 5,000.

    Parameters
    ----------
    study
        Needs orders, contracts, or another table that describes customers (`choose_purpose`).
    k_min, k_max
        Fewest and most groups tried; never more than a tenth of the customers.
    n_bootstraps
        Resamples that judge the stability of the groups chosen.
    confidence, seed
        Level of the intervals, and start of every chance draw.
    purpose, inputs
        What the customers are grouped for, or the very inputs (`offer_inputs`); None takes the first purpose that the
        records carry.

    Raises
    ------
    ParameterError
        If k_max is less than k_min, or the purpose or an input is not known.
    LeakageError
        If an input is an outcome.
    """
    if k_max < k_min:
        raise ParameterError(f"k_max must be at least k_min; {k_max} is less than {k_min}.")
    found, why_not = None, ""
    try:
        built = build_inputs(study, purpose=purpose, inputs=inputs)
        with one_thread():
            found = _group(study, built, k_min, k_max, n_bootstraps, confidence, seed)
    except NotEnoughData as problem:
        why_not = str(problem)
    segments = Segmentation(
        found=found,
        why_not=why_not,
        currency=study.currency,
        window=f"{name_members(found.inputs.base if found else BUYERS).seen} known on {study.as_of:%Y-%m-%d}",
        as_of=study.as_of,
        holdout_until=study.holdout_until,
        confidence=confidence,
    )
    return rename_segments(segments, study.segment_names)


@step
def find_alternative(
    study: Study, segments: Segmentation, *, k_min: int, k_max: int, n_bootstraps: int = 100, seed: int = 20170101
) -> Segmentation | None:
    """Which is the best solution with so many groups, where the one chosen has fewer or more, and is it any good?

    Few groups are a statistician's answer on nearly every study: what separates best is seldom what a company can serve
    apart. The same inputs are grouped anew, and judged by the same tests.

    Parameters
    ----------
    k_min, k_max
        Fewest and most groups that can be served apart.

    Returns
    -------
    Segmentation or None
        None where nothing was found, or the groups chosen are already so many.

    Raises
    ------
    NotEnoughData
        If there are too few customers who differ for so many groups.
    """
    found = segments.found
    if found is None or k_min <= found.k <= k_max:
        return None
    inputs = replace(found.inputs, scaled=found.unweighted)
    with one_thread():
        other = _group(study, inputs, k_min, k_max, n_bootstraps, segments.confidence, seed)
    return rename_segments(replace(segments, found=other), study.segment_names)


def _group(
    study: Study, inputs: Inputs, k_min: int, k_max: int, n_bootstraps: int, confidence: float, seed: int
) -> Grouping:
    evidence = find_groups(
        inputs.scaled, k_min=k_min, k_max=k_max, n_bootstraps=n_bootstraps, confidence=confidence, seed=seed,
        names=inputs.used, may_weigh=not inputs.recipe.wholes, shares=fit_wholes(inputs, seed=seed),
    )  # fmt: skip
    labels = evidence.labels
    cards = describe_groups(inputs, labels, evidence.k)
    inputs = _weigh(inputs, evidence.weights)
    names = dict(zip(cards["group"], cards["segment"], strict=True))
    stability = evidence.stability.assign(segment=evidence.stability["group"].map(names))
    borders = evidence.borders.assign(
        segment=evidence.borders["group"].map(names),
        other_segment=evidence.borders["other"].map(names),
        heap_in_words=[
            _say_heap(inputs, name, value) for name, value in evidence.borders[["heap", "heap_value"]].to_numpy()
        ],
    )
    leaving, no_leaving = None, ""
    try:
        leaving = check_leaving(study, inputs, labels, names, confidence=confidence)
    except NotEnoughData as problem:
        no_leaving = str(problem)
    return Grouping(
        inputs=inputs,
        labels=labels,
        weights=evidence.weights,
        centres=evidence.centres,
        criteria=evidence.criteria,
        cards=cards,
        stability=_in_order(stability.dropna(subset="segment"), cards),
        silhouette=evidence.silhouette,
        n_silhouette=evidence.n_silhouette,
        nulls=evidence.nulls,
        borders=borders,
        methods=Later(partial(_alone, compare_methods, evidence.points, evidence.centres, seed=seed)),
        rules=Later(
            partial(_alone, grow_rules, inputs.raw, labels, names, terms=inputs.terms, seed=seed, confidence=confidence)
        ),
        holdout=check_in_holdout(study, inputs, labels, confidence=confidence, seed=seed)
        if inputs.base == BUYERS
        else None,
        leaving=leaving,
        no_leaving=no_leaving,
        verdict=evidence.verdict,
        n_fitted=len(evidence.points),
        n_bootstraps=n_bootstraps,
    )


def _alone(compute: Callable[..., T], *given: Any, **named: Any) -> T:
    with one_thread():
        return compute(*given, **named)


def _weigh(inputs: Inputs, weights: NDArray[np.float64]) -> Inputs:
    """The inputs as the groups were found on them, and what each was weighted with."""
    if (weights == 1).all():
        return inputs
    said = dict(zip(inputs.used, (f"; counts {weight:.2g} times" for weight in weights), strict=True))
    reasons = inputs.choice["reason"] + inputs.choice["input"].map(said).fillna("")
    return replace(inputs, scaled=inputs.scaled * weights, choice=inputs.choice.assign(reason=reasons))


def _say_heap(inputs: Inputs, name: str, value: float) -> str:
    if not name:
        return ""
    is_there = inputs.scaled[:, inputs.used.index(name)] == value
    usual = inputs.raw.loc[is_there, name].median()
    return inputs.terms[name].say_exactly(float(usual))


def _in_order(stability: pd.DataFrame, cards: pd.DataFrame) -> pd.DataFrame:
    places: Any = cards.reset_index().set_index("group")["index"]
    return stability.sort_values("group", key=lambda groups: groups.map(places), ignore_index=True)
