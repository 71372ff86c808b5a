"""Purchases to come, discounted: their mean, and what their variance needs, for each history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.errors import ParameterError
from crm_research.models.btyd import BtydFit
from crm_research.models.btyd.family import CountingFamily, History
from crm_research.models.lifetime_value.discount import log_rate, reach_days
from crm_research.stats.intervals import FloatArray

_NODES: Final = 6
# Far looks take more nodes, closer together near today.
_NODES_FAR: Final = 40


@dataclass(frozen=True, eq=False, kw_only=True)
class Forward:
    """What do customers of each history still buy, a purchase counting d = (1 + rate)^-years?

    Parameters
    ----------
    purchases
        Expected sum of d.
    squares
        Expected sum of d squared.
    pairs
        Expected sum over pairs of purchases of the product of their d.
    none
        Chance that nothing is bought within the horizon.
    """

    purchases: FloatArray
    squares: FloatArray
    pairs: FloatArray
    none: FloatArray

    @property
    def variance(self) -> FloatArray:
        """Of the discounted purchases of one customer."""
        return np.asarray(np.maximum(self.squares + 2 * self.pairs - self.purchases**2, 0.0))


def look_forward(fit: BtydFit, history: History, *, horizon_days: float | None, rate: float) -> Forward:
    """What do customers of each history still buy, today's worth of each purchase allowed for?

    Parameters
    ----------
    fit
        A model whose purchases come at random while alive (not the MBG/CNBD-k).
    history
        In the unit of the fit (`BtydFit.history`).
    horizon_days
        None looks ahead for ever, which needs a rate above 0.
    rate
        A year's discount rate.

    Notes
    -----
    By parts: with N(t) the purchases expected until t, the discounted sum is e^-gh N(h) plus the integral of
    g e^-gt N(t). Pairs likewise, from the pairs expected until t, since the chance of a pair hangs on its later
    purchase alone. For ever: Fader, Hardie and Lee (2005b), Journal of Marketing Research 42, equation 2.
    """
    family = counting_family(fit)
    by_unit = log_rate(rate) * fit.time_unit_days
    params = np.exp(fit.log_params)
    horizon = reach_days(horizon_days, rate) / fit.time_unit_days
    alive = family.probability_alive(params, history)
    looked = _Look(family, params, history, horizon, is_long=by_unit * horizon > 1)
    return Forward(
        purchases=alive * looked.purchases(by_unit),
        squares=alive * looked.purchases(2 * by_unit),
        pairs=alive * looked.pairs(by_unit),
        none=1.0 - alive * family.returns_if_alive(params, history, np.full(len(alive), horizon)),
    )


def expect_forward(
    fit: BtydFit, log_params: FloatArray, history: History, *, horizon_days: float | None, rate: float
) -> FloatArray:
    """The discounted purchases alone, at any parameters of the model."""
    family = counting_family(fit)
    by_unit = log_rate(rate) * fit.time_unit_days
    params = np.exp(log_params)
    horizon = reach_days(horizon_days, rate) / fit.time_unit_days
    looked = _Look(family, params, history, horizon, is_long=by_unit * horizon > 1)
    return np.asarray(family.probability_alive(params, history) * looked.purchases(by_unit))


def counting_family(fit: BtydFit) -> CountingFamily:
    """The model behind a fit, if pairs of its purchases can be counted."""
    if not isinstance(fit.family, CountingFamily):
        raise ParameterError(f"The {fit.model} model cannot tell how far the purchases to come vary; take another.")
    return fit.family


class _Look:
    def __init__(
        self, family: CountingFamily, params: FloatArray, history: History, horizon: float, *, is_long: bool
    ) -> None:
        self.family, self.params, self.history, self.horizon = family, params, history, horizon
        self.times, self.weights = _times(horizon, is_long=is_long)
        self._counted: dict[float, FloatArray] = {}

    def purchases(self, by_unit: float) -> FloatArray:
        """Discounted purchases of somebody alive."""
        total = np.exp(-by_unit * self.horizon) * self._count(self.horizon)
        if by_unit > 0:
            for time, weight in zip(self.times, self.weights, strict=True):
                total = total + weight * by_unit * np.exp(-by_unit * time) * self._count(time)
        return np.asarray(total)

    def pairs(self, by_unit: float) -> FloatArray:
        """Discounted pairs of purchases of somebody alive."""
        total = _worth(by_unit, self.horizon) * self._pair(self.horizon)
        if by_unit > 0:
            for time, weight in zip(self.times, self.weights, strict=True):
                total = total - weight * _worth_slope(by_unit, time) * self._pair(time)
        return np.asarray(total)

    def _count(self, time: float) -> FloatArray:
        if time not in self._counted:
            whole = np.full(len(self.history.age), time)
            self._counted[time] = self.family.purchases_if_alive(self.params, self.history, whole)
        return self._counted[time]

    def _pair(self, time: float) -> FloatArray:
        return self.family.pairs_if_alive(self.params, self.history, np.full(len(self.history.age), time))


def _times(horizon: float, *, is_long: bool) -> tuple[list[float], list[float]]:
    """Nodes and weights of an integral from now to the horizon."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES_FAR if is_long else _NODES)
    place, share = (nodes + 1.0) / 2.0, weights / 2.0
    if not is_long:
        return (horizon * place).tolist(), (horizon * share).tolist()
    # In log(1 + t / scale): the stretch is long, and most of it happens early.
    scale = horizon / 1_000.0
    length = np.log1p(horizon / scale)
    grown = np.exp(length * place)
    return (scale * (grown - 1.0)).tolist(), (length * share * scale * grown).tolist()


def _worth(by_unit: float, time: float) -> float:
    """Mean over earlier purchases of a pair's discount, the later one at a time: (1 - e^-gt) / (g t) e^-gt."""
    grown = by_unit * time
    return float(np.exp(-grown) * (-np.expm1(-grown) / grown if grown > 0 else 1.0))


def _worth_slope(by_unit: float, time: float) -> float:
    grown = by_unit * time
    if grown < 1e-4:
        return by_unit * (-1.5 + 7.0 / 3.0 * grown)
    first = (np.exp(-grown) * (1.0 + grown) - 1.0) / grown**2
    return float(by_unit * np.exp(-grown) * (first + np.expm1(-grown) / grown))
