"""Each customer's chance to leave, having stayed so far: with an interval, and how many will leave in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.errors import ParameterError
from crm_research.models.hazards.baseline_steps import BaselineSteps
from crm_research.models.hazards.result import HazardFit
from crm_research.models.survival.risk import FloatArray, IntArray
from crm_research.stats.intervals import check_confidence, normal_quantile

N_GRID: Final = 60
_LARGEST_SCORE: Final = 500.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Forecast:
    """Who leaves within each horizon, having stayed so far?

    Parameters
    ----------
    risk, lower, upper
        Grain: row of the frame given, with its index; one column for each horizon (days, as floats). NaN where the
        horizon goes beyond the tenures watched or the row has no score. The limits are those of the chance itself,
        not of what will happen; NaN where nobody ended within the horizon at those tenures.
    remaining_days
        Grain: row. Expected further tenure within the longest horizon; NaN where its risk is, and throughout
        if it was not asked for.
    totals
        Grain: horizon. Columns ``horizon_days``, ``n_judged``, ``n_beyond`` (the horizon goes beyond the tenures
        watched), ``n_unknown`` (no score: a group nobody left from, a stratum never seen, a number missing that nobody
        lacked in the fit), ``expected`` (those who leave, of those judged), ``lower``, ``upper`` (limits for the
        number that will leave: error of the model and chance), ``model_error``, ``chance_error`` (standard errors).
    """

    risk: pd.DataFrame
    lower: pd.DataFrame
    upper: pd.DataFrame
    remaining_days: pd.Series[float]
    totals: pd.DataFrame
    confidence: float


@dataclass(frozen=True, eq=False, kw_only=True)
class _Stratum:
    """Running sums over the steps of one stratum, from nothing on."""

    days: FloatArray
    hazard: FloatArray
    variance: FloatArray
    slope: FloatArray
    last_days: float
    begin: int
    covariance: FloatArray

    def between(self, now: FloatArray, days: float) -> tuple[IntArray, IntArray, FloatArray]:
        """The first step after `now`, the first beyond `days` more, and the rise between."""
        first = np.searchsorted(self.days, now, side="right")
        last = np.searchsorted(self.days, now + days, side="right")
        with np.errstate(invalid="ignore"):
            rise = np.where(now + days > self.last_days, np.nan, self.hazard[last] - self.hazard[first])
        return first, last, rise


@dataclass(frozen=True, eq=False, kw_only=True)
class _Part:
    """Some rows of one stratum."""

    rows: IntArray
    stratum: _Stratum
    tenures: FloatArray
    place: IntArray
    columns: FloatArray
    turned: FloatArray
    own: FloatArray
    ratio: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sums:
    """What the number of leavers needs, added up over the rows, for each horizon."""

    n_beyond: IntArray
    n_unknown: IntArray
    expected: FloatArray
    chance: FloatArray
    pull: FloatArray
    moves: FloatArray


def forecast_leaving(
    fit: HazardFit,
    frame: pd.DataFrame,
    horizons_days: Sequence[float],
    *,
    confidence: float | None = None,
    n_rows_at_once: int = 100_000,
    with_remaining: bool = True,
) -> Forecast:
    """What is each row's chance to leave within each horizon, given that it stayed for its ``tenure_days`` so far?

    Parameters
    ----------
    fit
        A Cox or grouped model.
    frame
        One row for each customer (contract) still there: ``tenure_days``, the covariates and the strata.
    horizons_days
        From now on.
    confidence
        Of the limits; the fit's own by default.
    n_rows_at_once
        Beyond the answer itself, memory is this many rows times columns of the model.
    with_remaining
        False leaves out the expected further tenure, which takes most of the time.

    Raises
    ------
    ParameterError
        Without a horizon above 0; for a fit whose chances do not follow from hazards times ratios (Fine and Gray's, or
        one with a frailty).

    Notes
    -----
    The chance is 1 - exp(-H), H = exp(z b) (L(t + h) - L(t)) with z the centred columns. Limits are normal on log H,
    with var(log H) = (z - m)' V (z - m) + B / (L(t + h) - L(t))^2: m the mean of the columns among those at risk in
    between, V the covariance of the coefficients, B the sum of the variances of the steps. Robust errors of the
    coefficients are used where the fit has them; the steps' own variance is that of the model. Nothing is
    extrapolated. Expected further tenure is a trapezoid sum over 60 equal steps of the longest horizon h: wrong by at
    most h / 120 times its risk.

    References
    ----------
    Tsiatis (1981), Annals of Statistics 9, 93-108; Andersen and Gill (1982), Annals of Statistics 10, 1100-1120;
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, section 4.3.
    """
    level = check_confidence(fit.confidence if confidence is None else confidence)
    horizons = np.asarray(horizons_days, dtype=np.float64)
    if type(fit).risk is not HazardFit.risk:
        raise ParameterError(f"{type(fit).__name__} has chances of its own (risk), without an interval for each row.")
    if not len(horizons) or not bool(np.all(horizons > 0)):
        raise ParameterError(f"Horizons must be days above 0, not {list(horizons_days)!r}.")
    steps = fit.steps
    risk, low, high = (np.full((len(frame), len(horizons)), np.nan) for _ in range(3))
    remaining = np.full(len(frame), np.nan)
    sums = _no_sums(len(horizons), steps)
    half = normal_quantile(level)
    for part in _parts(fit, frame, n_rows_at_once, sums):
        for column, days in enumerate(horizons):
            found = _chance(part, float(days), half)
            risk[part.rows, column], low[part.rows, column], high[part.rows, column] = found
            _add(sums, part, column, float(days), found[0])
        if with_remaining:
            remaining[part.rows] = _remaining(part, float(horizons.max()))
    names = [float(days) for days in horizons]
    return Forecast(
        risk=pd.DataFrame(risk, index=frame.index, columns=names),
        lower=pd.DataFrame(low, index=frame.index, columns=names),
        upper=pd.DataFrame(high, index=frame.index, columns=names),
        remaining_days=pd.Series(remaining, index=frame.index, name="remaining_days"),
        totals=_totals(sums, steps, fit.weights.covariance, horizons, len(frame), half),
        confidence=level,
    )


def _no_sums(n_horizons: int, steps: BaselineSteps) -> _Sums:
    return _Sums(
        n_beyond=np.zeros(n_horizons, np.int64),
        n_unknown=np.zeros(n_horizons, np.int64),
        expected=np.zeros(n_horizons),
        chance=np.zeros(n_horizons),
        pull=np.zeros((n_horizons, steps.slope.shape[1])),
        moves=np.zeros((n_horizons, len(steps.rise) + 1)),
    )


def _parts(fit: HazardFit, frame: pd.DataFrame, n_rows: int, sums: _Sums) -> Iterator[_Part]:
    """The rows that can be scored, a block and a stratum at a time; the others are counted."""
    covariance = fit.weights.covariance
    coefficients = fit.weights.coefficients
    strata = {name: _read_stratum(fit, str(name), covariance) for name in pd.unique(fit.baseline["stratum"])}
    for where, columns in fit.centred_blocks(frame, n_rows):
        piece = frame.iloc[where]
        tenure = piece["tenure_days"].to_numpy(dtype=np.float64, na_value=np.nan)
        label = fit.strata_of(piece)
        with np.errstate(invalid="ignore"):
            score = columns @ coefficients
        known = np.isfinite(score) & np.isfinite(tenure) & np.isin(label, list(strata))
        sums.n_unknown[:] += int((~known).sum())
        for name, stratum in strata.items():
            rows = np.flatnonzero(known & (label == name))
            if not len(rows):
                continue
            distinct, place = np.unique(tenure[rows], return_inverse=True)
            turned = columns[rows] @ covariance
            yield _Part(
                rows=rows + where.start,
                stratum=stratum,
                tenures=distinct,
                place=place,
                columns=columns[rows],
                turned=turned,
                own=np.einsum("ij,ij->i", turned, columns[rows]),
                ratio=np.exp(np.clip(score[rows], -_LARGEST_SCORE, _LARGEST_SCORE)),
            )


def _read_stratum(fit: HazardFit, name: str, covariance: FloatArray) -> _Stratum:
    steps, place = fit.steps, fit.steps.place(name)
    width = steps.slope.shape[1]
    watched = fit.baseline.loc[fit.baseline["stratum"] == name, "tenure_days"]
    return _Stratum(
        days=steps.tenure_days[place],
        hazard=np.concatenate([[0.0], np.cumsum(steps.rise[place])]),
        variance=np.concatenate([[0.0], np.cumsum(steps.variance[place])]),
        slope=np.concatenate([np.zeros((1, width)), np.cumsum(steps.slope[place], axis=0)]),
        last_days=float(watched.max()),
        begin=place.start,
        covariance=covariance,
    )


def _chance(part: _Part, days: float, half: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The chance to leave and its limits; what depends on the tenure alone is worked out once for each tenure."""
    stratum = part.stratum
    first, last, rise = stratum.between(part.tenures, days)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        means = (stratum.slope[last] - stratum.slope[first]) / rise[:, None]
        steps = (stratum.variance[last] - stratum.variance[first]) / rise**2
        height = rise[part.place] * part.ratio
        cross = np.einsum("ij,ij->i", part.turned, means[part.place])
        among = np.einsum("ij,ij->i", means @ stratum.covariance, means)
        error = np.sqrt(np.maximum(part.own - 2 * cross + (among + steps)[part.place], 0.0))
        spread = np.exp(half * error)
        limits = (-np.expm1(-height / spread), -np.expm1(-height * spread))
    nothing = ~(height > 0) | ~np.isfinite(height)
    return -np.expm1(-height), np.where(nothing, np.nan, limits[0]), np.where(nothing, np.nan, limits[1])


def _remaining(part: _Part, days: float) -> FloatArray:
    """Area under the curve of staying on, by trapezoids between equally spaced days."""
    area = np.full(len(part.rows), 0.5)
    survival = area
    with np.errstate(over="ignore"):
        for number in range(1, N_GRID + 1):
            rise = part.stratum.between(part.tenures, days * number / N_GRID)[2]
            survival = np.exp(-rise[part.place] * part.ratio)
            area = area + survival
    return np.asarray((area - 0.5 * survival) * days / N_GRID)


def _add(sums: _Sums, part: _Part, column: int, days: float, risk: FloatArray) -> None:
    first, last, rise = part.stratum.between(part.tenures, days)
    judged = np.isfinite(risk)
    sums.n_beyond[column] += int((~judged).sum())
    chance, place = risk[judged], part.place[judged]
    sums.expected[column] += float(chance.sum())
    sums.chance[column] += float((chance * (1.0 - chance)).sum())
    load = (1.0 - chance) * part.ratio[judged]
    load[~np.isfinite(load)] = 0.0
    height = np.where(np.isfinite(rise), rise, 0.0)[place]
    sums.pull[column] += (load * height) @ part.columns[judged]
    size = sums.moves.shape[1]
    sums.moves[column] += np.bincount(first[place] + part.stratum.begin, load, size)
    sums.moves[column] -= np.bincount(last[place] + part.stratum.begin, load, size)


def _totals(
    sums: _Sums, steps: BaselineSteps, covariance: FloatArray, horizons: FloatArray, n: int, half: float
) -> pd.DataFrame:
    judged = n - sums.n_beyond - sums.n_unknown
    loads = np.cumsum(sums.moves, axis=1)[:, :-1]
    variance = [steps.total_variance(pull, load, covariance) for pull, load in zip(sums.pull, loads, strict=True)]
    reach = half * np.sqrt(np.asarray(variance) + sums.chance)
    expected = np.where(judged > 0, sums.expected, np.nan)
    return pd.DataFrame(
        {
            "horizon_days": horizons,
            "n_judged": judged,
            "n_beyond": sums.n_beyond,
            "n_unknown": sums.n_unknown,
            "expected": expected,
            "lower": np.maximum(expected - reach, 0.0),
            "upper": np.minimum(expected + reach, judged),
            "model_error": np.sqrt(np.asarray(variance)),
            "chance_error": np.sqrt(sums.chance),
        }
    )
