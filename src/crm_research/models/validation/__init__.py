"""What a model of leaving is worth: discrimination, error and calibration, honest about who was not watched."""

from crm_research.models.validation.calibration import calibrate_groups, calibration_slope, check_distribution
from crm_research.models.validation.card import ValidationCard, validate_chances
from crm_research.models.validation.measures import Measured, measure_auc, measure_brier, measure_uno
from crm_research.models.validation.optimism import Optimism, estimate_optimism
from crm_research.models.validation.risks import RiskModel
from crm_research.models.validation.weights import Outcomes, read_outcomes, usable_horizon

__all__ = [
    "Measured",
    "Optimism",
    "Outcomes",
    "RiskModel",
    "ValidationCard",
    "calibrate_groups",
    "calibration_slope",
    "check_distribution",
    "estimate_optimism",
    "measure_auc",
    "measure_brier",
    "measure_uno",
    "read_outcomes",
    "usable_horizon",
    "validate_chances",
]
