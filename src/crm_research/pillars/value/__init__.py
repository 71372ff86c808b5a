"""Customer value: who earns us money, what losing them costs, and which customers cost money."""

from crm_research.pillars.value.lifetime.measure import measure_lifetime
from crm_research.pillars.value.page import ValuePage
from crm_research.pillars.value.profit.lists import list_customers
from crm_research.pillars.value.profit.measure import Moved, Profit, measure_profit
from crm_research.pillars.value.risk.expected import list_expected
from crm_research.pillars.value.tables import summary_table
from crm_research.pillars.value.tiers.measure import Tiers, measure_tiers

__all__ = [
    "Moved",
    "Profit",
    "Tiers",
    "ValuePage",
    "list_customers",
    "list_expected",
    "measure_lifetime",
    "measure_profit",
    "measure_tiers",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
