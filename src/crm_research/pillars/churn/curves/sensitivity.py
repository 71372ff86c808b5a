"""How far would the curve move if the records held only those who had survived until we began to look?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from crm_research.features.clock import instant
from crm_research.features.spells import count_spells, list_shared_spells
from crm_research.models.survival import SurvivalCurves, estimate_survival
from crm_research.pillars.churn.setting import ChurnSetting, say_condition
from crm_research.steps import step
from crm_research.theme import say_date
from crm_research.vocabulary import days_in_months, months_of_days

if TYPE_CHECKING:
    from crm_research.study import Study


@step
def compare_late_entry(
    study: Study,
    setting: ChurnSetting,
    recorded: pd.DataFrame,
    *,
    shared: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame | None:
    """What would the curve be, had every contract been followed only from the first recorded end on?

    Where ends before that day were dropped from the records this is the estimate that allows for it (delayed entry);
    where they never happened it is still unbiased, but rests on less.

    Parameters
    ----------
    recorded
        Contracts by tenure, as recorded.
    shared
        Of them those of customers with several, as in `estimate_survival`.

    Returns
    -------
    pandas.DataFrame or None
        Two rows, ``assumption``, ``n``, ``survival_12m``, ``lower``, ``upper``, ``median_days``; None where early
        leavers do not seem to be missing.
    """
    if setting.first_end is None or not setting.may_lack_early_leavers:
        return None
    months = _period_months(setting)
    if months:
        since = (pd.Timestamp(setting.first_end) - pd.DateOffset(months=months)).to_pydatetime()
        counts, late_shared = _through_last_period(recorded, months), None
    else:
        since = setting.first_end - timedelta(days=days_in_months(1) if setting.is_snapshot else 0)
        contracts = study.table("contracts")
        known = contracts.observed_from if "observed_from" in contracts.columns else contracts.started_at
        begin = ibis.greatest(ibis.coalesce(known, contracts.started_at), instant(since))
        followed = contracts.mutate(observed_from=begin)
        later = replace(study, tables={**study.tables, "contracts": followed})
        counts, late_shared = count_spells(later).to_pandas(), list_shared_spells(later).to_pandas()
    if counts.empty:
        return None
    late = estimate_survival(counts, shared=late_shared, confidence=confidence)
    # Both rows speak of the same contracts: those that lasted until enough are followed.
    begin = float(late.sizes["first_days"].iloc[0])
    survival = estimate_survival(recorded, from_days=begin, shared=shared, confidence=confidence)
    whose = f", contracts{say_condition(begin)}" if begin > 0 else ""
    names = (f"as recorded{whose}", f"followed only from {say_date(since)} on{whose}")
    return pd.DataFrame([_row(name, curves) for name, curves in zip(names, (survival, late), strict=True)])


def _period_months(setting: ChurnSetting) -> int | None:
    """Months of the periods in which a snapshot knows tenures, if it does: what left did so in the last of them."""
    detection = setting.detection
    return detection.period_months if setting.is_snapshot and detection.is_whole_periods else None


def _through_last_period(recorded: pd.DataFrame, months: int) -> pd.DataFrame:
    """The same contracts by tenure, each followed through the last period of its tenure alone."""
    number = (recorded["tenure_days"].map(months_of_days) / months).round().astype(int)
    ends = number.map(lambda periods: days_in_months(periods * months))
    begins = number.map(lambda periods: days_in_months(max(periods - 1, 0) * months))
    exits = recorded[["n_ended", "n_censored"]].assign(tenure_days=ends, n_entered=0)
    entries = exits.assign(
        tenure_days=begins, n_entered=exits["n_ended"] + exits["n_censored"], n_ended=0, n_censored=0
    )
    return pd.concat([exits, entries], ignore_index=True)


def _row(assumption: str, curves: SurvivalCurves) -> dict[str, object]:
    year = curves.at(days_in_months(12)).iloc[0]
    return {
        "assumption": assumption,
        "n": int(curves.sizes["n"].iloc[0]),
        "survival_12m": float(year["survival"]),
        "lower": float(year["lower"]),
        "upper": float(year["upper"]),
        "median_days": float(curves.medians["median_days"].iloc[0]),
    }
