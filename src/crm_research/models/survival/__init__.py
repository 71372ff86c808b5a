"""Survival from counts by tenure: how long customers stay, why they leave, and where groups differ.

Everything here sees events and numbers at risk by tenure, never single customers, so cost does not grow with them.
"""

from crm_research.models.survival.bands import SurvivalBands, critical_value, estimate_bands
from crm_research.models.survival.comparison import LogRank, compare_groups, compare_pairs, compare_within
from crm_research.models.survival.competing import IncidenceCurves, estimate_incidence
from crm_research.models.survival.gray import IncidenceTests, compare_incidence
from crm_research.models.survival.hazard import (
    estimate_cumulative_hazard,
    estimate_smooth_hazard,
)
from crm_research.models.survival.kaplan_meier import SurvivalCurves, estimate_survival
from crm_research.models.survival.late_entry import FEWEST_AT_RISK, well_watched_counts
from crm_research.models.survival.mean import estimate_restricted_mean
from crm_research.models.survival.peaks import Peaks, find_peaks
from crm_research.models.survival.periods import estimate_period_shares
from crm_research.models.survival.risk import EVERYONE, RiskTable, build_risk_table, count_rows

__all__ = [
    "EVERYONE",
    "FEWEST_AT_RISK",
    "IncidenceCurves",
    "IncidenceTests",
    "LogRank",
    "Peaks",
    "RiskTable",
    "SurvivalBands",
    "SurvivalCurves",
    "build_risk_table",
    "compare_groups",
    "compare_incidence",
    "compare_pairs",
    "compare_within",
    "count_rows",
    "critical_value",
    "estimate_bands",
    "estimate_cumulative_hazard",
    "estimate_incidence",
    "estimate_period_shares",
    "estimate_restricted_mean",
    "estimate_smooth_hazard",
    "estimate_survival",
    "find_peaks",
    "well_watched_counts",
]
