"""The curve as far as customers were watched, and a smooth shape beyond: how long do they stay in all?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.parametric.moves import FIRST_DAY
from crm_research.models.parametric.result import ParametricFit, stretch_nodes
from crm_research.models.survival.kaplan_meier import product_limit, survival_limits
from crm_research.models.survival.late_entry import FEWEST_AT_RISK, well_watched
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, greenwood_steps
from crm_research.stats.intervals import Interval, normal_interval, normal_quantile

_SHARE_AT_RISK: Final = 0.02
_QUIET: Final = np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore")


def watched_until(counts: pd.DataFrame) -> float:
    """Up to which tenure were enough spells watched: 2 % of them, and ten at least? 0 if never so many."""
    table = build_risk_table(counts)
    enough = table.n_at_risk >= max(FEWEST_AT_RISK, _SHARE_AT_RISK * table.n_spells)
    return float(table.tenure_days[enough].max()) if enough.any() else 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Joined:
    """Kaplan-Meier up to the seam, the shape beyond it, and how the errors of both come from the same ends."""

    table: RiskTable
    fit: ParametricFit
    seam: float
    survival: FloatArray
    pull: FloatArray  # one row for each tenure of the table: what an end there too many does to the parameters

    def level(self, days: float) -> float:
        """Survival after a tenure within the seam."""
        place = int(np.searchsorted(self.table.tenure_days, days, side="right"))
        return float(self.survival[place - 1]) if place else 1.0


def _join(counts: pd.DataFrame, fit: ParametricFit, seam: float) -> _Joined:
    table = well_watched(build_risk_table(counts))
    survival, _ = product_limit(table)
    happened = fit.read(np.where(table.tenure_days > 0, table.tenure_days, FIRST_DAY))
    return _Joined(
        table=table, fit=fit, seam=seam, survival=survival, pull=happened.d_log_hazard @ np.atleast_2d(fit.covariance)
    )


@_QUIET
def expected_tenure(
    counts: pd.DataFrame,
    fit: ParametricFit,
    *,
    seam_days: float,
    horizon_days: float,
    after_days: Sequence[float] = (0.0,),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How many more days, of those up to the horizon, does a customer stay who has stayed so long already?

    Parameters
    ----------
    counts
        As in `models.survival.estimate_survival`, one group.
    fit
        A shape fitted to the same counts, without covariates.
    seam_days
        Kaplan-Meier serves up to here, the shape beyond.
    horizon_days
        Nothing is counted beyond this tenure, which makes the mean exist.
    after_days
        Tenures so far; 0 is a new customer, or with spells met late one who will last until the curve begins.

    Returns
    -------
    pandas.DataFrame
        Grain: tenure so far. Columns ``after_days``, ``horizon_days``, ``expected_days``, ``lower``, ``upper``,
        ``std_error``, ``beyond_share`` (part of the expected days that lies beyond the seam). A tenure that nobody
        reached is NaN.

    Notes
    -----
    Each end moves the curve and the shape at once; the variance adds up both movements, end by end, and for ends at
    one tenure what Greenwood's formula has above those that come one by one. The choice of the
    shape is not in the interval: see how far other shapes lead.
    """
    joined = _join(counts, fit, seam_days)
    rows = []
    for after in after_days:
        mean, beyond, error = _mean_after(joined, float(after), float(horizon_days))
        limits = normal_interval(mean, error, confidence=confidence)
        if error == 0 and float(after) < float(horizon_days):
            limits = _limits_of_curve(joined, float(after), float(horizon_days), confidence)
        longest = max(float(horizon_days) - float(after), 0.0)
        rows.append(
            {
                "after_days": float(after),
                "horizon_days": float(horizon_days),
                "expected_days": mean,
                "lower": float(np.clip(limits.lower, 0.0, longest)),
                "upper": float(np.clip(limits.upper, 0.0, longest)),
                "std_error": error,
                "beyond_share": beyond / mean if mean > 0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


@_QUIET
def extended_curve(
    counts: pd.DataFrame, fit: ParametricFit, *, seam_days: float, days: Sequence[float], confidence: float = 0.95
) -> pd.DataFrame:
    """What share stays longer than each of these tenures beyond the seam?

    Returns
    -------
    pandas.DataFrame
        Grain: tenure. Columns ``tenure_days``, ``survival``, ``lower``, ``upper`` (log(-log) scale).
    """
    joined = _join(counts, fit, seam_days)
    table, asked = joined.table, np.maximum(np.asarray(days, dtype=float), seam_days)
    there, seam = fit.read(np.maximum(asked, FIRST_DAY)), fit.read(np.array([max(seam_days, FIRST_DAY)]))
    level = joined.level(seam_days)
    total = -np.log(level) + there.cumulative - seam.cumulative
    before = table.tenure_days <= seam_days
    own = np.where(before & (table.n_ended > 0), 1.0 / np.maximum(table.n_at_risk, 1), 0.0)
    moved = own[:, None] + joined.pull @ (there.d_cumulative - seam.d_cumulative).T
    error = np.sqrt(table.n_ended @ moved**2 + _ties(table) @ before[:, None])
    factor = np.exp(normal_quantile(confidence) * error / total)
    lower, upper = np.exp(-total * factor), np.exp(-total / factor)
    return pd.DataFrame({"tenure_days": asked, "survival": np.exp(-total), "lower": lower, "upper": upper})


def _mean_after(joined: _Joined, after: float, horizon: float) -> tuple[float, float, float]:
    """Expected further days, those beyond the seam among them, and the standard error of the whole."""
    table, fit = joined.table, joined.fit
    seam = min(joined.seam, horizon)
    # A new customer has not yet come through the first day: who ends on it is among those expected.
    start = 1.0 if after <= 0 else joined.level(after) if after <= seam else 1.0
    if start <= 0 or after >= horizon:
        return (0.0 if after >= horizon else np.nan), 0.0, 0.0
    inside, area_after = _area(joined, after, seam)
    level = joined.level(seam) / start if after <= seam else 1.0
    tail_from = max(after, seam)
    tail, slope = _tail(fit, tail_from, horizon)
    mean, beyond = inside / start + level * tail, level * tail
    counts = ((table.tenure_days > after) | (after <= 0)) & (table.tenure_days <= seam) & (table.n_ended > 0)
    days_lost = np.where(counts, area_after / start + level * tail, 0.0)
    own = days_lost / np.maximum(table.n_at_risk, 1)
    # Without a part beyond the seam the shape, and whether it could be fitted, does not matter.
    moved = own + level * (joined.pull @ slope) if beyond > 0 else own
    return mean, beyond, float(np.sqrt(table.n_ended @ moved**2 + _ties(table) @ days_lost**2))


def _ties(table: RiskTable) -> FloatArray:
    """By how much Greenwood's steps exceed those of ends that come one by one, d / n^2; little without ties."""
    one_by_one = table.n_ended / np.maximum(table.n_at_risk, 1).astype(float) ** 2
    return np.asarray(np.maximum(greenwood_steps(table) - one_by_one, 0.0), dtype=np.float64)


def _limits_of_curve(joined: _Joined, after: float, horizon: float, confidence: float) -> Interval:
    """The days under the limits of the curve: where nobody ends, or all at once, the variance claims certainty."""
    survival, greenwood = product_limit(joined.table)
    curves = (survival, *survival_limits(joined.table, survival, greenwood, confidence))
    days = [_mean_after(replace(joined, survival=curve), after, horizon)[0] for curve in curves]
    is_before_any_end = joined.level(after) >= 1
    return Interval(*(np.asarray(value if is_before_any_end else np.nan) for value in days))


def _area(joined: _Joined, after: float, seam: float) -> tuple[float, FloatArray]:
    """Area under Kaplan-Meier between two tenures, and for each tenure of the table the area from it to the seam."""
    days = joined.table.tenure_days
    upto = np.clip(np.append(days, np.inf), after, seam)
    widths = np.diff(np.concatenate([[after], upto])) if seam > after else np.zeros(len(days) + 1)
    pieces = widths * np.concatenate([[1.0], joined.survival])
    beyond = np.cumsum(pieces[::-1])[::-1]
    return float(beyond[0]), np.asarray(beyond[1:])


def _tail(fit: ParametricFit, start: float, horizon: float) -> tuple[float, FloatArray]:
    """Days to come by the shape from a tenure on, and minus their slope in the parameters."""
    if horizon <= start:
        return 0.0, np.zeros(len(fit.covariance))
    days, weights = stretch_nodes(start, horizon)
    there, here = fit.read(days), fit.read(np.array([max(start, FIRST_DAY * 1e-3)]))
    staying = weights * np.exp(-(there.cumulative - here.cumulative))
    return float(staying.sum()), np.asarray(staying @ (there.d_cumulative - here.d_cumulative))
