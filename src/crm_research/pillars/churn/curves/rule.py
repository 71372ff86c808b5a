"""The rule a manager would use: the same share leaves every month. Where does it mislead?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.survival import SurvivalCurves, estimate_survival
from crm_research.show.shown import Shown
from crm_research.stats.intervals import poisson_rate
from crm_research.vocabulary import DAYS_PER_MONTH, days_in_months

_MONTHS_COMPARED: Final = (1, 3, 6, 12, 24, 36, 60)


@dataclass(frozen=True, eq=False, kw_only=True)
class ConstantRate(Shown):
    """What share leaves each month, if it were the same in every month?

    Parameters
    ----------
    monthly_rate, lower, upper
        Ends per contract and month under observation, with exact Poisson limits; a rate, which may be above one.
    compared
        Grain: tenure in months. Columns ``months``, ``survival``, ``lower``, ``upper`` (as the records say),
        ``rule`` (as the constant rate says), ``rule_is_within`` (whether limits that hold for all tenures
        compared at once hold it).
    """

    monthly_rate: float
    lower: float
    upper: float
    compared: pd.DataFrame

    @property
    def monthly_share(self) -> float:
        """The share of those there that leaves in a month at this rate, never above one."""
        return float(-np.expm1(-self.monthly_rate))

    def survival(self, days: np.ndarray) -> np.ndarray:
        """Share staying longer than each tenure, by the rule."""
        return np.asarray(np.exp(-self.monthly_rate * np.asarray(days, dtype=float) / DAYS_PER_MONTH))

    @property
    def n_misses(self) -> int:
        """Tenures at which the rule lies outside limits that hold for all of them at once."""
        return int((~self.compared["rule_is_within"].astype(bool)).sum())


def compare_constant_rate(
    counts: pd.DataFrame,
    survival: SurvivalCurves,
    *,
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> ConstantRate:
    """Does one monthly rate for everybody tell the same story as the curve?

    Parameters
    ----------
    counts
        As in `models.survival.estimate_survival`, without groups.
    survival
        The curve estimated from them.
    shared
        As in `estimate_survival`.
    """
    moves = counts["n_ended"] + counts["n_censored"] - counts["n_entered"]
    exposure = float((moves * counts["tenure_days"]).sum()) / DAYS_PER_MONTH
    rate = poisson_rate(counts["n_ended"].sum(), exposure, confidence=confidence)
    days = [float(days_in_months(months)) for months in _MONTHS_COMPARED]
    seen = survival.at(days).assign(months=_MONTHS_COMPARED).dropna(subset=["survival"])
    begins = float(survival.sizes["first_days"].iloc[0])
    rule = np.exp(-float(rate.estimate) * (seen["tenure_days"] - begins) / DAYS_PER_MONTH)
    # One true rate lies outside some of seven intervals far more often than outside one.
    level = 1 - (1 - confidence) / max(len(seen), 1)
    curve = estimate_survival(counts, shared=shared, confidence=level)
    together = curve.at(list(seen["tenure_days"])).set_index(seen.index)
    compared = seen[["months", "survival", "lower", "upper"]].assign(
        rule=rule, rule_is_within=rule.between(together["lower"], together["upper"])
    )
    return ConstantRate(
        monthly_rate=float(rate.estimate),
        lower=float(rate.lower),
        upper=float(rate.upper),
        compared=compared.reset_index(drop=True),
    )
