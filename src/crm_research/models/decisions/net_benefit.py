"""Is it better to act on the model's risks than on everybody, or on nobody?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import Interval, wilson_share

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
    Decision Making 8:53. Limits: the shares of leavers and of stayers among those acted on each by Wilson's score, with
    as many customers as their variance (Greenwood's, and that of the share acted on) is worth, put together by "square
    and add" with their correlation: Zou and Donner (2008), Statistics in Medicine 27, 1693-1702; Newcombe (1998).
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
    rows = []
    for threshold in asked:
        acted = told >= threshold
        benefit = _benefit(tenure, ended, acted, horizon_days, threshold, confidence)
        # What is saved by sparing the rest is what contacting them would have brought, with its sign turned.
        rest = _benefit(tenure, ended, ~acted, horizon_days, threshold, confidence)
        rows.append(
            {
                "threshold": threshold,
                "n_acted": int(acted.sum()),
                "net_benefit": float(benefit.estimate),
                "lower": float(benefit.lower),
                "upper": float(benefit.upper),
                "treat_all": float(_benefit(tenure, ended, everybody, horizon_days, threshold, confidence).estimate),
                "treat_none": 0.0,
                "over_all": -float(rest.estimate),
                "over_all_lower": -float(rest.upper),
                "over_all_upper": -float(rest.lower),
            }
        )
    return pd.DataFrame(rows)


def _benefit(
    tenure: FloatArray,
    ended: NDArray[np.bool_],
    acted: NDArray[np.bool_],
    horizon: float,
    threshold: float,
    confidence: float,
) -> Interval:
    """Leavers among those acted on less the stayers, each of whom costs the odds of the threshold; per customer."""
    n, n_acted = len(tenure), int(acted.sum())
    if n == 0 or n_acted == 0:
        nothing = np.asarray(np.nan if n == 0 else 0.0)
        return Interval(nothing, nothing, nothing)
    stay, variance = _stay(tenure[acted], ended[acted], horizon)
    share, odds = n_acted / n, threshold / (1 - threshold)
    chosen = share * (1 - share) / n
    leavers, stayers = share * (1 - stay), share * stay
    of_leavers = share**2 * variance + (1 - stay) ** 2 * chosen
    of_stayers = share**2 * variance + stay**2 * chosen
    both = stay * chosen - of_stayers
    seen = n * float(np.mean(tenure[acted] >= min(horizon, tenure[acted].max())) if stay >= 1 else 1.0)
    gain, cost = (
        _share_limits(*pair, max(seen, 1.0), confidence) for pair in ((leavers, of_leavers), (stayers, of_stayers))
    )
    together = of_leavers * of_stayers
    # Where all are acted on, whoever does not leave stays.
    alike = both / np.sqrt(together) if together > 0 else -float(n_acted == n)
    down = [leavers - gain.lower, odds * (cost.upper - stayers)]
    up = [gain.upper - leavers, odds * (stayers - cost.lower)]
    benefit = leavers - odds * stayers
    reach = [float(np.sqrt(np.maximum(a**2 + b**2 - 2 * alike * a * b, 0.0))) for a, b in (down, up)]
    return Interval(*(np.asarray(value) for value in (benefit, benefit - reach[0], benefit + reach[1])))


def _share_limits(share: float, variance: float, n: float, confidence: float) -> Interval:
    """Wilson's limits of a share of as many customers as its variance is worth; of `n` where it has none."""
    if not np.isfinite(share):
        return Interval(*(np.asarray(np.nan),) * 3)
    worth = share * (1 - share) / variance if variance > 0 else n
    return wilson_share(min(share * worth, worth), worth, confidence=confidence)


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
