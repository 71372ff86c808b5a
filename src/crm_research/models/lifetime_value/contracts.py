"""Lifetime value of running contracts: fees to come, for as long as the contract is expected to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.btyd.family import sum_by
from crm_research.models.btyd.patterns import read_column
from crm_research.models.lifetime_value.discount import annuity, check_yearly_rate, log_rate, reach_days
from crm_research.models.lifetime_value.fees import FeeGrowth
from crm_research.models.lifetime_value.totals import total_limits
from crm_research.models.parametric import ParametricFit
from crm_research.stats.intervals import FloatArray
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

_NODES: Final = 32
_STRETCHES: Final = (0.0, 0.02, 0.1, 0.3, 1.0)
_LEAST_DAYS: Final = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class ContractValue:
    """What will each running contract bring within a horizon, and all of them together?

    Parameters
    ----------
    expected
        Expected fees of each row's contract, discounted, times the margin.
    variance
        Of what it will bring, the curve being right.
    months
        Months of today's fee, discounted, to expect of each.
    staying
        What each would bring if it surely ran on.
    """

    horizon_days: float | None
    rate: float
    margin: float
    confidence: float
    expected: FloatArray
    variance: FloatArray
    months: FloatArray
    staying: FloatArray
    _weights: FloatArray
    _slopes: FloatArray
    _own: np.ndarray
    _worth: FloatArray
    _covariance: FloatArray
    _survived: FloatArray
    _until: FloatArray

    def at_least(self, chance: float) -> FloatArray:
        """What will each row's contract bring at least, with this chance? The fees until it has ended with the rest.

        How single fees rise and fall is not in it, only their common change.
        """
        row = np.arange(len(self._survived))
        place = (self._survived >= chance).sum(axis=1) - 1
        after = np.minimum(place + 1, self._survived.shape[1] - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            high, low = (-np.log(self._survived[row, at]) for at in (place, after))
            part = np.where((low > high) & np.isfinite(low), (-np.log(chance) - high) / (low - high), 0.0)
        paid = self._until[place] + part * (self._until[after] - self._until[place])
        return np.asarray(self._worth * (paid / DAYS_PER_MONTH)[self._own])

    def total(self, group: np.ndarray | None = None) -> pd.DataFrame:
        """What will groups of contracts bring together? As `OrderValue.total`, with ``n_contracts``."""
        own = np.zeros(len(self.expected), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
        n_groups = int(own.max()) + 1 if len(own) else 1
        expected = sum_by(own, self._weights * self.expected, n_groups)
        of_outcome = sum_by(own, self._weights * self.variance, n_groups)
        slopes = np.array(
            [sum_by(own, self._weights * self._worth * slope[self._own], n_groups) for slope in self._slopes]
        )
        of_params = np.einsum("ig,ij,jg->g", slopes, self._covariance, slopes)
        limits = total_limits(expected, of_params, of_outcome, confidence=self.confidence)
        n = sum_by(own, self._weights, n_groups).astype(np.int64)
        return limits.assign(
            of_params=of_params, of_outcome=of_outcome, none=np.where(expected > 0, 0.0, 1.0), n_contracts=n
        )


def value_contracts(
    fit: ParametricFit,
    rows: pd.DataFrame,
    *,
    horizon_days: float | None,
    rate: float,
    margin: float = 1.0,
    confidence: float = 0.95,
    growth: FeeGrowth | None = None,
) -> ContractValue:
    """What will running contracts still bring?

    Parameters
    ----------
    fit
        A curve of tenures.
    rows
        One row per running contract, or per distinct row: ``tenure_days`` (so far), ``fee`` (a month) and optionally
        ``n_contracts``.
    horizon_days, rate, margin, confidence
        As in `value_orders`.
    growth
        How fees rise and fall, for as many years ahead as it was seen; None leaves them as they are.

    Notes
    -----
    The fee flows evenly. A contract of tenure T brings fee times the integral over u of
    e^-gu S(T + u) / S(T); its square needs the integral of 2 A(u) e^-gu S(T + u) / S(T), A being the worth of fees
    until u. A fee that grows by g a year counts (1 + g)^u times; contracts' own changes beside that add, to the square,
    its size times their yearly variance times the mean time of what is paid. Contracts end independently of each other
    given the curve, and whatever their fee does.
    """
    check_yearly_rate(rate, "The discount rate")
    tenure, fee = (read_column(rows, name) for name in ("tenure_days", "fee"))
    weights = read_column(rows, "n_contracts", whole=True) if "n_contracts" in rows.columns else np.ones(len(rows))
    by_day = log_rate(rate)
    distinct, own = np.unique(np.maximum(tenure, _LEAST_DAYS), return_inverse=True)
    ahead, share = _nodes(reach_days(horizon_days, rate))
    days = distinct[:, None] + ahead
    far = fit.read(days.reshape(-1))
    near = fit.read(distinct)
    survived = np.exp(-(far.cumulative.reshape(days.shape) - near.cumulative[:, None]))
    flow = _Flow.of(by_day, growth)
    paid = share * flow.at(ahead)
    until = flow.until(ahead)
    mean = np.einsum("j,ij->i", paid, survived)
    second = np.einsum("j,ij->i", 2 * paid * until, survived)
    n_params = far.d_cumulative.shape[1]
    change = far.d_cumulative.reshape(*days.shape, n_params) - near.d_cumulative[:, None, :]
    slopes = -np.einsum("j,ij,ijk->ki", paid, survived, change) / DAYS_PER_MONTH
    covariance = np.asarray(fit.covariance, dtype=float)
    if growth is not None:
        grown = np.minimum(ahead, flow.days) / DAYS_PER_YEAR
        years = np.einsum("j,ij->i", paid * grown, survived)
        slopes = np.vstack([slopes, years / DAYS_PER_MONTH])
        covariance = np.block(
            [[covariance, np.zeros((n_params, 1))], [np.zeros((1, n_params)), np.array([[growth.log_variance]])]]
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            second = second * (1 + growth.spread * np.where(mean > 0, years / mean, 0.0))
    months, spread = mean / DAYS_PER_MONTH, np.maximum(second - mean**2, 0.0) / DAYS_PER_MONTH**2
    worth = fee * margin
    reach = reach_days(horizon_days, rate)
    last = fit.read(distinct + reach).cumulative - near.cumulative
    to_the_end = flow.until(np.array([reach]))
    return ContractValue(
        horizon_days=horizon_days,
        rate=rate,
        margin=margin,
        confidence=confidence,
        expected=worth * months[own],
        variance=worth**2 * spread[own],
        months=months[own],
        staying=worth * float(to_the_end[0]) / DAYS_PER_MONTH,
        _weights=weights,
        _slopes=slopes,
        _own=own,
        _worth=worth,
        _covariance=covariance,
        _survived=np.hstack([np.ones((len(distinct), 1)), survived, np.exp(-last)[:, None]]),
        _until=np.concatenate([[0.0], until, to_the_end]),
    )


@dataclass(frozen=True, kw_only=True)
class _Flow:
    """Today's worth of a fee of 1 a day that runs on: how it falls by discount and changes by growth."""

    by_day: float
    growth: float
    days: float

    @classmethod
    def of(cls, by_day: float, growth: FeeGrowth | None) -> _Flow:
        if growth is None:
            return cls(by_day=by_day, growth=0.0, days=0.0)
        return cls(by_day=by_day, growth=growth.log_yearly / DAYS_PER_YEAR, days=growth.years * DAYS_PER_YEAR)

    def at(self, ahead: FloatArray) -> FloatArray:
        return np.asarray(np.exp(self.growth * np.minimum(ahead, self.days) - self.by_day * ahead))

    def until(self, ahead: FloatArray) -> FloatArray:
        """All of it from now on until so many days ahead."""
        near = np.minimum(ahead, self.days)
        later = annuity(self.by_day, ahead - near) * np.exp((self.growth - self.by_day) * self.days)
        return np.asarray(annuity(self.by_day - self.growth, near) + later)


def _nodes(reach: float) -> tuple[FloatArray, FloatArray]:
    """Days ahead and their weights, closer together near today."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES // 2)
    edges = np.array(_STRETCHES) * reach
    width = np.diff(edges)
    ahead = edges[:-1, None] + width[:, None] * (nodes + 1.0) / 2.0
    return ahead.reshape(-1), (width[:, None] * weights / 2.0).reshape(-1)
