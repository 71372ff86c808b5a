"""Silent churn: who has left without saying so, and what the others will buy, from orders alone."""

from crm_research.pillars.silent_churn.analysis import SilentChurn, describe_silence
from crm_research.pillars.silent_churn.holdout import HoldoutCheck, check_forecasts
from crm_research.pillars.silent_churn.intake import Intake, judge_intake
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis, measure_kinds
from crm_research.pillars.silent_churn.kinds import known_covariates
from crm_research.pillars.silent_churn.money import check_money
from crm_research.pillars.silent_churn.page import SilentChurnPage
from crm_research.pillars.silent_churn.setting import explain_setting
from crm_research.pillars.silent_churn.tables import common_histories, group_table, summary_table

__all__ = [
    "HoldoutCheck",
    "Intake",
    "KindAnalysis",
    "SilentChurn",
    "SilentChurnPage",
    "check_forecasts",
    "check_money",
    "common_histories",
    "describe_silence",
    "explain_setting",
    "group_table",
    "judge_intake",
    "known_covariates",
    "measure_kinds",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
