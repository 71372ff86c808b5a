"""The curve of returns read at a few waits, for the page and for a reader's own notes."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis

_DAYS: Final = (7, 30, 60, 90, 180, 270, 365, 730, 1096, 1826, 3652, 7305)
_FIRST_OF_SLOW: Final = 365  # where buying takes years, shares of the first months are nought


def milestones(loyalty: LoyaltyAnalysis) -> pd.DataFrame:
    """What share of first-time buyers is back within 7, 30, 60, 90 ... days, up to 20 years?

    Returns
    -------
    pandas.DataFrame
        Grain: days since the first purchase, as far as anybody was watched. Columns ``days``, ``back``, ``lower``,
        ``upper`` (in per cent, one decimal), ``n_waiting`` (not yet back and still watched).
    """
    columns = ["days", "back", "lower", "upper", "n_waiting"]
    if loyalty.time_to_second is None:
        return pd.DataFrame(columns=columns)
    days = [day for day in _DAYS if day >= _FIRST_OF_SLOW] if loyalty.period_choice.is_slow else list(_DAYS)
    found = loyalty.time_to_second.at([float(day) for day in days]).assign(days=days).dropna(subset=["survival"])
    shares = {"back": 1 - found["survival"], "lower": 1 - found["upper"], "upper": 1 - found["lower"]}
    rounded = {name: (100 * values).round(1) for name, values in shares.items()}
    return found.assign(**rounded, n_waiting=found["n_at_risk"])[columns].reset_index(drop=True)
