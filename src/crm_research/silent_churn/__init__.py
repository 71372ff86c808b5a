"""Silent churn: who has left without saying so, and what the others will buy, from orders alone."""

from crm_research.silent_churn.analysis import SilentChurn, describe_silence
from crm_research.silent_churn.charts import (
    draw_chances,
    draw_conditional,
    draw_cumulative,
    draw_frequencies,
    draw_silence,
    draw_weekly,
    silence_alt,
    silence_title,
)
from crm_research.silent_churn.figures import ESTIMATORS, key_figures, outlook_figures, parameter_figures
from crm_research.silent_churn.holdout import HoldoutCheck, check_forecasts
from crm_research.silent_churn.intake import Intake, judge_intake
from crm_research.silent_churn.kind_effects import KindAnalysis, measure_kinds
from crm_research.silent_churn.kind_page import show_covariates
from crm_research.silent_churn.kind_views import draw_kinds, kind_figures, kind_finding, kind_table
from crm_research.silent_churn.kinds import known_covariates
from crm_research.silent_churn.money import check_money
from crm_research.silent_churn.page import (
    common_histories,
    group_table,
    show_base,
    show_fit,
    show_groups,
    show_histories,
    show_holdout,
    show_models,
    show_names,
    show_setting,
    show_tracking,
    summary,
)
from crm_research.silent_churn.pictures import average_by_silence, compare_frequencies, count_chances
from crm_research.silent_churn.setting import explain_setting
from crm_research.silent_churn.words import alive_finding, answer, silence_finding

__all__ = [
    "ESTIMATORS",
    "HoldoutCheck",
    "Intake",
    "KindAnalysis",
    "SilentChurn",
    "alive_finding",
    "answer",
    "average_by_silence",
    "check_forecasts",
    "check_money",
    "common_histories",
    "compare_frequencies",
    "count_chances",
    "describe_silence",
    "draw_chances",
    "draw_conditional",
    "draw_cumulative",
    "draw_frequencies",
    "draw_kinds",
    "draw_silence",
    "draw_weekly",
    "explain_setting",
    "group_table",
    "judge_intake",
    "key_figures",
    "kind_figures",
    "kind_finding",
    "kind_table",
    "known_covariates",
    "measure_kinds",
    "outlook_figures",
    "parameter_figures",
    "show_base",
    "show_covariates",
    "show_fit",
    "show_groups",
    "show_histories",
    "show_holdout",
    "show_models",
    "show_names",
    "show_setting",
    "show_tracking",
    "silence_alt",
    "silence_finding",
    "silence_title",
    "summary",
]
