"""Fit one smooth shape to spells or to counts of them, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError, offer_names
from crm_research.models.hazards.collinearity import choose_columns
from crm_research.models.hazards.design import Design, plan_design
from crm_research.models.parametric.curve import Curve
from crm_research.models.parametric.gompertz import Gompertz
from crm_research.models.parametric.moves import Moves, as_counts, build_moves
from crm_research.models.parametric.result import ParametricFit
from crm_research.models.parametric.scaled import LAWS, ScaledTime
from crm_research.models.parametric.search import Top, climb
from crm_research.models.parametric.spline import SplineHazard, place_log_knots
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import check_confidence, normal_quantile
from crm_research.vocabulary import say_count, word_for

SPLINE: Final = "spline"
GOMPERTZ: Final = "gompertz"
SHAPES: Final = ("exponential", "weibull", "log_normal", "log_logistic", GOMPERTZ, SPLINE)
_ESTIMATORS: Final = MappingProxyType(
    {
        "exponential": "exponential curve (one danger at every tenure)",
        "weibull": "Weibull curve",
        "log_normal": "log-normal curve",
        "log_logistic": "log-logistic curve",
        GOMPERTZ: "Gompertz curve",
        SPLINE: "spline of the log cumulative hazard (Royston and Parmar)",
    }
)
_MOST_KNOTS: Final = 4
_RATIO_COLUMNS: Final = (
    "covariate", "level", "reference", "time_ratio", "lower", "upper", "coefficient", "std_error", "z", "p_value"
)  # fmt: skip
_STEEP: Final = 5.0


def fit_parametric(
    rows: pd.DataFrame,
    *,
    shape: str = "weibull",
    covariates: Sequence[str] = (),
    n_knots: int = 2,
    confidence: float = 0.95,
) -> ParametricFit:
    """Which curve of this shape makes the tenures seen most likely, those still running and met late included?

    Parameters
    ----------
    rows
        Counts by tenure (as in `models.survival.estimate_survival`), or one row for each spell with ``tenure_days``,
        ``is_ended``, ``entry_days`` and ``weight`` where given. Both may carry covariates. Counts hold all that a
        shape without covariates needs, so its cost does not grow with the customers.
    shape
        ``exponential``, ``weibull``, ``log_normal``, ``log_logistic``, ``gompertz`` or ``spline``.
    covariates
        Columns that stretch or shrink time; for the first four shapes. Text and truth values enter as groups.
    n_knots
        Inner knots of the spline, 1 to 4.
    confidence
        Level of every interval.

    Raises
    ------
    NotEnoughData
        Without a single end.
    ParameterError
        For an unknown shape, covariates of a shape that takes none, or rows that are neither spells nor counts.

    Notes
    -----
    Tenures of 0 days count as half a day: the records tell days, and whoever left on the first was there for some of
    it. Tenures are read as exact; monthly records blur what happens within a month. Standard errors come from the
    observed information, and hold if the shape does.

    References
    ----------
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, chapters 2 and 3; spline: Royston
    and Parmar (2002), Statistics in Medicine 21, 2175-2197.
    """
    check_confidence(confidence)
    _check_shape(shape, covariates, n_knots)
    counted = as_counts(rows)
    design, table = _design(counted, covariates)
    notes = []
    known = np.asarray(np.isfinite(table).all(axis=1), dtype=bool).reshape(-1)
    if not known.all():
        n = int((~known).sum())
        notes.append(f"{say_count(n, 'row')} with a missing or unusable value {word_for(n, 'was', 'were')} left out.")
    counted, table = counted.loc[known], table[known]
    columns, kept, means, scale, more = _standardise(table, counted, design)
    moves = build_moves(counted, columns)
    curve = _curve(shape, moves, n_knots, notes)
    top = climb(curve, moves, curve.start(moves))
    said = design.say([design.labels[column] for column in kept])
    notes = [*said, *notes, *more, *_doubts(shape, top, moves)]
    return ParametricFit(
        shape=shape,
        estimator=_ESTIMATORS[shape],
        parameters=_tabulate(curve, top, len(kept), confidence),
        ratios=_ratios(design, kept, scale, top, confidence),
        covariance=top.covariance,
        log_likelihood=top.log_likelihood,
        aic=2 * len(top.theta) - 2 * top.log_likelihood,
        n=moves.n,
        n_ended=moves.n_ended,
        first_days=float(moves.days.min()),
        last_days=float(moves.days.max()),
        confidence=float(confidence),
        has_converged=top.has_converged,
        notes=tuple(notes),
        _curve=curve,
        _theta=top.theta,
        _design=design,
        _kept=tuple(kept),
        _means=means,
        _scale=scale,
    )


def _check_shape(shape: str, covariates: Sequence[str], n_knots: int) -> None:
    if shape not in SHAPES:
        raise ParameterError(f"There is no shape {shape!r}. {offer_names(shape, SHAPES)}")
    if covariates and shape not in LAWS:
        raise ParameterError(
            f"The shape {shape!r} takes no covariates; those that do are {', '.join(LAWS)}. Use one of them, or Cox "
            "regression."
        )
    if isinstance(n_knots, bool) or not isinstance(n_knots, int) or not 1 <= n_knots <= _MOST_KNOTS:
        raise ParameterError(f"n_knots must be a whole number from 1 to {_MOST_KNOTS}, not {n_knots!r}.")


def _design(counted: pd.DataFrame, covariates: Sequence[str]) -> tuple[Design, FloatArray]:
    ended = counted["n_ended"].to_numpy(dtype=float)
    design = plan_design(counted, covariates, ended=ended, n=counted["n_entered"].to_numpy(dtype=float))
    return design, design.matrix(counted)


def _standardise(
    table: FloatArray, counted: pd.DataFrame, design: Design
) -> tuple[FloatArray, list[int], FloatArray, FloatArray, list[str]]:
    """Columns of mean 0 and spread 1, without those that cannot be told apart from others."""
    if not table.shape[1]:
        return table, [], np.empty(0), np.empty(0), []
    weight = counted["n_ended"].to_numpy(dtype=float) + counted["n_censored"].to_numpy(dtype=float)
    if weight.sum() <= 0:
        raise NotEnoughData("A smooth curve of tenure", needed=1, found=0, mend="No spell with usable values is left.")
    means = np.average(table, axis=0, weights=weight)
    centred = table - means
    cross = (centred * weight[:, None]).T @ centred
    kept, left_out = choose_columns(cross, design.labels, design.is_level)
    scale = np.sqrt(np.diag(cross)[kept] / weight.sum())
    return centred[:, kept] / scale, kept, means[kept], scale, left_out


def _curve(shape: str, moves: Moves, n_knots: int, notes: list[str]) -> Curve:
    if shape == GOMPERTZ:
        return Gompertz(unit_days=max(moves.exposure / moves.n, 1.0))
    if shape != SPLINE:
        return ScaledTime(law=LAWS[shape], has_scale=shape != "exponential")
    knots = place_log_knots(moves, n_knots)
    if len(knots) < n_knots + 2:
        notes.append(
            f"Customers left at too few tenures for {n_knots} bends; the spline has {max(len(knots) - 2, 0)}."
            if len(knots) > 1
            else "All who left did so at one tenure; the spline is a straight line."
        )
    return SplineHazard(knots=knots if len(knots) > 1 else (knots[0], knots[0] + 1.0))


def _doubts(shape: str, top: Top, moves: Moves) -> list[str]:
    notes = []
    ends = say_count(moves.n_ended, "end")
    size = word_for(len(top.theta), "one parameter", f"{len(top.theta)} parameters")
    if not top.has_converged:
        notes.append(
            f"The {_ESTIMATORS[shape]} did not settle: {ends} {word_for(moves.n_ended, 'does', 'do')} not "
            "determine its "
            f"{say_count(len(top.theta), 'parameter')}. It has no intervals and must not be read."
        )
    elif moves.n_ended < _STEEP * len(top.theta):
        notes.append(f"{ends} {word_for(moves.n_ended, 'is', 'are')} few for the {size} of the shape.")
    if shape == GOMPERTZ and top.has_converged and top.theta[1] < 0:
        notes.append("The danger falls so that some customers would stay for ever by this shape.")
    return notes


def _tabulate(curve: Curve, top: Top, n_columns: int, confidence: float) -> pd.DataFrame:
    # Columns of covariates stand after the first parameter.
    place = [0, *range(1 + n_columns, len(top.theta))]
    estimate, error = top.theta[place], np.sqrt(np.maximum(np.diag(top.covariance)[place], 0.0))
    half = normal_quantile(confidence) * error
    return pd.DataFrame(
        {
            "parameter": curve.names,
            "estimate": estimate,
            "lower": estimate - half,
            "upper": estimate + half,
            "std_error": error,
        }
    )


def _ratios(design: Design, kept: list[int], scale: FloatArray, top: Top, confidence: float) -> pd.DataFrame:
    names = design.labels
    references = [reference for term in design.terms for reference in term.references]
    coefficient = top.theta[1 : 1 + len(kept)] / scale
    error = np.sqrt(np.maximum(np.diag(top.covariance)[1 : 1 + len(kept)], 0.0)) / scale
    half = normal_quantile(confidence) * error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = coefficient / error
        columns = {
            "covariate": [names[column][0] for column in kept],
            "level": [names[column][1] for column in kept],
            "reference": [references[column] for column in kept],
            "time_ratio": np.exp(coefficient),
            "lower": np.exp(coefficient - half),
            "upper": np.exp(coefficient + half),
            "coefficient": coefficient,
            "std_error": error,
            "z": z,
            "p_value": 2 * stats.norm.sf(np.abs(z)),
        }
    return pd.DataFrame(columns, columns=list(_RATIO_COLUMNS))
