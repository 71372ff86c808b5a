"""What goes with leaving as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import Figure
from crm_research.models.second_opinion import put_beside
from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.theme import (
    say_percent,
)

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
    level = f"{say_percent(drivers.confidence, 0)} interval"
    check, verdict = put_beside(drivers.opinion)
    return [
        Figure(
            id=HAZARD_RATIO,
            label="Risk of leaving",
            estimate=float(row["hazard_ratio"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            unit="",
            n=int(row["n"]),
            window=window,
            estimator=f"{drivers.fit.estimator}; {level}",
            validation=check,
            verdict=verdict,
            group=f"{say_covariate(row['covariate'])}: {row['compared']}" + (f", {row['when']}" if row["when"] else ""),
        )
        for _, row in driver_table(drivers).iterrows()
    ]
