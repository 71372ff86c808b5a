"""The cards of one trial: every model and rule judged on the same contracts, and by how much the model is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.survival.risk import FloatArray
from crm_research.models.validation import (
    RiskModel,
    ValidationCard,
    brier_grid,
    compare_integrated,
    read_outcomes,
    usable_horizon,
    validate_chances,
)
from crm_research.pillars.churn.validation.designs import BY_TENURE, Trial
from crm_research.stats.intervals import normal_quantile

_MOST_STEPS: Final = 40
_N_GROUPS: Final = 10

GAIN_COLUMNS: Final = ("name", "estimate", "lower", "upper")


@dataclass(frozen=True, eq=False, kw_only=True)
class Design:
    """One way of judging, and what it found.

    Parameters
    ----------
    said, window
        The design, and which contracts were followed how long, in words.
    is_in_time
        Did the outcomes come after everything the models were fitted to?
    cards
        Name of the model or rule to its card; all on the same contracts. Groups of risk are those of the model only.
    gains
        Grain: contender. Columns ``name``, ``estimate``, ``lower``, ``upper``: its integrated Brier score less the
        model's on the same contracts; surely above 0, the model is better.
    horizons_days
        Where risks were judged.
    n_fitted, n_beyond
        Contracts the models were fitted to; contracts that could not be judged.
    """

    said: str
    window: str
    is_in_time: bool
    cards: Mapping[str, ValidationCard]
    gains: pd.DataFrame
    horizons_days: tuple[float, ...]
    n_fitted: int
    n_beyond: int
    notes: tuple[str, ...]


class Chances:
    """Chances to stay of the contracts of a trial, asked of the model once for all days that will be needed."""

    def __init__(self, model: RiskModel, contracts: pd.DataFrame, days: FloatArray) -> None:
        self._model = model
        self._contracts = contracts
        self._days = days
        self._stay = 1.0 - model.risk(contracts, [float(day) for day in days]).to_numpy(dtype=np.float64)

    def at(self, days: float) -> FloatArray:
        """Each contract's chance to stay beyond so many days."""
        place = int(np.searchsorted(self._days, days))
        if place < len(self._days) and self._days[place] == days:
            return np.asarray(self._stay[:, place])
        if days <= 0:
            return np.ones(len(self._contracts))
        return np.asarray(1.0 - self._model.risk(self._contracts, [days]).iloc[:, 0].to_numpy(dtype=np.float64))

    def own(self, days: FloatArray) -> FloatArray:
        """Each contract's chance to stay beyond its own day, between two days asked for by a straight line."""
        known = np.concatenate([[0.0], self._days])
        right = np.clip(np.searchsorted(known, days, side="left"), 1, len(known) - 1)
        low, high = known[right - 1], known[right]
        share = np.clip((days - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
        stay = np.concatenate([np.ones((len(days), 1)), self._stay], axis=1)
        row = np.arange(len(days))
        return np.asarray((1 - share) * stay[row, right - 1] + share * stay[row, right])


def validate_trial(trial: Trial, *, confidence: float) -> Design:
    """What is each model and rule worth on the contracts of this trial?"""
    seen = read_outcomes(trial.outcomes)
    usable = usable_horizon(seen)
    last = max((days for days in trial.horizons_days if days <= usable), default=usable)
    days = _days_needed(trial, last)
    names = list(trial.models)
    half = normal_quantile(confidence)
    held: dict[str, Chances] = {}
    cards: dict[str, ValidationCard] = {}
    gains = []
    rule = Chances(trial.models[BY_TENURE], trial.contracts, days)
    for name in names:
        chances = rule if name == BY_TENURE else Chances(trial.models[name], trial.contracts, days)
        cards[name] = _card(trial, chances, rule, confidence, n_groups=_N_GROUPS if name == names[0] else 1)
        if name == names[0]:
            held[name] = chances
            continue
        found = compare_integrated(seen, held[names[0]].at, chances.at, until_days=last)
        gains.append((name, found.estimate, *(found.estimate + sign * half * found.std_error for sign in (-1, 1))))
    return Design(
        said=trial.said,
        window=trial.window,
        is_in_time=trial.is_in_time,
        cards=cards,
        gains=pd.DataFrame(gains, columns=list(GAIN_COLUMNS)),
        horizons_days=tuple(day for day in trial.horizons_days if day <= usable) or (last,),
        n_fitted=trial.n_fitted,
        n_beyond=trial.n_beyond,
        notes=trial.notes,
    )


def _card(trial: Trial, chances: Chances, rule: Chances, confidence: float, *, n_groups: int) -> ValidationCard:
    tenure, entry = (trial.outcomes[name].to_numpy(dtype=np.float64) for name in ("tenure_days", "entry_days"))
    start = np.where(entry > 0, chances.own(entry), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at_end = np.where(start > 0, chances.own(tenure) / start, 0.0)
        before = np.where(start > 0, chances.own(np.maximum(tenure - 1.0, entry)) / start, 0.0)
    return validate_chances(
        trial.outcomes,
        chances.at,
        horizons_days=trial.horizons_days,
        null_survival_at=rule.at,
        survival_at_end=at_end,
        survival_before_end=before,
        n_groups=n_groups,
        confidence=confidence,
    )


def _days_needed(trial: Trial, last: float) -> FloatArray:
    """Days of the grid, the horizons, and the days of the ends with the day before each (a fair part of them)."""
    ends = np.unique(trial.outcomes.loc[trial.outcomes["is_ended"], "tenure_days"].to_numpy(dtype=np.float64))
    if len(ends) > _MOST_STEPS:
        ends = np.empty(0)
    days = np.concatenate([brier_grid(last), ends, ends - 1.0, np.asarray(trial.horizons_days)])
    return np.unique(days[days > 0])
