"""The customer-base audit: who brings the revenue, what moved it, and which way the base goes."""

from crm_research.pillars.customer_base_audit.books import Books
from crm_research.pillars.customer_base_audit.change import Change, split_profit, split_revenue
from crm_research.pillars.customer_base_audit.cohorts import Cohorts
from crm_research.pillars.customer_base_audit.health import Health
from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit, audit_base
from crm_research.pillars.customer_base_audit.page import AuditPage
from crm_research.pillars.customer_base_audit.periods import Periods, choose_periods
from crm_research.pillars.customer_base_audit.spread import Spread
from crm_research.pillars.customer_base_audit.tables import summary_table

__all__ = [
    "AuditPage",
    "Books",
    "Change",
    "Cohorts",
    "CustomerBaseAudit",
    "Health",
    "Periods",
    "Spread",
    "audit_base",
    "choose_periods",
    "split_profit",
    "split_revenue",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
