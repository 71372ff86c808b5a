"""BG/NBD and MBG/NBD: Poisson buying at gamma rates, dropping out with a beta chance after purchases."""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

import numpy as np
from scipy import special, stats

from crm_research.models.btyd.family import CountingFamily, History, dot, last_of_uniform, purchase_rate, sum_by
from crm_research.models.btyd.limits import NOBODY_LEAVES, Side, alike, fixed, free
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.pairs import expected_pairs
from crm_research.models.btyd.patterns import Patterns
from crm_research.stats.intervals import FloatArray

_NEAR_POLE = 1e-4
# Gauss's function overflows for large parameters; dropout chances then hardly differ, and are easily averaged.
_LARGE = 50.0
BETA_SIDES: Final[tuple[tuple[Side, ...], ...]] = (
    (free("r", "alpha"), alike("r", "alpha", "everybody buys at the same rate")),
    (
        free("a", "b"),
        alike("a", "b", "everybody drops out with the same chance after a purchase"),
        alike("a", "b", "some drop out at the first occasion, the others never", log_shape=-12.0),
        fixed((-200.0, 0.0), (0.0, np.inf), NOBODY_LEAVES),
    ),
)
BETA_SHIFTED: Final = (("purchase rate", "alpha", -1.0), ("odds of dropping out", "a", 1.0))


class _Tables(NamedTuple):
    """Patterns indexed by their few distinct frequencies and times, so that logarithms are taken once each."""

    frequencies: FloatArray
    at_frequency: np.ndarray
    n_by_frequency: FloatArray
    ages: FloatArray
    at_age: np.ndarray
    n_by_age: FloatArray
    repeats_by_age: FloatArray
    recencies: FloatArray
    at_recency: np.ndarray
    weights: FloatArray


class BetaGeometric(CountingFamily):
    """Buying is Poisson at a gamma rate; after a purchase the customer may drop out, with a beta chance.

    In the BG/NBD nobody drops out before a first repeat; in the MBG/NBD the first purchase may be the last. Both are
    one model in which a customer of frequency x has survived x (BG) or x + 1 (MBG) tosses.
    """

    param_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    time_power: ClassVar[tuple[int, ...]] = (0, 1, 0, 0)
    sides: ClassVar[tuple[tuple[Side, ...], ...]] = BETA_SIDES
    shifted: ClassVar[tuple[tuple[str, str, float], ...]] = BETA_SHIFTED
    first_tosses: ClassVar[int]

    def objective(self, patterns: Patterns) -> Objective:
        """Fader, Hardie and Lee 2005a, equation 6; Batislam et al. 2007, equation 2, as corrected in 2008."""
        dead_possible = patterns.frequency + self.first_tosses > 0
        tables = _index(patterns, dead_possible)
        total = float(patterns.n_customers.sum())
        first = self.first_tosses

        def mean_log_likelihood(log_params: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = _sum_alive(log_params, tables, first)
            dead_value, dead_gradient = _sum_dead(log_params, tables, first)
            return (value + dead_value) / total, (gradient + dead_gradient) * np.exp(log_params) / total

        return mean_log_likelihood

    def starts(self, patterns: Patterns) -> list[FloatArray]:
        """Few and many who drop out, even and uneven rates."""
        rate = purchase_rate(patterns)
        shapes = [(1.0, 1.0, 1.0), (0.25, 0.8, 2.5), (2.0, 0.1, 1.0), (0.6, 3.0, 3.0)]
        return [np.log([r, r / rate, a, b]) for r, a, b in shapes]

    def probability_alive(self, params: FloatArray, history: History) -> FloatArray:
        """Fader, Hardie and Lee 2008 (note on P(alive)); Batislam et al. 2007, appendix A, equation 5."""
        r, alpha, a, b = params
        tosses = history.frequency + self.first_tosses
        with np.errstate(divide="ignore"):
            odds = np.where(
                tosses > 0,
                np.log(a)
                - np.log(b + np.maximum(tosses, 1) - 1)
                + (r + history.frequency) * (np.log(alpha + history.age) - np.log(alpha + history.recency)),
                -np.inf,
            )
        return np.asarray(special.expit(-odds))

    def purchases_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Fader, Hardie and Lee 2005a, equation 10; Wagner and Hoppe 2008 for the MBG/NBD."""
        r, alpha, a, b = params
        tosses = history.frequency + self.first_tosses
        return _expected_if_alive(r + history.frequency, alpha + history.age, a, b + tosses, horizon)

    def tosses_if_alive(self, params: FloatArray, history: History) -> tuple[FloatArray, FloatArray]:
        """As the tosses so far leave it."""
        _, _, a, b = params
        return np.full(len(history.age), float(a)), b + history.frequency + self.first_tosses

    def pairs_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """The mean over what is left open of the rate and of the chance to drop out."""
        r, alpha, a, b = params
        tosses = history.frequency + self.first_tosses
        return expected_pairs(r + history.frequency, alpha + history.age, a, b + tosses, horizon)

    def returns_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Nobody drops out before the next purchase, so that it comes at the customer's rate."""
        r, alpha, *_ = params
        return np.asarray(-np.expm1(-(r + history.frequency) * np.log1p(horizon / (alpha + history.age))))

    def expected_repeats(self, params: FloatArray, times: FloatArray) -> FloatArray:
        """Fader, Hardie and Lee 2005a, equation 9."""
        nothing = np.zeros(len(times))
        return self.expected_purchases(params, History(nothing, nothing, nothing), times)

    def frequency_shares(self, params: FloatArray, ages: FloatArray, max_frequency: int) -> FloatArray:
        """Fader, Hardie and Lee 2005a, equation 8."""
        r, alpha, a, b = params
        x = np.arange(max_frequency + 1.0)
        tosses = x + self.first_tosses
        success = (alpha / (alpha + ages))[:, None]
        alive = np.exp(special.betaln(a, b + tosses) - special.betaln(a, b))
        just_died = np.where(tosses > 0, alive * a / (b + np.maximum(tosses, 1) - 1), 0.0)
        at_least = stats.nbinom.sf(x - 1, r, success)
        return np.asarray(alive * stats.nbinom.pmf(x, r, success) + just_died * at_least)

    def draw_future(
        self, params: FloatArray, history: History, horizon: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Alive or not, a rate and a chance from their posteriors, then purchases until the dropout."""
        r, alpha, a, b = params
        is_alive = rng.random(len(history.age)) < self.probability_alive(params, history)
        rate = rng.gamma(r + history.frequency) / (alpha + history.age)
        dropout = rng.beta(a, b + history.frequency + self.first_tosses)
        return np.asarray(is_alive * np.minimum(rng.poisson(rate * horizon), purchases_until_dropout(dropout, rng)))

    def draw_history(self, params: FloatArray, ages: FloatArray, rng: np.random.Generator) -> History:
        """A rate and a chance for each customer, purchases at uniform times, cut at the dropout."""
        r, alpha, a, b = params
        would_buy = rng.poisson(rng.gamma(r, size=len(ages)) / alpha * ages).astype(float)
        dropout = rng.beta(a, b, size=len(ages))
        limit = purchases_until_dropout(dropout, rng) - self.first_tosses
        bought = np.minimum(would_buy, limit)
        return History(bought, last_of_uniform(would_buy, ages, bought, rng), ages)


class BgNbd(BetaGeometric):
    """The BG/NBD of Fader, Hardie and Lee."""

    name = "BG/NBD"
    reference = "Fader, Hardie and Lee (2005), Marketing Science 24, 275-284"
    first_tosses = 0


class MbgNbd(BetaGeometric):
    """The MBG/NBD of Batislam, Denizel and Filiztekin."""

    name = "MBG/NBD"
    reference = "Batislam, Denizel and Filiztekin (2007), Int. J. of Research in Marketing 24, 201-209"
    first_tosses = 1


def _index(patterns: Patterns, dead_possible: np.ndarray) -> _Tables:
    frequencies, at_frequency = np.unique(patterns.frequency, return_inverse=True)
    ages, at_age = np.unique(patterns.age, return_inverse=True)
    recencies, at_recency = np.unique(patterns.recency, return_inverse=True)
    weights = patterns.n_customers
    return _Tables(
        frequencies=frequencies,
        at_frequency=at_frequency[dead_possible],
        n_by_frequency=sum_by(at_frequency, weights, len(frequencies)),
        ages=ages,
        at_age=at_age[dead_possible],
        n_by_age=sum_by(at_age, weights, len(ages)),
        repeats_by_age=sum_by(at_age, weights * patterns.frequency, len(ages)),
        recencies=recencies,
        at_recency=at_recency[dead_possible],
        weights=weights[dead_possible],
    )


def _sum_alive(log_params: FloatArray, tables: _Tables, first_tosses: int) -> tuple[float, FloatArray]:
    """The terms of customers taken as alive: they depend on frequency and age apart, so sums over tables do."""
    r, alpha, a, b = np.exp(log_params)
    x, n_x = tables.frequencies, tables.n_by_frequency
    tosses = x + first_tosses
    total = float(n_x.sum())
    log_age = np.log(alpha + tables.ages)
    exponent = r * tables.n_by_age + tables.repeats_by_age
    value = dot(n_x, special.gammaln(r + x) - special.gammaln(r) + special.betaln(a, b + tosses) - special.betaln(a, b))
    value += total * r * log_params[1] - dot(exponent, log_age)
    all_tosses = dot(n_x, special.psi(a + b + tosses)) - total * special.psi(a + b)
    gradient = np.array(
        [
            dot(n_x, special.psi(r + x))
            - total * special.psi(r)
            + total * log_params[1]
            - dot(tables.n_by_age, log_age),
            total * r / alpha - dot(exponent, 1 / (alpha + tables.ages)),
            -all_tosses,
            dot(n_x, special.psi(b + tosses)) - total * special.psi(b) - all_tosses,
        ]
    )
    return float(value), gradient


def _sum_dead(log_params: FloatArray, tables: _Tables, first_tosses: int) -> tuple[float, FloatArray]:
    """What the chance of having dropped out after the last purchase adds, pattern by pattern."""
    r, alpha, a, b = np.exp(log_params)
    by_frequency = np.log(a) - np.log(b + np.maximum(tables.frequencies + first_tosses, 1) - 1)
    silence = np.log(alpha + tables.ages)[tables.at_age] - np.log(alpha + tables.recencies)[tables.at_recency]
    exponent = (r + tables.frequencies)[tables.at_frequency]
    log_odds = by_frequency[tables.at_frequency] + exponent * silence
    # log(1 + e^u) and its derivative from one exponential that cannot overflow.
    small = np.exp(-np.abs(log_odds))
    value = dot(tables.weights, np.maximum(log_odds, 0.0) + np.log1p(small))
    dead = tables.weights * np.where(log_odds > 0, 1.0, small) / (1.0 + small)
    dead_repeats = dead * exponent
    by_x = sum_by(tables.at_frequency, dead, len(tables.frequencies))
    by_age = sum_by(tables.at_age, dead_repeats, len(tables.ages))
    by_recency = sum_by(tables.at_recency, dead_repeats, len(tables.recencies))
    gradient = np.array(
        [
            dot(dead, silence),
            dot(by_age, 1 / (alpha + tables.ages)) - dot(by_recency, 1 / (alpha + tables.recencies)),
            dead.sum() / a,
            -dot(by_x, 1 / (b + np.maximum(tables.frequencies + first_tosses, 1) - 1)),
        ]
    )
    return float(value), gradient


def _expected_if_alive(shape: FloatArray, rate: FloatArray, a: float, b: FloatArray, horizon: FloatArray) -> FloatArray:
    """Purchases within `horizon` of somebody alive whose rate is Gamma(shape, rate) and dropout Beta(a, b)."""
    if a > _LARGE:
        return _by_quadrature(shape, rate, a, b, horizon)
    expected = _by_hypergeometric(shape, rate, np.full(len(b), a), b, horizon)
    # 0 / 0 at a = 1 and at a + b = 1, where the expectation itself is smooth in a: there it is taken from both sides.
    pole = np.where(np.abs(a - 1.0) < _NEAR_POLE, 1.0, 1.0 - b)
    near = np.abs(a - pole) < _NEAR_POLE
    if near.any():
        sides = [
            _by_hypergeometric(shape[near], rate[near], pole[near] + side, b[near], horizon[near])
            for side in (-_NEAR_POLE, _NEAR_POLE)
        ]
        share = (a - pole[near] + _NEAR_POLE) / (2 * _NEAR_POLE)
        expected[near] = (1 - share) * sides[0] + share * sides[1]
    lost = ~np.isfinite(expected)
    if lost.any():
        expected[lost] = _by_quadrature(shape[lost], rate[lost], a, b[lost], horizon[lost])
    return expected


def _by_hypergeometric(
    shape: FloatArray, rate: FloatArray, a: FloatArray, b: FloatArray, horizon: FloatArray
) -> FloatArray:
    z = horizon / (rate + horizon)
    c = a + b - 1.0
    # Euler's transformation of the published 2F1(shape, b; c; z): its parameters stay small for heavy buyers.
    with np.errstate(all="ignore"):
        series = special.hyp2f1(c - shape, a - 1.0, c, z)
        return np.asarray(c / (a - 1.0) * (1.0 - np.exp(np.log1p(-z) * (a - 1.0)) * series))


def _by_quadrature(shape: FloatArray, rate: FloatArray, a: float, b: FloatArray, horizon: FloatArray) -> FloatArray:
    """Mean of (1 - exp(-m p t)) / p over rates m and chances p, at 64 quantiles of p: for nearly equal chances."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    distinct, at_distinct = np.unique(b, return_inverse=True)
    expected = np.empty(len(b))
    chances = np.maximum(special.betaincinv(a, distinct[:, None], (nodes + 1.0) / 2.0), 1e-300)
    for start in range(0, len(b), 10_000):
        rows = slice(start, start + 10_000)
        chance = chances[at_distinct[rows]]
        # log(1 + p t / rate) from logarithms: a rate at the edge of its range makes the quotient overflow.
        with np.errstate(over="ignore", divide="ignore"):
            log_growth = np.logaddexp(0.0, np.log(chance) + (np.log(horizon[rows]) - np.log(rate[rows]))[:, None])
            expected[rows] = (-np.expm1(-shape[rows, None] * log_growth) / chance * weights / 2.0).sum(axis=1)
    return expected


def purchases_until_dropout(dropout: FloatArray, rng: np.random.Generator) -> FloatArray:
    """After which purchase does each customer drop out? Geometric from 1, by inversion, safe for tiny chances."""
    waiting = rng.exponential(size=len(dropout))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tosses = np.ceil(waiting / -np.log1p(-dropout))
    return np.asarray(np.clip(np.nan_to_num(tosses, nan=1.0, posinf=1e15), 1.0, 1e15))
