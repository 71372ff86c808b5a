"""Silent churn: who has left without saying so, and what the others will buy, from orders alone."""

from crm_research.silent_churn.analysis import SilentChurn, describe_silence
from crm_research.silent_churn.charts import (
    draw_chances,
    draw_conditional,
    draw_cumulative,
    draw_frequencies,
    draw_silence,
    draw_weekly,
    silence_title,
)
from crm_research.silent_churn.figures import ESTIMATORS, key_figures, outlook_figures, parameter_figures
from crm_research.silent_churn.holdout import HoldoutCheck, check_forecasts
from crm_research.silent_churn.intake import Intake, judge_intake
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
    show_tracking,
    summary,
)
from crm_research.silent_churn.pictures import average_by_silence, compare_frequencies, count_chances
from crm_research.silent_churn.words import alive_finding, answer, silence_finding

__all__ = [
    "ESTIMATORS",
    "HoldoutCheck",
    "Intake",
    "SilentChurn",
    "alive_finding",
    "answer",
    "average_by_silence",
    "check_forecasts",
    "common_histories",
    "compare_frequencies",
    "count_chances",
    "describe_silence",
    "draw_chances",
    "draw_conditional",
    "draw_cumulative",
    "draw_frequencies",
    "draw_silence",
    "draw_weekly",
    "group_table",
    "judge_intake",
    "key_figures",
    "outlook_figures",
    "parameter_figures",
    "show_base",
    "show_fit",
    "show_groups",
    "show_histories",
    "show_holdout",
    "show_models",
    "show_names",
    "show_tracking",
    "silence_finding",
    "silence_title",
    "summary",
]
