"""Smooth curves of tenure: fitted to spells or counts, chosen by what they predict, carried on beyond the records."""

from crm_research.models.parametric.choice import HELD_FLAT, ShapeChoice, Trial, choose_shape, cut_counts, hide_tenures
from crm_research.models.parametric.extend import expected_tenure, extended_curve, watched_until
from crm_research.models.parametric.fit import SHAPES, fit_parametric
from crm_research.models.parametric.result import ParametricFit

__all__ = [
    "HELD_FLAT",
    "SHAPES",
    "ParametricFit",
    "ShapeChoice",
    "Trial",
    "choose_shape",
    "cut_counts",
    "expected_tenure",
    "extended_curve",
    "fit_parametric",
    "hide_tenures",
    "watched_until",
]
