"""The customer base: whom we know, how well, and how much rests on how few."""

from crm_research.pillars.customer_base.base import CustomerBase, describe_base
from crm_research.pillars.customer_base.concentration import Concentration, measure_concentration
from crm_research.pillars.customer_base.coverage import measure_coverage
from crm_research.pillars.customer_base.dealings import OrderTotals, count_contracts, total_orders
from crm_research.pillars.customer_base.growth import Growth, measure_growth
from crm_research.pillars.customer_base.page import CustomerBasePage
from crm_research.pillars.customer_base.spending import RankedSpend, rank_spending
from crm_research.pillars.customer_base.tables import summary_table

__all__ = [
    "Concentration",
    "CustomerBase",
    "CustomerBasePage",
    "Growth",
    "OrderTotals",
    "RankedSpend",
    "count_contracts",
    "describe_base",
    "measure_concentration",
    "measure_coverage",
    "measure_growth",
    "rank_spending",
    "summary_table",
    "total_orders",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
