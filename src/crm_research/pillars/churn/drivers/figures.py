"""What goes with leaving as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import Figure, FigureMaker
from crm_research.models.second_opinion import put_beside
from crm_research.pillars.churn.drivers.measure import DriverAnalysis

if TYPE_CHECKING:
    pass
from crm_research.pillars.churn.drivers.tables import driver_table
from crm_research.pillars.churn.drivers.words import say_covariate

HAZARD_RATIO: Final = "churn.contract.hazard_ratio"


def driver_figures(drivers: DriverAnalysis, *, window: str) -> list[Figure]:
    """The ratios, one for each comparison.

    Parameters
    ----------
    window
        The period of the records, in words.
    """
    check, verdict = put_beside(drivers.opinion)
    make = FigureMaker(window=window, confidence=drivers.confidence, validation=check, verdict=verdict)
    return [
        make.one(
            HAZARD_RATIO,
            "Risk of leaving",
            (row["hazard_ratio"], row["lower"], row["upper"]),
            unit="",
            n=int(row["n"]),
            estimator=drivers.fit.estimator,
            group=f"{say_covariate(row['covariate'])}: {row['compared']}" + (f", {row['when']}" if row["when"] else ""),
        )
        for _, row in driver_table(drivers).iterrows()
    ]
