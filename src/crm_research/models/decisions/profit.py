"""How long should the list of customers to contact be, and what does it bring?"""

from __future__ import annotations

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
    gains, costs = _nodes(risks, offer, doubt)
    mean_gain, mean_cost = gains @ doubt.weights, costs @ doubt.weights
    expected = save_rate.mean * mean_gain - mean_cost
    order = np.argsort(-expected, kind="stable")
    n_best = int((expected > 0).sum())
    tail = (1 - confidence) / 2
    sizes = _sizes(risks.n, n_best)
    mine = _totals(gains, costs, order, sizes)
    by_risk = _totals(gains, costs, np.argsort(-risks.risk, kind="stable"), sizes)
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
    n_lower, n_upper = _best_lengths(gains, costs, doubt, tail, n_best)
    best = int(np.flatnonzero(sizes == n_best)[0])
    gain, cost = mean_gain[order[:n_best]].sum(), mean_cost[order[:n_best]].sum()
    return Targeting(
        order=order,
        n_best=n_best,
        n_lower=n_lower,
        n_upper=n_upper,
        curve=curve,
        strategies=_compare(curve, drawn, rival, best, tail),
        customers=_customers(risks, offer, save_rate, gains, costs, doubt, confidence),
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


def _nodes(risks: Risks, offer: Offer, doubt: _Doubt) -> tuple[FloatArray, FloatArray]:
    """Gain and cost of every customer at every place of the model's error."""
    gains, costs = np.empty((risks.n, len(doubt.places))), np.empty((risks.n, len(doubt.places)))
    for place, z in enumerate(doubt.places):
        risk = risks.shifted(float(z))
        gains[:, place], costs[:, place] = offer.gain(risk, risks.margin), offer.cost(risk, risks.margin)
    return gains, costs


def _sizes(n: int, n_best: int) -> NDArray[np.int64]:
    """Lengths of the list at which the profit is told: evenly spread, with the best, none and all."""
    even = np.round(np.linspace(0, n, min(_MOST_SIZES, n) + 1)).astype(np.int64)
    return np.unique(np.append(even, n_best))


def _totals(
    gains: FloatArray, costs: FloatArray, order: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Gain and cost of the first so many of the order, at every place of the model's error."""
    found = []
    for values in (gains, costs):
        sums = np.empty((len(sizes), values.shape[1]))
        for place in range(values.shape[1]):
            sums[:, place] = np.concatenate([[0.0], np.cumsum(values[order, place])])[sizes]
        found.append(sums)
    return found[0], found[1]


def _expect(totals: tuple[FloatArray, FloatArray], doubt: _Doubt, save_rate: SaveRate) -> FloatArray:
    return np.asarray(save_rate.mean * (totals[0] @ doubt.weights) - totals[1] @ doubt.weights)


def _best_lengths(gains: FloatArray, costs: FloatArray, doubt: _Doubt, tail: float, n_best: int) -> tuple[int, int]:
    """Between which lengths would the best list lie, were save rate and risks known?"""
    lengths = np.empty((len(doubt.places), len(doubt.save)))
    for place in range(len(doubt.places)):
        turn = np.sort(_break_even(gains[:, place], costs[:, place]))
        lengths[place] = np.searchsorted(turn, doubt.save, side="left")
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
    gains: FloatArray,
    costs: FloatArray,
    doubt: _Doubt,
    confidence: float,
) -> pd.DataFrame:
    mean_gain, mean_cost = gains @ doubt.weights, costs @ doubt.weights
    expected = save_rate.mean * mean_gain - mean_cost
    spread = (save_rate.mean * gains - costs - expected[:, None]) ** 2 @ doubt.weights
    error = np.sqrt(np.maximum(spread + save_rate.variance * (gains**2 @ doubt.weights), 0.0))
    z = normal_quantile(confidence)
    bright = risks.shifted(z)
    gain, cost = offer.gain(bright, risks.margin), offer.cost(bright, risks.margin)
    turn = _break_even(mean_gain, mean_cost)
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
