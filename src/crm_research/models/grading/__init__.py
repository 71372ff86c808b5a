"""Who stands nearest to the best customer one could wish for, and does it hang on the weights?"""

from crm_research.models.grading.ahp import LARGEST_RATIO, ComparedWeights, weigh_by_comparison
from crm_research.models.grading.doubt import Drawn, draw_to_mean
from crm_research.models.grading.entropy import weigh_by_entropy
from crm_research.models.grading.judgements import read_judgements, read_name
from crm_research.models.grading.ranks import RankLimits, rank_under_doubt
from crm_research.models.grading.topsis import Measure, closeness, read_measures

__all__ = [
    "LARGEST_RATIO",
    "ComparedWeights",
    "Drawn",
    "Measure",
    "RankLimits",
    "closeness",
    "draw_to_mean",
    "rank_under_doubt",
    "read_judgements",
    "read_measures",
    "read_name",
    "weigh_by_comparison",
    "weigh_by_entropy",
]
