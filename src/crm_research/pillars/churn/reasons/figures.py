"""What goes with leaving for each reason as figures."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_research.figures import Figure, FigureMaker
from crm_research.models.second_opinion import put_beside
from crm_research.pillars.churn.reasons.measure import ReasonDrivers
from crm_research.pillars.churn.reasons.tables import reason_table

SPEED_RATIO: Final = "churn.contract.hazard_ratio_by_reason"
SHARE_RATIO: Final = "churn.contract.share_ratio_by_reason"
FRAILTY: Final = "churn.contract.frailty_variance"
_MOST_FIGURES: Final = 12


def reason_driver_figures(drivers: ReasonDrivers, *, window: str) -> list[Figure]:
    """The clear ratios, at most twelve of each kind, and the variance of the shared risk.

    Parameters
    ----------
    window
        The period of the records, in words.
    """
    table = reason_table(drivers)
    make = FigureMaker(window=window, confidence=drivers.confidence)
    figures = []
    for id_, label, prefix, method in (
        (SPEED_RATIO, "Risk of leaving for the reason", "", "Cox regression of the cause-specific hazard"),
        (
            SHARE_RATIO,
            "Share who end up leaving for it",
            "share_",
            "Fine-Gray regression (ratio of sub-distribution hazards)",
        ),
    ):
        clear = table.loc[table[f"{prefix}is_clear"].astype(bool)] if len(table) else table
        for place in range(min(len(clear), _MOST_FIGURES)):
            row = clear.iloc[place]
            # lifelines has no regression of sub-distribution hazards.
            check, verdict = put_beside(None if prefix else drivers.opinions.get(str(row["reason"])))
            figures.append(
                make.one(
                    id_,
                    label,
                    (row[f"{prefix}hazard_ratio"], row[f"{prefix}lower"], row[f"{prefix}upper"]),
                    unit="",
                    n=int(row[f"{prefix}n_read"]),
                    estimator=method,
                    validation=check,
                    verdict=verdict,
                    group=f"{row['reason']}: {row['covariate']}: {row['compared']}",
                )
            )
    likeness = drivers.likeness
    if likeness is not None and np.isfinite(likeness.fit.variance):
        figures.append(
            make.one(
                FRAILTY,
                "Variance of the risk that a customer's contracts share",
                (likeness.fit.variance, likeness.fit.variance_lower, likeness.fit.variance_upper),
                unit="",
                n=likeness.n_contracts,
                estimator="Cox regression with shared gamma frailty",
                limits="of the profile likelihood",
            )
        )
    return figures
