"""How a customer's outcome is distributed: over when they leave, and how often and for how much they buy till then.

A customer who leaves early brings little: the lower end of what may come is made by when they leave, and one gamma
distribution of mean and variance alone misses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from crm_research.models.btyd.family import CountingFamily, History
from crm_research.models.lifetime_value.discount import annuity, log_rate, reach_days
from crm_research.models.lifetime_value.forward import counting_family
from crm_research.models.lifetime_value.orders import OrderValue
from crm_research.stats.intervals import FloatArray

# The horizon in stretches, closer together near today: who leaves in the first of them brings next to nothing.
_EDGES: Final = np.array([0.0, 0.02, 0.06, 0.13, 0.23, 0.36, 0.52, 0.72, 1.0])
# Purchases that are told apart as the last one; those between two count as the later.
_LAST: Final = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 32, 45)
_HALVINGS: Final = 18
_PLACES: Final = 48
_ROWS_AT_ONCE: Final = 50_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Courses:
    """What some customers bring, by when they leave: components (first axis) of each of them (second).

    Parameters
    ----------
    chance
        Of each component; what is missing to 1 brings nothing.
    none
        Chance of nothing within it.
    mean, variance
        Of what it brings, where it brings anything.
    """

    chance: FloatArray
    none: FloatArray
    mean: FloatArray
    variance: FloatArray
    is_signed: bool

    def below(self, money: FloatArray) -> FloatArray:
        """The chance that each customer brings at most so much."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.is_signed:
                some = special.ndtr((money - self.mean) / np.sqrt(self.variance))
            else:
                held = self.mean**2 / self.variance
                some = special.gammainc(held, np.maximum(money, 0.0) * self.mean / self.variance)
        of_none = np.where(money >= 0, 1.0, 0.0)
        missing = 1 - self.chance.sum(axis=0)
        within = self.none * of_none + (1 - self.none) * np.nan_to_num(some, nan=1.0)
        return np.asarray(missing * of_none + (self.chance * within).sum(axis=0))

    def quantiles(self, shares: FloatArray) -> FloatArray:
        """Quantiles of each customer (rows) at several shares, read off some places of the distribution."""
        high = (self.mean + 6 * np.sqrt(self.variance)).max(axis=0)
        low = -high if self.is_signed else np.zeros_like(high)
        if self.is_signed:
            low = np.minimum((self.mean - 6 * np.sqrt(self.variance)).min(axis=0), 0.0)
        places = np.linspace(0.0, 1.0, _PLACES) ** (1 if self.is_signed else 3)
        money = low + places[:, None] * (high - low)
        below = np.array([self.below(one) for one in money])
        column = np.arange(len(high))
        found = np.empty((len(high), len(shares)))
        for number, share in enumerate(shares):
            after = np.minimum((below < share).sum(axis=0), _PLACES - 1)
            before = np.maximum(after - 1, 0)
            gap = below[after, column] - below[before, column]
            part = np.divide(share - below[before, column], gap, out=np.zeros_like(high), where=gap > 0)
            part = np.clip(part, 0.0, 1.0)
            found[:, number] = money[before, column] + part * (money[after, column] - money[before, column])
        return found

    def quantile(self, share: float) -> FloatArray:
        """What each customer brings more than with the chance 1 - share, by halving."""
        spread = np.sqrt(self.variance)
        high = (self.mean + 12 * spread).max(axis=0)
        low = np.minimum((self.mean - 12 * spread).min(axis=0), 0.0) if self.is_signed else np.zeros_like(high)
        for _ in range(_HALVINGS + (8 if self.is_signed else 0)):
            middle = (low + high) / 2 if self.is_signed else np.where(low > 0, np.sqrt(low * high), high / 8)
            is_below = self.below(middle) < share
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        found = (low + high) / 2
        is_nothing = (self.below(np.zeros_like(found)) >= share) & (self.below(np.full_like(found, -1e-9)) < share)
        return np.asarray(np.where(is_nothing, 0.0, found))


def order_quantile(
    value: OrderValue,
    share: float,
    *,
    rows: np.ndarray | None = None,
    loss: FloatArray | None = None,
    margin: float = 1.0,
) -> FloatArray:
    """What does each customer's outcome stay under with this chance?

    Parameters
    ----------
    rows
        Which rows of `value`; None takes all.
    loss
        Share of what is billed to each of these rows that is never paid; `margin` is the margin on it.
    """
    chosen = np.arange(len(value.expected)) if rows is None else rows
    lost = np.zeros(len(chosen)) if loss is None else loss
    found = np.empty(len(chosen))
    for start in range(0, len(chosen), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        found[part] = _quantile(value, share, chosen[part], lost[part], margin)
    return found


def _quantile(value: OrderValue, share: float, rows: np.ndarray, loss: FloatArray, margin: float) -> FloatArray:
    found = np.zeros(len(rows))
    # Where nothing is as likely as that, it is nothing; a loss may lie below.
    asked = np.flatnonzero(value.none[rows] < share) if not value.spend.is_signed else np.arange(len(rows))
    if len(asked):
        found[asked] = courses_of(value, rows[asked], loss[asked], margin).quantile(share)
    return found


def courses_of(value: OrderValue, rows: np.ndarray, loss: FloatArray, margin: float) -> Courses:
    """The components of some rows.

    Notes
    -----
    Purchases come at a gamma rate until the customer leaves. Where they leave at any time, how many of those alive are
    still there after a stretch follows from the purchases to expect until its ends, and leaving is put there. Where
    they leave after a purchase, components go by which purchase is the last. Amounts are scaled so that the mean of all
    components is the expected value. A bill that is not paid takes what was delivered.
    """
    held, fit = value._rows, value.fit
    family, params = counting_family(fit), np.exp(fit.log_params)
    history = History(*(column[held.own[rows]] for column in held.history))
    by_unit = log_rate(value.rate) * fit.time_unit_days
    horizon = reach_days(value.horizon_days, value.rate) / fit.time_unit_days
    shape, scale = family.rate_if_alive(params, history)
    alive = family.probability_alive(params, history)
    tosses = family.tosses_if_alive(params, history)
    if tosses is None:
        there = _there_until(family, params, history, horizon)
        chance = -np.diff(there, axis=0, prepend=1.0, append=0.0) * alive
        # Who leaves in the first stretch leaves before its middle.
        times = horizon * np.concatenate([[_EDGES[1] / 4], _EDGES[1:]])[:, None]
        bought, pairs = shape / scale * times, shape * (shape + 1) / scale**2 * times**2
    else:
        times = np.full((1, 1), horizon)
        chance, bought, pairs = _until_the_last(*tosses, shape, horizon / (scale + horizon))
        chance = chance * alive
    once, twice = (annuity(rate, times) / times for rate in (by_unit, 2 * by_unit))
    bought, squares, pairs = bought * once, bought * twice, pairs * once**2
    by = value.spend.read(value.spend.params, held.frequency[rows])
    amount = by.base + by.slope * held.spent[rows]
    inflation, extra, noise, more = by[2:]
    mean_square, own = inflation * amount**2 + extra, noise * amount**2 + more
    kept = 1 - loss / margin
    single = squares * (mean_square + own)
    second = kept**2 * (single + pairs * mean_square) + loss * (1 - loss) / margin**2 * single
    mean = kept * bought * amount
    whole = (chance * mean).sum(axis=0)
    expected = value.expected[rows] / value.margin * kept
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(whole != 0, expected / whole, 1.0) * value.margin
        none = np.exp(-shape * np.log1p(times / scale)) * np.ones_like(chance)
        some = np.maximum(1 - none, 1e-12)
        mean, second = mean * factor / some, second * factor**2 / some
    spread = np.maximum(second - mean**2, 1e-12 * mean**2 + 1e-300)
    # Who pays too little for it costs more, the longer they stay.
    return Courses(chance=chance, none=none, mean=mean, variance=spread, is_signed=bool(
        value.spend.is_signed or (kept < 0).any()
    ))  # fmt: skip


def _there_until(family: CountingFamily, params: FloatArray, history: History, horizon: float) -> FloatArray:
    """Share of those alive who are still there in each stretch."""
    shape, scale = family.rate_if_alive(params, history)
    edges = _EDGES * horizon
    until = [family.purchases_if_alive(params, history, np.full(len(shape), edge)) for edge in edges[1:]]
    there = np.diff(np.array(until), axis=0, prepend=0.0) / (np.diff(edges)[:, None] * shape / scale)
    return np.asarray(np.minimum.accumulate(np.clip(there, 0.0, 1.0), axis=0))


def _until_the_last(
    a: FloatArray, b: FloatArray, shape: FloatArray, reached: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Chance, mean purchases and mean of n (n - 1) by which purchase is the last, if the horizon leaves time for it.

    reached is the horizon over itself and what divides the rate.
    """
    # P(last is the k-th) and P(no purchase up to the k-th was the last), by recursion.
    there = np.ones_like(a)
    exactly = np.exp(shape * np.log1p(-reached))
    at_least = 1 - exactly
    bought, pairs = np.zeros_like(a), np.zeros_like(a)
    chances, means, products = [], [], []
    collected = np.zeros_like(a)
    for k in range(1, _LAST[-1] + 1):
        leaves = there * a / (a + b + k - 1)
        there = there - leaves
        collected = collected + leaves
        bought, pairs = bought + at_least, pairs + 2 * (k - 1) * at_least
        exactly = exactly * (shape + k - 1) / k * reached
        at_least = np.maximum(at_least - exactly, 0.0)
        if k in _LAST:
            chances.append(collected)
            means.append(bought)
            products.append(pairs)
            collected = np.zeros_like(a)
    odds = reached / (1 - reached)
    chances.append(there)
    means.append(shape * odds)
    products.append(shape * (shape + 1) * odds**2)
    return np.array(chances), np.array(means), np.array(products)
