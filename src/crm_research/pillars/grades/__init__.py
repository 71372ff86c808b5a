"""Grades: which business customers are strategic, by what they bring and may bring, and on which weights it hangs."""

from crm_research.pillars.grades.measure import Grades, measure_grades
from crm_research.pillars.grades.page import GradesPage
from crm_research.pillars.grades.service import Service, measure_service
from crm_research.pillars.grades.tables import summary_table

__all__ = ["Grades", "GradesPage", "Service", "measure_grades", "measure_service", "summary_table"]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
