"""Risks and the check that they hold, together: neither is of use without the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from crm_research.models.hazards import fit_boosting
from crm_research.pillars.churn.risks.assess import HORIZONS_MONTHS, RiskList, assess_risks
from crm_research.pillars.churn.risks.model import fit_for_lists
from crm_research.pillars.churn.spell_rows import read_rows, some_customers
from crm_research.pillars.churn.validation.validate import RiskCheck, validate_risks
from crm_research.show.shown import Shown
from crm_research.stats.threads import one_thread
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.models.validation import Fit
    from crm_research.study import Study

MODEL: Final = "Cox's model"
CONTENDER: Final = "boosting"
_MOST_CONTRACTS: Final = 200_000
_MOST_PERIODS: Final = 40_000


@dataclass(frozen=True, eq=False, kw_only=True)
class LeavingPrediction(Shown):
    """Who is at risk, and whether that can be believed.

    Parameters
    ----------
    risks
        Of the contracts that run at as_of.
    check
        Of the same model and every step that led to it.
    strata
        Groups with a baseline of their own, because their ratios change with tenure.
    """

    risks: RiskList
    check: RiskCheck
    strata: tuple[str, ...]


@step
def predict_leaving(
    study: Study,
    covariates: Sequence[str],
    *,
    horizons_months: Sequence[int] = HORIZONS_MONTHS,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> LeavingPrediction:
    """Which customers leave soon, how likely is it, and did such chances come true?

    Parameters
    ----------
    study
        Needs contracts.
    covariates
        As `measure_drivers` was given.

    Raises
    ------
    NotEnoughData, ParameterError, LeakageError
        As `measure_drivers`.

    Notes
    -----
    The model is `fit_for_lists`, fitted to at most 200,000 contracts (a random part of the customers); gradient
    boosting stands beside it in the check.
    """
    rows = read_rows(study, covariates, whose=some_customers(study, _MOST_CONTRACTS, seed=seed))
    fit = fit_for_lists(rows, covariates, confidence=confidence)
    check = _judge(
        study,
        {
            MODEL: partial(fit_for_lists, covariates=covariates, confidence=confidence),
            CONTENDER: partial(fit_boosting, covariates=covariates, n_periods_at_most=_MOST_PERIODS, seed=seed),
        },
        covariates,
        confidence=confidence,
        seed=seed,
    )
    return LeavingPrediction(
        risks=assess_risks(study, fit, covariates, horizons_months=horizons_months, confidence=confidence),
        check=check,
        strata=fit.strata,
    )


def _judge(
    study: Study, fits: Mapping[str, Fit], covariates: Sequence[str], *, confidence: float, seed: int
) -> RiskCheck:
    with one_thread():
        return validate_risks(study, fits, covariates, confidence=confidence, seed=seed)
