"""Churn of contracts: when customers leave, for which reasons, and which groups leave sooner."""

from crm_research.pillars.churn.curves.analysis import ChurnAnalysis, describe_churn
from crm_research.pillars.churn.curves.counting import ChurnCounts, count_contracts
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation, extrapolate_tenure
from crm_research.pillars.churn.curves.holdout import HoldoutCheck, check_holdout
from crm_research.pillars.churn.curves.rule import ConstantRate, compare_constant_rate
from crm_research.pillars.churn.curves.tables import milestones
from crm_research.pillars.churn.decisions.decomposition import ChangeAnalysis, decompose_change
from crm_research.pillars.churn.decisions.targets import RetentionTargets, set_targets
from crm_research.pillars.churn.decisions.treatment import Treatment, choose_treatment
from crm_research.pillars.churn.decisions.treatment_check import TreatmentCheck, check_treatment
from crm_research.pillars.churn.detection import SettingDetection, detect_setting
from crm_research.pillars.churn.drivers.measure import DriverAnalysis, default_covariates, fit_risk, measure_drivers
from crm_research.pillars.churn.page import ChurnPage
from crm_research.pillars.churn.reasons.measure import ReasonDrivers, measure_reason_drivers
from crm_research.pillars.churn.renewals.check import RenewalCheck
from crm_research.pillars.churn.renewals.describe import Renewals, describe_renewals
from crm_research.pillars.churn.risks.assess import RiskList, assess_risks
from crm_research.pillars.churn.risks.model import fit_for_lists
from crm_research.pillars.churn.risks.prediction import LeavingPrediction, predict_leaving
from crm_research.pillars.churn.setting import ChurnSetting, describe_setting
from crm_research.pillars.churn.validation.validate import RiskCheck, validate_risks

__all__ = [
    "ChangeAnalysis",
    "ChurnAnalysis",
    "ChurnCounts",
    "ChurnPage",
    "ChurnSetting",
    "ConstantRate",
    "DriverAnalysis",
    "HoldoutCheck",
    "LeavingPrediction",
    "ReasonDrivers",
    "RenewalCheck",
    "Renewals",
    "RetentionTargets",
    "RiskCheck",
    "RiskList",
    "SettingDetection",
    "TenureExtrapolation",
    "Treatment",
    "TreatmentCheck",
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
    "detect_setting",
    "extrapolate_tenure",
    "fit_for_lists",
    "fit_risk",
    "measure_drivers",
    "measure_reason_drivers",
    "milestones",
    "predict_leaving",
    "set_targets",
    "validate_risks",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
