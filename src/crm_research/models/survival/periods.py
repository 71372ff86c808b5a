"""Leaving by period of tenure: of those there when a month begins, what share is gone when it ends?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.survival.kaplan_meier import product_limit, survival_limits
from crm_research.models.survival.late_entry import since, well_watched
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, split_groups
from crm_research.stats.intervals import check_confidence

PERIOD_COLUMNS: Final = (
    "group", "period_index", "from_days", "to_days", "n_at_risk", "n_ended", "exposure_days", "share", "lower", "upper"
)  # fmt: skip
# Months are closed at the longest that they can be: records of whole months may stop a few days before.
_WATCHED_PART: Final = 0.8


def estimate_period_shares(
    counts: pd.DataFrame,
    *,
    ends_days: Sequence[float],
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Of those still there when each period of tenure begins, what share leaves in it?

    One less the curve at its end over the curve at its beginning: a share of customers, never above one, whereas ends
    over time under observation is a rate and may be.

    Parameters
    ----------
    counts
        As in `estimate_survival`.
    ends_days
        Where each period ends, rising; the first begins at tenure 0. For months `vocabulary.days_in_months`.
    shared
        As in `estimate_survival`.

    Returns
    -------
    pandas.DataFrame
        Grain: group and period of tenure. Columns ``group``, ``period_index`` (0 is the first), ``from_days``,
        ``to_days``, ``n_at_risk`` (when the period begins), ``n_ended``, ``exposure_days`` (days watched in it, over
        all), ``share``, ``lower``, ``upper``. An end exactly on a boundary belongs to the period it closes; an end at
        tenure 0 to the first. Left out are periods in which nobody was observed, in which the curve has not begun
        (late entry), and which were not watched to their end.

    Notes
    -----
    Kaplan-Meier among those who reached the period, with its limits: with everybody watched throughout the share is
    ends over those at risk.
    """
    check_confidence(confidence)
    edges: FloatArray = np.concatenate([[0.0], np.asarray(ends_days, dtype=np.float64)])
    rows = []
    for name, group in split_groups(counts):
        table = well_watched(build_risk_table(group))
        for place, (begin, end) in enumerate(pairwise(edges)):
            found = _one_period(table, (float(begin), float(end)), shared, name, confidence)
            if found is not None:
                rows.append({"group": name, "period_index": place, "from_days": begin, "to_days": end} | found)
    return pd.DataFrame(rows, columns=list(PERIOD_COLUMNS))


def _one_period(
    table: RiskTable, edges: tuple[float, float], shared: pd.DataFrame | None, group: str, confidence: float
) -> dict[str, float] | None:
    begin, end = edges
    if begin < table.first_days or begin >= table.last_days > 0:
        return None
    if table.known_days < begin + _WATCHED_PART * (end - begin):
        return None
    later = since(table, begin) if begin > 0 else table
    inside = later.tenure_days <= end
    period = replace(
        later,
        **{
            name: getattr(later, name)[inside]
            for name in ("tenure_days", "n_at_risk", "n_ended", "n_censored", "n_entered")
        },
    )
    survival, greenwood = product_limit(period, shared, group)
    lower, upper = survival_limits(period, survival, greenwood, confidence)
    steps = np.concatenate([period.tenure_days, [min(end, max(table.last_days, begin))]])
    after = period.n_at_risk - period.n_ended - period.n_censored + np.where(steps[:-1] > 0, period.n_entered, 0)
    return {
        "n_at_risk": int(later.n_entered[0] if begin > 0 else later.n_at_risk[0]),
        "n_ended": int(period.n_ended.sum()),
        "exposure_days": float(np.sum(np.diff(steps) * after)),
        "share": 1.0 - float(survival[-1]),
        "lower": 1.0 - float(upper[-1]),
        "upper": 1.0 - float(lower[-1]),
    }
