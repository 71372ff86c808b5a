"""Are differences between risks as large as they should be, and how far is a typical risk from the truth?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crm_research.models.hazards.collinearity import independent_columns
from crm_research.models.hazards.newton import invert, maximise
from crm_research.models.hazards.partial_likelihood import baseline_steps, evaluate, score_residuals
from crm_research.models.hazards.risk_sets import RiskSets, build_risk_sets
from crm_research.models.hazards.splines import natural_spline, place_knots
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.models.validation.weights import Outcomes
from crm_research.stats.intervals import normal_quantile

_EDGE: Final = 1e-9
# Risks that differ by less than 2 % of themselves tell nobody apart: their slope would be noise over next to nothing.
_LEAST_SPREAD: Final = 0.02
_N_DRAWS: Final = 400
_MOST_POINTS: Final = 1_000
_NOTHING: Final = (np.nan, np.nan, np.nan)

Limits = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """What would have to be done to the risks to make them right?

    Parameters
    ----------
    slope
        Estimate and limits: 1 is right, below 1 the differences between risks are exaggerated; NaN where risks hardly
        differ.
    ici, e90
        Mean and 90th percentile of the distance between the risk said and the risk smoothed from what happened, with
        limits; a lower limit of 0 means that chance alone explains the distance.
    """

    slope: Limits
    ici: Limits
    e90: Limits


def measure_recalibration(
    outcomes: Outcomes, risk: FloatArray, *, days: float, confidence: float, seed: int = 0
) -> Recalibration:
    """Are the differences between risks as large as they should be, and how far off is a typical one?

    Parameters
    ----------
    risk
        Each customer's chance to have ended by `days`.
    seed
        Of the draws behind the limits of the two distances.

    Notes
    -----
    Cox regression on the complementary log-log of the risk, straight for the slope and along a natural spline for the
    distances, with errors by customer where some have several contracts. Around the mean of those who ended, level
    and shape of the smoothed curve vary about independently; their joint normal law gives draws of its error. Mean
    distances cannot differ by more than the mean error, so the limits are the estimate less and plus the error that
    draws stay below, cut at 0: they cover at least as often as stated, and hold 0 where the risks are right.

    References
    ----------
    Austin, Harrell and van Klaveren (2020), Statistics in Medicine 39, 2714-2742.
    """
    watched = (outcomes.entry < days) | (outcomes.entry <= 0)
    # Smaller than half a leaver among all, a risk cannot be told from that; its logarithm would outweigh the rest.
    clipped = np.clip(risk[watched], 0.5 / max(int(watched.sum()), 1), 1 - _EDGE)
    said = np.log(-np.log1p(-clipped))
    tenure = np.minimum(outcomes.tenure, days)[watched]
    ended = (outcomes.ended & (outcomes.tenure <= days))[watched]
    if not ended.any():
        return Recalibration(slope=_NOTHING, ici=_NOTHING, e90=_NOTHING)
    owner = None if outcomes.owner is None else outcomes.owner[watched]
    sets = build_risk_sets(outcomes.entry[watched], tenure, ended, np.zeros(len(tenure), np.int64))
    straight = _fit(sets, said[:, None], ended, owner)
    knots = place_knots(said)
    bent = _fit(sets, natural_spline(said, knots), ended, owner) if len(knots) >= 3 else straight
    ici, e90 = _distances(bent, risk[watched], confidence, seed) if bent.has_converged else (_NOTHING, _NOTHING)
    return Recalibration(slope=_slope(straight, confidence), ici=ici, e90=e90)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Curve:
    """A regression on few columns: `x` is what they are beyond their mean among those who ended, over `scale`."""

    x: FloatArray
    scale: FloatArray
    beta: FloatArray
    covariance: FloatArray
    log_hazard: float
    log_hazard_error: float
    has_converged: bool


def _fit(sets: RiskSets, columns: FloatArray, ended: NDArray[np.bool_], owner: IntArray | None) -> _Curve:
    varying = columns[:, columns.std(axis=0) > _EDGE * (1.0 + np.abs(columns).max(axis=0))]
    if varying.size and columns[:, 0].std() < _LEAST_SPREAD:
        varying = varying[:, :0]
    centred = varying - varying.mean(axis=0)
    kept = independent_columns(centred.T @ centred)
    scale = varying[:, kept].std(axis=0)
    x = (varying[:, kept] - varying[ended][:, kept].mean(axis=0)) / scale
    ordered = np.asfortranarray(x[sets.order])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # steps too far are taken back
        beta, at, arrived = maximise(lambda b: evaluate(sets, ordered, b), np.zeros(len(kept)))
    covariance = invert(at.information)
    if owner is not None and kept:
        influence = score_residuals(sets, ordered, at) @ covariance
        sums = np.column_stack([np.bincount(owner[sets.order], column) for column in influence.T])
        covariance = np.asarray(sums.T @ sums, dtype=np.float64)
    steps = baseline_steps(sets, at)
    hazard = float(steps.sum())
    return _Curve(
        x=x,
        scale=scale,
        beta=beta,
        covariance=covariance,
        log_hazard=float(np.log(hazard)),
        log_hazard_error=float(np.sqrt(np.sum(steps**2 / sets.n_ended)) / hazard),
        # Without information left, as where the risks part leavers from stayers, there is no error and so no answer.
        has_converged=bool(arrived and np.isfinite(beta).all() and np.isfinite(covariance).all()),
    )


def _slope(fit: _Curve, confidence: float) -> Limits:
    if not fit.has_converged or len(fit.beta) != 1:
        return _NOTHING
    half = normal_quantile(confidence) * float(np.sqrt(max(fit.covariance[0, 0], 0.0)) / fit.scale[0])
    estimate = float(fit.beta[0] / fit.scale[0])
    return estimate, estimate - half, estimate + half


def _distances(fit: _Curve, risk: FloatArray, confidence: float, seed: int) -> tuple[Limits, Limits]:
    """Mean and 90th percentile of the distances, each with limits from draws of the curve's error."""
    level = fit.log_hazard + fit.x @ fit.beta
    smoothed = -np.expm1(-np.exp(np.minimum(level, 50.0)))
    gap = np.abs(smoothed - risk)
    some = np.argsort(level, kind="stable")[:: max(1, len(level) // _MOST_POINTS)]
    rng = np.random.default_rng(seed)
    shape = fit.x[some] @ _root(fit.covariance) @ rng.normal(size=(len(fit.beta), _N_DRAWS))
    drawn = level[some, None] + shape + fit.log_hazard_error * rng.normal(size=_N_DRAWS)
    error = np.abs(-np.expm1(-np.exp(np.minimum(drawn, 50.0))) - smoothed[some, None])
    found = []
    for estimate, errors in (
        (float(gap.mean()), error.mean(axis=0)),
        (float(np.quantile(gap, 0.9)), np.quantile(error, 0.9, axis=0)),
    ):
        reach = float(np.quantile(errors, confidence))
        found.append((estimate, max(0.0, estimate - reach), min(1.0, estimate + reach)))
    return found[0], found[1]


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance) if len(covariance) else (np.empty(0), np.empty((0, 0)))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
