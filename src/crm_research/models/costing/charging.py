"""Which costs are charged to customers, and at which rates: the plan that the engine follows."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import ParameterError, StudyError
from crm_research.features.customer_costs import count_use, read_activities
from crm_research.features.profit import CostPlan, has_income
from crm_research.features.takings import ENOUGH_COSTED, share_costed
from crm_research.models.costing.time_driven import CostRates, rate_activities
from crm_research.models.lifetime_value import check_yearly_rate

if TYPE_CHECKING:
    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

VOLUMES: Final = ("revenue", "orders")


@dataclass(frozen=True, eq=False, kw_only=True)
class Costing:
    """Which costs are charged to whom, and what is charged to nobody?

    Parameters
    ----------
    plan
        What the engine charges.
    rates
        Cost of one unit of each activity; None without activities.
    use
        activity, quantity, within, first, last: as `count_use` has it; empty without activities.
    refused
        Why the use of activities cannot be charged although it is recorded; empty where it can.
    costed_share
        Share of the sales whose cost of goods is recorded; None without a column of costs, or without sales.
    """

    plan: CostPlan
    rates: CostRates | None
    use: pd.DataFrame
    refused: str = ""
    costed_share: float | None = None


def plan_costs(
    study: Study, window: MoneyWindow, *, volume: str, capital_rate: float | None, contact_costs: bool
) -> Costing:
    """Which costs can be charged of the study, and at which rates?"""
    if volume not in VOLUMES:
        raise ParameterError(f"volume must be one of {', '.join(VOLUMES)}; not {volume!r}.")
    rate = None if capital_rate is None else check_yearly_rate(capital_rate, "capital_rate")
    by_orders = volume == "orders" and study.has("orders")
    refused = ""
    rates, use = None, pd.DataFrame(columns=["activity", "quantity", "within", "first", "last"])
    if study.has("activities", "activity_use") and has_income(study):
        counted = count_use(study, window)
        try:
            rates, use = rate_activities(read_activities(study), counted.set_index("activity")["quantity"]), counted
        except StudyError as problem:
            refused = str(problem)
    costed = share_costed(study, window)
    plan = CostPlan(
        rates=MappingProxyType({} if rates is None else rates.rates),
        counts_contacts=contact_costs,
        capital_rate=rate,
        by_orders=by_orders,
        counts_goods=costed is None or costed >= ENOUGH_COSTED,
    )
    return Costing(plan=plan, rates=rates, use=use, refused=refused, costed_share=costed)
