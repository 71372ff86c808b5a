"""Loyalty as behaviour: who buys again and how soon, who falls out of rhythm, where customers move on the ladder."""

from crm_research.pillars.loyalty.effects.programme import (
    Membership,
    ProgrammeEffect,
    find_membership,
    measure_programme,
)
from crm_research.pillars.loyalty.index.measure import LoyaltyIndex, build_loyalty_index
from crm_research.pillars.loyalty.ladder.measure import Ladder, describe_ladder
from crm_research.pillars.loyalty.page import LoyaltyPage
from crm_research.pillars.loyalty.repeat.counting import count_returns, count_waits
from crm_research.pillars.loyalty.repeat.holdout import ReturnCheck, check_returns
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis, describe_loyalty
from crm_research.pillars.loyalty.repeat.periods import PeriodChoice, choose_periods
from crm_research.pillars.loyalty.repeat.retention import Retention, estimate_retention
from crm_research.pillars.loyalty.repeat.tables import milestones
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis, describe_rhythm

__all__ = [
    "Ladder",
    "LoyaltyAnalysis",
    "LoyaltyIndex",
    "LoyaltyPage",
    "Membership",
    "PeriodChoice",
    "ProgrammeEffect",
    "Retention",
    "ReturnCheck",
    "RhythmAnalysis",
    "build_loyalty_index",
    "check_returns",
    "choose_periods",
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


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
