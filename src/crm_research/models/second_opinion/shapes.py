"""Smooth shapes fitted by lifelines to the same counts by tenure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from crm_research.models.parametric.moves import FIRST_DAY
from crm_research.models.parametric.result import ParametricFit
from crm_research.models.second_opinion.curves import as_rows
from crm_research.models.second_opinion.opinion import SecondOpinion, ask, not_asked
from crm_research.models.survival.risk import build_risk_table

_TOLERANCE: Final = 1e-4
_N_TENURES: Final = 20
_FITTERS: Final = {
    "exponential": ("ExponentialFitter", "exponential curve"),
    "weibull": ("WeibullFitter", "Weibull curve"),
    "log_normal": ("LogNormalFitter", "log-normal curve"),
    "log_logistic": ("LogLogisticFitter", "log-logistic curve"),
}


def compare_shape(counts: pd.DataFrame, fit: ParametricFit) -> SecondOpinion:
    """Does lifelines find the same curve of this shape?

    Parameters
    ----------
    counts
        What `fit` was fitted to: counts by tenure, without covariates.

    Notes
    -----
    The curves are compared at tenures between the first and the last that was watched. lifelines begins its search at
    our parameters: where it stays, its own likelihood has its peak there too, and where it leaves them it tells.
    """
    table = build_risk_table(counts)
    if fit.shape not in _FITTERS:
        method = fit.shape
        why = "it has no Gompertz curve" if fit.shape == "gompertz" else "its spline can stop short of its own peak"
        return not_asked(method, why, n_all=table.n_spells, tolerance=_TOLERANCE)
    fitter, method = _FITTERS[fit.shape]
    if not fit.has_converged:
        return not_asked(method, "the shape did not settle", n_all=table.n_spells, tolerance=_TOLERANCE)
    days = np.linspace(max(fit.first_days, FIRST_DAY), fit.last_days, _N_TENURES)

    def compare() -> float:
        import lifelines

        rows = as_rows(table)
        tenure = rows["tenure_days"].clip(lower=FIRST_DAY)
        entry = rows["entry_days"] if (rows["entry_days"] > 0).any() else None
        peer: Any = getattr(lifelines, fitter)()
        peer.fit(tenure, rows["is_ended"], entry=entry, weights=rows["weight"], initial_point=_start(fit))
        theirs = peer.survival_function_at_times(days).to_numpy(dtype=float)
        return float(np.abs(theirs - fit.at(days.tolist())["survival"].to_numpy(dtype=float)).max())

    return ask(method, compare, n=table.n_spells, n_all=table.n_spells, tolerance=_TOLERANCE)


def _start(fit: ParametricFit) -> np.ndarray:
    """Our parameters as lifelines names them."""
    own = fit.parameters.set_index("parameter")["estimate"]
    place = float(own["location"])
    if fit.shape == "exponential":
        return np.array([np.exp(place)])
    scale = float(np.exp(own["log_scale"]))
    return np.array([place, scale]) if fit.shape == "log_normal" else np.array([np.exp(place), 1 / scale])
