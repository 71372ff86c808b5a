"""Gamma-Gamma: what a customer spends on an occasion, shrunk towards everybody's mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats

from crm_research.errors import NotEnoughData
from crm_research.models.btyd.family import dot, sum_by
from crm_research.models.btyd.maximise import Objective, Optimum, maximise
from crm_research.models.btyd.patterns import MIN_CUSTOMERS, MIN_DISTINCT, read_column, refuse_rows
from crm_research.models.btyd.profile import MOST_PROFILED, Target, coordinate, profile_limits
from crm_research.models.btyd.scoring import describe_params, draw_params, estimate_of, read_level, row_slices
from crm_research.stats.intervals import FloatArray, normal_quantile

_NAMES = ("p", "q", "gamma")
_STARTS = [np.log([p, q, gamma]) for p, q, gamma in ((4.0, 4.0, 0.75), (1.0, 2.0, 1.0), (15.0, 10.0, 0.6))]
_LEAST_OVER_ONE = 1e-6
_SPEND_MEND = "A gamma distribution holds only money above 0: leave out free occasions, and take returns off apart."


@dataclass(frozen=True, eq=False, kw_only=True)
class SpendFit:
    """What do customers spend on a purchase occasion? A fitted Gamma-Gamma model.

    Parameters
    ----------
    params
        name, estimate, se, lower, upper: p, q (pure numbers) and gamma (in the currency of the spend); limits of the
        profile likelihood, Wald's with more than 20,000 rows. Infinite where the likelihood never falls far enough.
    mean_spend
        estimate, lower, upper: spend per occasion of the mean customer, p gamma / (q - 1), one row, limits likewise;
        NaN where q is not above 1, since the mean is then infinite.
    log_likelihood
        At the estimates.
    n_customers
        Repeaters behind the fit.
    is_converged, notes, confidence
        As in `BtydFit`.
    """

    params: pd.DataFrame
    mean_spend: pd.DataFrame
    log_likelihood: float
    n_customers: int
    is_converged: bool
    notes: tuple[str, ...]
    confidence: float
    log_params: FloatArray
    covariance: FloatArray

    def estimate(self, name: str) -> float:
        """The estimate of one parameter, by name."""
        return estimate_of(self.params, name)

    def expected_spend(
        self, frame: pd.DataFrame, *, confidence: float | None = None, n_draws: int = 200, seed: int = 0
    ) -> pd.DataFrame:
        """What will each customer spend on an occasion, on average?

        Parameters
        ----------
        frame
            frequency (occasions averaged) and mean_spend, one row per customer; who has frequency 0 gets the mean of
            all, and needs no mean_spend.
        confidence, n_draws, seed
            As in `BtydFit.probability_alive`.

        Returns
        -------
        pandas.DataFrame
            expected_spend and, with `confidence`, lower, upper. Fader, Hardie and Lee (2005b), equation 5.
        """
        x, z = _read_spend(frame)
        columns = {"expected_spend": _conditional_mean(np.exp(self.log_params), x, z)}
        if confidence is not None:
            tail = (1 - read_level(confidence)) / 2
            draws = draw_params(self.log_params, self.covariance, n_draws, np.random.default_rng(seed))
            lower, upper = np.full(len(x), np.nan), np.full(len(x), np.nan)
            if draws is not None:
                for part in row_slices(len(x)):
                    means = np.stack([_conditional_mean(params, x[part], z[part]) for params in draws])
                    lower[part], upper[part] = np.quantile(means, [tail, 1 - tail], axis=0)
            columns["lower"], columns["upper"] = lower, upper
        return pd.DataFrame(columns, index=frame.index)


@dataclass(frozen=True, eq=False, kw_only=True)
class SpendIndependence:
    """Do frequent customers spend more, or less, on an occasion? The Gamma-Gamma model assumes neither.

    Parameters
    ----------
    table
        measure, estimate, lower, upper, p_value. ``pearson``: correlation of frequency with mean spend, limits by
        Fisher's transformation. ``elasticity``: change of log spend with log frequency. Both are 0 under the
        model; NaN where all repeaters have one frequency.
    n_customers
        Repeaters compared.
    """

    table: pd.DataFrame
    n_customers: int


def fit_gamma_gamma(spend: pd.DataFrame, *, confidence: float = 0.95) -> SpendFit:
    """How does spend per occasion vary within and between customers? The Gamma-Gamma model.

    Parameters
    ----------
    spend
        frequency (occasions averaged), mean_spend (per occasion, above 0) and optionally n_customers; one row per
        customer or per distinct pair. Rows with frequency 0 are left out: who never bought again tells nothing here.
    confidence
        Level of the limits.

    Returns
    -------
    SpendFit

    Raises
    ------
    ContractViolation
        If a column is missing, or a repeater's spend is empty, negative or 0.
    NotEnoughData
        If fewer than 10 repeaters or 4 distinct pairs are left.

    Notes
    -----
    Assumes that spend is independent of frequency: see `measure_spend_independence`. Fader, Hardie and Lee (2005b),
    Journal of Marketing Research 42, 415-430; Fader and Hardie (2013), The Gamma-Gamma model of monetary value,
    equation 1a.
    """
    level = read_level(confidence)
    x, z, weights = _repeaters(spend, "The Gamma-Gamma model")
    n_customers = int(weights.sum())
    # In units of the typical spend the search is the same in every currency.
    unit = _typical(z, weights)
    objective = _objective(x, z / unit, weights)
    optimum = maximise(objective, _STARTS, n_customers=n_customers, names=_NAMES)
    in_currency = np.array([0.0, 0.0, np.log(unit)])
    log_params = optimum.log_params + in_currency
    notes, mean_spend = list(optimum.notes), _population_mean(log_params, optimum.covariance, level)
    params = describe_params(_NAMES, log_params, optimum.covariance, level)
    if optimum.is_converged and len(x) <= MOST_PROFILED:
        for place in range(len(_NAMES)):
            target = coordinate(place, len(_NAMES))
            _sharpen(params, place, objective, optimum, target, n_customers, level, in_currency[place])
        if log_params[1] > 0:
            _sharpen(mean_spend, 0, objective, optimum, _log_mean, n_customers, level, float(np.log(unit)))
    if log_params[1] <= 0:
        notes.append("q is not above 1: spend varies so much between customers that its mean is infinite.")
    return SpendFit(
        params=params,
        mean_spend=mean_spend,
        log_likelihood=optimum.value * n_customers - n_customers * float(np.log(unit)),
        n_customers=n_customers,
        is_converged=optimum.is_converged,
        notes=tuple(notes),
        confidence=level,
        log_params=log_params,
        covariance=optimum.covariance,
    )


def measure_spend_independence(spend: pd.DataFrame, *, confidence: float = 0.95) -> SpendIndependence:
    """Is spend per occasion independent of how often customers buy? Measure it before trusting the Gamma-Gamma model.

    Takes the frame of `fit_gamma_gamma`, and raises as it does.

    Notes
    -----
    The elasticity is a fourth parameter k of the Gamma-Gamma model, in which spend is divided by frequency to the
    power k before anything else: 0 is the model's assumption, 0.1 says that customers who buy twice as often spend
    2^0.1, or 7 %, more on an occasion. Its limits are Wald's. Pearson's correlation is the measure of the papers; it
    hangs on a few large baskets. Rank correlation is left out: under the model itself the median of mean spend
    rises with frequency, so that ranks correlate where amounts are independent.
    """
    level = read_level(confidence)
    x, z, weights = _repeaters(spend, "The dependence of spend on frequency")
    table = pd.DataFrame(
        [_pearson(x, z, weights, level), _elasticity(x, z, weights, level)],
        columns=["measure", "estimate", "lower", "upper", "p_value"],
    )
    return SpendIndependence(table=table, n_customers=int(weights.sum()))


_Row = tuple[str, float, float, float, float]


def _pearson(x: FloatArray, z: FloatArray, weights: FloatArray, level: float) -> _Row:
    counts = weights.astype(np.int64)
    x, z = np.repeat(x, counts), np.repeat(z, counts)
    if np.ptp(x) == 0:
        return "pearson", np.nan, np.nan, np.nan, np.nan
    found = stats.pearsonr(x, z)
    limits = found.confidence_interval(level)
    return "pearson", float(found.statistic), float(limits.low), float(limits.high), float(found.pvalue)


def _elasticity(x: FloatArray, z: FloatArray, weights: FloatArray, level: float) -> _Row:
    if np.ptp(x) == 0:
        return "elasticity", np.nan, np.nan, np.nan, np.nan
    objective = _objective_with_elasticity(x, z / _typical(z, weights), weights)
    starts = [np.append(start, 0.0) for start in _STARTS]
    optimum = maximise(objective, starts, n_customers=float(weights.sum()), names=(*_NAMES, "elasticity"))
    estimate, error = float(optimum.log_params[3]), float(np.sqrt(optimum.covariance[3, 3]))
    half = normal_quantile(level) * error
    p_value = 2 * float(stats.norm.sf(abs(estimate) / error))
    return "elasticity", estimate, estimate - half, estimate + half, p_value


def _typical(z: FloatArray, weights: FloatArray) -> float:
    """The geometric mean: unlike the mean it stays where it is when a few spend without bounds."""
    return float(np.exp(dot(weights, np.log(z)) / weights.sum()))


def _objective_with_elasticity(x: FloatArray, z: FloatArray, weights: FloatArray) -> Objective:
    """The Gamma-Gamma likelihood of z / x^k, as a density of z; k, which may be negative, is not a logarithm."""
    log_x, total = np.log(x), float(weights.sum())

    def mean_log_likelihood(point: FloatArray) -> tuple[float, FloatArray]:
        p, q, gamma = np.exp(point[:3])
        divided = z * np.exp(-point[3] * log_x)
        value, gradient = _objective(x, divided, weights)(point[:3])
        value -= point[3] * dot(weights, log_x) / total
        in_log_z = p * x - (p * x + q) * x * divided / (gamma + x * divided)
        return value, np.append(gradient, -dot(weights * log_x, in_log_z) / total)

    return mean_log_likelihood


def _objective(x: FloatArray, z: FloatArray, weights: FloatArray) -> Objective:
    frequencies, at_frequency = np.unique(x, return_inverse=True)
    n_x = sum_by(at_frequency, weights, len(frequencies))
    total = float(weights.sum())
    log_z, spent = np.log(z), x * z

    def mean_log_likelihood(log_params: FloatArray) -> tuple[float, FloatArray]:
        p, q, gamma = np.exp(log_params)
        shapes = p * frequencies
        log_all = np.log(gamma + spent)
        log_share = log_z + np.log(x) - log_all
        value = dot(n_x, special.gammaln(shapes + q) - special.gammaln(shapes)) - total * special.gammaln(q)
        value += total * q * log_params[2] + dot(weights, p * x * log_share - q * log_all - log_z)
        gradient = np.array(
            [
                dot(n_x * frequencies, special.psi(shapes + q) - special.psi(shapes)) + dot(weights, x * log_share),
                dot(n_x, special.psi(shapes + q))
                - total * special.psi(q)
                + total * log_params[2]
                - dot(weights, log_all),
                total * q / gamma - dot(weights, (p * x + q) / (gamma + spent)),
            ]
        )
        return float(value) / total, gradient * np.exp(log_params) / total

    return mean_log_likelihood


def _conditional_mean(params: FloatArray, x: FloatArray, z: FloatArray) -> FloatArray:
    p, q, gamma = params
    with np.errstate(divide="ignore"):
        mean = p * (gamma + x * z) / (p * x + q - 1.0)
    return np.asarray(np.where(p * x + q > 1.0, mean, np.nan))


def _population_mean(log_params: FloatArray, covariance: FloatArray, level: float) -> pd.DataFrame:
    p, q, gamma = np.exp(log_params)
    if q <= 1.0:
        return pd.DataFrame({"estimate": [np.nan], "lower": [np.nan], "upper": [np.nan]})
    slope = np.array([1.0, -q / (q - 1.0), 1.0])
    half = normal_quantile(level) * float(np.sqrt(slope @ covariance @ slope))
    mean = p * gamma / (q - 1.0)
    return pd.DataFrame({"estimate": [mean], "lower": [mean * np.exp(-half)], "upper": [mean * np.exp(half)]})


def _log_mean(point: FloatArray) -> tuple[float, FloatArray]:
    """Logarithm of the mean customer's spend, and its slope; on the way to q = 1 it grows without bounds."""
    over = max(float(np.expm1(point[1])), _LEAST_OVER_ONE)
    return float(point[0] + point[2] - np.log(over)), np.array([1.0, -(over + 1) / over, 1.0])


def _sharpen(
    table: pd.DataFrame,
    place: int,
    objective: Objective,
    optimum: Optimum,
    target: Target,
    n_customers: int,
    level: float,
    shift: float,
) -> None:
    """Put the ends of the profile likelihood in the place of Wald's limits, where the search gets to them."""
    ends = profile_limits(
        objective, optimum.log_params, optimum.covariance, target, n_customers=n_customers, confidence=level
    )
    for name, end in zip(("lower", "upper"), ends, strict=True):
        if not np.isnan(end):
            table.loc[place, name] = np.exp(end + shift)


def _read_spend(frame: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    x = read_column(frame, "frequency", whole=True)
    known = frame
    if "mean_spend" in frame.columns:
        # Who has no repeat has no mean of repeats either, whatever stands in the column.
        known = frame.assign(mean_spend=pd.to_numeric(frame["mean_spend"], errors="coerce").where(x > 0, 0.0))
    z = read_column(known, "mean_spend", mend=_SPEND_MEND)
    refuse_rows(known, "mean_spend", "is above 0", (x > 0) & (z == 0), _SPEND_MEND)
    return x, z


def _repeaters(frame: pd.DataFrame, what: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, z = _read_spend(frame)
    weights = np.ones(len(x))
    if "n_customers" in frame.columns:
        weights = read_column(frame, "n_customers", whole=True)
    counted = (x > 0) & (weights > 0)
    x, z, weights = x[counted], z[counted], weights[counted]
    if weights.sum() < MIN_CUSTOMERS:
        raise NotEnoughData(f"{what}: customers who bought again", needed=MIN_CUSTOMERS, found=int(weights.sum()))
    n_distinct = len(np.unique(z))
    if n_distinct < MIN_DISTINCT:
        raise NotEnoughData(f"{what}: distinct amounts of mean spend", needed=MIN_DISTINCT, found=n_distinct)
    return x, z, weights
