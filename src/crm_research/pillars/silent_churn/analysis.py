"""Who has left without saying so, as far as orders can tell?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.deferred import Later, deferred
from crm_research.features.purchases import build_purchases
from crm_research.features.rfm import count_patterns
from crm_research.models.btyd import BtydFit
from crm_research.pillars.silent_churn.choice import choose_by_likelihood
from crm_research.pillars.silent_churn.counting import find_usual_gap
from crm_research.pillars.silent_churn.fits import BG_NBD, Fits, fit_candidates, nobody_leaves
from crm_research.pillars.silent_churn.holdout import HoldoutCheck, check_forecasts
from crm_research.pillars.silent_churn.intake import Intake, judge_intake
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis, measure_kinds
from crm_research.pillars.silent_churn.money import check_money
from crm_research.pillars.silent_churn.readings import read_otherwise
from crm_research.pillars.silent_churn.scores import (
    estimate_alive,
    forecast_total,
    group_scores,
    list_going_silent,
    score_patterns,
    sharpen_alive,
)
from crm_research.pillars.silent_churn.tracking import track_purchases
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval
from crm_research.steps import step
from crm_research.theme import say_date, say_range
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study

USUAL_HORIZON_WEEKS: Final = 39.0
_SAME_CHANCE: Final = 0.005
_FEW_BELOW: Final = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class SilentChurn(Shown):
    """What orders tell of customers who leave without a word.

    What the answer does not need (`tracking`, `going_silent`, `kinds`, `money`) is computed when it is first read.

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
    tracking, going_silent, all_going_silent
        As `track_purchases` and `list_going_silent` (the first 20, and all); empty without a model.
    kinds
        Which kinds of customers buy more often and drop out sooner.
    holdout
        The check out of time; None without a holdout.
    money
        The same check in money, as `check_money`; empty without a holdout.
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
    tracking: deferred[pd.DataFrame] = deferred()
    going_silent: deferred[pd.DataFrame] = deferred()
    all_going_silent: deferred[pd.DataFrame] = deferred()
    kinds: deferred[KindAnalysis] = deferred()
    holdout: HoldoutCheck | None
    money: deferred[pd.DataFrame] = deferred()

    @property
    def fit(self) -> BtydFit | None:
        """The chosen model's fit."""
        return None if self.chosen is None else self.fits.fitted[self.chosen]

    @property
    def is_blind_to_once(self) -> bool:
        """Is the model used the BG/NBD, in which nobody who has bought once can be gone, and are there such customers?

        One at its edge, where nobody leaves, is told as that.
        """
        is_bg = self.chosen == BG_NBD and self.fit is not None and not nobody_leaves(self.fit)
        return is_bg and self.n_repeaters < self.n_customers

    @property
    def tells_nobody_apart(self) -> bool:
        """Have all customers about the same chance of being still active, as where nobody is seen to leave?

        About: all but one in a hundred lie within half a point of the highest chance.
        """
        if self.fit is None or self.scores.empty:
            return False
        chance = self.scores["probability_alive"].to_numpy(dtype=float)
        is_below = chance < chance.max() - _SAME_CHANCE
        n_below = float(self.scores["n_customers"].to_numpy(dtype=float)[is_below].sum())
        return nobody_leaves(self.fit) or n_below < _FEW_BELOW * self.n_customers

    @property
    def alive_again(self) -> Interval | None:
        """The share still active of those who bought again, where the BG/NBD counts all others as active by itself."""
        if self.alive is None or not self.n_repeaters:
            return None
        once, n = self.n_customers - self.n_repeaters, self.n_customers
        ends = [np.clip((np.asarray(end) * n - once) / self.n_repeaters, 0.0, 1.0) for end in self.alive]
        return Interval(*ends)

    @property
    def window(self) -> str:
        """Period of the records, in words."""
        if self.first_at is None:
            return f"no purchase known on {say_date(self.as_of)}"
        return f"purchases {say_range(self.first_at, self.as_of, say_date)}"


@step
def read_patterns(study: Study) -> pd.DataFrame:
    """How many customers share each history? `features.rfm.count_patterns`, with ages that may be cut."""
    patterns: pd.DataFrame = count_patterns(study, occasion="day").to_pandas()
    return patterns.assign(age_days=patterns["age_days"].astype(float))


@step
def describe_silence(
    study: Study,
    *,
    horizon_weeks: float | None = None,
    covariates: Sequence[str] | None = None,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> SilentChurn:
    """Who has left without saying so?

    Parameters
    ----------
    study
        Needs orders. A purchase is a day on which a customer bought.
    horizon_weeks
        How far ahead purchases are expected; None takes the length of the holdout, or 39 weeks without one.
    covariates
        What kinds of customers are compared by, as in `measure_kinds`; None takes what is known of them.
    confidence, seed
        Level of the intervals, and start of the draws.

    Returns
    -------
    SilentChurn
        With `chosen` None where no model can be fitted; nothing is raised for thin records.

    Raises
    ------
    ParameterError
        For a covariate that is not known of customers.

    Notes
    -----
    All customers are in the fit, also those won before the records begin, and are flagged: the question is who of
    the whole base is still there. Their first purchase seen serves as a beginning, since buying and dropping out have
    no memory in these models; but the parameters then describe a mixed base and no intake of new customers. `others`
    gives the readings that take the two apart.
    """
    patterns = read_patterns(study)
    fits = fit_candidates(study, patterns, confidence=confidence)
    check = check_forecasts(study, fits.usable, find_usual_gap(study), confidence=confidence, seed=seed)
    chosen, why = _choose(fits, check)
    horizon_days, intake = _horizon_days(horizon_weeks, check), judge_intake(patterns)
    weights = patterns["n_customers"]
    return SilentChurn(
        as_of=study.as_of,
        first_at=build_purchases(study, occasion="day").ordered_at.min().to_pyarrow().as_py(),
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
        **_read_by_model(study, fits, chosen, patterns, horizon_days, confidence, seed),
        others=read_otherwise(patterns, fits, intake, chosen),
        kinds=_defer_kinds(study, chosen, intake, covariates, confidence),
        holdout=check,
        money=Later(lambda: _check_money(study, fits, chosen, check, confidence)),
    )


def _defer_kinds(
    study: Study, chosen: str | None, intake: Intake, covariates: Sequence[str] | None, confidence: float
) -> KindAnalysis | Later[KindAnalysis]:
    """A covariate that is named may be unknown, and is looked for at once."""
    measure = partial(measure_kinds, study, chosen, intake, covariates=covariates, confidence=confidence)
    return Later(measure) if covariates is None else measure()


def _check_money(
    study: Study, fits: Fits, chosen: str | None, check: HoldoutCheck | None, confidence: float
) -> pd.DataFrame:
    if check is None:
        return pd.DataFrame()
    fit = None if chosen is None else fits.fitted[chosen]
    return check_money(study, fit, check.hiatus_days, horizon_days=check.horizon_days, confidence=confidence)


def _choose(fits: Fits, check: HoldoutCheck | None) -> tuple[str | None, str]:
    chosen, why = (check.chosen, check.why_chosen) if check is not None else choose_by_likelihood(fits)
    return (chosen, why) if chosen is not None else (None, next(iter(fits.reasons.values()), why))


def _read_by_model(
    study: Study,
    fits: Fits,
    chosen: str | None,
    patterns: pd.DataFrame,
    horizon_days: float,
    confidence: float,
    seed: int,
) -> dict[str, Any]:
    """What only the chosen model can say; nothing where there is none."""
    if chosen is None:
        empty = ("scores", "groups", "tracking", "going_silent", "all_going_silent")
        return {name: pd.DataFrame() for name in empty} | {"alive": None, "expected": None}
    fit = fits.fitted[chosen]
    scores = score_patterns(fit, patterns, horizon_days)
    return {
        "scores": scores,
        "alive": sharpen_alive(fit, estimate_alive(fit, scores, confidence=confidence, seed=seed), scores),
        "expected": forecast_total(fit, scores, horizon_days, confidence=confidence, seed=seed),
        "groups": group_scores(scores),
        "tracking": Later(lambda: track_purchases(study, fit)),
        "going_silent": Later(lambda: list_going_silent(study, fit, confidence=confidence, seed=seed)),
        "all_going_silent": Later(lambda: list_going_silent(study, fit, confidence=confidence, seed=seed, n=None)),
    }


def _horizon_days(horizon_weeks: float | None, check: HoldoutCheck | None) -> float:
    if horizon_weeks is not None:
        return float(horizon_weeks) * DAYS_PER_WEEK
    return check.horizon_days if check is not None else USUAL_HORIZON_WEEKS * DAYS_PER_WEEK
