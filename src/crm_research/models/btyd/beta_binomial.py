"""BG/BB: buying or not at each of a few opportunities, until dropping out before one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from scipy import special

from crm_research.models.btyd.family import Family, History
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.patterns import Patterns
from crm_research.stats.intervals import FloatArray

_ELEMENTS_AT_ONCE = 1_000_000


class BgBb(Family):
    """At each opportunity a customer alive buys, with a beta chance; before each it may drop out, with another."""

    name = "BG/BB"
    reference = "Fader, Hardie and Shang (2010), Marketing Science 29, 1086-1108"
    param_names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    time_power: ClassVar[tuple[int, ...]] = (0, 0, 0, 0)
    clock: ClassVar[str] = "periods"

    def objective(self, patterns: Patterns) -> Objective:
        """Fader, Hardie and Shang (2010), equation 3."""
        weights, total = patterns.n_customers, float(patterns.n_customers.sum())
        history = History(patterns.frequency, patterns.recency, patterns.age)

        def mean_log_likelihood(log_params: FloatArray) -> tuple[float, FloatArray]:
            params = np.exp(log_params)
            value, gradient = 0.0, np.zeros(4)
            for rows in _chunks(history):
                log_terms = _log_terms(params, rows)
                log_sum = special.logsumexp(log_terms, axis=1)
                value += float(weights[rows.index] @ log_sum)
                posterior = np.exp(log_terms - log_sum[:, None]) * weights[rows.index][:, None]
                gradient += _gradient(params, rows, posterior)
            return value / total, gradient * params / total

        return mean_log_likelihood

    def starts(self, patterns: Patterns) -> list[FloatArray]:
        """The observed share of opportunities bought at, with more and less dropping out."""
        share = float(np.clip(patterns.n_repeats / max(float(patterns.n_customers @ patterns.age), 1.0), 0.02, 0.98))
        shapes = [(1.0, 0.5, 2.0), (2.0, 1.0, 9.0), (0.5, 0.2, 1.0)]
        return [np.log([k * share, k * (1 - share), gamma, delta]) for k, gamma, delta in shapes]

    def probability_alive(self, params: FloatArray, history: History) -> FloatArray:
        """The chance of being alive at the next opportunity (equation A10 with one opportunity ahead)."""
        survive_next = (params[3] + history.age) / (params[2] + params[3] + history.age)
        return np.asarray(_alive_at_last(params, history) * survive_next)

    def expected_purchases(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Equation 13, summed opportunity by opportunity, which has no singularity at gamma = 1."""
        alpha, beta, gamma, delta = params
        x, _, n = history
        survived = np.ones(len(n))
        opportunities = np.zeros(len(n))
        for ahead in range(int(horizon.max(initial=0))):
            survived = survived * (delta + n + ahead) / (gamma + delta + n + ahead)
            opportunities += survived * (ahead < horizon)
        return np.asarray(_alive_at_last(params, history) * (alpha + x) / (alpha + beta + n) * opportunities)

    def expected_repeats(self, params: FloatArray, times: FloatArray) -> FloatArray:
        """Equation 8: purchases at the first opportunities of a new customer."""
        nothing = np.zeros(len(times))
        return self.expected_purchases(params, History(nothing, nothing, nothing), times)

    def frequency_shares(self, params: FloatArray, ages: FloatArray, max_frequency: int) -> FloatArray:
        """Equation 7: the chance of x purchases at n opportunities."""
        alpha, beta, gamma, delta = params
        x = np.arange(max_frequency + 1.0)
        shares = np.empty((len(ages), len(x)))
        for row, n in enumerate(ages):
            lived = np.arange(n + 1.0)
            log_lived = special.betaln(gamma + 1, delta + lived) - special.betaln(gamma, delta)
            log_lived[-1] = special.betaln(gamma, delta + n) - special.betaln(gamma, delta)
            with np.errstate(invalid="ignore"):
                failures = lived[:, None] - x
                possible = failures >= 0
                failures = np.maximum(failures, 0.0)
                log_buy = special.betaln(alpha + x, beta + failures) - special.betaln(alpha, beta)
                log_ways = -special.betaln(1 + x, 1 + failures) - np.log1p(x + failures)
            shares[row] = np.where(possible, np.exp(log_lived[:, None] + log_buy + log_ways), 0.0).sum(axis=0)
        return shares

    def draw_future(
        self, params: FloatArray, history: History, horizon: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Alive or not, both chances from their posteriors, then opportunities lived and bought at."""
        alpha, beta, gamma, delta = params
        x, _, n = history
        is_alive = rng.random(len(n)) < _alive_at_last(params, history)
        lived = _opportunities_lived(rng.beta(gamma, delta + n), rng)
        buying = rng.beta(alpha + x, beta + n - x)
        return np.asarray(is_alive * rng.binomial(np.minimum(lived, horizon).astype(np.int64), buying), dtype=float)

    def draw_history(self, params: FloatArray, ages: FloatArray, rng: np.random.Generator) -> History:
        """Both chances for each customer, then one opportunity after the other."""
        alpha, beta, gamma, delta = params
        buying = rng.beta(alpha, beta, size=len(ages))
        lived = np.minimum(_opportunities_lived(rng.beta(gamma, delta, size=len(ages)), rng), ages)
        bought, recency = np.zeros(len(ages)), np.zeros(len(ages))
        for period in range(1, int(ages.max(initial=0)) + 1):
            buys = (period <= lived) & (rng.random(len(ages)) < buying)
            bought += buys
            recency = np.where(buys, float(period), recency)
        return History(bought, recency, ages)


class _Rows:
    """A stretch of patterns as integers, with the opportunities after which each may have dropped out."""

    def __init__(self, history: History, index: slice) -> None:
        self.index = index
        self.x, self.last, self.n = (column[index].astype(np.int64) for column in history)
        self.lived = np.arange(int(self.n.max(initial=0)) + 1)
        self.possible = (self.lived >= self.last[:, None]) & (self.lived <= self.n[:, None])
        self.is_alive = self.lived == self.n[:, None]
        self.failures = np.maximum(self.lived - self.x[:, None], 0)


def _chunks(history: History) -> Iterator[_Rows]:
    n_rows, longest = len(history.age), int(history.age.max(initial=0)) + 1
    size = max(1, _ELEMENTS_AT_ONCE // longest)
    return (_Rows(history, slice(start, start + size)) for start in range(0, n_rows, size))


def _log_terms(params: FloatArray, rows: _Rows) -> FloatArray:
    """Log of each term of the likelihood: having lived so many opportunities, and bought at x of them."""
    alpha, beta, gamma, delta = params
    lived = rows.lived
    buying = (
        special.gammaln(alpha + rows.x)[:, None]
        + special.gammaln(beta + lived)[rows.failures]
        - special.gammaln(alpha + beta + lived)
        - special.betaln(alpha, beta)
    )
    dropped = special.betaln(gamma + 1, delta + lived) - special.betaln(gamma, delta)
    stayed = special.betaln(gamma, delta + lived) - special.betaln(gamma, delta)
    log_terms = buying + np.where(rows.is_alive, stayed, dropped)
    return np.where(rows.possible, log_terms, -np.inf)


def _gradient(params: FloatArray, rows: _Rows, posterior: FloatArray) -> FloatArray:
    """Derivatives in the natural parameters; `posterior` is weighted and sums over each row to its customers."""
    alpha, beta, gamma, delta = params
    lived, psi = rows.lived, special.psi
    total = posterior.sum()
    by_lived = posterior.sum(axis=0)
    alive_by_lived = (posterior * rows.is_alive).sum(axis=0)
    dead_by_lived = by_lived - alive_by_lived
    by_failures = np.bincount(rows.failures.ravel(), posterior.ravel(), len(lived))
    in_both = by_lived @ psi(alpha + beta + lived) - total * psi(alpha + beta)
    ended = dead_by_lived @ psi(gamma + delta + lived + 1) + alive_by_lived @ psi(gamma + delta + lived)
    ended -= total * psi(gamma + delta)
    return np.array(
        [
            posterior.sum(axis=1) @ psi(alpha + rows.x) - total * psi(alpha) - in_both,
            by_failures @ psi(beta + lived) - total * psi(beta) - in_both,
            dead_by_lived.sum() * psi(gamma + 1) + alive_by_lived.sum() * psi(gamma) - total * psi(gamma) - ended,
            by_lived @ psi(delta + lived) - total * psi(delta) - ended,
        ]
    )


def _alive_at_last(params: FloatArray, history: History) -> FloatArray:
    """The chance of having been alive at the last opportunity observed."""
    alive = np.empty(len(history.age))
    for rows in _chunks(history):
        log_terms = _log_terms(params, rows)
        shares = np.exp(log_terms - special.logsumexp(log_terms, axis=1)[:, None])
        alive[rows.index] = (shares * rows.is_alive).sum(axis=1)
    return alive


def _opportunities_lived(dropout: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Opportunities met before dropping out: geometric from 0, by inversion."""
    with np.errstate(divide="ignore", invalid="ignore"):
        lived = np.floor(rng.exponential(size=len(dropout)) / -np.log1p(-dropout))
    return np.asarray(np.clip(np.nan_to_num(lived, nan=0.0, posinf=1e9), 0.0, 1e9))
