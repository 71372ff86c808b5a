"""The summary over all reports of a study: what changed, what matters, what to do, and what is commonly said."""

from crm_research.pillars.summary.actions import Action, choose_actions
from crm_research.pillars.summary.claims.measure import Claim, measure_claims
from crm_research.pillars.summary.page import SummaryPage
from crm_research.pillars.summary.rules import Rule, company_rules, read_rules
from crm_research.pillars.summary.standing import Standing, summarise
from crm_research.pillars.summary.tables import sayings_table, summary_table

__all__ = [
    "Action",
    "Claim",
    "Rule",
    "Standing",
    "SummaryPage",
    "choose_actions",
    "company_rules",
    "measure_claims",
    "read_rules",
    "sayings_table",
    "summarise",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
