"""The share still active, as other models have it, and with customers won before the records begin taken apart."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.btyd import EFFECT_MODELS, BtydFit, fit_effects
from crm_research.pillars.silent_churn.fits import FITTERS, MBG_NBD, Fits
from crm_research.pillars.silent_churn.intake import Intake
from crm_research.pillars.silent_churn.kinds import FIRST_SEEN, SEEN_EARLY, SEEN_LATER

_FEWEST_NEWCOMERS: Final = 200


def read_otherwise(patterns: pd.DataFrame, fits: Fits, intake: Intake, chosen: str | None) -> pd.DataFrame:
    """What is the share still active by other models, and with old customers and newcomers taken apart?

    Returns
    -------
    pandas.DataFrame
        Grain: reading. Columns ``reading``, ``n_customers``, ``alive_share``, ``is_chosen``. Empty without a model.

    Notes
    -----
    *With a pace of their own*: who was won before the records begin has a scale of his own for buying and for
    dropping out, as in `fit_effects`. In the Pareto/NBD that is more than a makeshift: the dropout rates of those who
    have already stayed for a time t are again gamma, of the same shape s and of scale beta + t.
    """
    rows = [
        (f"{name}, all customers", int(patterns["n_customers"].sum()), _alive_share(fit, patterns), name == chosen)
        for name, fit in fits.usable.items()
    ]
    if chosen is not None and intake.old_from_age_days is not None:
        new = patterns.loc[patterns["age_days"] < intake.old_from_age_days].reset_index(drop=True)
        own_pace = _own_pace(chosen, patterns, intake.old_from_age_days)
        if own_pace is not None:
            n_all = int(patterns["n_customers"].sum())
            rows.append((f"{own_pace[0]}, those won before with a pace of their own", n_all, own_pace[1], False))
        n_new = int(new["n_customers"].sum())
        if n_new >= _FEWEST_NEWCOMERS:
            rows.append((f"{chosen}, newcomers only", n_new, _alive_share(fits.fitted[chosen], new), False))
            own = _refit(chosen, fits.fitted[chosen], new)
            if own is not None:
                rows.append((f"{chosen}, newcomers by their own fit", n_new, _alive_share(own, new), False))
    return pd.DataFrame(rows, columns=["reading", "n_customers", "alive_share", "is_chosen"])


def _own_pace(chosen: str, patterns: pd.DataFrame, old_from: float) -> tuple[str, float] | None:
    name = chosen if chosen in EFFECT_MODELS else MBG_NBD
    seen = np.where(patterns["age_days"] >= old_from, SEEN_EARLY, SEEN_LATER)
    try:
        fit = fit_effects(patterns.assign(**{FIRST_SEEN: seen}), [FIRST_SEEN], model=name, is_tested_apart=False)
    except NotEnoughData:
        return None
    return (name, fit.alive_share()[0]) if fit.is_converged else None


def _refit(name: str, fit: BtydFit, patterns: pd.DataFrame) -> BtydFit | None:
    if name not in FITTERS:
        return None
    try:
        own = FITTERS[name](patterns, confidence=fit.confidence)
    except NotEnoughData:
        return None
    return own if own.is_converged else None


def _alive_share(fit: BtydFit, patterns: pd.DataFrame) -> float:
    weights = patterns["n_customers"].to_numpy(dtype=float)
    return float(fit.probability_alive(patterns)["probability_alive"].to_numpy() @ weights / weights.sum())
