"""The validation card: what a model of leaving is worth, on customers it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.survival.risk import FloatArray
from crm_research.models.validation.calibration import (
    GROUP_COLUMNS,
    calibrate_groups,
    check_distribution,
)
from crm_research.models.validation.integrated import N_GRID, SurvivalAt, integrate_brier
from crm_research.models.validation.measures import Measured, measure_auc, measure_brier, measure_uno, sum_parts
from crm_research.models.validation.slope import measure_recalibration
from crm_research.models.validation.weights import Outcomes, read_outcomes, usable_horizon
from crm_research.stats.intervals import check_confidence, normal_quantile
from crm_research.vocabulary import say_count

# Conventions: a slope, or a ratio of observed to expected, that is surely outside these limits fails.
TOLERATED: Final = (0.8, 1.25)
_FEWEST_ENDS: Final = 100
_MEANT: Final = {
    "calibration_slope": ("differences between risks are exaggerated", "differences between risks are understated"),
    "observed_to_expected": ("fewer left than were said to", "more left than were said to"),
}

MEASURE_COLUMNS: Final = ("measure", "horizon_days", "estimate", "lower", "upper", "best", "estimator")
_OBSERVED: Final = ("observed", "lower", "upper")


@dataclass(frozen=True, eq=False, kw_only=True)
class ValidationCard:
    """What the chances are worth.

    Parameters
    ----------
    measures
        Grain: measure (and horizon). Columns ``measure``, ``horizon_days``, ``estimate``, ``lower``, ``upper``,
        ``best`` (its value for a perfect model, in words), ``estimator``. Measures: ``uno_c``, ``auc``, ``brier``,
        ``brier_null``, ``ibs``, ``ibs_null``, ``ibs_gain`` (null less model: above 0 the model is better),
        ``calibration_slope``, ``observed_to_expected``, ``ici``, ``e90``.
    calibration
        Expected and observed by group of risk, as in `calibrate_groups`, for each horizon.
    distribution, distribution_p
        D-calibration, as in `check_distribution`; empty and NaN where it was not asked for.
    n, n_ended
        Customers judged, and how many of them ended.
    usable_days
        Beyond it too few were watched; nothing is measured there.
    is_calibrated
        False if a slope, or observed over expected, is surely outside 0.8 to 1.25 at any horizon, or none could be
        measured. A risk list should not be printed then.
    reasons
        Why not, in words.
    notes
        What was left out or is doubtful.
    """

    measures: pd.DataFrame
    calibration: pd.DataFrame
    distribution: pd.DataFrame
    distribution_p: float
    n: int
    n_ended: int
    usable_days: float
    confidence: float
    is_calibrated: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    def value(self, measure: str, horizon_days: float | None = None) -> float:
        """The estimate of a measure (at a horizon); NaN if it was not measured."""
        rows = self.measures.loc[self.measures["measure"] == measure]
        if horizon_days is not None:
            rows = rows.loc[rows["horizon_days"] == horizon_days]
        return float(rows["estimate"].iloc[0]) if len(rows) else np.nan


def validate_chances(
    outcomes: pd.DataFrame,
    survival_at: SurvivalAt,
    *,
    horizons_days: Sequence[float],
    null_survival_at: Callable[[float], FloatArray | float] | None = None,
    score: FloatArray | None = None,
    survival_at_end: FloatArray | None = None,
    survival_before_end: FloatArray | None = None,
    n_groups: int = 10,
    n_grid: int = N_GRID,
    confidence: float = 0.95,
) -> ValidationCard:
    """What are these chances to stay worth, on customers the model has not seen?

    Parameters
    ----------
    outcomes
        One row for each customer (contract): ``tenure_days``, ``is_ended``, ``entry_days`` (optional),
        ``customer_id`` (optional: then errors allow for several contracts of one customer). On a temporal
        holdout the clock starts at as_of: tenure_days are the days since then, entry_days are 0, and the chances are
        those of customers who had stayed until as_of.
    survival_at
        Gives, for a number of days, each customer's chance to stay beyond it, in the order of the rows. It is asked
        one day at a time, so that memory does not grow with horizons.
    horizons_days
        Where calibration is judged; METHODS asks for three.
    null_survival_at
        The chance by the simplest rule, one for everybody or one for each (Kaplan-Meier of the past); without it,
        Kaplan-Meier of these very outcomes, which is a little better than any rule could have been.
    score
        Higher means sooner, for ranking; without it, the risk at the last usable horizon.
    survival_at_end, survival_before_end
        For D-calibration, as in `check_distribution`.
    n_groups
        Groups of risk.
    n_grid
        Days at which the Brier score is taken for its integral.

    Returns
    -------
    ValidationCard

    Raises
    ------
    NotEnoughData
        If nobody ended.

    Notes
    -----
    Weights for those censored come from Kaplan-Meier and assume that censoring has nothing to do with leaving or
    with the covariates. Intervals take the weights as known and the customers as independent; those of Kaplan-Meier
    (observed to expected, groups of risk) take contracts as independent. They tell how far these outcomes vary, not how
    far another fit of the model would.
    """
    check_confidence(confidence)
    seen = read_outcomes(outcomes)
    usable = usable_horizon(seen)
    notes = [
        f"At {say_count(days, 'day')} too few were still watched (the records reach {say_count(usable, 'day')}): "
        "nothing is measured there."
        for days in horizons_days
        if days > usable
    ]
    horizons = [float(days) for days in horizons_days if days <= usable]
    if int(seen.ended.sum()) < _FEWEST_ENDS:
        ends = say_count(seen.ended.sum(), "end")
        notes.append(f"Only {ends}: fewer than {_FEWEST_ENDS}, so calibration is judged loosely.")
    null = null_survival_at or (lambda days: seen.kaplan_meier(np.array([days])))
    last = horizons[-1] if horizons else usable
    ranking = -survival_at(last) if score is None else score
    rows = [
        _row("uno_c", last, measure_uno(seen, ranking, until_days=last), "1", "Uno's C, as far as usable", confidence)
    ]
    rows += _integrate(seen, survival_at, null, last, n_grid, confidence)
    groups = [pd.DataFrame(columns=list(GROUP_COLUMNS))]
    for days in horizons:
        chances = survival_at(days)
        found, table = _at_horizon(seen, chances, ranking, null(days), days, n_groups, confidence)
        rows += found
        groups.append(table)
    measures = pd.DataFrame(rows, columns=list(MEASURE_COLUMNS))
    reasons = _fails(measures, n_horizons=len(horizons))
    distribution, p_value = (pd.DataFrame(), np.nan)
    if survival_at_end is not None:
        distribution, p_value = check_distribution(seen, survival_at_end, survival_before_end=survival_before_end)
    return ValidationCard(
        measures=measures,
        calibration=pd.concat(groups[1:], ignore_index=True) if len(groups) > 1 else groups[0],
        distribution=distribution,
        distribution_p=p_value,
        n=seen.n,
        n_ended=int(seen.ended.sum()),
        usable_days=usable,
        confidence=float(confidence),
        is_calibrated=not reasons,
        reasons=tuple(reasons),
        notes=tuple(notes),
    )


def _row(
    name: str, days: float, found: Measured, best: str, estimator: str, confidence: float
) -> dict[str, float | str]:
    half = normal_quantile(confidence) * found.std_error
    return {
        "measure": name,
        "horizon_days": days,
        "estimate": found.estimate,
        "lower": found.estimate - half,
        "upper": found.estimate + half,
        "best": best,
        "estimator": estimator,
    }


def _integrate(
    seen: Outcomes,
    survival_at: SurvivalAt,
    null: Callable[[float], FloatArray | float],
    last: float,
    n_grid: int,
    confidence: float,
) -> list[dict[str, float | str]]:
    """The Brier score averaged over the days up to the last horizon, beside the null's."""
    model = integrate_brier(seen, survival_at, until_days=last, n_grid=n_grid)
    rule = integrate_brier(seen, null, until_days=last, n_grid=n_grid)
    estimator = f"Brier score with censoring weights, mean over 0 to {last:g} days"
    found = {"ibs": model, "ibs_null": rule, "ibs_gain": rule - model}
    best = {"ibs": "0", "ibs_null": "0", "ibs_gain": "above 0"}
    return [
        _row(name, last, sum_parts(parts, seen), best[name], estimator, confidence) for name, parts in found.items()
    ]


def _at_horizon(
    seen: Outcomes,
    chances: FloatArray,
    ranking: FloatArray,
    null: FloatArray | float,
    days: float,
    n_groups: int,
    confidence: float,
) -> tuple[list[dict[str, float | str]], pd.DataFrame]:
    by_rule = measure_brier(seen, np.broadcast_to(null, seen.n), days=days)
    rows = [
        _row("auc", days, measure_auc(seen, ranking, days=days), "1", "cumulative/dynamic, weighted", confidence),
        _row("brier", days, measure_brier(seen, chances, days=days), "0", "Graf, weighted", confidence),
        _row("brier_null", days, by_rule, "0", "Graf, weighted", confidence),
    ]
    table = calibrate_groups(seen, 1.0 - chances, days=days, n_groups=n_groups, confidence=confidence)
    everyone = table.iloc[0]
    expected = float(everyone["expected"])
    ratio = tuple(float(everyone[name]) / expected if expected > 0 else np.nan for name in _OBSERVED)
    found = measure_recalibration(seen, 1.0 - chances, days=days, confidence=confidence)
    said = "Cox on the complementary log-log of the risk"
    spline = f"{said}, natural spline; limits from its error, at least as wide as needed"
    for name, limits, best, estimator in (
        ("calibration_slope", found.slope, "1", said),
        ("observed_to_expected", ratio, "1", "1 - Kaplan-Meier over mean risk"),
        ("ici", found.ici, "0", spline),
        ("e90", found.e90, "0", spline),
    ):
        rows.append(dict(zip(MEASURE_COLUMNS, (name, days, *limits, best, estimator), strict=True)))
    return rows, table


def _fails(measures: pd.DataFrame, *, n_horizons: int) -> list[str]:
    if not n_horizons:
        return ["Calibration could not be judged at any horizon asked for."]
    low, high = TOLERATED
    named = {"calibration_slope": "the calibration slope", "observed_to_expected": "observed over expected"}
    rows = measures.loc[measures["measure"].isin(list(named))]
    reasons = []
    for _, row in rows.iterrows():
        said = f"at {row['horizon_days']:g} days {named[str(row['measure'])]}"
        if not np.isfinite(row["estimate"]):
            if row["measure"] == "observed_to_expected":
                reasons.append(f"{said} could not be measured")
        elif row["lower"] > high or row["upper"] < low:
            meant = _MEANT[str(row["measure"])][int(row["lower"] > high)]
            reasons.append(
                f"{said} is {row['estimate']:.2f} ({row['lower']:.2f} to {row['upper']:.2f}), where 1 is right: {meant}"
            )
    return reasons
