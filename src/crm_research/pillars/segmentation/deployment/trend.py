"""How large was each segment earlier, if the same centres are asked?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.deployment.assign import assign_segments
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.inputs.base import BUYERS, EVERYBODY, WORTH, measure_money, name_members
from crm_research.pillars.segmentation.rfm.changes import paired_change
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.result import Segmentation
    from crm_research.study import Study

_MONTHS_BACK: Final = 6.0
_FEWEST: Final = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class Trend:
    """Which segments have grown since an earlier day?

    Parameters
    ----------
    segments
        One segment in the order of the cards: segment, n_then, n_now, size_share_then, size_share_now,
        revenue_share_then, revenue_share_now (of the net revenue up to that day), change_share (growth of its share
        among the customers known on both days) with lower and upper, adjusted for the number of segments.
    then_at
        The earlier day.
    n_both
        Customers known on both days.
    """

    segments: pd.DataFrame
    then_at: datetime
    n_both: int


@step
def trace_segments(study: Study, segments: Segmentation, *, months_back: float | None = None) -> Trend:
    """How large was each segment half a year ago, and what did it bring until then?

    Customers are placed by what they had bought until the earlier day, by the same transforms and centres, so the
    segments mean the same on both days.

    Parameters
    ----------
    months_back
        How long ago; None takes six months, or half of what the records hold where that is less.

    Raises
    ------
    NotEnoughData
        If fewer than 30 customers were known by then, or nothing was found.
    ParameterError
        If the segmentation cannot be kept, so that nobody can be placed anew.

    Notes
    -----
    Counts and sums run from the beginning of the records on both days, so the later day has the longer memory: a
    segment of frequent buyers grows with the records alone.
    """
    saved = keep_segmentation(study, segments)
    found = segments.found
    if found is None:
        raise NotEnoughData("A trend: groups", needed=1, found=0, mend=segments.why_not)
    if saved.recipe.is_static(saved.used):
        raise NotEnoughData("A look back: inputs of which the records keep a history", needed=1, found=0)
    if found.inputs.base == EVERYBODY:
        raise NotEnoughData("A look back: days on which customers became known", needed=1, found=0)
    then_at = study.as_of - _length(study, months_back, found.inputs.base)
    earlier = study.standing_at(then_at)
    base = saved.recipe.base
    worth, _ = measure_money(earlier, base)
    placed = assign_segments(earlier, saved)
    held = placed if worth is None else placed.left_join(worth, "customer_id")
    spend = ibis.literal(0.0) if worth is None else held[WORTH]
    then = held.select("customer_id", "segment", spend=spend).to_pandas().dropna(subset="segment")
    if len(then) < _FEWEST:
        who = name_members(base).who
        raise NotEnoughData(f"A look back: {who} known on {then_at:%Y-%m-%d}", needed=_FEWEST, found=len(then))
    now = (
        found.inputs.customers[["customer_id", WORTH]]
        .rename(columns={WORTH: "spend"})
        .assign(segment=found.cards.set_index("group")["segment"].reindex(found.labels).to_numpy())
    )
    frame = _side_by_side(then, now, list(saved.names))
    both = then[["customer_id", "segment"]].merge(now[["customer_id", "segment"]], on="customer_id")
    gained = [int(((both["segment_y"] == name) & (both["segment_x"] != name)).sum()) for name in saved.names]
    lost = [int(((both["segment_x"] == name) & (both["segment_y"] != name)).sum()) for name in saved.names]
    level = 1 - (1 - segments.confidence) / max(saved.k, 1)
    change = paired_change(gained, lost, len(both), confidence=level)
    frame = frame.assign(change_share=change.estimate, lower=change.lower, upper=change.upper)
    return Trend(segments=frame, then_at=then_at, n_both=len(both))


def _length(study: Study, months_back: float | None, base: str) -> timedelta:
    began = study.table("orders").ordered_at if base == BUYERS else study.table("contracts").started_at
    first = began.min().to_pyarrow().as_py()
    wanted = timedelta(days=(months_back or _MONTHS_BACK) * DAYS_PER_MONTH)
    if months_back is not None or first is None:
        return wanted
    held: timedelta = study.as_of - first
    return min(wanted, held / 2)


def _side_by_side(then: pd.DataFrame, now: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"segment": names})
    for day, rows in (("then", then), ("now", now)):
        by_segment = rows.assign(spend=rows["spend"].astype(float).fillna(0.0)).groupby("segment")["spend"]
        sizes = by_segment.size().reindex(names, fill_value=0).to_numpy()
        sums = by_segment.sum().reindex(names, fill_value=0.0).to_numpy()
        frame[f"n_{day}"] = sizes
        frame[f"size_share_{day}"] = sizes / max(len(rows), 1)
        frame[f"revenue_share_{day}"] = sums / sums.sum() if sums.sum() > 0 else np.nan
    columns = ["segment", "n_then", "n_now", "size_share_then", "size_share_now"]
    return frame[[*columns, "revenue_share_then", "revenue_share_now"]]
