"""Customer value: who earns us money, on how few it rests, and which customers cost money."""

from crm_research.pillars.value.page import ValuePage
from crm_research.pillars.value.profit.measure import Profit, measure_profit
from crm_research.pillars.value.tables import summary_table

__all__ = ["Profit", "ValuePage", "measure_profit", "summary_table"]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
