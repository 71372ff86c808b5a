"""Satisfaction and attitude: what customers say, what matters to them, and who is loyal by conviction."""

from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis, describe_satisfaction
from crm_research.pillars.satisfaction.conviction import Conviction, measure_conviction
from crm_research.pillars.satisfaction.page import SatisfactionPage
from crm_research.pillars.satisfaction.promoters import Promoters, measure_promoters, net_score
from crm_research.pillars.satisfaction.response import Response, measure_response
from crm_research.pillars.satisfaction.roles import Roles, assign_roles
from crm_research.pillars.satisfaction.tables import means_table

__all__ = [
    "Conviction",
    "Promoters",
    "Response",
    "Roles",
    "SatisfactionAnalysis",
    "SatisfactionPage",
    "assign_roles",
    "describe_satisfaction",
    "means_table",
    "measure_conviction",
    "measure_promoters",
    "measure_response",
    "net_score",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
