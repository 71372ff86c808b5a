"""Has a segmentation aged: do customers still lie around its centres as they did when it was made?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.lots import md5
from crm_research.pillars.segmentation.deployment.assign import check_study, place_customers
from crm_research.pillars.segmentation.deployment.reference import UNCERTAIN_BELOW, ReferenceProfile
from crm_research.pillars.segmentation.deployment.score_sql import value_column
from crm_research.pillars.segmentation.deployment.stability_index import compare_bins
from crm_research.pillars.segmentation.evidence.number_of_groups import SMALLEST_SHARE, measure_silhouette
from crm_research.pillars.segmentation.inputs.base import name_members
from crm_research.pillars.segmentation.inputs.columns import keep_features
from crm_research.stats.intervals import log_interval, newcombe_difference, normal_interval, wilson_share
from crm_research.steps import step
from crm_research.theme import join_words, say_date, say_percent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.study import Study

KEEP: Final = "keep"
REFIT: Final = "refit"
FEWEST: Final = 50
MOST_SHIFT: Final = 0.25
MOST_DISTANCE: Final = 1.25
MOST_UNCERTAIN: Final = 0.1
MOST_SILHOUETTE_LOST: Final = 0.1
AGE_RULE: Final = (
    "A segmentation is to be made anew if at least one sign of age is beyond its limit by more than chance, that is, "
    "with its whole interval: the squared distance to the own centre has grown to more than 1.25 times what it was; "
    "the share of customers near a line has risen by more than 10 percentage points; the silhouette has fallen by "
    "more than .1; an input is distributed otherwise (population stability index above .25); or a segment that held "
    "2 % of the customers no longer does. Else it is kept. The limits are conventions."
)
_SILHOUETTE_SAMPLE: Final = 2_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Drift:
    """Has the segmentation aged?

    Parameters
    ----------
    signs
        One sign of age a row: sign, then, now, change (a ratio for distances, else a difference), lower, upper, limit,
        is_beyond (the whole interval is).
    inputs
        One input a row: input, what, stability_index, lower, upper, by_chance (what chance alone stays under), limit,
        is_beyond.
    sizes
        One segment a row: segment, n_then, n_now, share_then, share_now, change, lower, upper, has_emptied.
    verdict
        keep or refit, by `AGE_RULE`.
    made_at, seen_at
        When the segmentation was made, and the day it is judged on, in words.
    n_then, n_now
        Customers then and now.
    notes
        What a reader must know.
    """

    signs: pd.DataFrame
    inputs: pd.DataFrame
    sizes: pd.DataFrame
    verdict: str
    made_at: str
    seen_at: str
    n_then: int
    n_now: int
    confidence: float
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """The verdict in one sentence, with the signs it rests on."""
        span = f"The segments made as of {self.made_at}"
        reasons = self.reasons()
        if self.verdict == REFIT:
            return f"{span} have aged by {self.seen_at} and should be made anew: {join_words(reasons)}."
        return f"{span} still fit on {self.seen_at} and can be kept: no sign of age is beyond its limit."

    def reasons(self) -> list[str]:
        """The signs beyond their limits, in words."""
        said = [_SAY[row["sign"]](row) for row in self.signs.to_dict("records") if row["is_beyond"]]
        shifted = self.inputs.loc[self.inputs["is_beyond"]]
        if len(shifted):
            worst = shifted.sort_values("stability_index", ascending=False)
            names = join_words([f"{row['what']} ({row['stability_index']:.2f})" for row in worst.to_dict("records")])
            said.append(f"distributed otherwise than then: {names}")
        emptied = self.sizes.loc[self.sizes["has_emptied"], "segment"]
        if len(emptied):
            said.append(f"hardly anybody is left in {join_words([f'“{name}”' for name in emptied])}")
        return said


@step
def measure_drift(
    study: Study,
    saved: SavedSegmentation,
    *,
    features: ir.Table | None = None,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Drift:
    """Do the customers of this study lie around the centres as those did whom the segments were made of?

    Parameters
    ----------
    study
        At the as_of it is to be judged on; needs what `assign_customers` needs.
    saved
        The segmentation, with the reference profile of its time.
    features
        As in `assign_customers`.

    Raises
    ------
    NotEnoughData
        With fewer than 50 buyers.
    ParameterError
        As `assign_customers`.

    Notes
    -----
    Intervals take the customers then and now as two samples. Where many are the same people, the intervals are too
    wide, not too narrow. Counts since the records began grow with time alone; an input made of them drifts by itself,
    and the segmentation does age by that.
    """
    check_study(study, saved)
    held = keep_features(study, saved) if features is None else features
    now = look_at(place_customers(study, saved, features=held), saved, seed=seed)
    if now.n_customers < FEWEST:
        raise NotEnoughData(
            f"Judging the age of a segmentation: {name_members(saved.recipe.base).who}",
            needed=FEWEST,
            found=now.n_customers,
        )
    notes = []
    if study.name != saved.study:
        notes.append(f"The segments were made of another study ({saved.study}); differences need not come from time.")
    if study.as_of < saved.as_of:
        notes.append("The day looked at lies before the one the segments were made on.")
    return compare_references(
        saved, now, made_at=say_date(saved.as_of), seen_at=say_date(study.as_of), confidence=confidence, notes=notes
    )


def look_at(placed: ir.Table, saved: SavedSegmentation, *, seed: int = 20170101) -> ReferenceProfile:
    """The reference profile of placed customers (`place_customers`), counted in the engine in one pass and a sample."""
    edges = saved.reference.edges
    bins = {
        f"b_{place}_{number}": within.ifelse(1, 0).sum()
        for place, name in enumerate(saved.used)
        for number, within in enumerate(_bins(placed[f"x_{place}"].cast("float64"), edges.get(name, ())))
    }
    distance = placed.squared_distance
    row = placed.agg(
        n=placed.count(),
        distance=distance.mean(),
        distance_sd=distance.std(how="pop"),
        n_uncertain=(placed.certainty < UNCERTAIN_BELOW).ifelse(1, 0).sum(),
        **{f"s_{group}": (placed.place == group).ifelse(1, 0).sum() for group in range(saved.k)},
        **bins,
    ).to_pandas().iloc[0].fillna(0)  # fmt: skip
    value, error, n_silhouette = _measure_sample(placed, saved, int(row["n"]), seed)
    return ReferenceProfile(
        sizes=tuple(int(row[f"s_{group}"]) for group in range(saved.k)),
        spread=saved.reference.spread,
        distance=float(row["distance"]),
        distance_sd=float(row["distance_sd"]),
        n_uncertain=int(row["n_uncertain"]),
        silhouette=value,
        silhouette_error=error,
        n_silhouette=n_silhouette,
        edges=edges,
        counts={
            name: tuple(int(row[f"b_{place}_{number}"]) for number in range(len(edges.get(name, ())) + 2))
            for place, name in enumerate(saved.used)
        },
    )


def _bins(value: ir.FloatingValue, edges: tuple[float, ...]) -> list[ir.BooleanValue]:
    is_known = ~(value.isnull() | value.isnan() | value.isinf())  # noqa: PD003 - an Ibis value
    inner = [is_known & (value <= high) & (value > low) for low, high in pairwise(edges)]
    first = [is_known & (value <= edges[0]), *inner, is_known & (value > edges[-1])] if edges else [is_known]
    return [*first, ~is_known]


def _measure_sample(placed: ir.Table, saved: SavedSegmentation, n: int, seed: int) -> tuple[float, float, int]:
    if n <= 2:
        return float("nan"), float("nan"), n
    # A digest orders customers by chance, the same on every engine and every day.
    digest = md5(placed.customer_id.cast("string") + str(seed))
    values = [value_column(placed, place) for place in range(len(saved.inputs))]
    few = placed.order_by(digest, "customer_id").limit(_SILHOUETTE_SAMPLE).select("place", *values).to_pandas()
    points = np.column_stack(
        [
            transform.apply(few[name].to_numpy(dtype=float, na_value=np.nan))
            for name, transform in zip(values, saved.inputs, strict=True)
        ]
    )
    return measure_silhouette(points, few["place"].to_numpy(dtype=np.int64), seed=seed)


def compare_references(
    saved: SavedSegmentation,
    now: ReferenceProfile,
    *,
    made_at: str,
    seen_at: str,
    confidence: float = 0.95,
    notes: list[str] | None = None,
) -> Drift:
    """What has changed between the reference profile of a saved segmentation and another one of the same centres?"""
    then = saved.reference
    signs = pd.DataFrame(_signs(then, now, confidence))
    inputs = pd.DataFrame(
        [
            {"input": transform.name, "what": transform.what}
            | compare_bins(then.counts[transform.name], now.counts[transform.name], confidence=confidence)._asdict()
            for transform in saved.inputs
            if transform.name in then.counts
        ],
        columns=["input", "what", "stability_index", "lower", "upper", "by_chance"],
    )
    inputs["limit"] = MOST_SHIFT
    inputs["is_beyond"] = inputs["lower"] > MOST_SHIFT
    sizes = _sizes(saved, now, confidence)
    has_aged = bool(signs["is_beyond"].any() or inputs["is_beyond"].any() or sizes["has_emptied"].any())
    return Drift(
        signs=signs,
        inputs=inputs,
        sizes=sizes,
        verdict=REFIT if has_aged else KEEP,
        made_at=made_at,
        seen_at=seen_at,
        n_then=then.n_customers,
        n_now=now.n_customers,
        confidence=confidence,
        notes=tuple(notes or ()),
    )


def _signs(then: ReferenceProfile, now: ReferenceProfile, confidence: float) -> list[dict[str, Any]]:
    n_then, n_now = then.n_customers, now.n_customers
    uncertain = newcombe_difference(now.n_uncertain, n_now, then.n_uncertain, n_then, confidence=confidence)
    error = float(np.hypot(then.silhouette_error, now.silhouette_error))
    silhouette = normal_interval(now.silhouette - then.silhouette, error, confidence=confidence)
    ratio, ratio_error = float("nan"), float("nan")
    if then.distance > 0 and now.distance > 0:
        ratio = now.distance / then.distance
        parts = (now.distance_sd / now.distance / n_now**0.5, then.distance_sd / then.distance / n_then**0.5)
        ratio_error = ratio * float(np.hypot(*parts))
    distance = log_interval(ratio, ratio_error, confidence=confidence)
    rows = [
        (DISTANCE, then.distance, now.distance, distance, MOST_DISTANCE, distance.lower > MOST_DISTANCE),
        (
            UNCERTAIN,
            then.n_uncertain / n_then if n_then else np.nan,
            now.n_uncertain / n_now,
            uncertain,
            MOST_UNCERTAIN,
            uncertain.lower > MOST_UNCERTAIN,
        ),
        (
            SILHOUETTE,
            then.silhouette,
            now.silhouette,
            silhouette,
            -MOST_SILHOUETTE_LOST,
            silhouette.upper < -MOST_SILHOUETTE_LOST,
        ),
    ]
    return [
        {
            "sign": sign,
            "then": before,
            "now": after,
            "change": float(change.estimate),
            "lower": float(change.lower),
            "upper": float(change.upper),
            "limit": limit,
            "is_beyond": bool(is_beyond),
        }
        for sign, before, after, change, limit, is_beyond in rows
    ]


def _sizes(saved: SavedSegmentation, now: ReferenceProfile, confidence: float) -> pd.DataFrame:
    before, after = np.array(saved.reference.sizes), np.array(now.sizes)
    change = newcombe_difference(after, after.sum(), before, before.sum(), confidence=confidence)
    shares = before / max(before.sum(), 1), after / max(after.sum(), 1)
    most = wilson_share(after, after.sum(), confidence=confidence).upper
    return pd.DataFrame(
        {
            "segment": saved.names,
            "n_then": before,
            "n_now": after,
            "share_then": shares[0],
            "share_now": shares[1],
            "change": change.estimate,
            "lower": change.lower,
            "upper": change.upper,
            "has_emptied": (shares[0] >= SMALLEST_SHARE) & (most < SMALLEST_SHARE),
        }
    )


DISTANCE: Final = "squared distance to the own centre"
UNCERTAIN: Final = "share of customers near a line"
SILHOUETTE: Final = "silhouette"
_SAY: Final = {
    DISTANCE: lambda row: f"customers lie {row['change']:.2f} times as far from their centres (squared)",
    UNCERTAIN: lambda row: (
        f"{say_percent(row['now'])} of them stand near a line between two segments, {say_percent(row['then'])} then"
    ),
    SILHOUETTE: lambda row: f"the silhouette has fallen from {row['then']:.2f} to {row['now']:.2f}",
}
