"""Loyalty as behaviour: who buys again and how soon, who breaks his rhythm, and where customers move on the ladder."""

from crm_research.loyalty.analysis import LoyaltyAnalysis, describe_loyalty
from crm_research.loyalty.charts import draw_depth, draw_retention, draw_triangle, draw_waits
from crm_research.loyalty.counting import count_returns, count_waits
from crm_research.loyalty.figures import ESTIMATORS, key_figures, retention_figures
from crm_research.loyalty.holdout import ReturnCheck, check_returns
from crm_research.loyalty.index import LoyaltyIndex, build_loyalty_index
from crm_research.loyalty.index_page import draw_deciles, index_figures, show_index
from crm_research.loyalty.ladder import Ladder, describe_ladder
from crm_research.loyalty.ladder_charts import draw_moves, draw_signs, draw_state_shares
from crm_research.loyalty.ladder_figures import rhythm_figures, state_figures, steady_figures
from crm_research.loyalty.ladder_page import show_cycle, show_ladder, show_ladder_check, show_rhythm, show_signs
from crm_research.loyalty.pace import Pace, choose_pace
from crm_research.loyalty.page import show_depth, show_holdout, show_newcomers, show_pace, show_retention
from crm_research.loyalty.programme import (
    Membership,
    ProgrammeEffect,
    find_membership,
    measure_programme,
)
from crm_research.loyalty.programme_page import draw_programme, programme_figures, show_programme
from crm_research.loyalty.raising_page import draw_first_order, show_discounts, show_first_order, show_trials
from crm_research.loyalty.recovery_page import show_recovery
from crm_research.loyalty.retention import Retention, estimate_retention
from crm_research.loyalty.rhythm import RhythmAnalysis, describe_rhythm
from crm_research.loyalty.rhythm_views import draw_bands
from crm_research.loyalty.tables import milestones
from crm_research.loyalty.words import answer, repeat_finding, wait_finding

__all__ = [
    "ESTIMATORS",
    "Ladder",
    "LoyaltyAnalysis",
    "LoyaltyIndex",
    "Membership",
    "Pace",
    "ProgrammeEffect",
    "Retention",
    "ReturnCheck",
    "RhythmAnalysis",
    "answer",
    "build_loyalty_index",
    "check_returns",
    "choose_pace",
    "count_returns",
    "count_waits",
    "describe_ladder",
    "describe_loyalty",
    "describe_rhythm",
    "draw_bands",
    "draw_deciles",
    "draw_depth",
    "draw_first_order",
    "draw_moves",
    "draw_programme",
    "draw_retention",
    "draw_signs",
    "draw_state_shares",
    "draw_triangle",
    "draw_waits",
    "estimate_retention",
    "find_membership",
    "index_figures",
    "key_figures",
    "measure_programme",
    "milestones",
    "programme_figures",
    "repeat_finding",
    "retention_figures",
    "rhythm_figures",
    "show_cycle",
    "show_depth",
    "show_discounts",
    "show_first_order",
    "show_holdout",
    "show_index",
    "show_ladder",
    "show_ladder_check",
    "show_newcomers",
    "show_pace",
    "show_programme",
    "show_recovery",
    "show_retention",
    "show_rhythm",
    "show_signs",
    "show_trials",
    "state_figures",
    "steady_figures",
    "wait_finding",
]
