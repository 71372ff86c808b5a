"""Kaplan-Meier from counts by tenure: what share stays for how long?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.models.survival.clusters import place_spells, survival_excess
from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import (
    FloatArray,
    IntArray,
    RiskTable,
    build_risk_table,
    greenwood_steps,
    split_groups,
)
from crm_research.stats.intervals import check_confidence, exact_share, normal_quantile

CURVE_COLUMNS = ("group", "tenure_days", "survival", "lower", "upper", "std_error", "n_at_risk", "n_ended")
_TOLERANCE = 1e-12  # a survival of exactly one half must count as reached whatever the rounding


@dataclass(frozen=True, eq=False, kw_only=True)
class SurvivalCurves:
    """What share is still there after each tenure, by group?

    Parameters
    ----------
    curves
        Grain: group and tenure. Columns ``group``, ``tenure_days``, ``survival`` (share that stays longer than the
        tenure), ``lower``, ``upper``, ``std_error``, ``n_at_risk`` (just before the tenure), ``n_ended``.
    medians
        Grain: group. Columns ``group``, ``median_days``, ``lower``, ``upper``; NaN where a curve or limit never
        falls to one half.
    sizes
        Grain: group. Columns ``group``, ``n`` (spells the curve rests on), ``n_ended``, ``n_censored``, ``first_days``
        (where the curve begins; above 0 it is conditional on having stayed that long), ``n_before`` (spells that had
        gone by then and are not used), ``last_days`` (longest tenure the curve reaches), ``known_days`` (up to which
        its share is known: ``last_days``, or, where all have ended, the longest that anybody could have been watched),
        ``last_end_days`` (longest tenure that ended; NaN if none did), ``n_beyond`` (spells met after everybody watched
        before had gone: the curve does not reach them).
    confidence
        Level of every interval.
    """

    curves: pd.DataFrame
    medians: pd.DataFrame
    sizes: pd.DataFrame
    confidence: float

    @property
    def groups(self) -> list[str]:
        """Groups in the order of the counts."""
        return [str(group) for group in self.sizes["group"]]

    def at(self, days: float | list[float]) -> pd.DataFrame:
        """What share of each group stays longer than `days`?

        Returns
        -------
        pandas.DataFrame
            Grain: group and asked tenure. Columns ``group``, ``tenure_days``, ``survival``, ``lower``, ``upper``,
            ``std_error``, ``n_at_risk`` (just before). Before the curve begins and beyond its longest tenure the
            survival is NaN, unless everybody had ended by then and could have been watched for so long.
        """
        asked = np.atleast_1d(np.asarray(days, dtype=float))
        known = self.sizes.set_index("group")["known_days"]
        parts = [_read_curve(name, curve, asked, float(known[name])) for name, curve in self._by_group()]
        return pd.concat(parts, ignore_index=True)

    def quantile(self, share_left: float) -> pd.DataFrame:
        """By which tenure has this share left? Columns ``group``, ``days``, ``lower``, ``upper``; NaN if never.

        References
        ----------
        Brookmeyer and Crowley (1982), Biometrics 38, 29-41: the tenures whose own interval for survival holds
        1 - share_left, here with log-log limits.
        """
        return pd.DataFrame(
            [
                {"group": name} | dict(zip(("days", "lower", "upper"), _quantile(curve, 1 - share_left), strict=True))
                for name, curve in self._by_group()
            ]
        )

    def _by_group(self) -> list[tuple[str, pd.DataFrame]]:
        return [(str(name), curve) for name, curve in self.curves.groupby("group", sort=False)]


def estimate_survival(
    counts: pd.DataFrame,
    *,
    from_days: float | None = None,
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> SurvivalCurves:
    """What share stays longer than each tenure, allowing for those who are still there and those we met late?

    Parameters
    ----------
    counts
        Grain: tenure, or group and tenure: ``group`` (optional), ``tenure_days``, ``n_entered`` (spells whose
        observation begins at that tenure: 0 unless we met them late), ``n_ended``, ``n_censored``; a row without any
        of them says how long a spell could have been watched (`build_risk_table`).
    from_days
        Share of those who lasted so long; None begins at 0, or, with spells met late, where enough are at risk
        (`late_entry.well_watched`).
    shared
        The spells of customers who have several of them (`clusters.place_spells`), which vary together and make the
        limits wider; None takes all spells as independent.
    confidence
        Level of the pointwise intervals.

    Notes
    -----
    Assumes that those whose observation stops, or who are met late, leave neither sooner nor later than the rest
    of their tenure. Variance by Greenwood, with `shared` spells by the infinitesimal jackknife over customers; limits
    on the log(-log) scale. Where nobody has ended yet, the lower limit is the exact binomial one for the fewest at risk
    so far; where everybody has, the limit before the last end is kept as the upper one: the delta method is silent at 0
    and 1 and would claim certainty. A true curve never rises, so a limit that holds at one tenure holds on its side of
    it too: limits never rise with tenure either.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481; Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure
    Time Data, section 1.4; left truncation: Tsai, Jewell and Wang (1987), Biometrika 74, 883-886.
    """
    check_confidence(confidence)
    curves, sizes = [], []
    for name, rows in split_groups(counts):
        whole = build_risk_table(rows)
        table = well_watched(whole, from_days=from_days)
        curves.append(_one_curve(name, table, shared, confidence))
        sizes.append({"group": name} | _size(table, whole))
    frame = pd.concat(curves, ignore_index=True)
    result = SurvivalCurves(
        curves=frame, medians=pd.DataFrame(), sizes=pd.DataFrame(sizes), confidence=float(confidence)
    )
    medians = result.quantile(0.5).rename(columns={"days": "median_days"})
    return SurvivalCurves(curves=frame, medians=medians, sizes=result.sizes, confidence=result.confidence)


def product_limit(
    table: RiskTable, shared: pd.DataFrame | None = None, group: str | None = None
) -> tuple[FloatArray, FloatArray]:
    """Survival after each tenure of the table, and the variance of its logarithm.

    The latter is Greenwood's sum d / (n (n - d)) up to the tenure, and what `shared` spells (of the group) add to it.
    """
    at_risk, ended = table.n_at_risk.astype(float), table.n_ended.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        staying = np.where(ended > 0, (at_risk - ended) / at_risk, 1.0)
    variance = np.cumsum(greenwood_steps(table)) + survival_excess(table, place_spells(shared, table, group))
    return np.cumprod(staying, dtype=np.float64), np.maximum(variance, 0.0)


def _one_curve(name: str, table: RiskTable, shared: pd.DataFrame | None, confidence: float) -> pd.DataFrame:
    survival, greenwood = product_limit(table, shared, name)
    lower, upper = survival_limits(table, survival, greenwood, confidence)
    return pd.DataFrame(
        {
            "group": name,
            "tenure_days": table.tenure_days,
            "survival": survival,
            "lower": lower,
            "upper": upper,
            "std_error": survival * np.sqrt(greenwood),
            "n_at_risk": table.n_at_risk,
            "n_ended": table.n_ended,
        },
        columns=list(CURVE_COLUMNS),
    )


def survival_limits(
    table: RiskTable, survival: FloatArray, greenwood: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Pointwise limits of a curve and Greenwood's sum, as `product_limit` gives them; they never rise with tenure."""
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = z * np.sqrt(greenwood) / np.abs(np.log(survival))
        lower, upper = survival ** np.exp(spread), survival ** np.exp(-spread)
    nobody_yet = np.cumsum(table.n_ended) == 0
    lower[nobody_yet] = exact_share(fewest := fewest_so_far(table), fewest, confidence=confidence).lower[nobody_yet]
    upper[nobody_yet] = 1.0
    gone = np.flatnonzero(survival <= 0)
    if len(gone):
        last = gone[0]
        n_last = max(int(table.n_at_risk[last]), 1)
        exact = float(exact_share(0, n_last, confidence=confidence).upper)
        lower[gone], upper[gone] = 0.0, min(exact, float(upper[last - 1])) if last > 0 else exact
    return np.maximum.accumulate(lower[::-1])[::-1], np.minimum.accumulate(upper)


def fewest_so_far(table: RiskTable) -> IntArray:
    """The smallest number at risk up to each tenure, from where the table begins: with late entry it may rise again."""
    at_risk = table.n_at_risk.copy()
    if table.tenure_days[0] > 0:
        at_risk[0] = table.n_entered[0]
    return np.asarray(np.minimum.accumulate(at_risk), dtype=np.int64)


def _size(table: RiskTable, whole: RiskTable) -> dict[str, float]:
    ends = table.tenure_days[table.n_ended > 0]
    before = whole.tenure_days <= table.first_days if table.first_days > 0 else np.zeros(len(whole.tenure_days), bool)
    n_before = int((whole.n_ended + whole.n_censored)[before].sum())
    return {
        "n": table.n_spells,
        "n_ended": int(table.n_ended.sum()),
        "n_censored": int(table.n_censored.sum()),
        "first_days": table.first_days,
        "n_before": n_before,
        "last_days": table.last_days,
        "known_days": table.known_days,
        "last_end_days": float(ends[-1]) if len(ends) else np.nan,
        "n_beyond": whole.n_spells - table.n_spells - n_before,
    }


def _read_curve(name: str, curve: pd.DataFrame, asked: FloatArray, known_days: float) -> pd.DataFrame:
    days = curve["tenure_days"].to_numpy()
    place = np.maximum(np.searchsorted(days, asked, side="right") - 1, 0)
    found = curve[["survival", "lower", "upper", "std_error"]].iloc[place].reset_index(drop=True)
    unknown = (asked < days[0]) | (asked > known_days)
    found[unknown] = np.nan
    at_risk = np.append(curve["n_at_risk"].to_numpy(), 0)[np.searchsorted(days, asked, side="left")]
    return pd.DataFrame({"group": name, "tenure_days": asked}).join(found).assign(n_at_risk=at_risk)


def _quantile(curve: pd.DataFrame, level: float) -> tuple[float, float, float]:
    days = curve["tenure_days"].to_numpy()

    def first_at_or_below(column: str) -> float:
        reached = np.flatnonzero(curve[column].to_numpy() <= level + _TOLERANCE)
        return float(days[reached[0]]) if len(reached) else np.nan

    return first_at_or_below("survival"), first_at_or_below("lower"), first_at_or_below("upper")
