"""The survival curve read at a few tenures, for the page and for a reader's own notes."""

from __future__ import annotations

from typing import Final

import pandas as pd

from crm_research.figures import says_nothing
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis

_MONTHS: Final = (1, 3, 6, 12, 24, 36, 48, 60)


def milestones(leaving: ChurnAnalysis) -> pd.DataFrame:
    """What share is still there after 1, 3, 6, 12 ... calendar months?

    Returns
    -------
    pandas.DataFrame
        Grain: tenure in months, as far as contracts were watched and anything is known. Columns ``months``,
        ``still_there``, ``lower``, ``upper`` (in per cent, one decimal), ``n_at_risk`` (still under
        observation then).
    """
    columns = ["months", "still_there", "lower", "upper", "n_at_risk"]
    if leaving.survival is None:
        return pd.DataFrame(columns=columns)
    days = [leaving.days_at(month) for month in _MONTHS]
    found = leaving.survival.at(days).assign(months=_MONTHS).rename(columns={"survival": "still_there"})
    found["n_at_risk"] = leaving.survival.at([day + 1 for day in days])["n_at_risk"]
    found = found.dropna(subset=["still_there"])
    is_known = [not says_nothing(*limits, span=1.0) for limits in zip(found["lower"], found["upper"], strict=True)]
    found = found.loc[is_known]
    shares = (100 * found[["still_there", "lower", "upper"]]).round(1)
    return found.assign(**shares)[columns].reset_index(drop=True)
