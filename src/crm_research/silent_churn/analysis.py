"""Who has left without saying so, as far as orders can tell?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.purchases import build_purchases
from crm_research.features.rfm import count_patterns
from crm_research.models.btyd import BtydFit
from crm_research.silent_churn.choice import choose_by_likelihood
from crm_research.silent_churn.counting import find_usual_gap
from crm_research.silent_churn.fits import FITTERS, Fits, fit_candidates
from crm_research.silent_churn.holdout import HoldoutCheck, check_forecasts
from crm_research.silent_churn.intake import Intake, judge_intake
from crm_research.silent_churn.scores import (
    estimate_alive,
    estimate_expected,
    group_scores,
    list_going_silent,
    score_patterns,
)
from crm_research.silent_churn.tracking import track_purchases
from crm_research.stats.intervals import Interval
from crm_research.theme import say_date
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study

USUAL_HORIZON_WEEKS: Final = 39.0
_FEWEST_NEWCOMERS: Final = 200


@dataclass(frozen=True, eq=False, kw_only=True)
class SilentChurn:
    """What orders tell of customers who leave without a word.

    Parameters
    ----------
    as_of, first_at, horizon_days, confidence, currency
        The instant of the study, the first purchase known, how far ahead is looked, the level of intervals, the money.
    n_customers, n_repeaters, n_purchases
        Customers with a purchase, those who bought again, and purchases (days with orders) by as_of.
    intake
        Whether customers are new or were won before the records begin.
    fits
        The candidate models, and what could not be fitted.
    chosen, why_chosen
        The model used and the reason; None where none can be used, and then the reason why.
    scores
        Grain: distinct history. Columns of the patterns, ``silent_days``, ``probability_alive``,
        ``expected_purchases``. Empty without a model.
    alive, expected
        Share still active, and purchases of all in the horizon; None without a model.
    groups
        As `scores.group_scores`; empty without a model.
    others
        Grain: reading of the alive share (each usable model; newcomers alone). Columns ``reading``, ``n_customers``,
        ``alive_share``, ``is_chosen``.
    tracking, going_silent
        As `track_purchases` and `list_going_silent`; empty without a model.
    holdout
        The check out of time; None without a holdout.
    """

    as_of: datetime
    first_at: datetime | None
    horizon_days: float
    confidence: float
    currency: str
    n_customers: int
    n_repeaters: int
    n_purchases: int
    intake: Intake
    fits: Fits
    chosen: str | None
    why_chosen: str
    scores: pd.DataFrame
    alive: Interval | None
    expected: Interval | None
    groups: pd.DataFrame
    others: pd.DataFrame
    tracking: pd.DataFrame
    going_silent: pd.DataFrame
    holdout: HoldoutCheck | None

    @property
    def fit(self) -> BtydFit | None:
        """The chosen model's fit."""
        return None if self.chosen is None else self.fits.fitted[self.chosen]

    @property
    def window(self) -> str:
        """Period of the records, in words."""
        if self.first_at is None:
            return f"no purchase known on {say_date(self.as_of)}"
        return f"purchases {say_date(self.first_at)} to {say_date(self.as_of)}"


def describe_silence(
    study: Study, *, horizon_weeks: float | None = None, confidence: float = 0.95, seed: int = 20170101
) -> SilentChurn:
    """Who has left without saying so?

    Parameters
    ----------
    study
        Needs orders. A purchase is a day on which a customer bought.
    horizon_weeks
        How far ahead purchases are expected; None takes the length of the holdout, or 39 weeks without one.
    confidence, seed
        Level of the intervals, and start of the draws.

    Returns
    -------
    SilentChurn
        With `chosen` None where no model can be fitted; nothing is raised for thin records.

    Notes
    -----
    All customers are in the fit, also those won before the records begin: buying and dropping out have no memory in
    these models, so a customer's first purchase seen serves as a beginning, but the parameters then describe a
    mixed base and no intake of new customers. `others` gives the newcomers' own fit beside it.
    """
    patterns: pd.DataFrame = count_patterns(study, occasion="day").to_pandas()
    patterns["age_days"] = patterns["age_days"].astype(float)
    fits = fit_candidates(study, patterns, confidence=confidence)
    check = check_forecasts(study, fits.usable, find_usual_gap(study), confidence=confidence, seed=seed)
    chosen, why = (check.chosen, check.why_chosen) if check is not None else choose_by_likelihood(fits)
    if chosen is None:
        why = next(iter(fits.reasons.values()), why)
    horizon_days = _horizon_days(horizon_weeks, check)
    intake = judge_intake(patterns)
    first = build_purchases(study, occasion="day").ordered_at.min().to_pyarrow().as_py()
    nothing = pd.DataFrame()
    fit = None if chosen is None else fits.fitted[chosen]
    scores = nothing if fit is None else score_patterns(fit, patterns, horizon_days)
    weights = patterns["n_customers"]
    return SilentChurn(
        as_of=study.as_of,
        first_at=first,
        horizon_days=horizon_days,
        confidence=confidence,
        currency=study.currency,
        n_customers=int(weights.sum()),
        n_repeaters=int(weights[patterns["frequency"] > 0].sum()),
        n_purchases=int(((patterns["frequency"] + 1) * weights).sum()),
        intake=intake,
        fits=fits,
        chosen=chosen,
        why_chosen=why,
        scores=scores,
        alive=None if fit is None else estimate_alive(fit, scores, confidence=confidence, seed=seed),
        expected=None
        if fit is None
        else estimate_expected(fit, scores, horizon_days, confidence=confidence, seed=seed),
        groups=nothing if fit is None else group_scores(scores),
        others=_read_otherwise(patterns, fits, intake, chosen),
        tracking=nothing if fit is None else track_purchases(study, fit),
        going_silent=nothing if fit is None else list_going_silent(study, fit, confidence=confidence, seed=seed),
        holdout=check,
    )


def _horizon_days(horizon_weeks: float | None, check: HoldoutCheck | None) -> float:
    if horizon_weeks is not None:
        return float(horizon_weeks) * DAYS_PER_WEEK
    return check.horizon_days if check is not None else USUAL_HORIZON_WEEKS * DAYS_PER_WEEK


def _read_otherwise(patterns: pd.DataFrame, fits: Fits, intake: Intake, chosen: str | None) -> pd.DataFrame:
    """The alive share as other models, and newcomers by themselves, would have it."""
    rows = [
        (f"{name}, all customers", int(patterns["n_customers"].sum()), _alive_share(fit, patterns), name == chosen)
        for name, fit in fits.usable.items()
    ]
    if chosen is not None and intake.old_from_age_days is not None:
        new = patterns.loc[patterns["age_days"] < intake.old_from_age_days].reset_index(drop=True)
        n_new = int(new["n_customers"].sum())
        if n_new >= _FEWEST_NEWCOMERS:
            rows.append((f"{chosen}, newcomers only", n_new, _alive_share(fits.fitted[chosen], new), False))
            own = _refit(chosen, fits.fitted[chosen], new)
            if own is not None:
                rows.append((f"{chosen}, newcomers by their own fit", n_new, _alive_share(own, new), False))
    return pd.DataFrame(rows, columns=["reading", "n_customers", "alive_share", "is_chosen"])


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
