"""Hazard by tenure: when is the danger of leaving greatest?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, split_groups
from crm_research.stats.intervals import log_interval
from crm_research.vocabulary import DAYS_PER_MONTH


def estimate_cumulative_hazard(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """How much danger of leaving has piled up by each tenure?

    Returns
    -------
    pandas.DataFrame
        Grain: group and tenure. Columns ``group``, ``tenure_days``, ``cumulative_hazard``, ``lower``, ``upper``
        (on the log scale), ``std_error``, ``n_at_risk``.

    References
    ----------
    Nelson (1972), Technometrics 14; Aalen (1978), Annals of Statistics 6; variance d / n**2 (Klein and Moeschberger
    2003, equation 4.2.4).
    """
    frames = []
    for name, rows in split_groups(counts):
        table = well_watched(build_risk_table(rows))
        total = np.cumsum(_increments(table))
        error = np.sqrt(np.cumsum(_increments(table) / np.maximum(table.n_at_risk, 1)))
        limits = log_interval(total, error, confidence=confidence)
        frames.append(
            pd.DataFrame(
                {
                    "group": name,
                    "tenure_days": table.tenure_days,
                    "cumulative_hazard": total,
                    "lower": limits.lower,
                    "upper": limits.upper,
                    "std_error": error,
                    "n_at_risk": table.n_at_risk,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def estimate_smooth_hazard(
    counts: pd.DataFrame,
    *,
    horizon_days: float,
    bandwidth_days: float | None = None,
    per_days: float = DAYS_PER_MONTH,
    n_points: int = 101,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How does the danger of leaving rise and fall with tenure, once chance is smoothed out?

    Parameters
    ----------
    horizon_days
        How far to look; never beyond the longest tenure observed.
    bandwidth_days
        Half the width of the Epanechnikov window. None takes the pilot of Müller and Wang (1994), span / (8
        n_ended ** 0.2), but at least twice the usual gap between tenures, so that monthly records give no comb.
    per_days
        The rate is per this many days.

    Returns
    -------
    pandas.DataFrame
        Grain: group and tenure on an even grid. Columns ``group``, ``tenure_days``, ``hazard`` (ends per spell and
        `per_days`), ``lower``, ``upper`` (pointwise, log scale, of the smoothed hazard: its bias is not in it),
        ``bandwidth_days``. Groups without a single end are left out.

    References
    ----------
    Ramlau-Hansen (1983), Annals of Statistics 11, 453-466; at the edges the window is cut and made to sum to one.
    """
    frames = []
    for name, rows in split_groups(counts):
        table = well_watched(build_risk_table(rows))
        happened = table.n_ended > 0
        if not happened.any():
            continue
        reach = min(horizon_days, table.last_days)
        width = bandwidth_days or _pilot_bandwidth(table)
        grid = np.linspace(min(table.first_days, reach), reach, n_points)
        hazard, error = _smooth(table, grid, width)
        limits = log_interval(hazard * per_days, error * per_days, confidence=confidence)
        frames.append(
            pd.DataFrame(
                {
                    "group": name,
                    "tenure_days": grid,
                    "hazard": limits.estimate,
                    "lower": limits.lower,
                    "upper": limits.upper,
                    "bandwidth_days": width,
                }
            )
        )
    columns = ["group", "tenure_days", "hazard", "lower", "upper", "bandwidth_days"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _increments(table: RiskTable) -> FloatArray:
    return np.where(table.n_ended > 0, table.n_ended / np.maximum(table.n_at_risk, 1), 0.0)


def _pilot_bandwidth(table: RiskTable) -> float:
    days = table.tenure_days[table.n_ended > 0]
    gap = float(np.median(np.diff(days))) if len(days) > 1 else float(table.last_days)
    span = table.last_days - table.first_days
    pilot = span / (8 * float(table.n_ended.sum()) ** 0.2)
    return max(float(pilot), 2 * gap, 1.0)


def _smooth(table: RiskTable, grid: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    days = table.tenure_days[table.n_ended > 0]
    steps = _increments(table)[table.n_ended > 0]
    squares = steps / table.n_at_risk[table.n_ended > 0]
    hazard, variance = np.empty_like(grid), np.empty_like(grid)
    for place, point in enumerate(grid):
        first, last = np.searchsorted(days, [point - width, point + width])
        weight = 0.75 * (1 - ((days[first:last] - point) / width) ** 2) / width
        mass = _epanechnikov_mass((table.first_days - point) / width, (table.last_days - point) / width)
        hazard[place] = np.sum(weight * steps[first:last]) / mass
        variance[place] = np.sum(weight**2 * squares[first:last]) / mass**2
    return hazard, np.sqrt(variance)


def _epanechnikov_mass(start: float, end: float) -> float:
    low, high = np.clip([start, end], -1.0, 1.0)
    return max(float(0.75 * ((high - high**3 / 3) - (low - low**3 / 3))), 1e-9)
