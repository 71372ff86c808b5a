"""Whether risks came true as tables for the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.validation import ValidationCard
from crm_research.pillars.churn.validation.horizons import say_horizon
from crm_research.pillars.churn.validation.measure import Design
from crm_research.pillars.churn.validation.validate import RiskCheck
from crm_research.theme import say_percent, say_with_limits


def _plain(value: float) -> str:
    return f"{value:.2f}"


def _fine(value: float) -> str:
    return f"{value:.4f}"


_ROWS: Final[tuple[tuple[str, str, str, Callable[[float], str]], ...]] = (
    ("uno_c", "Of two contracts, the one said to be at more risk left first (Uno's C)", "1 (chance: 0.5)", _plain),
    ("ibs", "Squared error of the risks, mean over the days (integrated Brier score)", "0", _fine),
    ("auc", "A leaver was said to be at more risk than a stayer (AUC)", "1 (chance: 0.5)", _plain),
    ("observed_to_expected", "Leavers for each one expected (calibration in the large)", "1", _plain),
    ("calibration_slope", "Differences between risks: below 1 exaggerated (calibration slope)", "1", _plain),
    ("ici", "A typical risk is wrong by (ICI)", "0 %", say_percent),
    ("e90", "Nine of ten risks are wrong by less than (E90)", "0 %", say_percent),
)


def validation_table(check: RiskCheck, design: Design | None = None) -> pd.DataFrame:
    """The card in plain words, the model beside its contenders and the rules.

    Returns
    -------
    pandas.DataFrame
        Grain: measure and horizon. Columns ``measure``, ``within``, one for each model with its value and interval in
        words, ``perfect``.
    """
    chosen = design or (check.designs[0] if check.designs else None)
    if chosen is None:
        return pd.DataFrame(columns=["measure", "within", "perfect"])
    rows = []
    for key, words, perfect, say in _ROWS:
        own = chosen.cards[check.name].measures
        for days in own.loc[own["measure"] == key, "horizon_days"]:
            cells = {name: _cell(card, key, float(days), say) for name, card in chosen.cards.items()}
            rows.append({"measure": words, "within": say_horizon(float(days)), **cells, "perfect": perfect})
    return pd.DataFrame(rows)


def _cell(card: ValidationCard, key: str, days: float, say: Callable[[float], str]) -> str:
    rows = card.measures.loc[(card.measures["measure"] == key) & (card.measures["horizon_days"] == days)]
    if rows.empty or not np.isfinite(rows["estimate"].iloc[0]):
        return "–"
    row = rows.iloc[0]
    if key == "uno_c" and row["lower"] == row["upper"]:
        return say(row["estimate"])
    return say_with_limits(row["estimate"], row["lower"], row["upper"], say)
