"""Path models of what people think: constructs measured by several items, and what leads to what (PLS)."""

from crm_research.models.paths.algorithm import SCHEMES, Scheme
from crm_research.models.paths.comparison import PathComparison, compare_paths
from crm_research.models.paths.fit import fit_paths
from crm_research.models.paths.importance_map import ImportanceMap, map_importance
from crm_research.models.paths.plan import Mode, PathPlan, plan_paths
from crm_research.models.paths.points import Bounds
from crm_research.models.paths.prediction import PathPrediction, predict_paths
from crm_research.models.paths.result import PathModel

__all__ = [
    "SCHEMES",
    "Bounds",
    "ImportanceMap",
    "Mode",
    "PathComparison",
    "PathModel",
    "PathPlan",
    "PathPrediction",
    "Scheme",
    "compare_paths",
    "fit_paths",
    "map_importance",
    "plan_paths",
    "predict_paths",
]
