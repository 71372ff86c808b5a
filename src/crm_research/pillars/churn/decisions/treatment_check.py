"""What the holdout says of a list of customers to contact: the risks it rests on, and what acting on them is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.decisions import MaximumProfit, expected_maximum_profit, measure_net_benefit
from crm_research.pillars.churn.decisions.treatment import Treatment
from crm_research.pillars.churn.spell_rows import read_ends
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step
from crm_research.theme import say_count, say_percent, say_range
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from crm_research.study import Study

_N_THRESHOLDS: Final = 25
_MOST_RESAMPLED: Final = 50_000


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatmentCheck(Shown):
    """The list held against who left in the holdout, in which nobody was contacted because of it.

    Parameters
    ----------
    horizon_days
        Over which leaving was looked at.
    n_listed, expected_share, observed_share, lower, upper
        Of the list: contracts, the share that should have left by their risks, the share that did with its interval.
    leavers_share, listed_share
        Of all leavers, the share that stood on the list; of all contracts, the share that did.
    curve
        Net benefit by threshold (`measure_net_benefit`).
    threshold
        Risk at which a contact breaks even for a contract of mean margin; NaN where none does.
    empc
        Expected maximum profit of the order of the risks, at this offer; None where it cannot be had.
    """

    horizon_days: float
    n_listed: int
    expected_share: float
    observed_share: float
    lower: float
    upper: float
    leavers_share: float
    listed_share: float
    curve: pd.DataFrame
    threshold: float
    empc: MaximumProfit | None

    @property
    def holds(self) -> bool:
        """Does the observed share's interval hold the expected one?"""
        return self.lower <= self.expected_share <= self.upper

    def say(self) -> str:
        """The check in one line, for the figures."""
        verdict = "agrees" if self.holds else "does not agree"
        return (
            f"risks in a holdout of {say_count(self.horizon_days, 'day')}: {say_percent(self.observed_share)} of "
            f"{say_count(self.n_listed, 'listed contract')} left "
            f"({say_range(self.lower, self.upper, say_percent)}), {say_percent(self.expected_share)} expected; "
            f"{verdict}; "
            "save rate not measured"
        )


@step
def check_treatment(study: Study, treatment: Treatment, *, seed: int = 1) -> TreatmentCheck | None:
    """Did the customers on the list leave as often as their risks said, and is acting on the risks worth it?

    None without a holdout as long as the horizon, or if nobody left in it.
    """
    days = float(days_in_months(int(treatment.offer.horizon_months)))
    if study.holdout_until is None or treatment.rows.empty or "contract_id" not in treatment.rows.columns:
        return None
    window = (study.holdout_until.date() - study.as_of.date()).days
    if window < days - 3:
        return None
    outcomes = _read_outcomes(study, treatment.rows, min(days, float(window)))
    if not outcomes["is_ended"].any():
        return None
    listed = outcomes["expected_profit"] > 0
    left = outcomes["is_ended"]
    seen = wilson_share(left[listed].sum(), listed.sum(), confidence=treatment.confidence)
    threshold = _break_even_risk(treatment, float(outcomes["margin_per_month"].mean()))
    return TreatmentCheck(
        horizon_days=days,
        n_listed=int(listed.sum()),
        expected_share=float(outcomes["risk"][listed].mean()) if listed.any() else np.nan,
        observed_share=float(seen.estimate),
        lower=float(seen.lower),
        upper=float(seen.upper),
        leavers_share=float(left[listed].sum() / left.sum()),
        listed_share=float(listed.mean()),
        curve=measure_net_benefit(
            outcomes,
            outcomes["risk"].to_numpy(dtype=float),
            horizon_days=min(days, float(window)),
            thresholds=_thresholds(outcomes["risk"], threshold),
            confidence=treatment.confidence,
        ),
        threshold=threshold,
        empc=_measure_profit(treatment, outcomes, seed),
    )


@step
def _read_outcomes(study: Study, rows: pd.DataFrame, days: float) -> pd.DataFrame:
    """The rows with the days each contract was watched after as_of, and whether it ended in them."""
    after = rows["contract_id"].map(read_ends(study))
    ended = after <= days
    return rows.assign(tenure_days=after.where(ended, days), is_ended=ended)


def _break_even_risk(treatment: Treatment, margin: float) -> float:
    """From which risk on is a contract of this margin worth a contact?"""
    grid = np.linspace(0.001, 0.999, 999)
    margins = np.full(len(grid), margin)
    profit = treatment.save_rate.mean * treatment.offer.gain(grid, margins) - treatment.offer.cost(grid, margins)
    pays = np.flatnonzero(profit > 0)
    return float(grid[pays[0]]) if len(pays) else np.nan


def _thresholds(risk: pd.Series[float], threshold: float) -> list[float]:
    """From near 0 to beyond almost all risks, and the one at which a contact breaks even."""
    top = min(0.95, max(1.3 * float(risk.quantile(0.98)), 0.05))
    even = np.linspace(top / _N_THRESHOLDS, top, _N_THRESHOLDS)
    return sorted({*even.tolist(), threshold}) if np.isfinite(threshold) and threshold < top else even.tolist()


def _measure_profit(treatment: Treatment, outcomes: pd.DataFrame, seed: int) -> MaximumProfit | None:
    worth = float(outcomes["worth_if_saved"].mean())
    belief = treatment.save_rate
    if not worth > treatment.offer.incentive_cost or not np.isfinite(belief.alpha):
        return None
    try:
        return expected_maximum_profit(
            outcomes["risk"].to_numpy(dtype=float),
            outcomes["is_ended"].to_numpy(dtype=float),
            customer_value=worth,
            incentive_cost=treatment.offer.incentive_cost,
            contact_cost=treatment.offer.contact_cost,
            alpha=belief.alpha,
            beta=belief.beta,
            confidence=treatment.confidence,
            n_resamples=300 if len(outcomes) <= _MOST_RESAMPLED else 0,
            seed=seed,
        )
    except NotEnoughData:
        return None
