"""How costs are charged: rates of activities, what nobody used, and how far use strays by chance."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError, StudyError
from crm_research.features.customer_costs import count_use, read_activities, spread_of_use
from crm_research.features.profit import CostPlan, Noise, has_income
from crm_research.features.takings import ENOUGH_COSTED, share_costed
from crm_research.models.costing import CostRates, rate_activities
from crm_research.models.lifetime_value import check_yearly_rate

if TYPE_CHECKING:
    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

VOLUMES: Final = ("revenue", "orders")
# Tilts of the bound, in lumps of the dearest activity: any of them holds, the best is taken.
_SMALLEST: Final = 0.02
_LARGEST: Final = 12.0
_N_TILTS: Final = 24


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


def judge_noise(
    study: Study, window: MoneyWindow, costing: Costing, *, n_tested: int, confidence: float
) -> Noise | None:
    """How far does a customer's cost of activities stray by chance? None where one period alone cannot tell.

    Units come in lumps (an order has several lines): how large they are is told by how much a customer's use of one
    period strays from that of another, beyond what their volume does.
    """
    if costing.rates is None or not study.has("orders") or n_tested < 1:
        return None
    spread = spread_of_use(study, window, by_orders=costing.plan.by_orders).set_index("activity")
    rate = pd.Series(costing.rates.rates, dtype=float)
    within = costing.use.set_index("activity")["within"].reindex(rate.index).fillna(0.0)
    squares, expected = (spread[name].reindex(rate.index).fillna(0.0) for name in ("squares", "expected"))
    used = (within > 0) & (rate > 0)
    if not used.any() or (expected[used] <= 0).all():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        lumps = np.maximum(np.where(expected > 0, squares / expected, 1.0), 1.0)
    return Noise(
        tilts=_tilts((rate * lumps)[used].to_numpy(), (within / lumps)[used].to_numpy()),
        log_level=float(np.log((1 - confidence) / n_tested)),
    )


def _tilts(cost: np.ndarray, n: np.ndarray) -> tuple[tuple[float, float], ...]:
    """For n lumps of each cost, to be had by chance: what Chernoff's bound adds at each of some tilts."""
    tilts = np.geomspace(_SMALLEST / cost.max(), _LARGEST / cost.max(), _N_TILTS)
    return tuple((float(tilt), float(n @ np.expm1(tilt * cost))) for tilt in tilts)
