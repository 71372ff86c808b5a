"""From a search to what every regression on single spells hands back."""

from __future__ import annotations

from typing import Any

import numpy as np

from crm_research.models.hazards.partial_likelihood import PartialLikelihood
from crm_research.models.hazards.regression import size_terms, summarise_steps, tabulate_baseline
from crm_research.models.hazards.result import Weights, tabulate_terms, tabulate_tests
from crm_research.models.hazards.searching import Search
from crm_research.models.survival.risk import FloatArray


def unscale(found: Search, beta: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients and their covariance for the columns as they are; nought for those that were not kept."""
    scale, kept = found.columns.scale, found.kept
    full, wide = np.zeros(len(scale)), np.zeros((len(scale), len(scale)))
    full[kept] = beta / scale[kept]
    wide[np.ix_(kept, kept)] = covariance / np.outer(scale[kept], scale[kept])
    return full, wide


def shared_fields(
    found: Search, beta: FloatArray, at: PartialLikelihood, covariance: FloatArray, confidence: float
) -> dict[str, Any]:
    """The fields of `HazardFit` that follow from a search alike for all.

    Parameters
    ----------
    beta, at, covariance
        Of the standardised coefficients kept; those of the search, or what was made of them.
    """
    design, columns, rows, sets = found.columns.design, found.columns, found.rows, found.sets
    coefficients, wide = unscale(found, beta, covariance)
    told = np.where(found.is_told, coefficients, np.nan)
    seen = np.where(np.outer(found.is_told, found.is_told), wide, np.nan)
    steps = summarise_steps(sets, at, rows, columns, found.kept)
    ended = np.zeros(len(columns.x), dtype=bool)
    ended[sets.event_rows] = True
    return {
        "terms": tabulate_terms(design, told, seen, size_terms(columns, ended), confidence, found.apart),
        "tests": tabulate_tests(design, told, seen),
        "baseline": tabulate_baseline(sets, steps.rise, rows),
        "covariance": seen,
        "null_log_likelihood": found.null,
        "n": found.n,
        "n_ended": int(ended.sum()),
        "confidence": confidence,
        "strata": rows.strata,
        "steps": steps,
        "apart": found.apart,
        "_design": design,
        "_means": columns.means,
        "_weights": Weights(coefficients=coefficients, covariance=np.nan_to_num(wide), directions=found.directions),
    }
