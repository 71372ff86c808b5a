"""Is it better to act on the model's risks than on everybody, or on nobody?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import normal_quantile

_LEAST_WATCHED: Final = 5


def measure_net_benefit(
    outcomes: pd.DataFrame,
    risk: FloatArray,
    *,
    horizon_days: float,
    thresholds: Sequence[float],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Of a hundred customers, how many leavers more does each rule find, its false alarms paid for?

    Parameters
    ----------
    outcomes
        Grain: customer. Columns ``tenure_days`` (days watched since the risk was told), ``is_ended``.
    risk
        Chance to leave within the horizon, one for each row; rows without one are left out.
    thresholds
        Risks from which on one would act, between 0 and 1. A threshold of one in ten says that ten contacts are
        worth one leaver found.

    Returns
    -------
    pandas.DataFrame
        Grain: threshold. Columns ``threshold``, ``n_acted`` (risk at or above it), ``net_benefit`` with ``lower``,
        ``upper``, ``treat_all``, ``treat_none`` (0); ``over_all`` with ``over_all_lower``, ``over_all_upper``: what
        sparing those below the threshold gains over treating all. NaN where nobody of them was watched to the horizon.

    References
    ----------
    Vickers and Elkin (2006), Medical Decision Making 26, 565-574; with censoring the leavers among those acted on
    are counted by Kaplan-Meier within them: Vickers, Cronin, Elkin and Gonen (2008), BMC Medical Informatics and
    Decision Making 8:53. Limits by the delta method (Greenwood, and the share acted on).
    """
    asked = np.asarray(thresholds, dtype=float)
    if len(asked) == 0 or bool(np.any((asked <= 0) | (asked >= 1) | ~np.isfinite(asked))):
        raise ParameterError("Thresholds are risks between 0 and 1, both left out; at least one is needed.")
    known = np.isfinite(np.asarray(risk, dtype=float))
    told = np.asarray(risk, dtype=float)[known]
    tenure = outcomes["tenure_days"].to_numpy(dtype=float)[known]
    ended = outcomes["is_ended"].to_numpy(dtype=bool)[known]
    order = np.argsort(tenure, kind="stable")
    told, tenure, ended = told[order], tenure[order], ended[order]
    everybody = np.ones(len(told), dtype=bool)
    z = normal_quantile(confidence)
    rows = []
    for threshold in asked:
        acted = told >= threshold
        benefit, error = _benefit(tenure, ended, acted, horizon_days, threshold)
        # What is saved by sparing the rest is what contacting them would have brought, with its sign turned.
        rest, rest_error = _benefit(tenure, ended, ~acted, horizon_days, threshold)
        rows.append(
            {
                "threshold": threshold,
                "n_acted": int(acted.sum()),
                "net_benefit": benefit,
                "lower": benefit - z * error,
                "upper": benefit + z * error,
                "treat_all": _benefit(tenure, ended, everybody, horizon_days, threshold)[0],
                "treat_none": 0.0,
                "over_all": -rest,
                "over_all_lower": -rest - z * rest_error,
                "over_all_upper": -rest + z * rest_error,
            }
        )
    return pd.DataFrame(rows)


def _benefit(
    tenure: FloatArray, ended: NDArray[np.bool_], acted: NDArray[np.bool_], horizon: float, threshold: float
) -> tuple[float, float]:
    n, n_acted = len(tenure), int(acted.sum())
    if n == 0:
        return np.nan, np.nan
    if n_acted == 0:
        return 0.0, 0.0
    stay, variance = _stay(tenure[acted], ended[acted], horizon)
    share, times = n_acted / n, 1 / (1 - threshold)  # 1 + odds of the threshold
    each = 1 - stay * times
    error = np.sqrt((share * times) ** 2 * variance + each**2 * share * (1 - share) / n)
    return share * each, float(error)


def _stay(tenure: FloatArray, ended: NDArray[np.bool_], horizon: float) -> tuple[float, float]:
    """Kaplan-Meier at the horizon with Greenwood's variance, of rows ordered by tenure; NaN beyond what was seen."""
    last = tenure[-1]
    if last < horizon and not (ended[-1] and bool(ended[tenure == last].all())):
        return np.nan, np.nan
    within = tenure <= horizon
    days, first = np.unique(tenure[within], return_index=True)
    if len(days) == 0:
        return 1.0, 0.0
    n_ended = np.add.reduceat(ended[within].astype(float), first)
    at_risk = len(tenure) - first.astype(float)
    factors = 1 - n_ended / at_risk
    stay = float(np.prod(factors))
    if stay <= 0 or len(tenure) < _LEAST_WATCHED:
        return stay, stay * (1 - stay) / len(tenure)
    return stay, stay**2 * float(np.sum(n_ended / (at_risk * (at_risk - n_ended))))
