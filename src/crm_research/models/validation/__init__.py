"""What a model of leaving is worth: discrimination, error and calibration, honest about who was not watched."""

from crm_research.models.validation.calibration import calibrate_groups, check_distribution
from crm_research.models.validation.card import ValidationCard, validate_chances
from crm_research.models.validation.integrated import brier_grid, compare_integrated, integrate_brier
from crm_research.models.validation.measures import Measured, measure_auc, measure_brier, measure_uno
from crm_research.models.validation.optimism import Optimism, estimate_optimism, resample_optimism
from crm_research.models.validation.risk_optimism import estimate_risk_optimism
from crm_research.models.validation.risks import Fit, RiskModel, join_stretches, risk_at_start
from crm_research.models.validation.rules import ConstantRule, TenureRule, fit_constant_rule, fit_tenure_rule
from crm_research.models.validation.slope import Recalibration, measure_recalibration
from crm_research.models.validation.weights import Outcomes, read_outcomes, usable_horizon

__all__ = [
    "ConstantRule",
    "Fit",
    "Measured",
    "Optimism",
    "Outcomes",
    "Recalibration",
    "RiskModel",
    "TenureRule",
    "ValidationCard",
    "brier_grid",
    "calibrate_groups",
    "check_distribution",
    "compare_integrated",
    "estimate_optimism",
    "estimate_risk_optimism",
    "fit_constant_rule",
    "fit_tenure_rule",
    "integrate_brier",
    "join_stretches",
    "measure_auc",
    "measure_brier",
    "measure_recalibration",
    "measure_uno",
    "read_outcomes",
    "resample_optimism",
    "risk_at_start",
    "usable_horizon",
    "validate_chances",
]
