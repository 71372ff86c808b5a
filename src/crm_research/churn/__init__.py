"""Churn of contracts: when customers leave, for which reasons, and which groups leave sooner."""

from crm_research.churn.analysis import ChurnAnalysis, describe_churn
from crm_research.churn.causes import ChangeAnalysis, decompose_change
from crm_research.churn.charts import (
    draw_groups,
    draw_hazard,
    draw_holdout,
    draw_reasons,
    draw_rule,
    draw_survival,
)
from crm_research.churn.counting import ChurnCounts, count_contracts
from crm_research.churn.decision_page import show_causes, show_targets, show_treatment
from crm_research.churn.driver_charts import draw_bend, draw_drift
from crm_research.churn.driver_page import show_drivers
from crm_research.churn.driver_views import draw_drivers, driver_figures, driver_finding, driver_table
from crm_research.churn.drivers import DriverAnalysis, default_covariates, fit_risk, measure_drivers
from crm_research.churn.extrapolation import TenureExtrapolation, extrapolate_tenure
from crm_research.churn.extrapolation_page import show_extrapolation, show_tenure_figures
from crm_research.churn.figures import ESTIMATORS, group_figures, key_figures, reason_figures, tenure_figures
from crm_research.churn.holdout import HoldoutCheck, check_holdout
from crm_research.churn.judging import RiskCheck, judge_risks
from crm_research.churn.judging_charts import draw_calibration
from crm_research.churn.judging_page import show_check
from crm_research.churn.judging_views import judging_figures, judging_table
from crm_research.churn.page import (
    show_cautions,
    show_groups,
    show_hazard,
    show_holdout,
    show_needs,
    show_reasons,
    show_rule,
)
from crm_research.churn.reason_driver_charts import draw_reason_drivers
from crm_research.churn.reason_driver_page import show_reason_drivers
from crm_research.churn.reason_driver_views import reason_driver_figures, reason_finding
from crm_research.churn.reason_drivers import ReasonDrivers, measure_reason_drivers
from crm_research.churn.reason_page import show_reason_groups
from crm_research.churn.renewal_charts import draw_intakes, draw_projection, draw_renewal_check, draw_retention
from crm_research.churn.renewal_check import RenewalCheck
from crm_research.churn.renewal_figures import renewal_figures
from crm_research.churn.renewal_page import show_renewal_check, show_renewals
from crm_research.churn.renewal_words import renewal_finding
from crm_research.churn.renewals import Renewals, describe_renewals
from crm_research.churn.risk import RiskList, assess_risks
from crm_research.churn.risk_charts import draw_risks
from crm_research.churn.risk_page import show_risks
from crm_research.churn.risk_words import list_rows, risk_figures, risk_finding
from crm_research.churn.rule import ConstantRate, compare_constant_rate
from crm_research.churn.setting import ChurnSetting, describe_setting
from crm_research.churn.tables import milestones
from crm_research.churn.targets import RetentionTargets, set_targets
from crm_research.churn.treatment import Treatment, choose_treatment
from crm_research.churn.treatment_check import TreatmentCheck, check_treatment
from crm_research.churn.triage import Triage, triage_setting
from crm_research.churn.words import answer, needs, stay_finding, year_finding

__all__ = [
    "ESTIMATORS",
    "ChangeAnalysis",
    "ChurnAnalysis",
    "ChurnCounts",
    "ChurnSetting",
    "ConstantRate",
    "DriverAnalysis",
    "HoldoutCheck",
    "ReasonDrivers",
    "RenewalCheck",
    "Renewals",
    "RetentionTargets",
    "RiskCheck",
    "RiskList",
    "TenureExtrapolation",
    "Treatment",
    "TreatmentCheck",
    "Triage",
    "answer",
    "assess_risks",
    "check_holdout",
    "check_treatment",
    "choose_treatment",
    "compare_constant_rate",
    "count_contracts",
    "decompose_change",
    "default_covariates",
    "describe_churn",
    "describe_renewals",
    "describe_setting",
    "draw_bend",
    "draw_calibration",
    "draw_drift",
    "draw_drivers",
    "draw_groups",
    "draw_hazard",
    "draw_holdout",
    "draw_intakes",
    "draw_projection",
    "draw_reason_drivers",
    "draw_reasons",
    "draw_renewal_check",
    "draw_retention",
    "draw_risks",
    "draw_rule",
    "draw_survival",
    "driver_figures",
    "driver_finding",
    "driver_table",
    "extrapolate_tenure",
    "fit_risk",
    "group_figures",
    "judge_risks",
    "judging_figures",
    "judging_table",
    "key_figures",
    "list_rows",
    "measure_drivers",
    "measure_reason_drivers",
    "milestones",
    "needs",
    "reason_driver_figures",
    "reason_figures",
    "reason_finding",
    "renewal_figures",
    "renewal_finding",
    "risk_figures",
    "risk_finding",
    "set_targets",
    "show_causes",
    "show_cautions",
    "show_check",
    "show_drivers",
    "show_extrapolation",
    "show_groups",
    "show_hazard",
    "show_holdout",
    "show_needs",
    "show_reason_drivers",
    "show_reason_groups",
    "show_reasons",
    "show_renewal_check",
    "show_renewals",
    "show_risks",
    "show_rule",
    "show_targets",
    "show_tenure_figures",
    "show_treatment",
    "stay_finding",
    "tenure_figures",
    "triage_setting",
    "year_finding",
]
