"""The simplest rules a model of leaving is held against: they know no customer by more than the tenure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.models.survival.kaplan_meier import SurvivalCurves, estimate_survival
from crm_research.models.survival.risk import FloatArray, count_rows


@dataclass(frozen=True, eq=False, kw_only=True)
class TenureRule:
    """Everybody leaves as those of the same tenure did.

    Parameters
    ----------
    past
        Kaplan-Meier of the rows it was fitted to.
    """

    past: SurvivalCurves

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """Chance to leave within each horizon, given the tenure so far; NaN beyond the tenures watched."""
        distinct, place = np.unique(frame["tenure_days"].to_numpy(dtype=np.float64), return_inverse=True)
        now = self._stay(distinct)
        out = {}
        for days in horizons_days:
            with np.errstate(divide="ignore", invalid="ignore"):
                # Where everybody had left by then, nobody is known to stay longer.
                out[float(days)] = np.where(now > 0, 1.0 - self._stay(distinct + days) / now, 1.0)[place]
        return pd.DataFrame(out, index=frame.index)

    def _stay(self, days: FloatArray) -> FloatArray:
        known = self.past.curves["tenure_days"].to_numpy(dtype=np.float64)
        survival = self.past.curves["survival"].to_numpy(dtype=np.float64)
        found = survival[np.maximum(np.searchsorted(known, days, side="right") - 1, 0)]
        return np.where((days > known[-1]) & (found > 0), np.nan, found)


@dataclass(frozen=True, kw_only=True)
class ConstantRule:
    """Everybody leaves at one rate, whatever the tenure.

    Parameters
    ----------
    daily_rate
        Ends per day under observation.
    """

    daily_rate: float

    def risk(self, frame: pd.DataFrame, horizons_days: Sequence[float]) -> pd.DataFrame:
        """Chance to leave within each horizon; the same for everybody."""
        out = {float(days): np.full(len(frame), -np.expm1(-self.daily_rate * days)) for days in horizons_days}
        return pd.DataFrame(out, index=frame.index)


def fit_tenure_rule(rows: pd.DataFrame) -> TenureRule:
    """How did contracts leave by tenure? Rows as for `fit_cox`: ``entry_days``, ``tenure_days``, ``is_ended``.

    Raises
    ------
    NotEnoughData
        Without a row that was under observation.
    """
    seen = _watched(rows)
    return TenureRule(
        past=estimate_survival(count_rows(seen["tenure_days"], seen["is_ended"], entry_days=seen["entry_days"]))
    )


def fit_constant_rule(rows: pd.DataFrame) -> ConstantRule:
    """At which rate did contracts leave, were it the same at every tenure? Rows as for `fit_tenure_rule`."""
    seen = _watched(rows)
    exposure = float((seen["tenure_days"] - seen["entry_days"]).sum())
    return ConstantRule(daily_rate=float(seen["is_ended"].sum()) / exposure if exposure > 0 else 0.0)


def _watched(rows: pd.DataFrame) -> pd.DataFrame:
    entry = rows["entry_days"].astype(float).clip(lower=0.0) if "entry_days" in rows.columns else 0.0
    seen = rows[["tenure_days", "is_ended"]].assign(entry_days=entry)
    return seen.loc[(seen["tenure_days"] > seen["entry_days"]) | (seen["entry_days"] == 0)]
