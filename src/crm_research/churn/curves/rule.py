"""The rule a manager would use: the same share leaves every month. Where does it mislead?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.survival import SurvivalCurves, estimate_survival
from crm_research.stats.intervals import poisson_rate
from crm_research.vocabulary import DAYS_PER_MONTH

# A calendar month is up to two days longer than the mean month: whoever left at its end has left by it.
SLACK_DAYS: Final = 2.0
_MONTHS_COMPARED: Final = (1, 3, 6, 12, 24, 36, 60)


@dataclass(frozen=True, eq=False, kw_only=True)
class ConstantRate:
    """What share leaves each month, if it were the same in every month?

    Parameters
    ----------
    monthly_rate, lower, upper
        Ends per contract and month under observation, with exact Poisson limits.
    compared
        Grain: tenure in months. Columns ``months``, ``survival``, ``lower``, ``upper`` (as the records say),
        ``rule`` (as the constant rate says), ``rule_is_within`` (whether limits that hold for all tenures
        compared at once hold it).
    """

    monthly_rate: float
    lower: float
    upper: float
    compared: pd.DataFrame

    def survival(self, days: np.ndarray) -> np.ndarray:
        """Share staying longer than each tenure, by the rule."""
        return np.asarray(np.exp(-self.monthly_rate * np.asarray(days, dtype=float) / DAYS_PER_MONTH))

    @property
    def n_misses(self) -> int:
        """Tenures at which the rule lies outside limits that hold for all of them at once."""
        return int((~self.compared["rule_is_within"].astype(bool)).sum())


def compare_constant_rate(counts: pd.DataFrame, survival: SurvivalCurves, *, confidence: float = 0.95) -> ConstantRate:
    """Does one monthly rate for everybody tell the same story as the curve?

    Parameters
    ----------
    counts
        As in `models.survival.estimate_survival`, without groups.
    survival
        The curve estimated from them.
    """
    moves = counts["n_ended"] + counts["n_censored"] - counts["n_entered"]
    exposure = float((moves * counts["tenure_days"]).sum()) / DAYS_PER_MONTH
    rate = poisson_rate(counts["n_ended"].sum(), exposure, confidence=confidence)
    months = np.array(_MONTHS_COMPARED, dtype=float)
    seen = survival.at(list(months * DAYS_PER_MONTH + SLACK_DAYS)).assign(months=months).dropna(subset=["survival"])
    rule = np.exp(-float(rate.estimate) * seen["months"])
    # One true rate lies outside some of seven intervals far more often than outside one.
    level = 1 - (1 - confidence) / max(len(seen), 1)
    together = estimate_survival(counts, confidence=level).at(list(seen["tenure_days"])).set_index(seen.index)
    compared = seen[["months", "survival", "lower", "upper"]].assign(
        rule=rule, rule_is_within=rule.between(together["lower"], together["upper"])
    )
    return ConstantRate(
        monthly_rate=float(rate.estimate),
        lower=float(rate.lower),
        upper=float(rate.upper),
        compared=compared.reset_index(drop=True),
    )
