"""How much of what a model of risks seems to be worth is mere fitting, every step repeated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from crm_research.models.validation.measures import measure_uno
from crm_research.models.validation.optimism import Optimism, resample_optimism
from crm_research.models.validation.risks import Fit, RiskModel, join_stretches, risk_at_start
from crm_research.models.validation.slope import measure_recalibration
from crm_research.models.validation.weights import read_outcomes, usable_horizon


def estimate_risk_optimism(
    rows: pd.DataFrame,
    fit: Fit,
    *,
    horizon_days: float,
    seed: int,
    n_resamples: int = 20,
    confidence: float = 0.95,
) -> dict[str, Optimism]:
    """How much of what a model seems to be worth on its own rows is mere fitting?

    Parameters
    ----------
    rows
        As for `join_stretches`, with ``customer_id``; customers are drawn whole.
    fit
        Every step that looks at the data, from rows to a model.
    horizon_days
        Tenure up to which risks are judged, from the start of each contract; cut where too few are watched.

    Returns
    -------
    dict
        ``uno_c`` and ``calibration_slope`` (without the one that could not be measured), as in `Optimism`.

    Raises
    ------
    NotEnoughData, ValueError
        If nobody ended, or on no resample a model could be fitted and measured.
    """
    days = min(horizon_days, usable_horizon(read_outcomes(_watched(join_stretches(rows)))))

    def measure(judged: pd.DataFrame, model: RiskModel) -> dict[str, float]:
        contracts = _watched(join_stretches(judged))
        risk = risk_at_start(model, contracts, days)
        known = np.isfinite(risk)
        outcomes = read_outcomes(contracts.loc[known])
        slope = measure_recalibration(outcomes, risk[known], days=days, confidence=confidence).slope[0]
        return {
            "uno_c": measure_uno(outcomes, risk[known], until_days=days).estimate,
            "calibration_slope": slope,
        }

    found = resample_optimism(
        rows,
        fit,
        measure,
        seed=seed,
        cluster="customer_id",
        unit="contract_id",
        n_resamples=n_resamples,
        confidence=confidence,
    )
    told = {name: replace(optimism, horizon_days=days) for name, optimism in found.items()}
    if "uno_c" in told:  # a share of pairs
        told["uno_c"] = replace(told["uno_c"], lower=max(told["uno_c"].lower, 0.0), upper=min(told["uno_c"].upper, 1.0))
    return told


def _watched(contracts: pd.DataFrame) -> pd.DataFrame:
    is_watched = (contracts["tenure_days"] > contracts["entry_days"]) | (contracts["entry_days"] <= 0)
    return contracts.loc[is_watched].reset_index(drop=True)
