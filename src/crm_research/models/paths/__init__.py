"""Path models of what people think: constructs measured by several items, and what leads to what (PLS)."""

from crm_research.models.paths.algorithm import SCHEMES, Scheme
from crm_research.models.paths.fit import fit_paths
from crm_research.models.paths.plan import Mode, PathPlan, plan_paths
from crm_research.models.paths.result import PathModel

__all__ = ["SCHEMES", "Mode", "PathModel", "PathPlan", "Scheme", "fit_paths", "plan_paths"]
