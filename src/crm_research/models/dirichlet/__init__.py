"""The NBD-Dirichlet: how brands are bought that differ in nothing but size. From distributions of counts alone."""

from crm_research.models.dirichlet.duplication import Duplication, measure_duplication
from crm_research.models.dirichlet.fit import MEASURES, DirichletFit, fit_dirichlet, fit_from_summary
from crm_research.models.dirichlet.norm import (
    ABOVE,
    AS_NORM,
    BELOW,
    FEWEST_BUYERS,
    NOTABLE,
    SLIGHTLY_ABOVE,
    SLIGHTLY_BELOW,
    TOO_FEW,
    compare_with_norm,
)
from crm_research.models.dirichlet.solving import jackknife_interval
from crm_research.models.dirichlet.tallies import Tallies, build_tallies
from crm_research.models.dirichlet.trend import ConditionalTrend, expect_next, follow_buyers

__all__ = [
    "ABOVE",
    "AS_NORM",
    "BELOW",
    "FEWEST_BUYERS",
    "MEASURES",
    "NOTABLE",
    "SLIGHTLY_ABOVE",
    "SLIGHTLY_BELOW",
    "TOO_FEW",
    "ConditionalTrend",
    "DirichletFit",
    "Duplication",
    "Tallies",
    "build_tallies",
    "compare_with_norm",
    "expect_next",
    "fit_dirichlet",
    "fit_from_summary",
    "follow_buyers",
    "jackknife_interval",
    "measure_duplication",
]
