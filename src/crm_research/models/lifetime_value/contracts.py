"""Lifetime value of running contracts: fees to come, for as long as the contract is expected to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.models.btyd.family import sum_by
from crm_research.models.btyd.patterns import read_column
from crm_research.models.lifetime_value.discount import DAYS_PER_YEAR, check_yearly_rate, log_rate, reach_days
from crm_research.models.lifetime_value.totals import total_limits
from crm_research.models.parametric import ParametricFit
from crm_research.stats.intervals import FloatArray

DAYS_PER_MONTH: Final = DAYS_PER_YEAR / 12
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
        Months of fees, discounted, to expect of each.
    """

    horizon_days: float | None
    rate: float
    margin: float
    confidence: float
    expected: FloatArray
    variance: FloatArray
    months: FloatArray
    _weights: FloatArray
    _slopes: FloatArray
    _own: np.ndarray
    _worth: FloatArray
    _covariance: FloatArray

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

    Notes
    -----
    The fee flows evenly and stays what it is. A contract of tenure T brings fee times the integral over u of
    e^-gu S(T + u) / S(T); its square needs the integral of 2 A(u) e^-gu S(T + u) / S(T), A being the worth of fees
    until u. Contracts end independently of each other given the curve.
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
    paid = share * np.exp(-by_day * ahead)
    until = ahead if by_day == 0 else -np.expm1(-by_day * ahead) / by_day
    mean = np.einsum("j,ij->i", paid, survived)
    second = np.einsum("j,ij->i", 2 * paid * until, survived)
    n_params = far.d_cumulative.shape[1]
    change = far.d_cumulative.reshape(*days.shape, n_params) - near.d_cumulative[:, None, :]
    slopes = -np.einsum("j,ij,ijk->ki", paid, survived, change) / DAYS_PER_MONTH
    months, spread = mean / DAYS_PER_MONTH, np.maximum(second - mean**2, 0.0) / DAYS_PER_MONTH**2
    worth = fee * margin
    return ContractValue(
        horizon_days=horizon_days, rate=rate, margin=margin, confidence=confidence, expected=worth * months[own],
        variance=worth**2 * spread[own], months=months[own], _weights=weights, _slopes=slopes, _own=own, _worth=worth,
        _covariance=np.asarray(fit.covariance, dtype=float),
    )  # fmt: skip


def _nodes(reach: float) -> tuple[FloatArray, FloatArray]:
    """Days ahead and their weights, closer together near today."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES // 2)
    edges = np.array(_STRETCHES) * reach
    width = np.diff(edges)
    ahead = edges[:-1, None] + width[:, None] * (nodes + 1.0) / 2.0
    return ahead.reshape(-1), (width[:, None] * weights / 2.0).reshape(-1)
