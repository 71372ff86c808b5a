"""Pareto/NBD: Poisson buying at gamma rates until an exponential lifetime with a gamma rate ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
from scipy import special

from crm_research.models.btyd.family import CountingFamily, History, dot, purchase_rate
from crm_research.models.btyd.limits import NOBODY_LEAVES, Side, alike, fixed, free
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.patterns import Patterns
from crm_research.models.btyd.time_table import Params, TimeTable
from crm_research.stats.intervals import FloatArray

_ELEMENTS_AT_ONCE = 500_000
# The integrand has fallen by e^-36 there: below the last digit of a double.
_NEGLIGIBLE = 36.0
_NEARLY_NOTHING = 1e-4


class _Dead(NamedTuple):
    """Integral over the time of dropping out, in (recency, age), and averages over that time."""

    log_integral: FloatArray
    mean_log_alpha: FloatArray
    mean_log_beta: FloatArray
    mean_inverse_alpha: FloatArray
    mean_inverse_beta: FloatArray


class _Looks(NamedTuple):
    """Where the integrand is looked at: length of the stretch, weights, and alpha and beta plus the time of each."""

    length: FloatArray
    weights: FloatArray
    log_small: FloatArray
    alpha: FloatArray
    log_alpha: FloatArray
    beta: FloatArray
    log_beta: FloatArray


class ParetoNbd(CountingFamily):
    """Buying is Poisson at a Gamma(r, alpha) rate while alive; the lifetime is exponential at a Gamma(s, beta) rate.

    The published likelihood subtracts two Gauss hypergeometric functions, which cancel for long histories. Here
    the integral they stand for is taken by Gauss-Legendre quadrature in log(min(alpha, beta) + time), where the
    integrand is positive, log-concave and analytic, whichever of alpha and beta is larger. The gradient comes
    from averages under the same integrand.
    """

    name = "Pareto/NBD"
    reference = "Schmittlein, Morrison and Colombo (1987), Management Science 33, 1-24; Fader and Hardie (2005)"
    param_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    time_power: ClassVar[tuple[int, ...]] = (0, 1, 0, 1)
    sides: ClassVar[tuple[tuple[Side, ...], ...]] = (
        (free("r", "alpha"), alike("r", "alpha", "everybody buys at the same rate")),
        (
            free("s", "beta"),
            alike("s", "beta", "everybody drops out at the same rate"),
            fixed((0.0, 25.0), (0.0, np.inf), NOBODY_LEAVES),
        ),
    )
    shifted: ClassVar[tuple[tuple[str, str, float], ...]] = (
        ("purchase rate", "alpha", -1.0),
        ("dropout rate", "beta", -1.0),
    )

    def objective(self, patterns: Patterns) -> Objective:
        """Fader and Hardie (2005), A note on deriving the Pareto/NBD model, equation 18."""
        weights, total = patterns.n_customers, float(patterns.n_customers.sum())
        history = History(patterns.frequency, patterns.recency, patterns.age)
        frequencies, at_frequency = np.unique(patterns.frequency, return_inverse=True)
        n_x = np.bincount(at_frequency, weights, len(frequencies))
        table = TimeTable(history, weights)

        def mean_log_likelihood(log_params: FloatArray) -> tuple[float, FloatArray]:
            r, alpha, s, beta = np.exp(log_params)
            value = n_x @ special.gammaln(r + frequencies) + total * (r * log_params[1] + s * log_params[3])
            value -= total * special.gammaln(r)
            in_r = n_x @ special.psi(r + frequencies) + total * (log_params[1] - special.psi(r))
            gradient = np.array([in_r, total * r / alpha, total * log_params[3], total * s / beta])
            of_table, slopes_of_table, left_out = table.sum_rows((r, alpha, s, beta))
            value += of_table
            gradient += slopes_of_table
            for part in _chunks(len(left_out)):
                rows = left_out[part]
                part_value, part_gradient = _sum_rows(
                    (r, alpha, s, beta), History(*(column[rows] for column in history)), weights[rows]
                )
                value += part_value
                gradient += part_gradient
            return float(value) / total, gradient * np.exp(log_params) / total

        return mean_log_likelihood

    def starts(self, patterns: Patterns) -> list[FloatArray]:
        """Short and long lifetimes, even and uneven rates; the mean age is 1."""
        rate = purchase_rate(patterns)
        shapes = [(0.5, 0.5, 0.5), (1.0, 1.0, 1.0), (2.0, 2.0, 6.0), (0.8, 0.2, 0.1)]
        return [np.log([r, r / rate, s, beta]) for r, s, beta in shapes]

    def probability_alive(self, params: FloatArray, history: History) -> FloatArray:
        """Fader and Hardie (2005), equations 36 and 37."""
        r, alpha, s, beta = params
        log_odds = np.empty(len(history.age))
        for rows in _chunks(len(log_odds)):
            x, recency, age = (column[rows] for column in history)
            log_integral = _integrate_dead((r, alpha, s, beta), r + x, recency, age, _log_integral)[0]
            log_odds[rows] = np.log(s) + log_integral + (r + x) * np.log(alpha + age) + s * np.log(beta + age)
        return np.asarray(special.expit(-log_odds))

    def purchases_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Fader and Hardie (2005), equation 41."""
        r, alpha, s, beta = params
        rate = (r + history.frequency) / (alpha + history.age)
        return np.asarray(rate * _expected_lifetime_within(s, beta + history.age, horizon))

    def pairs_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Half the mean square of the time alive within the horizon, times the mean square of the rate."""
        r, alpha, s, beta = params
        shape = r + history.frequency
        squared = shape * (shape + 1.0) / (alpha + history.age) ** 2
        return np.asarray(squared * _squared_lifetime_within(s, beta + history.age, horizon))

    def returns_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """The integral, over the time of the next purchase, of still being alive then."""
        r, alpha, s, beta = params
        shape, rate, since = r + history.frequency, alpha + history.age, beta + history.age
        nodes, node_weights = _legendre(24)
        # In the share of those who would not have bought yet, everybody alive: even steps where purchases come.
        none = np.exp(-shape * np.log1p(horizon / rate))
        chance = np.zeros(len(rate))
        for node, weight in zip(nodes, node_weights, strict=True):
            waiting = rate * np.expm1(-np.log(none + (1.0 - none) * node) / shape)
            chance += weight * np.exp(-s * np.log1p(waiting / since))
        return np.asarray((1.0 - none) * chance)

    def expected_repeats(self, params: FloatArray, times: FloatArray) -> FloatArray:
        """Fader and Hardie (2005), equation 27."""
        r, alpha, s, beta = params
        return np.asarray(r / alpha * _expected_lifetime_within(s, np.full(len(times), beta), times))

    def frequency_shares(self, params: FloatArray, ages: FloatArray, max_frequency: int) -> FloatArray:
        """The chance of x purchases by age: alive all along, or dropped out at some time before."""
        r, alpha, s, beta = params
        x = np.arange(max_frequency + 1.0)
        smallest = min(alpha, beta)
        nodes, node_weights = _legendre(96)
        shares = np.empty((len(ages), len(x)))
        log_choose = special.gammaln(r + x) - special.gammaln(r) - special.gammaln(x + 1)
        for row, age in enumerate(ages):
            length = np.log1p(age / smallest)
            grown = smallest * np.exp(length * nodes)
            tau = np.append(np.maximum(grown - smallest, 0.0), age)
            dropping = np.append(
                length * node_weights * grown * s * np.exp(s * np.log(beta) - (s + 1) * np.log(beta + tau[:-1])),
                (beta / (beta + age)) ** s,
            )
            log_buying = log_choose + r * np.log(alpha / (alpha + tau))[:, None]
            log_buying = log_buying + special.xlogy(x, (tau / (alpha + tau))[:, None])
            shares[row] = dropping @ np.exp(log_buying)
        return shares

    def draw_future(
        self, params: FloatArray, history: History, horizon: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Alive or not, a rate and a remaining lifetime from their posteriors, then Poisson purchases."""
        r, alpha, s, beta = params
        n = len(history.age)
        is_alive = rng.random(n) < self.probability_alive(params, history)
        rate = rng.gamma(r + history.frequency) / (alpha + history.age)
        with np.errstate(divide="ignore"):
            lifetime = rng.exponential(size=n) * (beta + history.age) / rng.gamma(s, size=n)
        return np.asarray(is_alive * rng.poisson(rate * np.minimum(lifetime, horizon)), dtype=float)

    def draw_history(self, params: FloatArray, ages: FloatArray, rng: np.random.Generator) -> History:
        """A rate and a lifetime for each customer, purchases at uniform times while alive."""
        r, alpha, s, beta = params
        n = len(ages)
        with np.errstate(divide="ignore"):
            lifetime = rng.exponential(size=n) * beta / rng.gamma(s, size=n)
        active = np.minimum(lifetime, ages)
        bought = rng.poisson(rng.gamma(r, size=n) / alpha * active).astype(float)
        recency = np.where(bought > 0, active * rng.beta(np.maximum(bought, 1.0), 1.0), 0.0)
        return History(bought, recency, ages)


def _sum_rows(params: Params, history: History, weights: FloatArray) -> tuple[float, FloatArray]:
    """Sums over patterns of the log of the bracket in the likelihood, with derivatives."""
    r, alpha, s, beta = params
    x, recency, age = history
    shape = r + x
    dead = _Dead(*_integrate_dead(params, shape, recency, age, _log_integral_and_averages))
    log_alpha_age, log_beta_age = np.log(alpha + age), np.log(beta + age)
    log_alive = -shape * log_alpha_age - s * log_beta_age
    log_odds = np.log(s) + dead.log_integral - log_alive
    is_dead = special.expit(log_odds)
    value = dot(weights, log_alive + np.logaddexp(0.0, log_odds))
    by_dead, by_alive = weights * is_dead, weights * (1.0 - is_dead)
    gradient = np.array(
        [
            -dot(by_alive, log_alpha_age) - dot(by_dead, dead.mean_log_alpha),
            -dot(by_alive, shape / (alpha + age)) - dot(by_dead, shape * dead.mean_inverse_alpha),
            -dot(by_alive, log_beta_age) + dot(by_dead, 1.0 / s - dead.mean_log_beta),
            -dot(by_alive, s / (beta + age)) - (s + 1.0) * dot(by_dead, dead.mean_inverse_beta),
        ]
    )
    return float(value), gradient


def _integrate_dead(
    params: Params,
    shape: FloatArray,
    recency: FloatArray,
    age: FloatArray,
    read: Callable[[Params, FloatArray, _Looks], list[FloatArray]],
) -> FloatArray:
    """What is read off the integral of (alpha + t)^-shape (beta + t)^-(s + 1) over t from recency to age."""
    _, alpha, s, beta = params
    smallest = min(alpha, beta)
    from_recency = smallest + recency
    length = np.log1p((age - recency) / from_recency)
    # The log of the integrand is concave, so its first slope bounds how far it must be followed.
    slope = 1.0 - shape * from_recency / (alpha + recency) - (s + 1.0) * from_recency / (beta + recency)
    with np.errstate(divide="ignore"):
        length = np.where(slope < 0, np.minimum(length, _NEGLIGIBLE / -slope), length)
    steepness = (shape + s) * length
    found: FloatArray | None = None
    easy, hard = (steepness < 4.0) & (length < 2.0), (steepness > 40.0) | (length > 4.0)
    for rows, n_nodes in ((easy, 10), (~easy & ~hard, 24), (hard, 64)):
        if rows.any():
            part = np.array(read(params, shape[rows], _look(params, recency[rows], length[rows], n_nodes)))
            found = np.empty((len(part), len(age))) if found is None else found
            found[:, rows] = part
    return found if found is not None else np.empty((len(_Dead._fields), 0))


def _look(params: Params, recency: FloatArray, length: FloatArray, n_nodes: int) -> _Looks:
    _, alpha, _, beta = params
    nodes, node_weights = _legendre(n_nodes)
    smallest, gap = min(alpha, beta), abs(alpha - beta)
    log_small = np.log(smallest + recency)[:, None] + length[:, None] * nodes
    small = np.exp(log_small)
    large = small + gap
    log_large = np.log(large)
    if alpha <= beta:
        return _Looks(length, node_weights, log_small, small, log_small, large, log_large)
    return _Looks(length, node_weights, log_small, large, log_large, small, log_small)


def _log_integral(params: Params, shape: FloatArray, looks: _Looks) -> list[FloatArray]:
    return [_weigh_looks(params, shape, looks)[0]]


def _log_integral_and_averages(params: Params, shape: FloatArray, looks: _Looks) -> list[FloatArray]:
    log_integral, density = _weigh_looks(params, shape, looks)
    averages = [np.einsum("ij,ij->i", density, values) for values in (looks.log_alpha, looks.log_beta)]
    inverses = [np.einsum("ij,ij->i", density, 1.0 / values) for values in (looks.alpha, looks.beta)]
    return [log_integral, *averages, *inverses]


def _weigh_looks(params: Params, shape: FloatArray, looks: _Looks) -> tuple[FloatArray, FloatArray]:
    """Log of the integral, and the share of each look in it."""
    log_integrand = looks.log_small - shape[:, None] * looks.log_alpha - (params[2] + 1.0) * looks.log_beta
    highest = log_integrand.max(axis=1)
    density = np.exp(log_integrand - highest[:, None]) * looks.weights
    total = density.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_integral = highest + np.log(total * looks.length)
    density /= total[:, None]
    return log_integral, density


@cache
def _legendre(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on 0 to 1; kept, since to find them costs more than to use them."""
    nodes, node_weights = np.polynomial.legendre.leggauss(n_nodes)
    return (nodes + 1.0) / 2.0, node_weights / 2.0


def _expected_lifetime_within(s: float, beta: FloatArray, horizon: FloatArray) -> FloatArray:
    """Mean time alive within `horizon` of somebody alive whose dropout rate is Gamma(s, beta); also at s = 1."""
    log_growth = np.log1p(horizon / beta)
    power = (1.0 - s) * log_growth
    return np.asarray(beta * log_growth * special.exprel(power))


def _squared_lifetime_within(s: float, beta: FloatArray, horizon: FloatArray) -> FloatArray:
    """Half the mean square of the time alive within `horizon`: the integral of t S(t)."""
    share = horizon / beta
    # t is beta + t less beta, and both sums are as smooth in s as the mean; where they nearly cancel, the series.
    apart = beta * (_expected_lifetime_within(s - 1.0, beta, horizon) - _expected_lifetime_within(s, beta, horizon))
    series = horizon**2 * (0.5 - s * share / 3.0 + s * (s + 1.0) * share**2 / 8.0)
    return np.asarray(np.where(share < _NEARLY_NOTHING, series, apart))


def _chunks(n: int) -> Iterator[slice]:
    size = max(1, _ELEMENTS_AT_ONCE // 24)
    return (slice(start, start + size) for start in range(0, n, size))
