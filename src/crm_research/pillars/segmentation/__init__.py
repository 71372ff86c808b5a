"""Segmentation: which groups of customers differ in how they buy, and whether the groups are real."""

from crm_research.pillars.segmentation.deployment.assign import assign_customers, assign_segments
from crm_research.pillars.segmentation.deployment.drift import AGE_RULE, measure_drift
from crm_research.pillars.segmentation.deployment.migration import measure_migration
from crm_research.pillars.segmentation.deployment.save import keep_groups, keep_mixture, keep_segmentation
from crm_research.pillars.segmentation.deployment.saved import load_segmentation, save_segmentation
from crm_research.pillars.segmentation.describe.rules import Rules, grow_rules
from crm_research.pillars.segmentation.describe.suggested_names import name_groups
from crm_research.pillars.segmentation.describe.summary import describe_groups
from crm_research.pillars.segmentation.evidence.gather import Evidence, find_groups, judge_groups
from crm_research.pillars.segmentation.evidence.null_tests import compare_with_nulls
from crm_research.pillars.segmentation.evidence.number_of_groups import RULE, compare_numbers_of_groups
from crm_research.pillars.segmentation.evidence.stability import bootstrap_groups, judge_stability
from crm_research.pillars.segmentation.groups.tables import summary_table
from crm_research.pillars.segmentation.inputs.choose import Inputs, build_inputs, choose_inputs
from crm_research.pillars.segmentation.page import SegmentationPage
from crm_research.pillars.segmentation.result import Grouping, Segmentation, segment_customers
from crm_research.pillars.segmentation.use.holdout import HoldoutCheck, check_in_holdout

__all__ = [
    "AGE_RULE",
    "RULE",
    "Evidence",
    "Grouping",
    "HoldoutCheck",
    "Inputs",
    "Rules",
    "Segmentation",
    "SegmentationPage",
    "assign_customers",
    "assign_segments",
    "bootstrap_groups",
    "build_inputs",
    "check_in_holdout",
    "choose_inputs",
    "compare_numbers_of_groups",
    "compare_with_nulls",
    "describe_groups",
    "find_groups",
    "grow_rules",
    "judge_groups",
    "judge_stability",
    "keep_groups",
    "keep_mixture",
    "keep_segmentation",
    "load_segmentation",
    "measure_drift",
    "measure_migration",
    "name_groups",
    "save_segmentation",
    "segment_customers",
    "summary_table",
]


def __dir__() -> list[str]:
    """What Tab offers: the answers, not the rooms they are made in."""
    return list(__all__)
