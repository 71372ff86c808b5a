"""Profit in one result: what customers bring in the window, ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crm_research.features.money_window import USUAL_MONTHS, MoneyWindow, find_window
from crm_research.features.takings import build_takings
from crm_research.pillars.value.profit.curve import rank_money
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class Profit:
    """What do customers bring, from the highest down?

    Parameters
    ----------
    window
        The months over which money is counted.
    ranked
        As `rank_money` has it.
    """

    currency: str
    window: MoneyWindow
    ranked: pd.DataFrame
    confidence: float

    @property
    def n_customers(self) -> int:
        """Customers with an order or a running contract in the window."""
        return int(self.ranked["n"].sum())

    @property
    def total(self) -> float:
        """What all of them bring."""
        return float(self.ranked["total"].sum())


@step
def measure_profit(study: Study, *, months: int = USUAL_MONTHS, confidence: float = 0.95) -> Profit:
    """What did customers bring in the latest months?"""
    window = find_window(study, months=months)
    takings = build_takings(study, window)
    named = takings.filter(takings.customer_id.notnull())  # noqa: PD004 - Ibis
    money = named.mutate(income=named.revenue + named.fees)
    return Profit(currency=study.currency, window=window, ranked=rank_money(money, "income"), confidence=confidence)
