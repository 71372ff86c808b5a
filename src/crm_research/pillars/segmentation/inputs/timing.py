"""When customers buy, and how much and when they use: profiles over the clock and the calendar."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.purchases import build_purchases
from crm_research.pillars.segmentation.inputs.candidates import Offer, offer_compositions
from crm_research.pillars.segmentation.inputs.labels import USE
from crm_research.pillars.segmentation.inputs.recipe import COUNT, Recipe, Whole
from crm_research.pillars.segmentation.inputs.shares import (
    CLOCKS,
    DAY,
    PURCHASES,
    USAGE,
    WEEK,
    YEAR,
    known_use,
    sum_clock,
    weigh_use,
)
from crm_research.steps import step

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from crm_research.study import Study

_A_YEAR: Final = 365
_MOST_ACTIVITIES: Final = 8


@step
def offer_rhythm(study: Study, customers: pd.DataFrame) -> Offer:
    """When does each customer buy: shares of purchases by weekend, part of the day and, from a year on, quarter?"""
    purchases = build_purchases(study).select("customer_id", at="ordered_at")
    frames = _by_clock(purchases.mutate(amount=1.0), PURCHASES)
    return offer_compositions(customers, frames, "purchases by day, hour and season")


@step
def offer_usage(study: Study, customers: pd.DataFrame) -> Offer:
    """How much of each activity does a customer use in a period, and when?

    Amounts are means over the periods in which the customer used anything, so they do not depend on how long he has
    been known. Of the clock and the calendar only what the periods tell apart is used, each activity weighing by its
    own mean. A period that had not ended at as_of is left out.
    """
    what = "usage: activities and their periods"
    if not study.has("activity_use"):
        raise NotEnoughData(f"A segmentation by {what}", needed=1, found=0, mend="Add the table activity_use.")
    rows = known_use(study)
    used = rows.group_by("activity").agg(n=rows.customer_id.nunique(), mean=rows.quantity.mean())
    counts = used.order_by(ibis.desc("n"), "activity").limit(_MOST_ACTIVITIES).to_pandas()
    counts = counts[counts["mean"] > 0]
    if counts.empty:
        raise NotEnoughData(f"A segmentation by {what}", needed=1, found=0, mend="No period of use had ended.")
    activities = counts["activity"].tolist()
    sums = {f"activity_{i}": rows.quantity.sum(where=rows.activity == name) for i, name in enumerate(activities)}
    table = rows.group_by("customer_id").agg(n_periods=rows.period.nunique(), **sums).to_pandas()
    held = customers[["customer_id"]].merge(table, on="customer_id", how="left")
    # Who is in no row used nothing: that is known, no gap.
    periods = held["n_periods"].fillna(1.0).to_numpy(dtype=float)
    amounts = {
        USE + name: np.nan_to_num(held[f"activity_{i}"].to_numpy(dtype=float, na_value=np.nan)) / periods
        for i, name in enumerate(activities)
    }
    recipe = Recipe(activities={USE + name: name for name in activities})
    weights = {name: 1.0 / float(mean) for name, mean in zip(activities, counts["mean"], strict=True)}
    # How steady the shares of a customer are is told by how often he bought, where that is known.
    frames = _by_clock(weigh_use(rows, weights), USAGE, weights) if COUNT in customers else []
    candidates = tuple((name, name.replace("_", " "), True) for name in amounts)
    joined = customers.assign(**amounts)
    if not frames:
        return Offer(customers=joined, candidates=candidates, recipe=recipe)
    offer = offer_compositions(joined, frames, what)
    recipe = replace(recipe, wholes=offer.recipe.wholes)
    return replace(offer, candidates=(*candidates, *offer.candidates), recipe=recipe)


def _by_clock(
    rows: ir.Table, what: str, weights: Mapping[str, float] | None = None
) -> list[tuple[Whole, pd.DataFrame]]:
    """customer_id and the sum of `amount` by part, one frame for each clock that these times tell apart."""
    at = rows["at"]
    seen = rows.agg(
        first=at.min(),
        last=at.max(),
        n_weekdays=at.day_of_week.index().nunique(),
        n_days=at.day().nunique(),
        n_hours=at.hour().nunique(),
    ).to_pandas().iloc[0]  # fmt: skip
    clocks: dict[str, str] = {}
    if seen["n_weekdays"] > 1 and seen["n_days"] > 1:  # the first of each month falls on any weekday
        clocks[WEEK] = "on"
    if seen["n_hours"] > 1:
        clocks[DAY] = "on"
    if pd.notna(seen["first"]) and (seen["last"] - seen["first"]).days >= _year_of(what):
        clocks[YEAR] = "in"
    wholes = [
        Whole(
            of=what,
            by=by,
            parts=tuple(f"{what} {joint} {part}" for part in CLOCKS[by]),
            levels=CLOCKS[by],
            weights=weights or {},
        )
        for by, joint in clocks.items()
    ]
    return [(whole, sum_clock(rows, whole).to_pandas()) for whole in wholes]


def _year_of(what: str) -> int:
    """Days between the first and the last time that show a year; of periods, which bear their first instant, fewer."""
    return _A_YEAR if what == PURCHASES else _A_YEAR - 92
