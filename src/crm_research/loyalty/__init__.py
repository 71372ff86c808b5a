"""Loyalty as behaviour: who buys again and how soon, who breaks his rhythm, and where customers move on the ladder."""

from crm_research.loyalty.analysis import LoyaltyAnalysis, describe_loyalty
from crm_research.loyalty.counting import count_returns, count_waits
from crm_research.loyalty.holdout import ReturnCheck, check_returns
from crm_research.loyalty.index import LoyaltyIndex, build_loyalty_index
from crm_research.loyalty.ladder import Ladder, describe_ladder
from crm_research.loyalty.loyalty_page import LoyaltyPage
from crm_research.loyalty.pace import Pace, choose_pace
from crm_research.loyalty.programme import Membership, ProgrammeEffect, find_membership, measure_programme
from crm_research.loyalty.retention import Retention, estimate_retention
from crm_research.loyalty.rhythm import RhythmAnalysis, describe_rhythm
from crm_research.loyalty.tables import milestones

__all__ = [
    "Ladder",
    "LoyaltyAnalysis",
    "LoyaltyIndex",
    "LoyaltyPage",
    "Membership",
    "Pace",
    "ProgrammeEffect",
    "Retention",
    "ReturnCheck",
    "RhythmAnalysis",
    "build_loyalty_index",
    "check_returns",
    "choose_pace",
    "count_returns",
    "count_waits",
    "describe_ladder",
    "describe_loyalty",
    "describe_rhythm",
    "estimate_retention",
    "find_membership",
    "measure_programme",
    "milestones",
]
