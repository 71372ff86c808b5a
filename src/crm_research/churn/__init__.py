"""Churn of contracts: when customers leave, for which reasons, and which groups leave sooner."""

from crm_research.churn.curves.analysis import ChurnAnalysis, describe_churn
from crm_research.churn.curves.charts import (
    draw_groups,
    draw_hazard,
    draw_holdout,
    draw_reasons,
    draw_rule,
    draw_survival,
)
from crm_research.churn.curves.counting import ChurnCounts, count_contracts
from crm_research.churn.curves.extrapolation import TenureExtrapolation, extrapolate_tenure
from crm_research.churn.curves.extrapolation_page import show_extrapolation, show_tenure_figures
from crm_research.churn.curves.figures import ESTIMATORS, group_figures, key_figures, reason_figures, tenure_figures
from crm_research.churn.curves.holdout import HoldoutCheck, check_holdout
from crm_research.churn.curves.page import (
    show_cautions,
    show_groups,
    show_hazard,
    show_holdout,
    show_needs,
    show_reasons,
    show_rule,
)
from crm_research.churn.curves.reason_page import show_reason_groups
from crm_research.churn.curves.rule import ConstantRate, compare_constant_rate
from crm_research.churn.curves.tables import milestones
from crm_research.churn.curves.words import answer, needs, stay_finding, year_finding
from crm_research.churn.decisions.causes import ChangeAnalysis, decompose_change
from crm_research.churn.decisions.page import show_causes, show_contacts, show_targets, show_treatment
from crm_research.churn.decisions.targets import RetentionTargets, set_targets
from crm_research.churn.decisions.treatment import Treatment, choose_treatment
from crm_research.churn.decisions.treatment_check import TreatmentCheck, check_treatment
from crm_research.churn.drivers.charts import draw_bend, draw_drift
from crm_research.churn.drivers.measure import DriverAnalysis, default_covariates, fit_risk, measure_drivers
from crm_research.churn.drivers.page import show_drivers
from crm_research.churn.drivers.views import draw_drivers, driver_figures, driver_finding, driver_table
from crm_research.churn.judging.charts import draw_calibration
from crm_research.churn.judging.judge import RiskCheck, judge_risks
from crm_research.churn.judging.page import show_check
from crm_research.churn.judging.views import judging_figures, judging_table
from crm_research.churn.reasons.charts import draw_reason_drivers
from crm_research.churn.reasons.measure import ReasonDrivers, measure_reason_drivers
from crm_research.churn.reasons.page import show_reason_drivers
from crm_research.churn.reasons.views import reason_driver_figures, reason_finding
from crm_research.churn.renewals.charts import draw_intakes, draw_projection, draw_renewal_check, draw_retention
from crm_research.churn.renewals.check import RenewalCheck
from crm_research.churn.renewals.describe import Renewals, describe_renewals
from crm_research.churn.renewals.figures import renewal_figures
from crm_research.churn.renewals.page import show_renewal_check, show_renewals
from crm_research.churn.renewals.words import renewal_finding
from crm_research.churn.risks.assess import RiskList, assess_risks
from crm_research.churn.risks.charts import draw_risks
from crm_research.churn.risks.foretelling import Foretelling, foretell_leaving
from crm_research.churn.risks.model import fit_for_lists
from crm_research.churn.risks.page import show_foretelling, show_risks
from crm_research.churn.risks.words import list_rows, risk_figures, risk_finding
from crm_research.churn.setting import ChurnSetting, describe_setting
from crm_research.churn.triage import Triage, triage_setting

__all__ = [
    "ESTIMATORS",
    "ChangeAnalysis",
    "ChurnAnalysis",
    "ChurnCounts",
    "ChurnSetting",
    "ConstantRate",
    "DriverAnalysis",
    "Foretelling",
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
    "fit_for_lists",
    "fit_risk",
    "foretell_leaving",
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
    "show_contacts",
    "show_drivers",
    "show_extrapolation",
    "show_foretelling",
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
