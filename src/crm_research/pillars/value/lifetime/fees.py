"""Fees to come of running contracts: how long they last, and how fees rise and fall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.fees import sum_fee_changes
from crm_research.features.spells import count_spells
from crm_research.features.takings import has_fees_in_states
from crm_research.features.value_rows import build_running_fees
from crm_research.models.lifetime_value import ContractValue, FeeGrowth, estimate_growth, value_contracts
from crm_research.models.lifetime_value.fees import FEWEST_CONTRACTS
from crm_research.models.parametric import ParametricFit, choose_shape, fit_parametric
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.study import Study

# Over how many years fees are compared, the longest first: as far ahead they are taken to go on so.
_YEARS: Final = (3, 2, 1)
NO_STATES: Final = "The records hold one fee for each contract and not how it changes"
TOO_FEW: Final = f"Fewer than {FEWEST_CONTRACTS} contracts ran all through the last year with their fees"
NO_RUNNING: Final = "No contract is running."
NOTHING_NOW: Final = "Contracts that ran all through the last year cost nothing now"
_FEBRUARY_29: Final = (2, 29)


@dataclass(frozen=True, eq=False, kw_only=True)
class FeesToCome:
    """Fees to come of running contracts.

    Parameters
    ----------
    rows
        As `build_running_fees`, of those with a fee.
    growth, why_no_growth
        How fees rise and fall; None where the records do not tell, and why.
    n_without_fee
        Running contracts without one, which are left out.
    """

    fit: ParametricFit
    rows: pd.DataFrame
    value: ContractValue
    for_ever: float
    growth: FeeGrowth | None
    why_no_growth: str
    n_without_fee: int


def value_fees(
    study: Study, margin: float, years: float, rate: float, confidence: float
) -> tuple[FeesToCome | None, str]:
    """What will running contracts bring, or why is that not known? Empty where the study has none."""
    if not study.has("contracts"):
        return None, ""
    rows = read_fees(study)
    known = rows.loc[rows["fee"].notna()].reset_index(drop=True)
    n_without = int(rows.loc[rows["fee"].isna(), "n_contracts"].sum())
    if rows.empty:
        return None, NO_RUNNING
    if known.empty:
        return None, "The records hold no fees of contracts, so contracts cannot be valued."
    counts: pd.DataFrame = count_spells(study).to_pandas()
    try:
        fit = fit_parametric(counts, shape=choose_shape(counts).shape, confidence=confidence)
    except NotEnoughData as error:
        return None, f"How long contracts last cannot be told: {error}"
    growth, why = find_growth(study)
    common = {"rate": rate, "margin": margin, "confidence": confidence}
    value = value_contracts(fit, known, horizon_days=years * DAYS_PER_YEAR, growth=growth, **common)
    for_ever = np.nan
    if rate > 0:
        endless = value_contracts(fit, known, horizon_days=None, growth=growth, **common)
        for_ever = float(endless.total()["expected"].iloc[0])
    return FeesToCome(
        fit=fit, rows=known, value=value, for_ever=for_ever, growth=growth, why_no_growth=why, n_without_fee=n_without
    ), ""  # fmt: skip


@step
def read_fees(study: Study) -> pd.DataFrame:
    """Running contracts, counted by tenure and fee."""
    rows: pd.DataFrame = build_running_fees(study).to_pandas()
    return rows.astype({"tenure_days": float, "fee": float, "n_contracts": "int64"})


@step
def find_growth(study: Study) -> tuple[FeeGrowth | None, str]:
    """How did fees of contracts that stayed change a year, over the longest stretch that enough of them ran through?"""
    if not (study.has("contracts") and has_fees_in_states(study)):
        return None, NO_STATES
    sums: dict[str, Any] = {}
    for years in _YEARS:
        sums = sum_fee_changes(study, _years_before(study.as_of, years)).to_pandas().iloc[0].to_dict()
        found = estimate_growth(sums, years)
        if found is not None:
            return found, ""
    return None, TOO_FEW if sums["n_contracts"] < FEWEST_CONTRACTS else NOTHING_NOW


def _years_before(at: datetime, years: int) -> datetime:
    day = 28 if (at.month, at.day) == _FEBRUARY_29 else at.day
    return at.replace(year=at.year - years, day=day)
