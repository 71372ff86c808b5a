"""Limits of a parameter by the profile of the likelihood, which need not be symmetric nor finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crm_research.models.btyd.maximise import EDGE
from crm_research.models.renewals.families import ConstantRate
from crm_research.models.renewals.fit import mean_log_likelihood
from crm_research.models.renewals.fitted import RenewalFit
from crm_research.stats.intervals import FloatArray

_STEPS: Final = 24
# The other parameters may run further than the one that is walked: alpha and beta go to infinity together.
_FAR: Final = EDGE + 6.0


def profile_limits(fit: RenewalFit) -> pd.DataFrame:
    """Between which values of each parameter does the likelihood, the others set to their best, stay high enough?

    Returns
    -------
    pandas.DataFrame
        Columns ``parameter``, ``estimate``, ``lower``, ``upper``. A limit is 0 or infinite where the likelihood never
        falls low enough: the counts then do not bound the parameter. Empty for a constant rate or without a peak.

    References
    ----------
    Venzon and Moolgavkar (1988), Applied Statistics 37, 87-94.
    """
    columns = ["parameter", "estimate", "lower", "upper"]
    if isinstance(fit.family, ConstantRate) or not fit.is_converged:
        return pd.DataFrame(columns=columns)
    allowed = float(stats.chi2.ppf(fit.confidence, 1)) / 2.0
    rows = []
    for place, name in enumerate(fit.family.param_names):
        fall = _fall_below_top(fit, place)
        low, high = (_cross(fall, float(fit.log_params[place]), way, allowed) for way in (-1.0, 1.0))
        rows.append((name, float(np.exp(fit.log_params[place])), float(np.exp(low)), float(np.exp(high))))
    return pd.DataFrame(rows, columns=columns)


def _fall_below_top(fit: RenewalFit, place: int) -> Callable[[float], float]:
    """How far the log-likelihood falls when one parameter is moved and the others follow as well as they can."""
    objective, n = mean_log_likelihood(fit.family, fit.counts), fit.counts.n_decisions
    others = [other for other in range(len(fit.log_params)) if other != place]
    last = fit.log_params.copy()

    def fall(value: float) -> float:
        def negative(rest: FloatArray) -> tuple[float, FloatArray]:
            point = fit.log_params.copy()
            point[place], point[others] = value, np.clip(rest, -_FAR, _FAR)
            height, slope = objective(point)
            beyond = rest - np.clip(rest, -_FAR, _FAR)
            return -height * n + float(beyond @ beyond), np.where(beyond == 0.0, -slope[others] * n, 2.0 * beyond)

        found = optimize.minimize(negative, last[others], jac=True, method="BFGS", options={"gtol": 1e-4})
        last[others] = found.x
        return fit.log_likelihood + float(found.fun)

    return fall


def _cross(fall: Callable[[float], float], top: float, way: float, allowed: float) -> float:
    """Where the fall reaches what is allowed, walking away from the top; infinite if it never does."""
    near = top
    for far in np.linspace(top, way * EDGE, _STEPS + 1)[1:]:
        if fall(float(far)) > allowed:
            root = optimize.brentq(lambda value: fall(value) - allowed, near, float(far), xtol=1e-6)
            return float(root)
        near = float(far)
    return way * np.inf
