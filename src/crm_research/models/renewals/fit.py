"""Models of renewal fitted to counts by maximum likelihood."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.btyd.maximise import Objective, Optimum, maximise
from crm_research.models.renewals.counts import RenewalCounts, sum_counts
from crm_research.models.renewals.families import (
    BetaDiscreteWeibull,
    ConstantRate,
    RenewalFamily,
    ShiftedBetaGeometric,
)
from crm_research.models.renewals.fitted import RenewalFit
from crm_research.stats.intervals import FloatArray, check_confidence

# Twice the log-likelihood that a model must gain over one rate for everybody before customers count as different.
_NO_GAIN: Final = 0.02
_LOW_EDGE: Final = -6.0
NOT_DIFFERENT: Final = (
    "Customers do not differ in a way these renewals show (retention does not rise with the renewals, or by too "
    "little): alpha and beta run to infinity together. The model is then one constant rate, and that is what is given."
)
TWO_KINDS: Final = (
    "Whoever renews once never leaves in these records: alpha and beta run to zero together. The model then knows only "
    "those who leave at the first renewal and those who stay for ever."
)
NO_PEAK: Final = (
    "The search for the best parameters found no peak: these renewals do not determine the model. Its parameters "
    "must not be read, and have no limits."
)
FEW_RENEWALS: Final = (
    "Fewer renewals have been seen than this model has parameters, so whether a customer's own chance to leave changes "
    "cannot be told; it is taken to be steady (sBG)."
)
ONE_RENEWAL: Final = (
    "Only one renewal has been seen. It gives the mean chance to leave, and nothing of how customers differ, so alpha "
    "and beta cannot be told; one constant rate is given instead."
)
NOBODY_LEFT: Final = "Nobody has left at any renewal, so no model of leaving can be fitted; the limits are exact."
NOBODY_RENEWED: Final = "Nobody has renewed, so no model of renewing can be fitted; the limits are exact."


def fit_shifted_beta_geometric(counts: pd.DataFrame, *, confidence: float = 0.95) -> RenewalFit:
    """How do customers differ in their chance to leave at each renewal, and what retention follows?

    Parameters
    ----------
    counts
        ``renewal`` (1 is the first), ``n_up`` (came to it under observation), ``n_left`` (of them, did not renew); rows
        of several cohorts are added up.
    confidence
        Level of every interval.

    Returns
    -------
    RenewalFit
        Where nothing tells alpha and beta, the fit falls back to one constant rate and its notes say why.

    Raises
    ------
    NotEnoughData
        If nobody was up for a renewal.

    Notes
    -----
    A customer's chance to leave is its own, the same at every renewal, and beta distributed over customers. The chance
    to have come to a renewal divides out of each decision, so the counts at risk are sufficient also for customers
    censored or met late (their survival up to entry is conditioned on). Cohorts are taken to be alike.

    References
    ----------
    Fader and Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21, 76-90.
    """
    return _fit(ShiftedBetaGeometric(), counts, confidence)


def fit_beta_discrete_weibull(counts: pd.DataFrame, *, confidence: float = 0.95) -> RenewalFit:
    """The same where each customer's own chance to leave may rise or fall: what retention follows?

    Parameters, Returns, Raises as `fit_shifted_beta_geometric`, whose model this is at c = 1. Needed where retention
    falls from one renewal to a later one, which no mixture of constant chances can do.

    References
    ----------
    Fader, Hardie, Liu, Davin and Steenburgh (2018), Journal of Interactive Marketing 43, 1-16.
    """
    return _fit(BetaDiscreteWeibull(), counts, confidence)


def fit_constant_rate(counts: pd.DataFrame, *, confidence: float = 0.95) -> RenewalFit:
    """What if the same share left at every renewal: the rule of thumb that the others are held against?"""
    return _constant(sum_counts(counts), check_confidence(confidence), (), "constant rate")


def mean_log_likelihood(family: RenewalFamily, counts: RenewalCounts) -> Objective:
    """Mean log-likelihood of a decision with its gradient, on the logarithms of the parameters."""
    renewed, total = counts.n_up - counts.n_left, float(counts.n_up.sum())

    def objective(log_params: FloatArray) -> tuple[float, FloatArray]:
        at = family.log_retention(log_params, counts.renewal)
        value = float(renewed @ at.renew + counts.n_left @ at.leave)
        gradient = at.gradient @ renewed + at.leave_gradient() @ counts.n_left
        return value / total, np.asarray(gradient / total)

    return objective


def _fit(family: RenewalFamily, frame: pd.DataFrame, confidence: float) -> RenewalFit:
    counts, level = sum_counts(frame), check_confidence(confidence)
    if counts.n_ended == 0:
        return _constant(counts, level, (NOBODY_LEFT,), family.name)
    if counts.n_ended == counts.n_decisions:
        return _constant(counts, level, (NOBODY_RENEWED,), family.name)
    if len(counts.renewal) == 1:
        return _constant(counts, level, (ONE_RENEWAL,), family.name)
    if len(counts.renewal) < len(family.param_names):
        simpler = _fit(ShiftedBetaGeometric(), frame, confidence)
        return replace(simpler, model=family.name, notes=(FEW_RENEWALS, *simpler.notes))
    first = (counts.n_left[0] + 0.5) / (counts.n_up[0] + 1.0)
    objective = mean_log_likelihood(family, counts)
    top = maximise(objective, family.starts(first), n_customers=counts.n_decisions, names=family.param_names)
    flat = _constant(counts, level, (), family.name)
    is_flat = 2.0 * (top.value * counts.n_decisions - flat.log_likelihood) < _NO_GAIN
    if is_flat:
        return _constant(counts, level, (NOT_DIFFERENT,), family.name)
    return RenewalFit(
        model=family.name,
        family=family,
        log_params=top.log_params,
        covariance=top.covariance,
        counts=counts,
        log_likelihood=top.value * counts.n_decisions,
        is_converged=top.is_converged,
        notes=_explain(top),
        confidence=level,
    )


def _explain(top: Optimum) -> tuple[str, ...]:
    if top.is_converged:
        return top.notes
    return (TWO_KINDS,) if float(top.log_params[:2].min()) < _LOW_EDGE else (NO_PEAK,)


def _constant(counts: RenewalCounts, confidence: float, notes: tuple[str, ...], model: str) -> RenewalFit:
    """One rate for everybody, in closed form; at the edge (nobody left, nobody renewed) its logit is not finite."""
    n, left = float(counts.n_decisions), float(counts.n_ended)
    is_inside = 0 < left < n
    with np.errstate(divide="ignore"):
        log_odds = np.log(left) - np.log(n - left)
    value = left * np.log(left / n) + (n - left) * np.log1p(-left / n) if is_inside else 0.0
    variance = n / (left * (n - left)) if is_inside else np.nan
    return RenewalFit(
        model=model,
        family=ConstantRate(),
        log_params=np.array([log_odds]),
        covariance=np.array([[variance]]),
        counts=counts,
        log_likelihood=float(value),
        is_converged=True,
        notes=notes,
        confidence=confidence,
    )
