"""What the next purchases of a customer bring: his own mean, believed the more the more of it has been seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.models.btyd import SpendFit, fit_gamma_gamma, measure_spend_independence
from crm_research.models.btyd.family import sum_by
from crm_research.models.btyd.patterns import read_column
from crm_research.stats.intervals import FloatArray

GAMMA_GAMMA: Final = "Gamma-Gamma"
CREDIBILITY: Final = "credibility by frequency"
# Twice as often at less than 3.5 % more or less: too little to change what anybody is worth.
_SLIGHT: Final = 0.05
_FEWEST: Final = 30
_LEAST_SPREAD: Final = 1e-6


class Amounts(NamedTuple):
    """By frequency: the expected amount is base + slope * spent; the moments of what comes follow from it.

    The mean square of a customer's own mean is inflation * expected^2 + extra, the variance of one purchase around it
    noise * expected^2 + more_noise.
    """

    base: FloatArray
    slope: FloatArray
    inflation: FloatArray
    extra: FloatArray
    noise: FloatArray
    more_noise: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class SpendModel:
    """How much does a purchase to come bring, given how often and for how much a customer has bought?

    Parameters
    ----------
    name
        ``Gamma-Gamma`` or ``credibility by frequency``.
    params, covariance
        What it was fitted to give, and how surely.
    read
        Parameters and frequencies (repeats) to `Amounts`; ``spent`` is the sum of the repeats' amounts.
    reason
        Why this model: empty, ``dependent`` (frequent buyers spend more or less on a purchase), ``negative``
        (customers whose purchases cost more than they bring), ``wild`` (no finite variance), ``few``.
    elasticity, elasticity_limits
        Change of log amount with log frequency, where it could be measured.
    n_customers
        Repeaters behind the fit.
    gamma_gamma
        The fit of the Gamma-Gamma model, where there is one.
    classes
        Of the credibility model: ``lowest``, ``n_customers``, ``mean``, ``se`` for each class of frequency.
    is_signed
        Whether amounts may be below 0.
    """

    name: str
    params: FloatArray
    covariance: FloatArray
    read: Callable[[FloatArray, FloatArray], Amounts]
    reason: str
    elasticity: float
    elasticity_limits: tuple[float, float]
    n_customers: int
    gamma_gamma: SpendFit | None
    classes: pd.DataFrame
    is_signed: bool = False

    @property
    def is_on_log_scale(self) -> bool:
        """Are the parameters logarithms?"""
        return self.name == GAMMA_GAMMA


def choose_spend(rows: pd.DataFrame, *, confidence: float = 0.95) -> SpendModel:
    """Which model of amounts do these customers bear?

    Parameters
    ----------
    rows
        One row per customer, or per distinct row with ``n_customers``: ``frequency`` (repeats), ``spent`` (sum of the
        amounts of the repeats), ``squared`` (sum of their squares).

    Notes
    -----
    The Gamma-Gamma model where amounts are above 0, independent of frequency (`measure_spend_independence`) and of
    finite variance; the credibility model of `credit_spend` otherwise.

    Raises
    ------
    NotEnoughData
        If fewer than 10 customers bought again.
    """
    x, spent, weights = (_column(rows, name) for name in ("frequency", "spent", "n_customers"))
    again = (x > 0) & (weights > 0)
    if float(weights[again].sum()) < 10:
        raise NotEnoughData(
            "The value of customers: customers who bought again", needed=10, found=int(weights[again].sum())
        )
    if bool((spent[again] <= 0).any()):
        return credit_spend(rows, reason="negative")
    frame = pd.DataFrame({"frequency": x[again], "mean_spend": spent[again] / x[again], "n_customers": weights[again]})
    try:
        fit = fit_gamma_gamma(frame, confidence=confidence)
        measured = measure_spend_independence(frame, confidence=confidence).table.set_index("measure")
    except NotEnoughData:
        return credit_spend(rows, reason="few")
    found = measured.loc[["elasticity"], ["estimate", "lower", "upper"]].to_numpy(dtype=float)[0]
    slope, lower, upper = (float(value) for value in found)
    is_clear = np.isfinite(slope) and (lower > 0 or upper < 0) and abs(slope) >= _SLIGHT
    if is_clear or not fit.is_converged or not fit.estimate("q") > 2:
        reason = "dependent" if is_clear else "wild"
        return credit_spend(rows, reason=reason, elasticity=slope, elasticity_limits=(lower, upper), gamma_gamma=fit)
    return spend_of_gamma_gamma(fit, elasticity=slope, elasticity_limits=(lower, upper))


def spend_of_gamma_gamma(
    fit: SpendFit, *, elasticity: float = np.nan, elasticity_limits: tuple[float, float] = (np.nan, np.nan)
) -> SpendModel:
    """The amounts that a fitted Gamma-Gamma model expects.

    A customer's own rate of amounts is Gamma(p x + q, gamma + spent) after x repeats, so that his mean amount is
    p (gamma + spent) / (p x + q - 1), and its mean square (p x + q - 1) / (p x + q - 2) times the square of that.
    """
    return SpendModel(
        name=GAMMA_GAMMA,
        params=fit.log_params,
        covariance=fit.covariance,
        read=_read_gamma_gamma,
        reason="",
        elasticity=elasticity,
        elasticity_limits=elasticity_limits,
        n_customers=fit.n_customers,
        gamma_gamma=fit,
        classes=pd.DataFrame(),
    )


def _read_gamma_gamma(log_params: FloatArray, frequency: FloatArray) -> Amounts:
    p, q, gamma = np.exp(log_params)
    shape = p * frequency + q
    nothing = np.zeros(len(shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(shape > 1, p / (shape - 1), np.nan)
        inflation = np.where(shape > 2, (shape - 1) / (shape - 2), np.nan)
    return Amounts(gamma * slope, slope, inflation, nothing, inflation / p, nothing)


def credit_spend(
    rows: pd.DataFrame,
    *,
    reason: str = "",
    elasticity: float = np.nan,
    elasticity_limits: tuple[float, float] = (np.nan, np.nan),
    gamma_gamma: SpendFit | None = None,
) -> SpendModel:
    """Amounts by credibility: a customer's own mean, drawn towards that of all who buy about as often.

    Parameters
    ----------
    rows
        As in `choose_spend`.

    Notes
    -----
    Buhlmann and Straub's credibility within classes of frequency (1, 2, 3 to 4, 5 to 8, ...): after x repeats the own
    mean counts x / (x + k), k being the variance within customers over that between them. Amounts may be negative, and
    may rise or fall with frequency. Where they do, whoever buys more of the purchases to come also brings other amounts
    on each: the next purchases of somebody with x repeats are bought as by those with x + 1, since a rate that is
    Gamma(r + x) is weighed by itself, and becomes Gamma(r + x + 1) (Robbins 1956). So the class mean at x + 1 counts,
    and one who bought once is expected to bring what those with one repeat do.

    References
    ----------
    Buhlmann and Straub (1970), Mitteilungen der Vereinigung schweizerischer Versicherungsmathematiker 70, 111-133.
    """
    x, spent, squared, weights = (_column(rows, name) for name in ("frequency", "spent", "squared", "n_customers"))
    again = (x > 0) & (weights > 0)
    x, spent, squared, weights = x[again], spent[again], squared[again], weights[again]
    n = float(weights.sum())
    if n < 2:
        raise NotEnoughData("The value of customers: customers who bought again", needed=2, found=int(n))
    lowest, own = _classes(x, weights)
    n_classes = len(lowest)
    n_by = sum_by(own, weights, n_classes)
    own_mean = spent / x
    means = sum_by(own, weights * own_mean, n_classes) / n_by
    places = sum_by(own, weights * np.log(x), n_classes) / n_by
    around = weights * (own_mean - means[own]) ** 2
    error = np.sqrt(sum_by(own, around, n_classes) / n_by / np.maximum(n_by - 1, 1.0))
    is_relative = bool((means > 0).all()) and bool((spent > 0).all())
    scale = np.abs(means) if is_relative else np.full(n_classes, 1.0)
    free = float(weights @ (x - 1))
    within = float(weights @ ((squared - spent**2 / x) / scale[own] ** 2)) / free if free > 0 else 0.0
    within = max(within, _LEAST_SPREAD)
    spread = float((around / scale[own] ** 2).sum()) / max(n - n_classes, 1.0)
    between = max(spread - within * float(weights @ (1 / x)) / n, _LEAST_SPREAD * spread, 1e-12)

    def read(params: FloatArray, frequency: FloatArray) -> Amounts:
        return _read_credibility(params, frequency, places, within, between, is_relative=is_relative)

    return SpendModel(
        name=CREDIBILITY,
        params=means,
        covariance=np.diag(error**2),
        read=read,
        reason=reason,
        elasticity=elasticity,
        elasticity_limits=elasticity_limits,
        n_customers=int(n),
        gamma_gamma=gamma_gamma,
        classes=pd.DataFrame({"lowest": lowest, "n_customers": n_by.astype(np.int64), "mean": means, "se": error}),
        is_signed=bool((spent < 0).any()),
    )


def _classes(x: FloatArray, weights: FloatArray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest frequency of each class, and the class of each row; classes of too few join the one below."""
    octave = np.ceil(np.log2(x)).astype(np.int64)
    n_by = np.bincount(octave, weights)
    first = int(np.flatnonzero(n_by)[0])
    starts = [first]
    for place in range(first + 1, len(n_by)):
        if n_by[place:].sum() >= _FEWEST and n_by[starts[-1] : place].sum() >= _FEWEST:
            starts.append(place)
    own = np.searchsorted(starts, octave, side="right") - 1
    lowest = np.array([x[own == place].min() for place in range(len(starts))]).astype(np.int64)
    return lowest, own


def _read_credibility(
    means: FloatArray, frequency: FloatArray, places: FloatArray, within: float, between: float, *, is_relative: bool
) -> Amounts:
    credited = frequency / (frequency + within / between)
    next_mean = np.interp(np.log(frequency + 1.0), places, means)
    this_mean = np.interp(np.log(np.maximum(frequency, 1.0)), places, means)
    left = between * (1.0 - credited)
    nothing = np.zeros(len(frequency))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Scaled to the next mean, since in a class of higher amounts own means lie higher as well.
        scaled = next_mean / this_mean if is_relative else np.ones(len(frequency))
        slope = np.where(frequency > 0, credited * scaled / np.maximum(frequency, 1.0), 0.0)
    base = next_mean - credited * this_mean * scaled
    if not is_relative:
        one = np.ones(len(frequency))
        return Amounts(base, slope, one, left, nothing, nothing + within)
    inflation = 1.0 + left / (1.0 + between * credited)
    return Amounts(base, slope, inflation, nothing, inflation * within / (1.0 + between), nothing)


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    if name == "n_customers" and name not in rows.columns:
        return np.ones(len(rows))
    return read_column(
        rows, name, whole=name in ("frequency", "n_customers"), lowest=-np.inf if name == "spent" else 0.0
    )
