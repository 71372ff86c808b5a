"""Satisfaction and attitude: what customers say, what matters to them, and who is loyal by conviction."""

from crm_research.satisfaction.analysis import SatisfactionAnalysis, describe_satisfaction
from crm_research.satisfaction.charts import (
    draw_matrix,
    draw_means,
    draw_paths,
    draw_response,
    draw_spread,
    draw_trend,
)
from crm_research.satisfaction.conviction import Conviction, measure_conviction
from crm_research.satisfaction.conviction_charts import draw_groups, draw_later
from crm_research.satisfaction.figures import (
    ESTIMATORS,
    conviction_figures,
    corrected_figures,
    importance_figures,
    item_figures,
    key_figures,
    map_figures,
    path_figures,
)
from crm_research.satisfaction.page import (
    means_table,
    show_conviction,
    show_first_picture,
    show_groups,
    show_map,
    show_means,
    show_priorities,
    show_promoters,
    show_response,
    show_structure,
    show_survey,
)
from crm_research.satisfaction.promoters import Promoters, measure_promoters, net_score
from crm_research.satisfaction.response import Response, measure_response
from crm_research.satisfaction.roles import Roles, assign_roles
from crm_research.satisfaction.structure_charts import draw_map
from crm_research.satisfaction.words import answer

__all__ = [
    "ESTIMATORS",
    "Conviction",
    "Promoters",
    "Response",
    "Roles",
    "SatisfactionAnalysis",
    "answer",
    "assign_roles",
    "conviction_figures",
    "corrected_figures",
    "describe_satisfaction",
    "draw_groups",
    "draw_later",
    "draw_map",
    "draw_matrix",
    "draw_means",
    "draw_paths",
    "draw_response",
    "draw_spread",
    "draw_trend",
    "importance_figures",
    "item_figures",
    "key_figures",
    "map_figures",
    "means_table",
    "measure_conviction",
    "measure_promoters",
    "measure_response",
    "net_score",
    "path_figures",
    "show_conviction",
    "show_first_picture",
    "show_groups",
    "show_map",
    "show_means",
    "show_priorities",
    "show_promoters",
    "show_response",
    "show_structure",
    "show_survey",
]
