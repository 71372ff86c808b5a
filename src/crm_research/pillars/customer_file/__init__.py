"""Customer file: who a few customers are, what they are worth, what is at stake, and what is to be done next."""

from crm_research.pillars.customer_file.choose import find_customers
from crm_research.pillars.customer_file.measure import CustomerFile, measure_file
from crm_research.pillars.customer_file.next_steps import all_steps
from crm_research.pillars.customer_file.page import CustomerFilePage
from crm_research.pillars.customer_file.tables import summary_table

__all__ = [
    "CustomerFile",
    "CustomerFilePage",
    "all_steps",
    "find_customers",
    "measure_file",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
