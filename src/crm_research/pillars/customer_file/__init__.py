"""Customer file: who a few customers are, what they are worth, what is at stake, and what is to be done next."""

from crm_research.pillars.customer_file.choose import Chosen, find_customers
from crm_research.pillars.customer_file.industry import Industry
from crm_research.pillars.customer_file.measure import CustomerFile, measure_file
from crm_research.pillars.customer_file.next_steps import NextStep, all_steps
from crm_research.pillars.customer_file.page import CustomerFilePage
from crm_research.pillars.customer_file.tables import summary_table
from crm_research.pillars.customer_file.worth import ToCome

__all__ = [
    "Chosen",
    "CustomerFile",
    "CustomerFilePage",
    "Industry",
    "NextStep",
    "ToCome",
    "all_steps",
    "find_customers",
    "measure_file",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
