"""Loyalty as behaviour: who buys again, how soon, and how many of each intake are still buying."""

from crm_research.loyalty.analysis import LoyaltyAnalysis, describe_loyalty
from crm_research.loyalty.charts import draw_depth, draw_retention, draw_triangle, draw_waits
from crm_research.loyalty.counting import count_returns, count_waits
from crm_research.loyalty.figures import ESTIMATORS, key_figures, retention_figures
from crm_research.loyalty.holdout import ReturnCheck, check_returns
from crm_research.loyalty.page import show_depth, show_holdout, show_newcomers, show_retention
from crm_research.loyalty.retention import Retention, estimate_retention
from crm_research.loyalty.tables import milestones
from crm_research.loyalty.words import answer, repeat_finding, wait_finding

__all__ = [
    "ESTIMATORS",
    "LoyaltyAnalysis",
    "Retention",
    "ReturnCheck",
    "answer",
    "check_returns",
    "count_returns",
    "count_waits",
    "describe_loyalty",
    "draw_depth",
    "draw_retention",
    "draw_triangle",
    "draw_waits",
    "estimate_retention",
    "key_figures",
    "milestones",
    "repeat_finding",
    "retention_figures",
    "show_depth",
    "show_holdout",
    "show_newcomers",
    "show_retention",
    "wait_finding",
]
