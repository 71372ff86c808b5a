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
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

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
    then = _read_placed(held.select("customer_id", "segment", spend=spend), saved.names)
    if len(then) < _FEWEST:
        who = name_members(base).who
        raise NotEnoughData(f"A look back: {who} known on {then_at:%Y-%m-%d}", needed=_FEWEST, found=len(then))
    segment_of = found.cards.set_index("group")["segment"]
    places = segment_of.map({name: place for place, name in enumerate(saved.names)}).reindex(found.labels)
    customers = found.inputs.customers
    now = pd.DataFrame({"spend": customers[WORTH].astype(float), "place": places.fillna(-1).to_numpy(dtype=np.int64)})
    frame = _side_by_side(then, now, list(saved.names))
    moved = _count_moves(then, now, customers["customer_id"], saved.k)
    stayed = np.diag(moved)
    n_both = int(moved.sum())
    gained, lost = moved.sum(axis=0) - stayed, moved.sum(axis=1) - stayed
    level = 1 - (1 - segments.confidence) / max(saved.k, 1)
    change = paired_change(gained[: saved.k], lost[: saved.k], n_both, confidence=level)
    frame = frame.assign(change_share=change.estimate, lower=change.lower, upper=change.upper)
    return Trend(segments=frame, then_at=then_at, n_both=n_both)


def _read_placed(placed: ir.Table, names: Sequence[str]) -> pd.DataFrame:
    """Those who have a segment: customer_id, the place of the segment, spend."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = placed.to_pyarrow()
    rows = rows.filter(pc.is_valid(rows["segment"]))
    place = pc.index_in(rows["segment"].cast(pa.string()), value_set=pa.array(names, type=pa.string()))
    return pd.DataFrame(
        {
            "customer_id": pd.Series(rows["customer_id"], dtype=pd.ArrowDtype(pa.string())),
            "place": place.to_numpy(),
            "spend": rows["spend"].cast(pa.float64()).to_numpy(),
        }
    )


def _count_moves(then: pd.DataFrame, now: pd.DataFrame, ids: pd.Series, k: int) -> NDArray[np.int64]:
    """Customers known on both days, by place then and place now; who has none now stands last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(then["customer_id"])
    at = pc.index_in(known, value_set=pa.array(ids, type=pa.string())).to_numpy(zero_copy_only=False)
    is_known = np.isfinite(at)
    before, after = then["place"].to_numpy()[is_known], now["place"].to_numpy()[at[is_known].astype(np.int64)]
    cells = before.astype(np.int64) * (k + 1) + np.where(after < 0, k, after)
    return np.asarray(np.bincount(cells, minlength=(k + 1) ** 2).reshape(k + 1, k + 1), dtype=np.int64)


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
        by_segment = rows.assign(spend=rows["spend"].fillna(0.0)).loc[rows["place"] >= 0].groupby("place")["spend"]
        sizes = by_segment.size().reindex(range(len(names)), fill_value=0).to_numpy()
        sums = by_segment.sum().reindex(range(len(names)), fill_value=0.0).to_numpy()
        frame[f"n_{day}"] = sizes
        frame[f"size_share_{day}"] = sizes / max(len(rows), 1)
        frame[f"revenue_share_{day}"] = sums / sums.sum() if sums.sum() > 0 else np.nan
    columns = ["segment", "n_then", "n_now", "size_share_then", "size_share_now"]
    return frame[[*columns, "revenue_share_then", "revenue_share_now"]]
