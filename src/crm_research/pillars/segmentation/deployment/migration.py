"""Who moved from one segment to another between two days, and was it the customer or the model?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.deployment.assign import check_study, place_features
from crm_research.pillars.segmentation.deployment.refit import FEWEST, refit_segmentation
from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
from crm_research.pillars.segmentation.inputs.base import BUYERS, EVERYBODY, name_members
from crm_research.pillars.segmentation.inputs.columns import keep_features
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

_MOST_DAYS: Final = 365
_PART_OF_RECORDS: Final = 4
MOVED: Final = "moved, by one and the same model"
RELABELLED: Final = "named otherwise by the two models on the same day"
APPARENT: Final = "named otherwise by the reports of the two days"
REAL: Final = "of those named otherwise by the reports: moved by one model too"


@dataclass(frozen=True, eq=False, kw_only=True)
class Migration:
    """Who moved between two days, and was it the customer or the model?

    Parameters
    ----------
    counts
        before, before_by_then (places of the segments on the first day, by the model at hand and by one fitted on that
        day; missing for customers who came later), after, n_customers.
    matrix
        One pair of segments a row: segment_before, segment_after, n_customers, n_before, share (of those before),
        lower, upper (Wilson, each by itself), has_stayed.
    rates
        what, estimate, lower, upper, n: moved; relabelled; apparent; real.
    joiners
        segment, n_customers, share: where those are who were not among them on the first day.
    then
        The model fitted on the first day, its groups matched.
    first_day, last_day
        The two days.
    """

    counts: pd.DataFrame
    matrix: pd.DataFrame
    rates: pd.DataFrame
    joiners: pd.DataFrame
    names: tuple[str, ...]
    then: SavedSegmentation
    first_day: datetime
    last_day: datetime
    confidence: float

    @property
    def n_customers(self) -> int:
        """Customers known on both days."""
        return int(self.counts.loc[self.counts["before"].notna(), "n_customers"].sum())

    def rate(self, what: str) -> dict[str, Any]:
        """One row of `rates`."""
        row = self.rates.set_index("what").loc[what]
        return {str(name): value for name, value in row.items()}


@step
def measure_migration(
    study: Study,
    saved: SavedSegmentation,
    *,
    window_days: float | None = None,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Migration:
    """Which customers changed their segment in the window before as_of, and did they move or did the model?

    All customers are placed by the segmentation at hand as they were on the first day and as they are now; and, as
    they were on the first day, by a model found on that day, its groups matched to the segments by the customers they
    share. A customer moved if the same model places him otherwise. A report that finds its groups anew each time names
    more of them otherwise; the difference is the model's doing.

    Parameters
    ----------
    study
        At the later of the two days.
    saved
        The segmentation at hand.
    window_days
        Days between the two; None takes a quarter of the records, a year at most.

    Raises
    ------
    NotEnoughData
        If fewer than 50 customers were known by the first day.
    ParameterError
        If the window is not above 0, or as in `assign_customers`.
    """
    check_study(study, saved)
    if saved.recipe.base == EVERYBODY:
        raise NotEnoughData("Migration between two days: days on which customers became known", needed=1, found=0)
    days = _default_window(study, saved.recipe.base) if window_days is None else window_days
    if not days > 0:
        raise ParameterError(f"window_days must be above 0, not {days!r}.")
    before = study.standing_at(study.as_of - timedelta(days=days))
    then = refit_segmentation(before, saved, seed=seed)
    return describe_moves(
        _count(study, before, saved, then),
        saved,
        then=then,
        first_day=before.as_of,
        last_day=study.as_of,
        confidence=confidence,
    )


@step
def _count(study: Study, before: Study, saved: SavedSegmentation, then: SavedSegmentation) -> pd.DataFrame:
    """Customers by where they were, by either model, and where they are: the only thing that leaves the engine."""
    earlier = keep_features(before, saved)
    was = place_features(earlier, saved).select("customer_id", before="place")
    named = place_features(earlier, then).select("customer_id", before_by_then="place")
    now = place_features(keep_features(study, saved), saved).select("customer_id", after="place")
    joined = now.left_join(was, "customer_id").drop("customer_id_right")
    joined = joined.left_join(named, "customer_id").drop("customer_id_right")
    keys = ["before", "before_by_then", "after"]
    frame: pd.DataFrame = joined.group_by(keys).agg(n_customers=joined.count()).order_by(keys).to_pandas()
    return frame


def _default_window(study: Study, base: str) -> float:
    is_bought = base == BUYERS
    began = known_rows(study, "orders").ordered_at if is_bought else known_rows(study, "contracts").started_at
    first = began.min().to_pandas()
    if first is None or pd.isna(first):
        who = name_members(base).who
        raise NotEnoughData(f"Migration between two days: {who} on the first", needed=FEWEST, found=0)
    span = (study.as_of - pd.Timestamp(first).to_pydatetime()) / timedelta(days=1)
    return float(max(1, min(_MOST_DAYS, int(span / _PART_OF_RECORDS))))


def describe_moves(
    counts: pd.DataFrame,
    saved: SavedSegmentation,
    *,
    then: SavedSegmentation,
    first_day: datetime,
    last_day: datetime,
    confidence: float = 0.95,
) -> Migration:
    """Matrix and rates from customers counted by before, before_by_then and after (see `Migration.counts`)."""
    known = counts[counts["before"].notna()].astype({"before": int, "before_by_then": int, "after": int})
    if not len(known):
        raise NotEnoughData("Migration between two days: customers known on both", needed=FEWEST, found=0)
    return Migration(
        counts=counts,
        matrix=_matrix(known, saved.names, confidence),
        rates=_rates(known, confidence),
        joiners=_joiners(counts, saved.names),
        names=saved.names,
        then=then,
        first_day=first_day,
        last_day=last_day,
        confidence=confidence,
    )


def _matrix(known: pd.DataFrame, names: tuple[str, ...], confidence: float) -> pd.DataFrame:
    k = len(names)
    cells = np.zeros((k, k))
    np.add.at(cells, (known["before"].to_numpy(), known["after"].to_numpy()), known["n_customers"].to_numpy())
    rows, columns = (places.ravel() for places in np.indices((k, k)))
    n_before = cells.sum(axis=1)[rows]
    share = wilson_share(cells.ravel(), n_before, confidence=confidence)
    return pd.DataFrame(
        {
            "segment_before": [names[row] for row in rows],
            "segment_after": [names[column] for column in columns],
            "n_customers": cells.ravel().astype(int),
            "n_before": n_before.astype(int),
            "share": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
            "has_stayed": rows == columns,
        }
    )


def _rates(known: pd.DataFrame, confidence: float) -> pd.DataFrame:
    n = known["n_customers"]
    has_moved = known["before"] != known["after"]
    is_apparent = known["before_by_then"] != known["after"]
    is_relabelled = known["before"] != known["before_by_then"]
    total = int(n.sum())
    rows = []
    for what, hits, size in (
        (MOVED, int(n[has_moved].sum()), total),
        (RELABELLED, int(n[is_relabelled].sum()), total),
        (APPARENT, int(n[is_apparent].sum()), total),
        (REAL, int(n[is_apparent & has_moved].sum()), int(n[is_apparent].sum())),
    ):
        share = wilson_share(hits, size, confidence=confidence)
        rows.append((what, float(share.estimate), float(share.lower), float(share.upper), size))
    return pd.DataFrame(rows, columns=["what", "estimate", "lower", "upper", "n"])


def _joiners(counts: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    new = counts[counts["before"].isna()]
    sizes = np.bincount(new["after"].astype(int), weights=new["n_customers"].astype(float), minlength=len(names))
    total = sizes.sum()
    return pd.DataFrame(
        {"segment": names, "n_customers": sizes.astype(int), "share": sizes / total if total else np.nan}
    )
