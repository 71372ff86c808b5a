"""What every shape of a survival curve can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crm_research.models.parametric.moves import Moves
from crm_research.models.survival.risk import FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Likelihood:
    """The log-likelihood at one point, its slope, and minus its second derivatives."""

    log_likelihood: float
    score: FloatArray
    information: FloatArray

    def is_finite(self) -> bool:
        """Is the point inside the region where the model exists?"""
        return bool(np.isfinite(self.log_likelihood) and np.isfinite(self.score).all())


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """A curve read at some tenures.

    Parameters
    ----------
    cumulative, log_hazard
        The cumulative hazard, and the logarithm of the hazard by day.
    d_cumulative, d_log_hazard
        Their slopes in the parameters: one row for each tenure.
    """

    cumulative: FloatArray
    log_hazard: FloatArray
    d_cumulative: FloatArray
    d_log_hazard: FloatArray


class Curve(Protocol):
    """One shape, ready to be fitted: it knows its parameters by place."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, covariates' columns excepted."""

    def start(self, moves: Moves) -> FloatArray:
        """Where to begin the search."""

    def evaluate(self, theta: FloatArray, moves: Moves) -> Likelihood:
        """The likelihood of the moves at these parameters."""

    def read(self, theta: FloatArray, days: FloatArray, columns: FloatArray) -> Reading:
        """The curve at tenures above 0, given the columns of the model for each."""
