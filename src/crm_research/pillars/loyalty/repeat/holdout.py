"""The check out of time: of those who had bought once, how many came back, and how many should have?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.purchases import Occasion
from crm_research.models.survival import SurvivalCurves
from crm_research.pillars.loyalty.repeat.counting import count_returns
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.stats.scoring import BrierComparison, compare_brier
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent, say_range

if TYPE_CHECKING:
    from crm_research.study import Study

_FEWEST_AT_RISK: Final = 10
_SHARE_AT_RISK: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class ReturnCheck(Shown):
    """Did as many first-time buyers come back in the holdout as the curve had said?

    Parameters
    ----------
    as_of, until
        The holdout, (as_of, until].
    n, n_beyond
        First-time buyers judged; those waiting so long that the curve says nothing of them.
    mean_days
        Days each was followed into the holdout, on average: to its end, or as far as the curve reaches.
    expected_share, observed_share, lower, upper
        Share that bought again in those days: as the curve said, as it came, with its Wilson interval.
    errors
        Brier scores of the curve (first) and of one rate of return for every day (other).
    """

    as_of: datetime
    until: datetime
    n: int
    n_beyond: int
    mean_days: float
    expected_share: float
    observed_share: float
    lower: float
    upper: float
    errors: BrierComparison

    @property
    def holds(self) -> bool:
        """Does the observed share's interval hold the expected one?"""
        return self.lower <= self.expected_share <= self.upper

    def say(self) -> str:
        """The check in one line, for the figures."""
        verdict = "agrees" if self.holds else "does not agree"
        return (
            f"holdout {say_date(self.as_of)} to {say_date(self.until)}: {say_percent(self.observed_share)} of "
            f"{say_count(self.n, 'first-time buyer')} came back "
            f"({say_range(self.lower, self.upper, say_percent)}), "
            f"{say_percent(self.expected_share)} expected; {verdict}"
        )


@step
def check_returns(
    study: Study,
    time_to_second: SurvivalCurves,
    daily_rate: float,
    *,
    occasion: Occasion = "day",
    newcomers_from: datetime | None = None,
    confidence: float = 0.95,
) -> ReturnCheck | None:
    """Of the first-time buyers waiting at as_of, how many bought again in the holdout, and how many should have?

    Whoever has waited a days is expected to return within the next h days with the chance 1 - S(a + h) / S(a), where
    S is the curve of waits and h ends with the holdout or where fewer than ten (or 2 %) were under observation.

    Returns
    -------
    ReturnCheck or None
        None without a holdout, or where the curve reaches none of them.
    """
    if study.holdout_until is None:
        return None
    returns = count_returns(study, occasion=occasion, newcomers_from=newcomers_from)
    judged = _expect(returns, time_to_second, daily_rate, float((study.holdout_until.date() - study.as_of.date()).days))
    if judged.empty:
        return None
    n, came = judged["n"].to_numpy(dtype=float), judged["n_came"].to_numpy(dtype=float)
    seen = wilson_share(came.sum(), n.sum(), confidence=confidence)
    return ReturnCheck(
        as_of=study.as_of,
        until=study.holdout_until,
        n=int(n.sum()),
        n_beyond=int(returns["n"].sum() - n.sum()),
        mean_days=float(np.average(judged["followed_days"], weights=n)),
        expected_share=float(np.average(judged["expected"], weights=n)),
        observed_share=float(seen.estimate),
        lower=float(seen.lower),
        upper=float(seen.upper),
        errors=compare_brier(n, came, judged["expected"], judged["rule"], confidence=confidence),
    )


def _expect(returns: pd.DataFrame, time_to_second: SurvivalCurves, daily_rate: float, window: float) -> pd.DataFrame:
    """One row per days waited at as_of: ``n``, ``n_came`` while followed, ``expected``, ``rule``, ``followed_days``."""
    curve = time_to_second.curves
    enough = curve["n_at_risk"] >= max(_FEWEST_AT_RISK, _SHARE_AT_RISK * float(time_to_second.sizes["n"].iloc[0]))
    if returns.empty or not enough.any():
        return pd.DataFrame()
    reach = float(curve.loc[enough, "tenure_days"].max())
    until = np.minimum(returns["age_days"] + window, reach)
    rows = returns.assign(until=until, came=(returns["wait_days"] <= until) * returns["n"])
    by_age = rows.loc[rows["until"] > rows["age_days"]].groupby(["age_days", "until"], as_index=False)
    judged: pd.DataFrame = by_age.agg(n=("n", "sum"), n_came=("came", "sum"))
    if judged.empty:
        return judged
    now, then = (
        time_to_second.at(list(judged[column].astype(float)))["survival"].to_numpy() for column in ("age_days", "until")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = 1 - then / now
    followed = judged["until"] - judged["age_days"]
    judged = judged.assign(expected=expected, rule=1 - np.exp(-daily_rate * followed), followed_days=followed)
    return judged.dropna(subset=["expected"]).reset_index(drop=True)
