"""How many more periods does a customer bring, today's worth of each allowed for?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy import special

from crm_research.errors import ParameterError
from crm_research.models.renewals.families import ConstantRate, RenewalFamily, ShiftedBetaGeometric
from crm_research.models.renewals.fitted import RenewalFit
from crm_research.stats.intervals import FloatArray, normal_quantile

_MONTHS_PER_YEAR: Final = 12
_STEP: Final = 1e-4
_MOST_PERIODS: Final = 200_000
_NEGLIGIBLE: Final = 1e-10


def expected_lifetime(
    fit: RenewalFit,
    renewals_made: Sequence[int] = (0,),
    *,
    discount_rate: float,
    period_months: int = 12,
    horizon_periods: int | None = None,
) -> pd.DataFrame:
    """How many more paid periods are expected of somebody who is about to decide on the next renewal?

    Parameters
    ----------
    fit
        A fitted model.
    renewals_made
        Renewals behind the customer; 0 is up for the first.
    discount_rate
        A year's: 0.1 makes a fee due in a year worth 1 / 1.1 today. 0 counts periods without discounting.
    period_months
        Length of a period between renewals.
    horizon_periods
        Count only so many periods ahead; None counts for ever, which rests on the model far beyond the records.

    Returns
    -------
    pandas.DataFrame
        Columns ``renewals_made``, ``expected_periods`` (infinite where the sum has no end: undiscounted with alpha of
        1 or less), ``lower``, ``upper``. The period of the next renewal counts in full, weighed by the chance that it
        comes about; the period already paid does not count.

    Notes
    -----
    Sum over t from n + 1 on of S(t) / S(n) / (1 + d)^(t - n - 1), n renewals being made and d the discount of a period:
    Fader and Hardie's discounted expected residual lifetime just before the renewal. For the sBG it is
    (beta + n) / (alpha + beta + n) 2F1(1, beta + n + 1; alpha + beta + n + 1; 1 / (1 + d)). The limits are by the delta
    method on the logarithm and take the model as right.

    References
    ----------
    Fader and Hardie (2010), "Customer-base valuation in a contractual setting", Marketing Science 29, 85-93, eq. 6.
    """
    if not discount_rate > -1.0 or discount_rate < 0.0:
        raise ParameterError(f"discount_rate is a year's and 0 or more (0.1 is 10 %), not {discount_rate!r}.")
    if horizon_periods is not None and horizon_periods < 1:
        raise ParameterError(f"horizon_periods must be 1 or more, not {horizon_periods!r}.")
    keep = float((1.0 + discount_rate) ** (-period_months / _MONTHS_PER_YEAR))
    rows = []
    for made in renewals_made:
        log_value, gradient = _with_gradient(fit, int(made), keep, horizon_periods)
        spread = float(np.sqrt(gradient @ fit.covariance @ gradient)) if np.isfinite(log_value) else np.nan
        half = normal_quantile(fit.confidence) * spread
        rows.append((int(made), np.exp(log_value), np.exp(log_value - half), np.exp(log_value + half)))
    return pd.DataFrame(rows, columns=["renewals_made", "expected_periods", "lower", "upper"])


def _with_gradient(fit: RenewalFit, made: int, keep: float, horizon: int | None) -> tuple[float, FloatArray]:
    """The logarithm of the expectation and its gradient on the log parameters, by central differences."""
    axes = np.eye(len(fit.log_params)) * _STEP

    def value(point: FloatArray) -> float:
        return float(np.log(_expected(fit.family, point, made, keep, horizon)))

    with np.errstate(divide="ignore", invalid="ignore"):
        middle = value(fit.log_params)
        slopes = [(value(fit.log_params + axis) - value(fit.log_params - axis)) / (2 * _STEP) for axis in axes]
    return middle, np.array(slopes)


def _expected(family: RenewalFamily, log_params: FloatArray, made: int, keep: float, horizon: int | None) -> float:
    if horizon is not None:
        return _sum_periods(family, log_params, made, keep, horizon)
    if isinstance(family, ConstantRate):
        renew = float(np.exp(family.log_retention(log_params, np.ones(1)).renew[0]))
        return renew / (1.0 - renew * keep) if renew * keep < 1.0 else np.inf
    alpha, beta = np.exp(log_params[:2])
    # Survival falls like t to this power: slower than 1 / t, and the undiscounted sum has no end.
    power = alpha * (np.exp(log_params[2]) if len(log_params) > 2 else 1.0)
    if keep == 1.0 and power <= 1.0:
        return np.inf
    if isinstance(family, ShiftedBetaGeometric):
        lasting = beta + made
        if keep == 1.0:
            return float(lasting / (alpha - 1.0))
        series = float(special.hyp2f1(1.0, lasting + 1.0, alpha + lasting + 1.0, keep))
        if np.isfinite(series):
            return float(lasting / (alpha + lasting) * series)
    reach = int(min(np.log(_NEGLIGIBLE) / np.log(keep) + 1, _MOST_PERIODS)) if keep < 1.0 else _MOST_PERIODS
    tail = 0.0
    if keep == 1.0:
        last = family.log_retention(log_params, made + np.arange(1.0, reach + 1)).renew.sum()
        tail = float(np.exp(last)) * reach / (power - 1.0)
    return _sum_periods(family, log_params, made, keep, reach) + tail


def _sum_periods(family: RenewalFamily, log_params: FloatArray, made: int, keep: float, reach: int) -> float:
    ahead = np.arange(1.0, reach + 1)
    log_survival = np.cumsum(family.log_retention(log_params, made + ahead).renew)
    return float(np.exp(log_survival + (ahead - 1) * np.log(keep)).sum())
