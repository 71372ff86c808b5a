"""Gain and loss: how the named groups of recency, frequency and money changed from one period to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.features.clock import instant
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.rfm.rules import (
    MEASURES,
    NAMES,
    measure_rfm,
    name_score,
    score_table,
    take_quintiles,
)
from crm_research.stats.intervals import Interval, normal_quantile
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

# Neither period's purchases: not among the groups of that period.
NO_PURCHASE: Final = "No purchase"
_MOST_DAYS: Final = 365.0


@dataclass(frozen=True, eq=False, kw_only=True)
class RfmChanges:
    """How did the groups change between two periods of the same length?

    Parameters
    ----------
    groups
        One named group, best first, and last those without a purchase: group, n_before, n_now, n_stayed, n_gained
        (from another group or without a purchase before), n_lost, change_share (of all customers, by which the group
        grew) with lower and upper.
    moves
        before, now, n_customers: every move that occurred.
    starts_at, changes_at, ends_at
        The periods are (starts_at, changes_at] and (changes_at, ends_at].
    n
        Customers with a purchase in at least one of the periods.
    """

    groups: pd.DataFrame
    moves: pd.DataFrame
    starts_at: datetime
    changes_at: datetime
    ends_at: datetime
    n: int
    confidence: float


@step
def compare_periods(study: Study, *, period_months: float | None = None, confidence: float = 0.95) -> RfmChanges:
    """Which groups gain customers and which lose them?

    Both periods are scored by the cut points of the earlier one, so a group grows only if customers buy more, more
    often or later in their period than the customers of the period before.

    Parameters
    ----------
    study
        Needs orders.
    period_months
        Length of each of the two periods before as_of; None takes half of what the records hold, at most a year.
    confidence
        Level that holds for the changes of all groups together.

    Raises
    ------
    NotEnoughData
        If nobody bought in the earlier period.

    Notes
    -----
    The interval is that of a difference of paired shares, with one added to both cells of change; the level is divided
    by the number of groups (Bonferroni). Seasons are not removed: half-years differ by their months.

    References
    ----------
    Bonett and Price (2012), Journal of Educational and Behavioral Statistics 37, 479-488.
    """
    length = _length_of(study, period_months)
    changes_at = study.as_of - length
    starts_at = changes_at - length
    before = measure_rfm(_study_between(study, starts_at, changes_at))
    cuts = take_quintiles(before, list(MEASURES))
    if not all(np.isfinite(cut) for values in cuts.values() for cut in values):
        raise NotEnoughData(
            "A comparison of two periods",
            needed=1,
            found=0,
            mend="Nobody bought in the earlier one; set period_months.",
        )
    now = measure_rfm(_study_between(study, changes_at, study.as_of))
    moves = _count_moves(_cells_of(before, cuts), _cells_of(now, cuts))
    return RfmChanges(
        groups=_sum_changes(moves, confidence=confidence),
        moves=moves,
        starts_at=starts_at,
        changes_at=changes_at,
        ends_at=study.as_of,
        n=int(moves["n_customers"].sum()),
        confidence=confidence,
    )


def paired_change(n_gained: Any, n_lost: Any, n: Any, *, confidence: float) -> Interval:
    """By how much did a share change among the same n customers, of whom some were gained and some lost?"""
    gained, lost, total = (np.asarray(value, dtype=float) for value in (n_gained, n_lost, n))
    up, down = (gained + 1) / (total + 2), (lost + 1) / (total + 2)
    half = normal_quantile(confidence) * np.sqrt((up + down - (up - down) ** 2) / (total + 2))
    middle = up - down
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = (gained - lost) / total
    return Interval(estimate, np.maximum(middle - half, -1.0), np.minimum(middle + half, 1.0))


def _length_of(study: Study, period_months: float | None) -> timedelta:
    if period_months is not None:
        if not period_months > 0:
            raise ParameterError(f"period_months must be more than 0, not {period_months!r}.")
        return timedelta(days=period_months * DAYS_PER_MONTH)
    orders = keep_dealings(known_rows(study, "orders"))
    first = orders.ordered_at.min().to_pyarrow().as_py()
    if first is None:
        raise NotEnoughData("A comparison of two periods", needed=1, found=0, mend="Nobody had bought yet.")
    held: timedelta = study.as_of - first + timedelta(seconds=1)  # the first order itself lies within
    return min(held / 2, timedelta(days=_MOST_DAYS))


def _study_between(study: Study, start: datetime, end: datetime) -> Study:
    """The study seen from `end`, its orders cut off before `start`."""
    orders = study.table("orders")
    later = orders.filter(orders.ordered_at > instant(start))
    return replace(study, as_of=end, holdout_until=None, tables={"orders": later})


def _cells_of(measured: ir.Table, cuts: dict[str, tuple[float, ...]]) -> ir.Table:
    scored = score_table(measured, cuts)
    code = scored.recency_score * 100 + scored.frequency_score * 10 + scored.money_score
    return scored.select("customer_id", cell=code)


def _count_moves(before: ir.Table, now: ir.Table) -> pd.DataFrame:
    both = before.rename(cell_before="cell").outer_join(now.rename(cell_now="cell", id_now="customer_id"), [
        ("customer_id", "id_now")
    ])  # fmt: skip
    cells = both.group_by(cell_before=both.cell_before.fill_null(0), cell_now=both.cell_now.fill_null(0))
    counted = cells.agg(n_customers=both.count()).to_pandas()
    named = pd.DataFrame(
        {
            "before": [_name(int(cell)) for cell in counted["cell_before"]],
            "now": [_name(int(cell)) for cell in counted["cell_now"]],
            "n_customers": counted["n_customers"].astype("int64"),
        }
    )
    return named.groupby(["before", "now"], as_index=False).sum()


def _name(cell: int) -> str:
    return name_score(cell // 100, cell // 10 % 10, cell % 10) if cell else NO_PURCHASE


def _sum_changes(moves: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    names = [*NAMES, NO_PURCHASE]
    table = moves.pivot_table(index="before", columns="now", values="n_customers", aggfunc="sum", fill_value=0)
    counts = table.reindex(index=names, columns=names, fill_value=0).to_numpy(dtype="int64")
    stayed = np.diag(counts)
    n_before, n_now = counts.sum(axis=1), counts.sum(axis=0)
    level = 1 - (1 - confidence) / len(names)
    change = paired_change(n_now - stayed, n_before - stayed, counts.sum(), confidence=level)
    return pd.DataFrame(
        {
            "group": names,
            "n_before": n_before,
            "n_now": n_now,
            "n_stayed": stayed,
            "n_gained": n_now - stayed,
            "n_lost": n_before - stayed,
            "change_share": change.estimate,
            "lower": change.lower,
            "upper": change.upper,
        }
    )
