"""Lifetime value of customers without a contract: purchases to come times what each brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.btyd import BtydFit
from crm_research.models.btyd.family import History, sum_by
from crm_research.models.btyd.patterns import read_column
from crm_research.models.btyd.scoring import distinct_rows
from crm_research.models.lifetime_value.amounts import SpendModel
from crm_research.models.lifetime_value.discount import annuity, check_yearly_rate, log_rate, reach_days
from crm_research.models.lifetime_value.forward import Forward, counting_family, expect_forward, look_forward
from crm_research.models.lifetime_value.totals import outcome_limits, total_limits
from crm_research.stats.intervals import FloatArray

_STEP: Final = 1e-3
# Slopes of totals are taken from so many histories at most; they hang on no single one.
_MOST_SLOPED: Final = 30_000


@dataclass(frozen=True, eq=False, kw_only=True)
class OrderValue:
    """What will each customer bring within a horizon, and all of them together?

    Parameters
    ----------
    expected
        Expected value of each row's customer, discounted.
    variance
        Of what the customer will bring, the parameters being right; NaN where the amounts have none.
    lower, upper
        Limits of what the customer will bring, as `outcome_limits` has them.
    none
        Chance that the customer buys nothing.
    staying
        Expected value if the customer is still one and surely remains so.
    squared
        Expected sum of the squares of single purchases' discounted worth.
    confidence
        Level of the limits.
    """

    fit: BtydFit
    spend: SpendModel
    horizon_days: float | None
    rate: float
    margin: float
    confidence: float
    expected: FloatArray
    variance: FloatArray
    lower: FloatArray
    upper: FloatArray
    none: FloatArray
    staying: FloatArray
    squared: FloatArray
    _rows: _Rows
    _purchases: FloatArray

    def total(self, group: np.ndarray | None = None) -> pd.DataFrame:
        """What will groups of customers bring together?

        Parameters
        ----------
        group
            Number of each row's group, from 0; None adds up all.

        Returns
        -------
        pandas.DataFrame
            One row for each group: ``n_customers``; ``expected``, ``lower``, ``upper``, ``outcome_lower``,
            ``outcome_upper`` as `total_limits` has them; ``of_params``, ``of_outcome`` (the variances behind them) and
            ``none`` (chance that nothing comes).
        """
        rows = self._rows
        own = np.zeros(len(rows.frequency), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
        n_groups = int(own.max()) + 1 if len(own) else 1
        expected = sum_by(own, rows.weights * self.expected, n_groups)
        of_outcome = sum_by(own, rows.weights * self.variance, n_groups)
        of_params = self._of_params(own, n_groups)
        with np.errstate(divide="ignore"):
            none = np.exp(sum_by(own, rows.weights * np.log(self.none), n_groups))
        limits = total_limits(
            expected, of_params, of_outcome, confidence=self.confidence, none=none, is_signed=self.spend.is_signed
        )
        n = sum_by(own, rows.weights, n_groups).astype(np.int64)
        return limits.assign(of_params=of_params, of_outcome=of_outcome, none=none, n_customers=n)

    def _of_params(self, own: np.ndarray, n_groups: int) -> FloatArray:
        """Variance of the totals from the uncertainty of both models' parameters, by the delta method."""
        rows = self._rows
        amounts = rows.amounts(self.spend, self.spend.params) * self.margin
        buying = self._purchases[rows.own]
        variance = np.zeros(n_groups)
        for covariance, slopes in (
            (self.fit.covariance, self._slopes_of_buying(amounts, own, n_groups)),
            (self.spend.covariance, self._slopes_of_spend(buying, own, n_groups)),
        ):
            known = np.where(np.isfinite(covariance), covariance, 0.0)
            part = np.einsum("ig,ij,jg->g", slopes, known, slopes)
            variance += part if np.isfinite(covariance).all() else np.nan
        return variance

    def _look(self, log_params: FloatArray, history: History) -> FloatArray:
        return expect_forward(self.fit, log_params, history, horizon_days=self.horizon_days, rate=self.rate)

    def _slopes_of_spend(self, buying: FloatArray, own: np.ndarray, n_groups: int) -> FloatArray:
        rows, found = self._rows, []
        for place, value in enumerate(self.spend.params):
            step = np.zeros(len(self.spend.params))
            step[place] = _STEP if self.spend.is_on_log_scale else _STEP * max(abs(value), 1e-9)
            high, low = (rows.amounts(self.spend, self.spend.params + sign * step) for sign in (1, -1))
            change = (high - low) / (2 * step[place]) * self.margin * buying
            found.append(sum_by(own, rows.weights * change, n_groups))
        return np.array(found)

    def _slopes_of_buying(self, amounts: FloatArray, own: np.ndarray, n_groups: int) -> FloatArray:
        """Of the totals; where histories are many, relative slopes of a part of them."""
        rows = self._rows
        n_histories = len(rows.history.age)
        history, at = rows.history, rows.own
        kept = np.arange(len(own))
        is_part = n_histories > _MOST_SLOPED and n_groups * 20 < _MOST_SLOPED
        if is_part:
            chosen = np.sort(np.random.default_rng(0).choice(n_histories, _MOST_SLOPED, replace=False))
            place = np.full(n_histories, -1)
            place[chosen] = np.arange(_MOST_SLOPED)
            history = History(*(column[chosen] for column in history))
            kept = np.flatnonzero(place[at] >= 0)
            at = place[at[kept]]
        worth = rows.weights[kept] * amounts[kept]

        def totals(log_params: FloatArray) -> FloatArray:
            per_history = self._look(log_params, history)
            return sum_by(own[kept], worth * per_history[at], n_groups)

        steps = np.eye(len(self.fit.log_params)) * _STEP
        slopes = np.array([totals(self.fit.log_params + step) - totals(self.fit.log_params - step) for step in steps])
        slopes = slopes / (2 * _STEP)
        if is_part:
            seen = totals(self.fit.log_params)
            whole = sum_by(own, rows.weights * self.expected, n_groups)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(seen != 0, slopes / seen, slopes.sum(axis=1, keepdims=True) / seen.sum())
            slopes = share * whole
        return slopes


@dataclass(frozen=True, eq=False, kw_only=True)
class _Rows:
    """Customers as histories and amounts: what each row refers to."""

    history: History
    own: np.ndarray
    frequency: FloatArray
    spent: FloatArray
    weights: FloatArray
    distinct: FloatArray
    at_distinct: np.ndarray

    def amounts(self, spend: SpendModel, params: FloatArray) -> FloatArray:
        found = spend.read(params, self.distinct)
        return np.asarray(found.base[self.at_distinct] + found.slope[self.at_distinct] * self.spent)


def value_orders(
    fit: BtydFit,
    spend: SpendModel,
    rows: pd.DataFrame,
    *,
    horizon_days: float | None,
    rate: float,
    margin: float = 1.0,
    confidence: float = 0.95,
) -> OrderValue:
    """What will customers who buy without a contract still bring?

    Parameters
    ----------
    fit
        A model of purchases.
    spend
        A model of amounts, of the same customers.
    rows
        One row per customer, or per distinct row: ``frequency``, ``recency_days``, ``age_days``, ``spent`` (sum of the
        repeats' amounts) and optionally ``n_customers``.
    horizon_days
        How far to look; None for ever.
    rate
        A year's discount rate, as a share.
    margin
        Share of an amount that is earned; 1 where amounts are margins, or stand for themselves.
    confidence
        Level of the limits.

    Notes
    -----
    With D the discounted purchases of a customer, D2 the sum of squared discounts and m the mean amount of the
    customer, the value has mean E D E m and second moment E D^2 E m^2 + E D2 E s^2, s^2 being the variance of an amount
    around m. Purchases and amounts are independent given the history. Variances of customers add up to those of groups;
    the uncertainty of the parameters, which all customers share, comes on top. The limits of one customer's outcome are
    those of nothing, with its chance, and a gamma distribution otherwise.
    """
    check_yearly_rate(rate, "The discount rate")
    held = _read_rows(fit, rows)
    history, own = held.history, held.own
    ahead = look_forward(fit, history, horizon_days=horizon_days, rate=rate)
    amount = held.amounts(spend, spend.params)
    variance, squared = (part * margin**2 for part in _variance(ahead, spend, held, amount))
    by_unit = log_rate(rate) * fit.time_unit_days
    reach = np.array([reach_days(horizon_days, rate) / fit.time_unit_days])
    shape, scale = counting_family(fit).rate_if_alive(np.exp(fit.log_params), history)
    bought = shape / scale * annuity(by_unit, reach)[0]
    expected = ahead.purchases[own] * amount * margin
    lower, upper = outcome_limits(expected, variance, ahead.none[own], confidence, is_signed=spend.is_signed)
    return OrderValue(
        fit=fit, spend=spend, horizon_days=horizon_days, rate=rate, margin=margin, confidence=confidence,
        expected=expected, variance=variance, lower=lower, upper=upper, none=ahead.none[own],
        staying=bought[own] * amount * margin, squared=squared, _rows=held, _purchases=ahead.purchases,
    )  # fmt: skip


def expect_orders(
    fit: BtydFit, spend: SpendModel, rows: pd.DataFrame, *, horizon_days: float | None, rate: float, margin: float = 1.0
) -> FloatArray:
    """The expected values of `value_orders` alone."""
    check_yearly_rate(rate, "The discount rate")
    held = _read_rows(fit, rows)
    purchases = expect_forward(fit, fit.log_params, held.history, horizon_days=horizon_days, rate=rate)
    return np.asarray(purchases[held.own] * held.amounts(spend, spend.params) * margin)


def _read_rows(fit: BtydFit, rows: pd.DataFrame) -> _Rows:
    spent = read_column(rows, "spent", lowest=-np.inf)
    weights = read_column(rows, "n_customers", whole=True) if "n_customers" in rows.columns else np.ones(len(rows))
    known = fit.history(rows)
    history, _, own = distinct_rows(known, np.zeros(len(known.age)))
    distinct, at_distinct = np.unique(known.frequency, return_inverse=True)
    return _Rows(
        history=history, own=own, frequency=known.frequency, spent=spent, weights=weights, distinct=distinct,
        at_distinct=at_distinct,
    )  # fmt: skip


def _variance(ahead: Forward, spend: SpendModel, rows: _Rows, amount: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variance of the outcome, and the expected sum of squares of single purchases."""
    by = spend.read(spend.params, rows.distinct)
    inflation, extra, noise, more = (part[rows.at_distinct] for part in by[2:])
    squares, pairs = ahead.squares[rows.own], ahead.pairs[rows.own]
    mean_square = inflation * amount**2 + extra
    squared = squares * (mean_square + noise * amount**2 + more)
    second = squared + 2 * pairs * mean_square
    return np.maximum(second - (ahead.purchases[rows.own] * amount) ** 2, 0.0), squared
