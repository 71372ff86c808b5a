"""Models of purchases and of amounts, fitted to one row a customer; and what they and simple rules expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.value_rows import HISTORY
from crm_research.models.btyd import BtydFit, fit_bg_nbd, fit_ggompertz_nbd, fit_mbg_nbd, fit_pareto_nbd
from crm_research.models.btyd.gompertz import risk_grows
from crm_research.models.lifetime_value import SpendModel, choose_spend, expect_orders
from crm_research.stats.intervals import FloatArray

PARETO: Final = "Pareto/NBD"
AGEING: Final = "GGompertz/NBD"
FITTERS: Final = MappingProxyType({PARETO: fit_pareto_nbd, "MBG/NBD": fit_mbg_nbd, "BG/NBD": fit_bg_nbd})
SAME_AGAIN: Final = "same as last period"
PACE: Final = "average times frequency"
RULES: Final = (SAME_AGAIN, PACE)
# The model of customers who age costs the most to fit, and is tried where histories are few.
_MOST_AGEING: Final = 4_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Models:
    """What could be fitted to the customers of one date.

    Parameters
    ----------
    fits
        Model to fit, of those whose likelihood has a top.
    spend
        Of amounts; None where too few bought again.
    reason
        Why there is nothing, where there is nothing.
    """

    fits: Mapping[str, BtydFit]
    spend: SpendModel | None
    reason: str = ""

    @property
    def is_usable(self) -> bool:
        """Can anybody be valued?"""
        return bool(self.fits) and self.spend is not None


def fit_models(rows: pd.DataFrame, *, confidence: float, only: str | None = None) -> Models:
    """Which models do these customers bear?

    Parameters
    ----------
    rows
        As `features.value_rows.build_value_rows` gives them.
    only
        One model alone; None tries all.

    Notes
    -----
    The GGompertz/NBD joins only where the likelihood rises as the risk of leaving begins to grow with age.
    """
    if rows.empty:
        return Models(fits={}, spend=None, reason="Nobody has bought yet.")
    patterns = rows.groupby(list(HISTORY), as_index=False).size().rename(columns={"size": "n_customers"})
    fits: dict[str, BtydFit] = {}
    reason = ""
    for name, fitter in FITTERS.items():
        if only not in (None, name, AGEING):
            continue
        try:
            fit = fitter(patterns, confidence=confidence)
        except NotEnoughData as error:
            return Models(fits={}, spend=None, reason=str(error))
        if fit.is_converged:
            fits[name] = fit
        else:
            reason = " ".join(fit.notes)
    pareto = fits.get(PARETO)
    is_ageing = pareto is not None and len(patterns) <= _MOST_AGEING and risk_grows(pareto)
    if is_ageing and only in (None, AGEING):
        ageing = fit_ggompertz_nbd(patterns, confidence=confidence)
        if ageing.is_converged:
            fits[AGEING] = ageing
    try:
        spend = choose_spend(rows, confidence=confidence)
    except NotEnoughData as error:
        return Models(fits=fits, spend=None, reason=str(error))
    return Models(fits=fits, spend=spend, reason="" if fits else reason)


def forecast_money(models: Models, rows: pd.DataFrame, horizon_days: float) -> dict[str, FloatArray]:
    """What would each model and each simple rule have expected of each customer within the horizon, undiscounted?"""
    found: dict[str, FloatArray] = {}
    if models.spend is not None:
        for name, fit in models.fits.items():
            found[name] = expect_orders(fit, models.spend, rows, horizon_days=horizon_days, rate=0.0)
    age, frequency = (rows[name].to_numpy(dtype=float) for name in ("age_days", "frequency"))
    own_mean = rows["all_spent"].to_numpy(dtype=float) / (frequency + 1)
    pace = np.divide(frequency, age, out=np.zeros_like(age), where=age > 0)
    found[SAME_AGAIN] = rows["last_spent"].to_numpy(dtype=float)
    found[PACE] = pace * own_mean * horizon_days
    return found
