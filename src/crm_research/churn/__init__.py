"""Churn of contracts: when customers leave, for which reasons, and which groups leave sooner."""

from crm_research.churn.analysis import ChurnAnalysis, describe_churn
from crm_research.churn.charts import (
    draw_groups,
    draw_hazard,
    draw_holdout,
    draw_reasons,
    draw_rule,
    draw_survival,
)
from crm_research.churn.counting import ChurnCounts, count_contracts
from crm_research.churn.driver_page import show_drivers
from crm_research.churn.driver_views import draw_drivers, driver_figures, driver_finding, driver_table
from crm_research.churn.drivers import DriverAnalysis, measure_drivers
from crm_research.churn.figures import ESTIMATORS, group_figures, key_figures, reason_figures
from crm_research.churn.holdout import HoldoutCheck, check_holdout
from crm_research.churn.page import (
    show_cautions,
    show_groups,
    show_hazard,
    show_holdout,
    show_needs,
    show_reasons,
    show_rule,
)
from crm_research.churn.rule import ConstantRate, compare_constant_rate
from crm_research.churn.setting import ChurnSetting, describe_setting
from crm_research.churn.tables import milestones
from crm_research.churn.words import answer, needs, stay_finding, year_finding

__all__ = [
    "ESTIMATORS",
    "ChurnAnalysis",
    "ChurnCounts",
    "ChurnSetting",
    "ConstantRate",
    "DriverAnalysis",
    "HoldoutCheck",
    "answer",
    "check_holdout",
    "compare_constant_rate",
    "count_contracts",
    "describe_churn",
    "describe_setting",
    "draw_drivers",
    "draw_groups",
    "draw_hazard",
    "draw_holdout",
    "draw_reasons",
    "draw_rule",
    "draw_survival",
    "driver_figures",
    "driver_finding",
    "driver_table",
    "group_figures",
    "key_figures",
    "measure_drivers",
    "milestones",
    "needs",
    "reason_figures",
    "show_cautions",
    "show_drivers",
    "show_groups",
    "show_hazard",
    "show_holdout",
    "show_needs",
    "show_reasons",
    "show_rule",
    "stay_finding",
    "year_finding",
]
