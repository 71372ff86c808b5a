"""Who stands nearest to the best customer one could wish for, and does it hang on the weights?"""

from crm_research.models.grading.ahp import LARGEST_RATIO, ComparedWeights, weigh_by_comparison
from crm_research.models.grading.entropy import weigh_by_entropy
from crm_research.models.grading.ranks import RankLimits, rank_under_doubt
from crm_research.models.grading.topsis import Measure, closeness, read_measures

__all__ = [
    "LARGEST_RATIO",
    "ComparedWeights",
    "Measure",
    "RankLimits",
    "closeness",
    "rank_under_doubt",
    "read_measures",
    "weigh_by_comparison",
    "weigh_by_entropy",
]
