"""The Brier score over a whole stretch of days: one number for how wrong chances are, and whose are less so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from crm_research.models.survival.risk import FloatArray
from crm_research.models.validation.measures import Measured, brier_parts, sum_parts
from crm_research.models.validation.weights import Outcomes

N_GRID: Final = 40

SurvivalAt = Callable[[float], FloatArray]


def brier_grid(until_days: float, n_grid: int = N_GRID) -> FloatArray:
    """At which days is the score taken, so that its mean over 0 to `until_days` can be had?"""
    return np.linspace(0.0, until_days, n_grid + 1)


def integrate_brier(
    outcomes: Outcomes, survival_at: Callable[[float], FloatArray | float], *, until_days: float, n_grid: int = N_GRID
) -> FloatArray:
    """What does each customer add to the mean of the Brier score over 0 to `until_days`, by trapezoids?"""
    grid = brier_grid(until_days, n_grid)
    width = np.full(len(grid), 1.0)
    width[[0, -1]] = 0.5
    width /= width.sum()
    parts = np.zeros(outcomes.n)
    for share, days in zip(width[1:], grid[1:], strict=True):  # at 0 everybody stays, and nobody is wrong
        chances = np.broadcast_to(survival_at(float(days)), outcomes.n)
        parts += share * brier_parts(outcomes, chances, days=float(days))
    return parts


def compare_integrated(
    outcomes: Outcomes, survival_at: SurvivalAt, other_at: SurvivalAt, *, until_days: float, n_grid: int = N_GRID
) -> Measured:
    """By how much are the other chances more wrong than these, on the same customers? Above 0 these are better."""
    own = integrate_brier(outcomes, survival_at, until_days=until_days, n_grid=n_grid)
    other = integrate_brier(outcomes, other_at, until_days=until_days, n_grid=n_grid)
    return sum_parts(other - own, outcomes)
