"""MBG/CNBD-k: buyers whose purchases come more regularly than at random."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import special, stats

from crm_research.models.btyd.beta_geometric import BETA_SHIFTED, BETA_SIDES, purchases_until_dropout
from crm_research.models.btyd.family import Family, History, dot, last_of_uniform, purchase_rate
from crm_research.models.btyd.limits import Side
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.patterns import Patterns
from crm_research.stats.intervals import FloatArray

_ROWS_AT_ONCE = 20_000
_ENOUGH = 1e-10
_MOST_PURCHASES = 100_000


class MbgCnbd(Family):
    """Gaps between purchases are Erlang-k at gamma rates; after each purchase a customer may drop out.

    The chance to drop out is beta, and the first purchase may be the last. A purchase is every k-th event of a
    Poisson process: k = 1 is the MBG/NBD.
    """

    reference = "Reutterer, Platzer and Schroeder (2021), Int. J. of Research in Marketing 38, 194-215"
    param_names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    time_power: ClassVar[tuple[int, ...]] = (0, 1, 0, 0)
    sides: ClassVar[tuple[tuple[Side, ...], ...]] = BETA_SIDES
    shifted: ClassVar[tuple[tuple[str, str, float], ...]] = BETA_SHIFTED

    def __init__(self, k: int) -> None:
        self.k = k
        self.events_per_purchase = k
        self.name = f"MBG/CNBD-{k}"

    def objective(self, patterns: Patterns) -> Objective:
        """The likelihood of frequency, recency and age; what the gaps add depends on k alone."""
        weights, total = patterns.n_customers, float(patterns.n_customers.sum())
        history = History(patterns.frequency, patterns.recency, patterns.age)

        def mean_log_likelihood(log_params: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = self._sum(np.exp(log_params), history, weights)
            return value / total, gradient * np.exp(log_params) / total

        return mean_log_likelihood

    def _sum(self, params: FloatArray, history: History, weights: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, a, b = params
        x, recency, age = history
        shape, tosses = r + self.k * x, x + 1.0
        log_stages, stages = self._stages(shape, alpha, history)
        log_age, log_recency = np.log(alpha + age), np.log(alpha + recency)
        log_odds = np.log(a) - np.log(b + x) + shape * (log_age - log_recency) - log_stages
        is_dead = special.expit(log_odds)
        by_dead, by_alive = weights * is_dead, weights * (1.0 - is_dead)
        value = special.gammaln(shape) - special.gammaln(r) + r * np.log(alpha) - shape * log_age + log_stages
        value = value + special.betaln(a, b + tosses) - special.betaln(a, b) + np.logaddexp(0.0, log_odds)
        psi_all = special.psi(a + b + tosses) - special.psi(a + b)
        steps = np.arange(self.k)
        later = (stages * (special.psi(shape[:, None] + steps) - special.psi(shape)[:, None])).sum(axis=1)
        in_r = special.psi(shape) - special.psi(r) + np.log(alpha) - log_age
        gradient = np.array(
            [
                dot(weights, in_r) + dot(by_dead, log_age - log_recency) + dot(by_alive, later),
                dot(weights, r / alpha - shape / (alpha + age))
                + dot(by_dead, shape / (alpha + age) - shape / (alpha + recency))
                - dot(by_alive, (stages * steps).sum(axis=1) / (alpha + age)),
                -dot(weights, psi_all) + by_dead.sum() / a,
                dot(weights, special.psi(b + tosses) - special.psi(b) - psi_all) - dot(by_dead, 1.0 / (b + x)),
            ]
        )
        return dot(weights, value), gradient

    def _stages(self, shape: FloatArray, alpha: float, history: History) -> tuple[FloatArray, FloatArray]:
        """How many of the k events until the next purchase have passed unseen? Log of the sum, and the shares."""
        steps = np.arange(self.k)
        quiet = (history.age - history.recency) / (alpha + history.age)
        log_terms = special.gammaln(shape[:, None] + steps) - special.gammaln(shape)[:, None]
        log_terms = log_terms - special.gammaln(steps + 1.0) + special.xlogy(steps, quiet[:, None])
        log_sum = np.logaddexp.reduce(log_terms, axis=1)
        return log_sum, np.exp(log_terms - log_sum[:, None])

    def starts(self, patterns: Patterns) -> list[FloatArray]:
        """As for the MBG/NBD, with k events to a purchase."""
        rate = self.k * purchase_rate(patterns)
        shapes = [(1.0, 1.0, 1.0), (0.25, 0.8, 2.5), (2.0, 0.1, 1.0), (0.6, 3.0, 3.0)]
        return [np.log([r, r / rate, a, b]) for r, a, b in shapes]

    def probability_alive(self, params: FloatArray, history: History) -> FloatArray:
        """Being silent in the middle of a regular gap is no sign of having left; at its end it is."""
        r, alpha, a, b = params
        shape = r + self.k * history.frequency
        silence = np.log(alpha + history.age) - np.log(alpha + history.recency)
        log_odds = np.log(a) - np.log(b + history.frequency) + shape * silence
        return np.asarray(special.expit(self._stages(shape, alpha, history)[0] - log_odds))

    def expected_purchases(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Sum over i of the chance of an i-th purchase: exact, where the paper approximates."""
        expected = np.empty(len(horizon))
        # Customers of like rates together, so that few of them wait for the heaviest buyer's terms.
        order = np.argsort((history.frequency + 1.0) / (params[1] + history.age) * horizon, kind="stable")
        for start in range(0, len(order), _ROWS_AT_ONCE):
            rows = order[start : start + _ROWS_AT_ONCE]
            expected[rows] = self._sum_chances(params, History(*(column[rows] for column in history)), horizon[rows])
        return expected * self.probability_alive(params, history)

    def _sum_chances(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        r, alpha, a, b = params
        shape = r + self.k * history.frequency
        stages = self._stages(shape, alpha, history)[1]
        share = (alpha + history.age) / (alpha + history.age + horizon)
        steps = np.arange(self.k)
        tosses = b + history.frequency + 1.0
        expected, survived = np.zeros(len(horizon)), np.ones(len(horizon))
        for purchase in range(1, _MOST_PURCHASES):
            needed = self.k * purchase - steps
            reached = stats.nbinom.sf(needed - 1, shape[:, None] + steps, share[:, None])
            term = survived * (stages * reached).sum(axis=1)
            expected += term
            if float(term.max(initial=0.0)) < _ENOUGH:
                break
            survived = survived * (tosses + purchase - 1.0) / (a + tosses + purchase - 1.0)
        return expected

    def expected_repeats(self, params: FloatArray, times: FloatArray) -> FloatArray:
        """What is expected of a customer whose history is the first purchase alone."""
        nothing = np.zeros(len(times))
        return self.expected_purchases(params, History(nothing, nothing, nothing), times)

    def frequency_shares(self, params: FloatArray, ages: FloatArray, max_frequency: int) -> FloatArray:
        """From the chances of k x to k x + k - 1 events."""
        r, alpha, a, b = params
        x = np.arange(max_frequency + 1.0)
        alive = np.exp(special.betaln(a, b + x + 1.0) - special.betaln(a, b))
        share = (alpha / (alpha + ages))[:, None]
        at_least = stats.nbinom.sf(self.k * x - 1.0, r, share)
        more = stats.nbinom.sf(self.k * (x + 1.0) - 1.0, r, share)
        return np.asarray(alive * (at_least - more) + alive * a / (b + x) * at_least)

    def draw_future(
        self, params: FloatArray, history: History, horizon: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Alive or not, a stage, a rate and a chance from their posteriors, then events until the dropout."""
        r, alpha, a, b = params
        shape = r + self.k * history.frequency
        is_alive = rng.random(len(shape)) < self.probability_alive(params, history)
        cumulated = self._stages(shape, alpha, history)[1].cumsum(axis=1)
        stage = (rng.random(len(shape))[:, None] > cumulated[:, :-1]).sum(axis=1)
        rate = rng.gamma(shape + stage) / (alpha + history.age)
        would_buy = (stage + rng.poisson(rate * horizon)) // self.k
        limit = purchases_until_dropout(rng.beta(a, b + history.frequency + 1.0), rng)
        return np.asarray(is_alive * np.minimum(would_buy, limit), dtype=float)

    def draw_history(self, params: FloatArray, ages: FloatArray, rng: np.random.Generator) -> History:
        """Events at uniform times; every k-th is a purchase, until the dropout."""
        r, alpha, a, b = params
        events = rng.poisson(rng.gamma(r, size=len(ages)) / alpha * ages).astype(float)
        limit = purchases_until_dropout(rng.beta(a, b, size=len(ages)), rng) - 1.0
        bought = np.minimum(events // self.k, limit)
        return History(bought, last_of_uniform(events, ages, bought * self.k, rng), ages)
