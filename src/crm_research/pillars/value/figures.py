"""The printed numbers of customer value, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.value.words import say_window

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit

REVENUE: Final = "value.revenue"


def profit_figures(profit: Profit) -> list[Figure]:
    """What all customers bring together."""
    maker = FigureMaker(window=say_window(profit.window), confidence=None)
    return [
        maker.one(
            REVENUE,
            "Revenue of customers",
            profit.total,
            unit=profit.currency,
            n=profit.n_customers,
            estimator="sum of the records of the window; a sum of all records has no sampling interval",
        )
    ]
