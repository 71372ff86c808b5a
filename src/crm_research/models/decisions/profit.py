"""How long should the list of customers to contact be, and what does it bring?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.models.decisions.offer import Offer
from crm_research.models.decisions.save_rate import SaveRate
from crm_research.models.survival.risk import FloatArray
from crm_research.stats.intervals import normal_quantile

_MOST_SIZES: Final = 200
_REACH: Final = 3.5
_EDGE: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Risks:
    """The customers one may contact.

    Parameters
    ----------
    risk
        Chance to leave within the horizon.
    std_error
        Of its logit; 0 where the model tells none.
    margin
        Of each customer a month.
    """

    risk: FloatArray
    std_error: FloatArray
    margin: FloatArray

    @property
    def n(self) -> int:
        """Customers."""
        return len(self.risk)

    def shifted(self, z: float) -> FloatArray:
        """The risks if the model errs by z standard errors, the same way for all."""
        held = np.clip(self.risk, _EDGE, 1 - _EDGE)
        return np.asarray(1 / (1 + np.exp(-(np.log(held / (1 - held)) + z * self.std_error))))


@dataclass(frozen=True, eq=False, kw_only=True)
class Targeting:
    """The best list, and what it is worth.

    Parameters
    ----------
    order
        Places of the customers, the most profitable first.
    n_best, n_lower, n_upper
        Length of the best list, and between which lengths the best would lie if save rate and risks were known.
    curve
        Grain: length of the list. Columns ``n``, ``expected``, ``lower``, ``upper`` (by expected profit), ``by_risk``
        (the same length, the highest risks first).
    strategies
        Grain: strategy. Columns ``strategy``, ``n``, ``expected``, ``lower``, ``upper`` (profit), ``behind``,
        ``behind_lower``, ``behind_upper`` (what the best list brings more).
    customers
        Grain: customer, in the order given. Columns ``expected_profit``, ``lower``, ``upper``,
        ``break_even_save_rate`` (NaN where no save rate is enough), ``worth_if_saved``, ``is_chosen``, ``is_loss``
        (a loss even at the favourable ends of save rate and risk).
    break_even
        Save rate at which the best list brings nothing; NaN without a list.
    """

    order: NDArray[np.int64]
    n_best: int
    n_lower: int
    n_upper: int
    curve: pd.DataFrame
    strategies: pd.DataFrame
    customers: pd.DataFrame
    break_even: float


@dataclass(frozen=True, eq=False, kw_only=True)
class _Doubt:
    """What may turn out: risks at some places of the model's error with their weights, and drawn save rates."""

    places: FloatArray
    weights: FloatArray
    save: FloatArray
    below: NDArray[np.int64]
    part: FloatArray

    def mix(self, values: FloatArray) -> FloatArray:
        """Values at the places, read where each draw's error lies (the last axis)."""
        if values.shape[-1] == 1:
            return np.broadcast_to(values, (*values.shape[:-1], len(self.save)))
        return np.asarray(values[..., self.below] * (1 - self.part) + values[..., self.below + 1] * self.part)


def find_best_list(
    risks: Risks,
    offer: Offer,
    save_rate: SaveRate,
    *,
    seed: int,
    confidence: float = 0.95,
    n_draws: int = 4000,
    n_nodes: int = 11,
) -> Targeting:
    """Whom to contact, how many, and what does it bring against contacting nobody, everybody, or the riskiest?

    A contact brings ``save rate x risk x (worth - incentive)`` less the contact and, for the stayers, the incentive
    they take and the margin of those it wakes. Customers are ranked by its expected value; those above 0 are the list.

    Notes
    -----
    Doubt about the save rate (beta) and about the model's risks (normal on the logit, the same way for all customers,
    which makes intervals wide rather than narrow) is carried by simulation with the seed; chance in who leaves is not
    part of the intervals, which are of expected profit.
    """
    doubt = _draw(risks, save_rate, seed, n_draws, n_nodes)
    tail = (1 - confidence) / 2
    mean_gain, mean_cost, lengths = _average(risks, offer, doubt)
    expected = save_rate.mean * mean_gain - mean_cost
    order = np.argsort(-expected, kind="stable")
    n_best = int((expected > 0).sum())
    sizes = _sizes(risks.n, n_best)
    orders = (order, np.argsort(-risks.risk, kind="stable"))
    (mine, by_risk), variance = _add_up(risks, offer, doubt, save_rate, expected, orders, sizes)
    drawn = doubt.save * doubt.mix(mine[0]) - doubt.mix(mine[1])
    rival = doubt.save * doubt.mix(by_risk[0]) - doubt.mix(by_risk[1])
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=1)
    curve = pd.DataFrame(
        {
            "n": sizes,
            "expected": _expect(mine, doubt, save_rate),
            "lower": lower,
            "upper": upper,
            "by_risk": _expect(by_risk, doubt, save_rate),
        }
    )
    n_lower, n_upper = _best_lengths(lengths, doubt, tail, n_best)
    best = int(np.flatnonzero(sizes == n_best)[0])
    gain, cost = mean_gain[order[:n_best]].sum(), mean_cost[order[:n_best]].sum()
    return Targeting(
        order=order,
        n_best=n_best,
        n_lower=n_lower,
        n_upper=n_upper,
        curve=curve,
        strategies=_compare(curve, drawn, rival, best, tail),
        customers=_customers(
            risks, offer, save_rate, expected, variance, _break_even(mean_gain, mean_cost), confidence
        ),
        break_even=float(cost / gain) if n_best and gain > 0 else np.nan,
    )


def _draw(risks: Risks, save_rate: SaveRate, seed: int, n_draws: int, n_nodes: int) -> _Doubt:
    rng = np.random.default_rng(seed)
    save = save_rate.draw(rng, n_draws)
    if not bool(np.any(risks.std_error > 0)):
        nothing = np.zeros(n_draws)
        return _Doubt(places=np.zeros(1), weights=np.ones(1), save=save, below=nothing.astype(np.int64), part=nothing)
    places = np.linspace(-_REACH, _REACH, n_nodes)
    weights = stats.norm.pdf(places)
    error = np.clip(rng.standard_normal(n_draws), -_REACH, _REACH)
    step = places[1] - places[0]
    below = np.clip(((error + _REACH) / step).astype(np.int64), 0, n_nodes - 2)
    return _Doubt(
        places=places, weights=weights / weights.sum(), save=save, below=below, part=(error - places[below]) / step
    )


def _nodes(risks: Risks, offer: Offer, doubt: _Doubt) -> Iterator[tuple[int, float, FloatArray, FloatArray]]:
    """Each place of the model's error and its weight, with every customer's gain and cost there: one at a time."""
    for place, (z, weight) in enumerate(zip(doubt.places, doubt.weights, strict=True)):
        risk = risks.shifted(float(z))
        yield place, float(weight), offer.gain(risk, risks.margin), offer.cost(risk, risks.margin)


def _average(risks: Risks, offer: Offer, doubt: _Doubt) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean gain and cost of every customer, and how many pay at each place of the error and each save rate drawn."""
    gains, costs = np.zeros(risks.n), np.zeros(risks.n)
    lengths = np.empty((len(doubt.places), len(doubt.save)))
    for place, weight, gain, cost in _nodes(risks, offer, doubt):
        gains += weight * gain
        costs += weight * cost
        lengths[place] = np.searchsorted(np.sort(_break_even(gain, cost)), doubt.save, side="left")
    return gains, costs, lengths


def _add_up(
    risks: Risks,
    offer: Offer,
    doubt: _Doubt,
    save_rate: SaveRate,
    expected: FloatArray,
    orders: Sequence[NDArray[np.int64]],
    sizes: NDArray[np.int64],
) -> tuple[list[tuple[FloatArray, FloatArray]], FloatArray]:
    """Gain and cost of the first so many of each order at each place of the error, and each customer's variance."""
    totals = [(np.empty((len(sizes), len(doubt.places))), np.empty((len(sizes), len(doubt.places)))) for _ in orders]
    spread, squares = np.zeros(risks.n), np.zeros(risks.n)
    for place, weight, gain, cost in _nodes(risks, offer, doubt):
        for order, sums in zip(orders, totals, strict=True):
            for table, values in zip(sums, (gain, cost), strict=True):
                table[:, place] = np.concatenate([[0.0], np.cumsum(values[order])])[sizes]
        spread += weight * (save_rate.mean * gain - cost - expected) ** 2
        squares += weight * gain**2
    return totals, np.maximum(spread + save_rate.variance * squares, 0.0)


def _sizes(n: int, n_best: int) -> NDArray[np.int64]:
    """Lengths of the list at which the profit is told: evenly spread, with the best, none and all."""
    even = np.round(np.linspace(0, n, min(_MOST_SIZES, n) + 1)).astype(np.int64)
    return np.unique(np.append(even, n_best))


def _expect(totals: tuple[FloatArray, FloatArray], doubt: _Doubt, save_rate: SaveRate) -> FloatArray:
    return np.asarray(save_rate.mean * (totals[0] @ doubt.weights) - totals[1] @ doubt.weights)


def _best_lengths(lengths: FloatArray, doubt: _Doubt, tail: float, n_best: int) -> tuple[int, int]:
    """Between which lengths would the best list lie, were save rate and risks known?"""
    at = np.arange(len(doubt.save))
    after = np.minimum(doubt.below + 1, len(doubt.places) - 1)
    drawn = lengths[doubt.below, at] * (1 - doubt.part) + lengths[after, at] * doubt.part
    # Between two whole lengths a weight may add up to a hair above the longer one, which rounding up would lengthen.
    low, high = np.quantile(drawn, [tail, 1 - tail]).round(9)
    return min(int(np.floor(low)), n_best), max(int(np.ceil(high)), n_best)


def _break_even(gain: FloatArray, cost: FloatArray) -> FloatArray:
    """Save rate from which on a contact pays; infinite where none is enough."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gain > 0, cost / np.where(gain > 0, gain, 1.0), np.inf)


def _compare(curve: pd.DataFrame, drawn: FloatArray, rival: FloatArray, best: int, tail: float) -> pd.DataFrame:
    expected, by_risk = curve["expected"].to_numpy(), curve["by_risk"].to_numpy()
    n, n_all = int(curve["n"].iloc[best]), int(curve["n"].iloc[-1])
    share = n / n_all if n_all else 0.0
    rows = [
        ("best list", n, expected[best], drawn[best]),
        ("as many by risk alone", n, by_risk[best], rival[best]),
        ("as many at random", n, share * expected[-1], share * drawn[-1]),
        ("everybody", n_all, expected[-1], drawn[-1]),
        ("nobody", 0, 0.0, np.zeros(drawn.shape[1])),
    ]
    return pd.DataFrame([_strategy(*row, expected[best], drawn[best], tail) for row in rows])


def _strategy(
    name: str, n: int, value: float, draws: FloatArray, best: float, best_draws: FloatArray, tail: float
) -> dict[str, object]:
    low, high = np.quantile(draws, [tail, 1 - tail])
    behind_low, behind_high = np.quantile(best_draws - draws, [tail, 1 - tail])
    return {
        "strategy": name,
        "n": n,
        "expected": value,
        "lower": low,
        "upper": high,
        "behind": best - value,
        "behind_lower": behind_low,
        "behind_upper": behind_high,
    }


def _customers(
    risks: Risks,
    offer: Offer,
    save_rate: SaveRate,
    expected: FloatArray,
    variance: FloatArray,
    turn: FloatArray,
    confidence: float,
) -> pd.DataFrame:
    error = np.sqrt(variance)
    z = normal_quantile(confidence)
    bright = risks.shifted(z)
    gain, cost = offer.gain(bright, risks.margin), offer.cost(bright, risks.margin)
    return pd.DataFrame(
        {
            "expected_profit": expected,
            "lower": expected - z * error,
            "upper": expected + z * error,
            "break_even_save_rate": np.where(turn <= 1, turn, np.nan),
            "worth_if_saved": offer.worth(risks.risk, risks.margin),
            "is_chosen": expected > 0,
            "is_loss": np.maximum(save_rate.upper * gain, save_rate.lower * gain) - cost < 0,
        }
    )
