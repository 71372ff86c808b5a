"""Data quality: how far the records can be relied on, what is worst, who mends it, and what it costs."""

from crm_research.pillars.data_quality.dead import DeadRecords, measure_dead
from crm_research.pillars.data_quality.measure import DataQuality, measure_quality
from crm_research.pillars.data_quality.page import DataQualityPage
from crm_research.pillars.data_quality.potential import LeftAlone, measure_left_alone
from crm_research.pillars.data_quality.suspicions import Suspicion, find_suspicions
from crm_research.pillars.data_quality.tables import summary_table

__all__ = [
    "DataQuality",
    "DataQualityPage",
    "DeadRecords",
    "LeftAlone",
    "Suspicion",
    "find_suspicions",
    "measure_dead",
    "measure_left_alone",
    "measure_quality",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
