"""Buy-till-you-die models: who is still a customer, and what will each one buy? From counts of patterns alone."""

from crm_research.models.btyd.fit import (
    BtydFit,
    OpportunityFit,
    fit_bg_bb,
    fit_bg_nbd,
    fit_mbg_nbd,
    fit_pareto_nbd,
)
from crm_research.models.btyd.spend import SpendFit, SpendIndependence, fit_gamma_gamma, measure_spend_independence

__all__ = [
    "BtydFit",
    "OpportunityFit",
    "SpendFit",
    "SpendIndependence",
    "fit_bg_bb",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
    "measure_spend_independence",
]
