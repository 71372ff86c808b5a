"""Competing reasons: for which reason has which share left by when?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crm_research.models.survival.clusters import SharedSpells, incidence_excess, place_spells
from crm_research.models.survival.kaplan_meier import fewest_so_far, product_limit
from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import FloatArray, RiskTable, build_risk_table, greenwood_steps, split_groups
from crm_research.stats.intervals import check_confidence, exact_share, normal_quantile

CURVE_COLUMNS = ["group", "reason", "tenure_days", "incidence", "lower", "upper", "std_error", "n_ended", "n_at_risk"]
SIZE_COLUMNS: Final = ["group", "reason", "n", "n_ended", "first_days", "last_days", "known_days"]
_READ: Final = ["incidence", "lower", "upper", "std_error"]


@dataclass(frozen=True, eq=False, kw_only=True)
class IncidenceCurves:
    """Which share has left for each reason by each tenure?

    Parameters
    ----------
    curves
        Grain: group, reason and tenure. Columns ``group``, ``reason``, ``tenure_days``, ``incidence``, ``lower``,
        ``upper``, ``std_error``, ``n_ended`` (for the reason), ``n_at_risk``. At every tenure the incidences of all
        reasons and survival sum to one.
    sizes
        Grain: group and reason. Columns ``group``, ``reason``, ``n`` (spells of the group), ``n_ended``,
        ``first_days`` (where the curves of the group begin), ``last_days`` (longest tenure they reach), ``known_days``
        (up to which they are known, as in `SurvivalCurves`).
    confidence
        Level of the pointwise intervals.
    """

    curves: pd.DataFrame
    sizes: pd.DataFrame
    confidence: float

    def at(self, days: float) -> pd.DataFrame:
        """Which share has left for each reason by `days`?

        Grain group and reason. NaN before the curves begin, and beyond what was observed unless everybody had ended and
        could have been observed so long.
        """
        rows = []
        named = zip(self.sizes["group"], self.sizes["reason"], strict=True)
        known = dict(zip(named, self.sizes["known_days"], strict=True))
        for (group, reason), curve in self.curves.groupby(["group", "reason"], sort=False):
            tenures = curve["tenure_days"].to_numpy()
            place = int(np.searchsorted(tenures, days, side="right")) - 1
            row: dict[Any, Any] = dict.fromkeys(_READ, np.nan)
            if place >= 0 and days <= known[(group, reason)]:
                row = curve.iloc[place][_READ].to_dict()
            rows.append({"group": group, "reason": reason, "tenure_days": float(days)} | row)
        return pd.DataFrame(rows, columns=["group", "reason", "tenure_days", *_READ])


def estimate_incidence(
    counts: pd.DataFrame,
    ends: pd.DataFrame,
    *,
    from_days: float | None = None,
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> IncidenceCurves:
    """Which share leaves for each reason by each tenure, when leaving for one rules out the others?

    One minus Kaplan-Meier per reason would treat those who left for another reason as if they could still leave
    for this one, and overstates every share.

    Parameters
    ----------
    counts
        As in `estimate_survival`.
    ends
        The ends among the counts by reason. Grain: tenure and reason, or group, tenure and reason: ``group``
        (optional, as in `counts`), ``tenure_days``, ``end_reason``, ``n_ended``.
    from_days
        As in `estimate_survival`: with spells met late the curves begin where enough are at risk.
    shared
        As there, with ``end_reason``.

    Raises
    ------
    ValueError
        If the reasons' ends do not add up to the ends of the counts.

    Notes
    -----
    Exact with ties: all ends at a tenure share the number at risk just before it, and nothing is drawn at random.
    Variance by the delta method; limits on the log(-log) scale; where nobody has left for the reason yet, the
    upper limit is the exact binomial one for the fewest at risk so far. Limits never fall with tenure.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150; variance: Marubini and Valsecchi
    (1995), Analysing Survival Data from Clinical Trials, chapter 10.
    """
    check_confidence(confidence)
    by_group = dict(split_groups(ends))
    curves, sizes = [], []
    for name, rows in split_groups(counts):
        whole = build_risk_table(rows)
        table = well_watched(whole, from_days=from_days)
        own = by_group.get(name, ends.iloc[:0])
        if int(own["n_ended"].sum()) != int(whole.n_ended.sum()):
            raise ValueError(f"Ends by reason do not add up to all ends in group {name!r}: every end needs a reason.")
        for reason, at_reason in own.groupby("end_reason", sort=True, observed=True):
            ended = at_reason.groupby("tenure_days")["n_ended"].sum()
            per_day = ended.reindex(table.tenure_days, fill_value=0).to_numpy(dtype=float)
            per_day = np.where(table.n_ended > 0, per_day, 0.0)  # not what happened before the beginning
            spells = place_spells(shared, table, name)
            curves.append(_one_reason(name, str(reason), table, per_day, spells, confidence))
            size = {"group": name, "reason": str(reason), "n": table.n_spells, "n_ended": int(per_day.sum())}
            reach = {"last_days": table.last_days, "known_days": table.known_days}
            sizes.append(size | {"first_days": table.first_days} | reach)
    return IncidenceCurves(
        curves=pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS),
        sizes=pd.DataFrame(sizes, columns=SIZE_COLUMNS),
        confidence=float(confidence),
    )


def _one_reason(
    name: str, reason: str, table: RiskTable, ended: FloatArray, spells: SharedSpells | None, confidence: float
) -> pd.DataFrame:
    survival, _ = product_limit(table)
    before = np.concatenate([[1.0], survival[:-1]])
    at_risk = np.maximum(table.n_at_risk, 1).astype(float)
    incidence = np.cumsum(before * ended / at_risk)
    alone = _variance(table, before, incidence, ended)
    error = np.sqrt(np.maximum(alone + incidence_excess(table, spells, ended, reason, alone), 0.0))
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = z * error / (incidence * np.abs(np.log(incidence)))
        lower, upper = incidence ** np.exp(spread), incidence ** np.exp(-spread)
    nobody_yet = np.cumsum(ended) == 0
    lower[nobody_yet] = 0.0
    upper[nobody_yet] = exact_share(0, np.maximum(fewest_so_far(table), 1), confidence=confidence).upper[nobody_yet]
    certain = incidence >= 1.0
    lower[certain], upper[certain] = exact_share(at_risk, at_risk, confidence=confidence).lower[certain], 1.0
    # A true incidence never falls, so neither do its limits.
    lower, upper = np.maximum.accumulate(lower), np.minimum.accumulate(upper[::-1])[::-1]
    return pd.DataFrame(
        {
            "group": name,
            "reason": reason,
            "tenure_days": table.tenure_days,
            "incidence": incidence,
            "lower": lower,
            "upper": upper,
            "std_error": error,
            "n_ended": ended.astype(np.int64),
            "n_at_risk": table.n_at_risk,
        }
    )


def _variance(table: RiskTable, before: FloatArray, incidence: FloatArray, ended: FloatArray) -> FloatArray:
    """Delta-method variance of the incidence after each tenure, in one pass over cumulated sums."""
    at_risk, greenwood = np.maximum(table.n_at_risk, 1).astype(float), greenwood_steps(table)
    share = ended / at_risk
    own = before**2 * share * (1 - share) / at_risk
    cross = before * share / at_risk
    # sum of (F(t) - F(t_i))^2 g_i + own_i - 2 (F(t) - F(t_i)) cross_i, multiplied out
    squares = (
        incidence**2 * np.cumsum(greenwood)
        - 2 * incidence * np.cumsum(incidence * greenwood)
        + np.cumsum(incidence**2 * greenwood)
    )
    variance = squares + np.cumsum(own) - 2 * (incidence * np.cumsum(cross) - np.cumsum(incidence * cross))
    return np.asarray(np.maximum(variance, 0.0), dtype=np.float64)
