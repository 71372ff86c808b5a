"""Restricted mean tenure: how long do customers stay on average within the next so many days?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.models.survival.clusters import mean_excess, place_spells
from crm_research.models.survival.kaplan_meier import product_limit, survival_limits
from crm_research.models.survival.late_entry import begin_together, well_watched
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, greenwood_steps, split_groups
from crm_research.stats.intervals import logit_interval


def estimate_restricted_mean(
    counts: pd.DataFrame,
    *,
    horizon_days: float,
    is_common: bool = False,
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How many of the first `horizon_days` does a customer stay, on average?

    Unlike the mean it needs no guess about the time after the records end, and unlike the median it always exists.

    Parameters
    ----------
    counts
        As in `estimate_survival`.
    horizon_days
        The restriction. A group observed for less is given the longest tenure up to which its curve is known, which the
        result states; means at different horizons must not be compared.
    is_common
        Whether all groups are given the shortest of these, and the latest beginning, so that they can be compared.
    shared
        As in `estimate_survival`.

    Returns
    -------
    pandas.DataFrame
        Grain: group. Columns ``group``, ``from_days``, ``horizon_days``, ``mean_days``, ``lower``, ``upper``,
        ``std_error``, ``n``.
        The mean is that of customers who stayed ``from_days``, with these days in it.

    Notes
    -----
    Limits on the logit scale of the part of the horizon that is stayed, so that they lie within it. Where nobody ends
    within the horizon, or all at once, the variance is silent: the limits are then the areas under those of the curve.

    References
    ----------
    Area under Kaplan-Meier with Greenwood-type variance: Klein and Moeschberger (2003), Survival Analysis,
    equations 4.5.1 and 4.5.2; Royston and Parmar (2013), BMC Medical Research Methodology 13, 152.
    """
    whole = {name: build_risk_table(rows) for name, rows in split_groups(counts)}
    tables = begin_together(whole) if is_common else {name: well_watched(table) for name, table in whole.items()}
    reach = {name: _reach(table, horizon_days) for name, table in tables.items()}
    if is_common:
        reach = dict.fromkeys(reach, min(reach.values()))
    return pd.DataFrame([_one_mean(name, table, reach[name], shared, confidence) for name, table in tables.items()])


def _reach(table: RiskTable, horizon: float) -> float:
    return float(min(horizon, table.known_days))


def _one_mean(
    name: str, table: RiskTable, reach: float, shared: pd.DataFrame | None, confidence: float
) -> dict[str, object]:
    start = table.first_days
    survival, greenwood = product_limit(table, shared, name)
    alone = _variance(table, survival, reach)
    added = mean_excess(table, place_spells(shared, table, name), survival, reach, alone)
    stayed, error = _area(table, survival, reach), float(np.sqrt(max(alone + added, 0.0)))
    span = max(reach - start, 0.0)
    if error > 0 and span > 0:
        limits = logit_interval(stayed / span, error / span, confidence=confidence)
        lower, upper = float(limits.lower) * span, float(limits.upper) * span
    else:
        low, high = survival_limits(table, survival, greenwood, confidence)
        lower, upper = _area(table, low, reach), _area(table, high, reach)
    return {
        "group": name,
        "from_days": start,
        "horizon_days": reach,
        "mean_days": start + stayed,
        "lower": start + lower,
        "upper": start + upper,
        "std_error": error,
        "n": table.n_spells,
    }


def _pieces(table: RiskTable, survival: FloatArray, horizon: float) -> FloatArray:
    """The areas between the tenures up to the horizon, under a curve that begins where the table does."""
    within = table.tenure_days <= horizon
    edges = np.concatenate([table.tenure_days[within], [max(horizon, table.first_days)]])
    return np.asarray(np.diff(edges) * survival[within], dtype=np.float64)


def _area(table: RiskTable, survival: FloatArray, horizon: float) -> float:
    return float(_pieces(table, survival, horizon).sum())


def _variance(table: RiskTable, survival: FloatArray, horizon: float) -> float:
    within = table.tenure_days <= horizon
    beyond = np.cumsum(_pieces(table, survival, horizon)[::-1])[::-1]  # area between each tenure and the horizon
    return float(np.sum(beyond**2 * greenwood_steps(table)[within]))
