"""Today's worth of money that comes later: yearly rates, and what a margin that comes again and again is worth."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from crm_research.errors import ParameterError
from crm_research.stats.intervals import FloatArray
from crm_research.vocabulary import DAYS_PER_YEAR

_FOR_EVER: Final = 30.0


def check_yearly_rate(rate: float, name: str) -> float:
    """A rate a year as a share: 0.12 is 12 %. A rate of 1 or more is asked back, since it looks like a percentage."""
    is_number = isinstance(rate, int | float | np.number) and not isinstance(rate, bool)
    if not is_number or not np.isfinite(rate) or rate < 0:
        raise ParameterError(f"{name} is a share a year, 0 or more (0.1 is 10 %), not {rate!r}.")
    if rate >= 1:
        raise ParameterError(
            f"{name} is a share a year, and {rate:g} would be {100 * rate:,.0f} % a year. "
            f"If {rate:g} % is meant, give {rate / 100:g}."
        )
    return float(rate)


def log_rate(rate: float) -> float:
    """The same rate by day, compounded at every moment."""
    return float(np.log1p(rate)) / DAYS_PER_YEAR


def annuity(rate: float, length: FloatArray) -> FloatArray:
    """Today's worth of 1 a unit of time that flows for so long, at a rate by unit compounded at every moment."""
    return np.asarray(length if abs(rate) < 1e-12 else -np.expm1(-rate * length) / rate)


def reach_days(horizon_days: float | None, rate: float) -> float:
    """How many days to look ahead; for ever is until e^-30 of a payment's worth is left, which needs a rate.

    Raises
    ------
    ParameterError
        For ever without a rate, or a horizon that is none.
    """
    if horizon_days is not None:
        if not (np.isfinite(horizon_days) and horizon_days > 0):
            raise ParameterError(f"horizon_days must be above 0, not {horizon_days!r}.")
        return float(horizon_days)
    by_day = log_rate(rate)
    if by_day <= 0:
        raise ParameterError("Without a discount rate what is to come for ever has no limit: give a horizon.")
    return _FOR_EVER / by_day


def margin_multiple(retention: ArrayLike, rate: float) -> FloatArray:
    """How many of today's margins is a customer worth, if this share stays each year and for ever?

    r / (1 + i - r) with retention r (one or many) and a yearly discount rate i: the first of them comes in a year.
    Infinite where all stay and nothing is discounted.

    References
    ----------
    Gupta and Lehmann (2003), "Customers as assets", Journal of Interactive Marketing 17(1), 9-24.
    """
    kept = np.asarray(retention, dtype=float)
    if not ((kept >= 0) & (kept <= 1)).all():
        raise ParameterError(f"retention is a share from 0 to 1, not {retention!r}.")
    left = 1 + check_yearly_rate(rate, "rate") - kept
    found: FloatArray = np.divide(kept, left, out=np.full(kept.shape, np.inf), where=left > 0)[()]
    return found
