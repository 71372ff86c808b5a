"""GGompertz/NBD: Poisson buying at gamma rates until a lifetime ends whose risk may grow with age."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import numpy as np
from scipy import special

from crm_research.models.btyd.family import CountingFamily, History, dot, purchase_rate, sum_by
from crm_research.models.btyd.limits import NOBODY_LEAVES, Side, alike, fixed, free
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.patterns import Patterns, read_patterns
from crm_research.stats.intervals import FloatArray

if TYPE_CHECKING:
    from crm_research.models.btyd.fitted import BtydFit

# Looks at an integrand that is easy, middling and hard to follow.
_NODES: Final = (12, 24, 48)
_LOOKS_AT_ONCE: Final = 300_000
# The integrand has fallen by e^-36 there: below the last digit of a double.
_NEGLIGIBLE: Final = 36.0
# Logarithm of b, in units of the mean age, at which the risk no longer grows with age to any digit that counts.
_AGELESS: Final = -14.0
_HARDLY_AGEING: Final = -7.0
_NO_AGEING: Final = "the risk of dropping out does not grow with age"
_ALL_ALIKE: Final = 9.5

Params = tuple[float, float, float, float, float]


class _Times(NamedTuple):
    """Times at which an integral over a stretch is looked at, and the logarithms of their weights; rows x nodes."""

    at: FloatArray
    log_weight: FloatArray


class GGompertzNbd(CountingFamily):
    """Buying is Poisson at a Gamma(r, alpha) rate while alive; the lifetime is Gompertz, at a Gamma(s, beta) level.

    A customer of level m is alive at t with the chance exp(-m (e^bt - 1)), so that of all customers
    (beta / (beta + e^bt - 1))^s are. With b and beta towards 0 and beta / b as it is, this is the Pareto/NBD, whose
    likelihood therefore is an edge of this one.
    """

    name = "GGompertz/NBD"
    reference = "Bemmaor and Glady (2012), Management Science 58, 1012-1021"
    param_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "b", "s", "beta")
    time_power: ClassVar[tuple[int, ...]] = (0, 1, -1, 0, 0)
    sides: ClassVar[tuple[tuple[Side, ...], ...]] = (
        (free("r", "alpha"), alike("r", "alpha", "everybody buys at the same rate")),
        (
            free("b", "s", "beta"),
            Side(
                base=(_AGELESS, 0.0, _AGELESS),
                matrix=((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)),
                project=((0.0, 1.0, 0.0), (-1.0, 0.0, 1.0)),
                names=("s", "beta / b"),
                edges=(0.0, None, 0.0),
                words=_NO_AGEING,
            ),
            Side(
                base=(0.0, _ALL_ALIKE, _ALL_ALIKE),
                matrix=((1.0, 0.0), (0.0, 0.0), (0.0, -1.0)),
                project=((1.0, 0.0, 0.0), (0.0, 1.0, -1.0)),
                names=("b", "s / beta"),
                edges=(None, np.inf, np.inf),
                words="everybody drops out at the same risk of the same age",
            ),
            Side(
                base=(_AGELESS, _ALL_ALIKE, _ALL_ALIKE + _AGELESS),
                matrix=((0.0,), (0.0,), (-1.0,)),
                project=((1.0, 1.0, -1.0),),
                names=("b s / beta",),
                edges=(0.0, np.inf, np.inf),
                words="everybody drops out at the same rate",
            ),
            fixed((_AGELESS, 0.0, 25.0 + _AGELESS), (0.0, 0.0, np.inf), NOBODY_LEAVES),
        ),
    )

    def objective(self, patterns: Patterns) -> Objective:
        """Bemmaor and Glady 2012, equation 4, with the integral as it stands."""
        weights, total = patterns.n_customers, float(patterns.n_customers.sum())
        history = History(patterns.frequency, patterns.recency, patterns.age)
        frequencies, at_frequency = np.unique(patterns.frequency, return_inverse=True)
        n_x = sum_by(at_frequency, weights, len(frequencies))

        def mean_log_likelihood(log_params: FloatArray) -> tuple[float, FloatArray]:
            r, alpha, b, s, beta = _read(np.exp(log_params))
            value = dot(n_x, special.gammaln(r + frequencies)) - total * special.gammaln(r)
            value += total * (r * log_params[1] + s * log_params[4])
            in_r = dot(n_x, special.psi(r + frequencies)) + total * (log_params[1] - special.psi(r))
            gradient = np.array([in_r, total * r / alpha, 0.0, total * log_params[4], total * s / beta])
            for rows, n_nodes in _share_out((r, alpha, b, s, beta), history):
                some = History(*(column[rows] for column in history))
                part_value, part_gradient = _sum_rows((r, alpha, b, s, beta), some, weights[rows], n_nodes)
                value += part_value
                gradient += part_gradient
            return float(value) / total, gradient * np.exp(log_params) / total

        return mean_log_likelihood

    def starts(self, patterns: Patterns) -> list[FloatArray]:
        """Ageless and ageing customers, alike and unlike; the mean age is 1."""
        rate = purchase_rate(patterns)
        shapes = [(0.5, 0.02, 0.5, 0.01), (1.0, 1.0, 0.5, 1.0), (0.8, 3.0, 1.0, 5.0), (2.0, 0.3, 2.0, 1.0)]
        return [np.log([r, r / rate, b, s, beta]) for r, b, s, beta in shapes]

    def probability_alive(self, params: FloatArray, history: History) -> FloatArray:
        """Bemmaor and Glady 2012, equation 5."""
        r, alpha, b, s, beta = natural = _read(params)
        log_odds = np.empty(len(history.age))
        for rows, n_nodes in _share_out(natural, history):
            x, recency, age = (column[rows] for column in history)
            log_dead = _log_dead(natural, r + x, _look(natural, r + x, recency, age, n_nodes))
            highest = log_dead.max(axis=1)
            log_integral = highest + np.log(np.exp(log_dead - highest[:, None]).sum(axis=1))
            log_odds[rows] = log_integral + (r + x) * np.log(alpha + age) + s * _log_level(b, beta, age)
        return np.asarray(special.expit(-log_odds))

    def purchases_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """The mean rate times the mean time alive within the horizon."""
        r, alpha = float(params[0]), float(params[1])
        lived, _ = _lifetime_within(params, history.age, horizon)
        return np.asarray((r + history.frequency) / (alpha + history.age) * lived)

    def pairs_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Half the mean square of the time alive within the horizon, times the mean square of the rate."""
        r, alpha = float(params[0]), float(params[1])
        shape = r + history.frequency
        _, half_squared = _lifetime_within(params, history.age, horizon)
        return np.asarray(shape * (shape + 1.0) / (alpha + history.age) ** 2 * half_squared)

    def returns_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """The integral, over the time of the next purchase, of still being alive then."""
        r, alpha, b, s, beta = _read(params)
        shape, rate = r + history.frequency, alpha + history.age
        level = _level_ahead(b, beta, history.age)
        none = np.exp(-shape * np.log1p(horizon / rate))
        chance = np.zeros(len(rate))
        for node, weight in zip(*_legendre(_NODES[1]), strict=True):
            waiting = rate * np.expm1(-np.log(none + (1.0 - none) * node) / shape)
            chance += weight * np.exp(s * (np.log(level) - _log_level(b, level, waiting)))
        return np.asarray((1.0 - none) * chance)

    def expected_repeats(self, params: FloatArray, times: FloatArray) -> FloatArray:
        """Of a new customer: as of one of age 0."""
        nothing = np.zeros(len(times))
        return self.purchases_if_alive(params, History(nothing, nothing, nothing), times)

    def frequency_shares(self, params: FloatArray, ages: FloatArray, max_frequency: int) -> FloatArray:
        """The chance of x purchases by age: alive all along, or dropped out at some time before."""
        r, alpha, b, s, beta = _read(params)
        x = np.arange(max_frequency + 1.0)
        log_choose = special.gammaln(r + x) - special.gammaln(r) - special.gammaln(x + 1)
        shares = np.empty((len(ages), len(x)))
        for row, age in enumerate(ages):
            looks = _look((r, alpha, b, s, beta), np.full(1, r), np.zeros(1), np.full(1, age), _NODES[-1])
            log_dying = _log_dead((r, alpha, b, s, beta), np.zeros(1), looks) + s * np.log(beta)
            until = np.append(looks.at[0], age)
            chances = np.append(np.exp(log_dying[0]), np.exp(s * (np.log(beta) - _log_level(b, beta, np.full(1, age)))))
            log_buying = log_choose + r * np.log(alpha / (alpha + until))[:, None]
            log_buying = log_buying + special.xlogy(x, (until / (alpha + until))[:, None])
            shares[row] = np.einsum("i,ij->j", chances, np.exp(log_buying))
        return shares

    def draw_future(
        self, params: FloatArray, history: History, horizon: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Alive or not, a rate and a remaining lifetime from their posteriors, then Poisson purchases."""
        r, alpha, b, s, beta = _read(params)
        n = len(history.age)
        is_alive = rng.random(n) < self.probability_alive(params, history)
        rate = rng.gamma(r + history.frequency) / (alpha + history.age)
        lifetime = _draw_lifetime(b, s, _level_ahead(b, beta, history.age), rng)
        return np.asarray(is_alive * rng.poisson(rate * np.minimum(lifetime, horizon)), dtype=float)

    def draw_history(self, params: FloatArray, ages: FloatArray, rng: np.random.Generator) -> History:
        """A rate and a lifetime for each customer, purchases at uniform times while alive."""
        r, alpha, b, s, beta = _read(params)
        n = len(ages)
        active = np.minimum(_draw_lifetime(b, s, np.full(n, beta), rng), ages)
        bought = rng.poisson(rng.gamma(r, size=n) / alpha * active).astype(float)
        recency = np.where(bought > 0, active * rng.beta(np.maximum(bought, 1.0), 1.0), 0.0)
        return History(bought, recency, ages)


def risk_grows(pareto: BtydFit) -> bool:
    """Would the likelihood of a fitted Pareto/NBD rise, if the risk of leaving began to grow with age?"""
    if not pareto.is_converged or pareto.limit is not None:
        return False
    known = read_patterns(pareto.patterns).scaled(1 / pareto.time_unit_days)
    r, alpha, s, beta = pareto.log_params
    log_b = _HARDLY_AGEING - float(np.log(known.mean_age))
    _, slopes = GGompertzNbd().objective(known)(np.array([r, alpha, log_b, s, beta + log_b]))
    # With beta / b as it is.
    return bool(slopes[2] + slopes[4] > 0)


def _sum_rows(params: Params, history: History, weights: FloatArray, n_nodes: int) -> tuple[float, FloatArray]:
    """Sums over patterns of the log of the bracket in the likelihood, with derivatives."""
    r, alpha, b, s, beta = params
    x, recency, age = history
    shape = r + x
    looks = _look(params, shape, recency, age, n_nodes)
    log_dead = _log_dead(params, shape, looks)
    highest = log_dead.max(axis=1)
    density = np.exp(log_dead - highest[:, None])
    mass = density.sum(axis=1)
    density /= mass[:, None]

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("ij,ij->i", density, values))

    ahead, log_level = _level_ahead(b, beta, looks.at), _log_level(b, beta, looks.at)
    log_level_age = _log_level(b, beta, age)
    log_alive = -shape * np.log(alpha + age) - s * log_level_age
    log_odds = highest + np.log(mass) - log_alive
    is_dead = special.expit(log_odds)
    value = dot(weights, log_alive + np.logaddexp(0.0, log_odds))
    dead, alive = weights * is_dead, weights * (1.0 - is_dead)
    grown = looks.at / ahead
    gradient = np.array(
        [
            -dot(alive, np.log(alpha + age)) - dot(dead, mean(np.log(alpha + looks.at))),
            -dot(alive, shape / (alpha + age)) - dot(dead, shape * mean(1.0 / (alpha + looks.at))),
            -s * dot(alive, age / _level_ahead(b, beta, age))
            + dot(dead, 1.0 / b + mean(looks.at) - (s + 1.0) * mean(grown)),
            -dot(alive, log_level_age) + dot(dead, 1.0 / s - mean(log_level)),
            -s * dot(alive, np.exp(-log_level_age)) - (s + 1.0) * dot(dead, mean(np.exp(-log_level))),
        ]
    )
    return float(value), gradient


def _log_dead(params: Params, shape: FloatArray, looks: _Times) -> FloatArray:
    """Log of (alpha + t)^-shape s b e^bt (beta + e^bt - 1)^-(s + 1) dt at each look."""
    _, alpha, b, s, beta = params
    log_density = np.log(s * b) - np.log(_level_ahead(b, beta, looks.at)) - s * _log_level(b, beta, looks.at)
    return np.asarray(looks.log_weight + log_density - shape[:, None] * np.log(alpha + looks.at))


def _look(params: Params, shape: FloatArray, recency: FloatArray, age: FloatArray, n_nodes: int) -> _Times:
    """Where to look at the integrand between recency and age: in the variable in which it is smoothest.

    That is log(alpha + t) where the rate of buying is the faster to be known, and the cumulative risk otherwise. The
    stretch ends where the steepest bound on the integrand has made it negligible.
    """
    _, alpha, b, s, beta = params
    nodes, node_weights = _legendre(n_nodes)
    from_recency, to_age = _level_ahead(b, beta, recency), _level_ahead(b, beta, age)
    if alpha * b <= beta:
        length = np.log1p((age - recency) / (alpha + recency))
        risk = b - (s + 1.0) * b / np.maximum(from_recency, to_age)
        slope = 1.0 - shape + risk * np.where(risk < 0, alpha + recency, alpha + age)
        length = _cut(length, slope)[:, None]
        at = recency[:, None] + (alpha + recency)[:, None] * np.expm1(length * nodes)
        with np.errstate(divide="ignore"):
            return _Times(at, np.log(length * node_weights) + np.log(alpha + at))
    length = _log_level(b, beta, age) - _log_level(b, beta, recency)
    slope = -s - shape * np.minimum(from_recency, to_age) / b / (alpha + age)
    length = _cut(length, slope)[:, None]
    at = recency[:, None] + _log_growth(from_recency[:, None], length * nodes) / b
    with np.errstate(divide="ignore"):
        return _Times(at, np.log(length * node_weights) + np.log(_level_ahead(b, beta, at) / b))


def _cut(length: FloatArray, slope: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        cut = np.where(slope < 0, np.minimum(length, _NEGLIGIBLE / -np.minimum(slope, -1e-300)), length)
    # Nothing lies between a last purchase and an end that are the same moment.
    return np.asarray(np.maximum(cut, 1e-300))


def _log_level(b: float, beta: float | FloatArray, time: FloatArray) -> FloatArray:
    """log(beta + e^bt - 1), without overflow."""
    grown = b * time
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.log(beta + np.expm1(np.minimum(grown, 1.0)))
        far = grown + np.log1p((beta - 1.0) * np.exp(-np.maximum(grown, 1.0)))
    return np.where(grown < 1.0, near, far)


def _level_ahead(b: float, beta: float | FloatArray, time: FloatArray) -> FloatArray:
    """(beta + e^bt - 1) / e^bt: what beta is to somebody still alive at t, who ages on from there."""
    return np.asarray(beta * np.exp(-b * time) - np.expm1(-b * time))


def _log_growth(level: FloatArray, risk: FloatArray) -> FloatArray:
    """log(1 + level (e^v - 1)): how long, in units of 1 / b, until the cumulative risk has reached v."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        near = np.log1p(level * np.expm1(np.minimum(risk, 30.0)))
        far = risk + np.log(level + (1.0 - level) * np.exp(-np.maximum(risk, 30.0)))
    return np.where(risk < 30.0, near, far)


def _lifetime_within(params: FloatArray, age: FloatArray, horizon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean time alive within the horizon of somebody alive, and half its mean square; they hang on age alone."""
    _, _, b, s, beta = _read(params)
    pairs, own = np.unique(np.stack([age, horizon]), axis=1, return_inverse=True)
    level, until = _level_ahead(b, beta, pairs[0])[:, None], pairs[1][:, None]
    nodes, node_weights = _legendre(_NODES[-1])
    risk = np.log1p(np.expm1(np.minimum(b * until, 700.0)) / level)
    risk = np.where(b * until < 700.0, risk, b * until - np.log(level))
    length = np.maximum(np.minimum(risk, _NEGLIGIBLE / s), 1e-300)
    time = _log_growth(level, length * nodes) / b
    # In the cumulative risk v the time alive grows by time'(v), and the chance to be alive is e^-sv.
    growth = _level_ahead(b, level, time) / b
    weight = length * node_weights * growth * np.exp(-s * length * nodes)
    lived, half_squared = weight.sum(axis=1), (weight * time).sum(axis=1)
    own = own.reshape(-1)
    return lived[own], half_squared[own]


def _draw_lifetime(b: float, s: float, level: FloatArray, rng: np.random.Generator) -> FloatArray:
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.log1p(rng.exponential(size=len(level)) * level / rng.gamma(s, size=len(level))) / b)


@cache
def _legendre(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on 0 to 1."""
    nodes, node_weights = np.polynomial.legendre.leggauss(n_nodes)
    return (nodes + 1.0) / 2.0, node_weights / 2.0


def _read(params: FloatArray) -> Params:
    r, alpha, b, s, beta = (float(value) for value in params)
    return r, alpha, b, s, beta


def _share_out(params: Params, history: History) -> Iterator[tuple[np.ndarray, int]]:
    """Rows by how many looks their integral needs, a few at once."""
    r, alpha, b, s, beta = params
    x, recency, age = history
    if alpha * b <= beta:
        length = np.log1p((age - recency) / (alpha + recency))
    else:
        length = _log_level(b, beta, age) - _log_level(b, beta, recency)
    steepness = (r + x + s) * length + (1.0 + s) * b * (age - recency)
    easy, hard = (steepness < 3.0) & (length < 1.5), (steepness > 20.0) | (length > 3.0)
    for kind, n_nodes in zip((easy, ~easy & ~hard, hard), _NODES, strict=True):
        rows = np.flatnonzero(kind)
        size = _LOOKS_AT_ONCE // n_nodes
        for start in range(0, len(rows), size):
            yield rows[start : start + size], n_nodes
