"""Of the customers won in each period, how many bought in each period after it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.panel import count_retention
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

_TIMES_USUAL: Final = 2.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Retention(Shown):
    """Who still buys in which period after the first purchase?

    Parameters
    ----------
    triangle
        Grain: cohort (start of the period of the first purchase) and period after it. Columns ``cohort``,
        ``period_index``, ``n_customers``, ``n_active``, ``retention_rate``, ``lower``, ``upper`` (Wilson). Complete
        periods only.
    pooled
        Grain: period after the first. Columns ``period_index``, ``n_cohorts``, ``n_customers``, ``n_active``,
        ``retention_rate``, ``lower``, ``upper``, over the cohorts of new customers seen that long.
    period_months
        Length of a period.
    first_intake, usual_intake
        Customers first seen in the records' first period, and the median of the later cohorts (0 without any).
    newcomers_from
        Start of the second cohort, where the first holds customers won before the records begin; else None.
    """

    triangle: pd.DataFrame
    pooled: pd.DataFrame
    period_months: int
    first_intake: int
    usual_intake: float
    newcomers_from: datetime | None

    @property
    def first_holds_old_customers(self) -> bool:
        """Is the first intake too large to be new customers only?"""
        return self.newcomers_from is not None


@step
def estimate_retention(study: Study, *, period_months: int = 1, confidence: float = 0.95) -> Retention:
    """Of the customers won in each period, what share bought in each period after it?

    Parameters
    ----------
    study
        Needs orders.
    period_months
        Length of a period in calendar months.

    Notes
    -----
    The records' first cohort is taken to hold customers won before (left truncation) if it is more than twice the
    usual intake; it is then shown but left out of the pooled shares. Customers are taken as independent.
    """
    counted: pd.DataFrame = count_retention(study, period_months=period_months).to_pandas()
    rate = wilson_share(counted["n_active"], counted["n_customers"], confidence=confidence)
    triangle = counted[["cohort", "period_index", "n_customers", "n_active"]].assign(
        retention_rate=rate.estimate, lower=rate.lower, upper=rate.upper
    )
    intakes = triangle.loc[triangle["period_index"] == 0].sort_values("cohort", ignore_index=True)
    first = int(intakes["n_customers"].iloc[0]) if len(intakes) else 0
    usual = float(intakes["n_customers"].iloc[1:].median()) if len(intakes) > 1 else 0.0
    newcomers_from = None
    if len(intakes) > 1 and first > _TIMES_USUAL * usual:
        newcomers_from = intakes["cohort"].iloc[1].to_pydatetime()
    return Retention(
        triangle=triangle,
        pooled=_pool(triangle, newcomers_from, confidence),
        period_months=period_months,
        first_intake=first,
        usual_intake=usual,
        newcomers_from=newcomers_from,
    )


def _pool(triangle: pd.DataFrame, newcomers_from: datetime | None, confidence: float) -> pd.DataFrame:
    later = triangle if newcomers_from is None else triangle.loc[triangle["cohort"] >= newcomers_from]
    summed = later.loc[later["period_index"] > 0].groupby("period_index", as_index=False)
    pooled = summed.agg(n_cohorts=("cohort", "size"), n_customers=("n_customers", "sum"), n_active=("n_active", "sum"))
    rate = wilson_share(pooled["n_active"], pooled["n_customers"], confidence=confidence)
    return pooled.assign(retention_rate=rate.estimate, lower=rate.lower, upper=rate.upper)
