"""Segmentation: which groups of customers differ in how they buy, and whether the groups are real."""

from crm_research.segmentation.cards import describe_groups, name_groups
from crm_research.segmentation.criteria import RULE, compare_numbers_of_groups
from crm_research.segmentation.holdout import HoldoutCheck, check_in_holdout
from crm_research.segmentation.inputs import Inputs, build_inputs, choose_inputs
from crm_research.segmentation.nulls import compare_with_nulls
from crm_research.segmentation.rules import Rules, grow_rules
from crm_research.segmentation.segments import Grouping, Segmentation, judge_groups, segment_customers
from crm_research.segmentation.stability import bootstrap_groups, judge_stability
from crm_research.segmentation.wording import say_fidelity, say_holdout

__all__ = [
    "RULE",
    "Grouping",
    "HoldoutCheck",
    "Inputs",
    "Rules",
    "Segmentation",
    "bootstrap_groups",
    "build_inputs",
    "check_in_holdout",
    "choose_inputs",
    "compare_numbers_of_groups",
    "compare_with_nulls",
    "describe_groups",
    "grow_rules",
    "judge_groups",
    "judge_stability",
    "name_groups",
    "say_fidelity",
    "say_holdout",
    "segment_customers",
]
