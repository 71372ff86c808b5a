"""What every buy-till-you-die model has to answer, whatever its story of dropping out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from crm_research.models.btyd.limits import Side
from crm_research.models.btyd.maximise import Objective
from crm_research.models.btyd.patterns import Patterns
from crm_research.stats.intervals import FloatArray


class History(NamedTuple):
    """Frequency, recency and age of customers, in the model's unit of time; arrays of one length."""

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray


class Family(ABC):
    """One model: its likelihood with gradient, and what follows from its parameters.

    Parameters are natural (positive) and in the order of `param_names`; times share one unit.
    """

    name: str
    reference: ClassVar[str]
    param_names: ClassVar[tuple[str, ...]]
    # Which power of time a parameter carries, and so scales with: 1 for a time, -1 for a rate, 0 for a pure number.
    time_power: ClassVar[tuple[int, ...]]
    clock: ClassVar[str] = "days"
    # Events in time that the likelihood counts for each repeat purchase.
    events_per_purchase: int = 1
    # Buying and dropping out: as they are, then at the edges of their parameters.
    sides: ClassVar[tuple[tuple[Side, ...], ...]] = ()
    # Which parameter a covariate divides (-1) or multiplies (1), so that more of it means more purchases, more dropout.
    shifted: ClassVar[tuple[tuple[str, str, float], ...]] = ()

    @abstractmethod
    def objective(self, patterns: Patterns) -> Objective:
        """The mean log-likelihood per customer and its gradient, as a function of the log parameters."""

    @abstractmethod
    def starts(self, patterns: Patterns) -> list[FloatArray]:
        """Log parameters to start the search from; the mean age is the unit of time."""

    @abstractmethod
    def probability_alive(self, params: FloatArray, history: History) -> FloatArray:
        """The chance that each customer can still buy at the end of observation."""

    @abstractmethod
    def expected_purchases(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Purchases to expect of each customer within `horizon` after the end of observation."""

    @abstractmethod
    def expected_repeats(self, params: FloatArray, times: FloatArray) -> FloatArray:
        """Repeat purchases to expect of a new customer until each time after the first purchase."""

    @abstractmethod
    def frequency_shares(self, params: FloatArray, ages: FloatArray, max_frequency: int) -> FloatArray:
        """Chance of 0, 1, ... max_frequency repeats by each age; shape (ages, max_frequency + 1)."""

    @abstractmethod
    def draw_future(
        self, params: FloatArray, history: History, horizon: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """One possible number of purchases of each customer within `horizon`, given the history."""

    @abstractmethod
    def draw_history(self, params: FloatArray, ages: FloatArray, rng: np.random.Generator) -> History:
        """One possible history for each new customer observed for `ages`."""


class CountingFamily(Family):
    """A model whose purchases come at random while alive: their pairs can be counted like themselves.

    With expected purchases and pairs of them, at every horizon, the mean and the variance of any discounted sum over
    the purchases to come follow (`models.lifetime_value`).
    """

    @abstractmethod
    def purchases_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Purchases to expect within `horizon` of each customer who is alive at the end of observation."""

    def rate_if_alive(self, params: FloatArray, history: History) -> tuple[FloatArray, FloatArray]:
        """Purchases by unit of time of each customer who is alive are gamma distributed: shape, and what divides it."""
        r, alpha = float(params[0]), float(params[1])
        return r + history.frequency, alpha + history.age

    def tosses_if_alive(self, params: FloatArray, history: History) -> tuple[FloatArray, FloatArray] | None:  # noqa: ARG002
        """The beta distribution of the chance to leave after each purchase; None where they leave at any time."""
        return None

    @abstractmethod
    def pairs_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """Pairs of purchases, n (n - 1) / 2 of them, to expect within `horizon` of each customer who is alive."""

    @abstractmethod
    def returns_if_alive(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """The chance that each customer who is alive buys at all within `horizon`."""

    def expected_purchases(self, params: FloatArray, history: History, horizon: FloatArray) -> FloatArray:
        """The chance to be alive times the purchases of somebody who is."""
        return np.asarray(self.purchases_if_alive(params, history, horizon) * self.probability_alive(params, history))


def purchase_rate(patterns: Patterns) -> float:
    """Repeat purchases per customer and unit of time, never 0."""
    exposure = float(patterns.n_customers @ patterns.age)
    return max(patterns.n_repeats, 0.5) / max(exposure, 1e-300)


def last_of_uniform(n: FloatArray, until: FloatArray, rank: FloatArray, rng: np.random.Generator) -> FloatArray:
    """When did the purchase of this rank fall, if n purchases lie uniformly in (0, until)? 0 where rank is 0."""
    has_any = rank > 0
    place = np.zeros(len(n))
    place[has_any] = rng.beta(rank[has_any], (n - rank + 1)[has_any])
    return place * until


def sum_by(group: np.ndarray, values: FloatArray, n_groups: int) -> FloatArray:
    """Sums of `values` for each group from 0 to n_groups - 1."""
    return np.asarray(np.bincount(group, values, n_groups), dtype=float)


def dot(weights: FloatArray, values: FloatArray) -> float:
    """The weighted sum, without BLAS: its threads wait for each other when reports run side by side."""
    return float(np.einsum("i,i->", weights, values))
