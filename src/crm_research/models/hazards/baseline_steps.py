"""The baseline's steps with their uncertainty: what an interval for one customer's chance needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.models.survival.risk import FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class BaselineSteps:
    """By how much does the cumulative hazard rise at each tenure, and how uncertain is each rise?

    A step is estimated as rise_j with an error eps_j - slope_j (b - beta): its own part, independent of all other
    steps and of the coefficients, and a part that goes with the error of the coefficients. Cox's model has this form
    because the ends, given who was at risk, are independent of what the partial likelihood reads; the grouped
    model because no two periods share a term of the information.

    Parameters
    ----------
    stratum
        Name of each step's stratum; steps of a stratum lie together.
    tenure_days
        Rising within a stratum.
    rise, variance
        The step for a row whose centred columns are all 0, and the variance of its own part.
    slope
        Steps times columns of the model (0 for columns left out).
    """

    stratum: tuple[str, ...]
    tenure_days: FloatArray
    rise: FloatArray
    variance: FloatArray
    slope: FloatArray

    def place(self, stratum: str) -> slice:
        """Where are this stratum's steps? Empty if nobody ended in it."""
        names = np.asarray(self.stratum, dtype=object)
        found = np.flatnonzero(names == stratum)
        return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)

    def total_variance(self, pull: FloatArray, load: FloatArray, covariance: FloatArray) -> float:
        """Variance of a sum that changes by `pull` with the coefficients and by `load` with each step."""
        net = pull - load @ self.slope
        return float(net @ covariance @ net + (load**2) @ self.variance)
