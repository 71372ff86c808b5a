"""Buy-till-you-die models: who is still a customer, and what will each one buy? From counts of patterns alone."""

from crm_research.models.btyd.effects import EFFECT_MODELS, fit_effects
from crm_research.models.btyd.effects_fitted import EffectsFit
from crm_research.models.btyd.fit import (
    fit_bg_bb,
    fit_bg_nbd,
    fit_ggompertz_nbd,
    fit_mbg_cnbd,
    fit_mbg_nbd,
    fit_pareto_nbd,
)
from crm_research.models.btyd.fitted import BtydFit, OpportunityFit
from crm_research.models.btyd.profile import profile_alive, profile_params
from crm_research.models.btyd.regularity import RegularityTest, estimate_regularity
from crm_research.models.btyd.spend import SpendFit, SpendIndependence, fit_gamma_gamma, measure_spend_independence

__all__ = [
    "EFFECT_MODELS",
    "BtydFit",
    "EffectsFit",
    "OpportunityFit",
    "RegularityTest",
    "SpendFit",
    "SpendIndependence",
    "estimate_regularity",
    "fit_bg_bb",
    "fit_bg_nbd",
    "fit_effects",
    "fit_gamma_gamma",
    "fit_ggompertz_nbd",
    "fit_mbg_cnbd",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
    "measure_spend_independence",
    "profile_alive",
    "profile_params",
]
