"""Does lifelines, written by others, come to the same numbers from the same spells?"""

from crm_research.models.second_opinion.curves import compare_incidence_estimates, compare_survival_estimates
from crm_research.models.second_opinion.opinion import SecondOpinion, put_beside
from crm_research.models.second_opinion.ratios import compare_ratios
from crm_research.models.second_opinion.shapes import compare_shape

__all__ = [
    "SecondOpinion",
    "compare_incidence_estimates",
    "compare_ratios",
    "compare_shape",
    "compare_survival_estimates",
    "put_beside",
]
