"""How far would the curve move if the records held only those who had survived until we began to look?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.churn.setting import ChurnSetting
from crm_research.features.clock import instant
from crm_research.features.spells import count_spells
from crm_research.models.survival import SurvivalCurves, estimate_survival
from crm_research.theme import say_date
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.study import Study

# A snapshot says who left lately; its ends are taken to be those of the last calendar month.
_SNAPSHOT_DAYS: Final = 31


def compare_late_entry(
    study: Study, setting: ChurnSetting, survival: SurvivalCurves, *, confidence: float = 0.95
) -> pd.DataFrame | None:
    """What would the curve be, had every contract been followed only from the first recorded end on?

    Where ends before that day were dropped from the records this is the estimate that allows for it (delayed entry);
    where they never happened it is still unbiased, but rests on less.

    Returns
    -------
    pandas.DataFrame or None
        Two rows, ``assumption``, ``n``, ``survival_12m``, ``lower``, ``upper``, ``median_days``; None where early
        leavers do not seem to be missing.
    """
    if setting.first_end is None or not setting.may_lack_early_leavers:
        return None
    since = setting.first_end - timedelta(days=_days_before(setting))
    contracts = study.table("contracts")
    known = contracts.observed_from if "observed_from" in contracts.columns else contracts.started_at
    followed = contracts.mutate(observed_from=ibis.greatest(ibis.coalesce(known, contracts.started_at), instant(since)))
    counts = count_spells(replace(study, tables={**study.tables, "contracts": followed})).to_pandas()
    if counts.empty:
        return None
    late = estimate_survival(counts, confidence=confidence)
    names = ("as recorded", f"followed only from {say_date(since)} on")
    return pd.DataFrame([_row(name, curves) for name, curves in zip(names, (survival, late), strict=True)])


def _days_before(setting: ChurnSetting) -> int:
    """Where tenure is known in whole years only, what a snapshot counts as left is taken to be that of a year."""
    if not setting.is_snapshot:
        return 0
    triage = setting.triage
    if triage.is_whole_periods and triage.period_months is not None and triage.period_months > 1:
        # A day less than the period, so that a contract is followed through its last step alone.
        return int(triage.period_months * DAYS_PER_MONTH) - 1
    return _SNAPSHOT_DAYS


def _row(assumption: str, curves: SurvivalCurves) -> dict[str, object]:
    year = curves.at(DAYS_PER_YEAR).iloc[0]
    return {
        "assumption": assumption,
        "n": int(curves.sizes["n"].iloc[0]),
        "survival_12m": float(year["survival"]),
        "lower": float(year["lower"]),
        "upper": float(year["upper"]),
        "median_days": float(curves.medians["median_days"].iloc[0]),
    }
