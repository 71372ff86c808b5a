"""How long contracts last beyond the records as tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    pass
from crm_research.pillars.churn.curves.extrapolation_words import SHAPE_NAMES


def curve_beyond(leaving: ChurnAnalysis, found: TenureExtrapolation) -> pd.DataFrame:
    """A dozen points of the carried curve, at tenures of which the records say nothing."""
    curve = found.curve
    if leaving.survival is not None:
        curve = curve.loc[curve["tenure_days"] > float(leaving.survival.sizes["known_days"].iloc[0])]
    return curve.iloc[:: max(1, len(curve) // 12)]


def shape_table(found: TenureExtrapolation) -> pd.DataFrame:
    """The shapes with what they predicted and where they lead, the best first.

    Returns
    -------
    pandas.DataFrame
        Columns ``shape`` (in words), ``score`` (log score over one constant danger, by hidden contract), ``missed_by``
        (mean distance of the share still there, in points), ``trials_won``, ``expected_days``, ``chosen``.
    """
    table = found.choice.scores.merge(found.rivals[["shape", "expected_days"]], on="shape", how="left")
    return pd.DataFrame(
        {
            "shape": [SHAPE_NAMES[shape] for shape in table["shape"]],
            "score": table["gain"],
            "missed_by": table["survival_error"],
            "trials_won": table["n_best"],
            "expected_days": table["expected_days"],
            "chosen": table["is_chosen"],
        }
    )


def remaining_table(found: TenureExtrapolation) -> pd.DataFrame:
    """How much longer do contracts stay that have stayed so long?

    Columns ``months_so_far``, ``expected_days``, ``lower``, ``upper``, ``beyond_share``.
    """
    rows = found.expected.dropna(subset=["expected_days"])
    months = (rows["after_days"] / DAYS_PER_MONTH).round().astype(int)
    return rows.assign(months_so_far=months)[
        ["months_so_far", "expected_days", "lower", "upper", "beyond_share"]
    ].reset_index(drop=True)
