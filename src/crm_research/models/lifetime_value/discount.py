"""Today's worth of money that comes later: yearly rates, and what a margin that comes again and again is worth."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_research.errors import ParameterError

DAYS_PER_YEAR: Final = 365.25


def check_yearly_rate(rate: float, name: str) -> float:
    """A rate a year as a share: 0.12 is 12 %. A rate of 1 or more is asked back, since it looks like a percentage."""
    if isinstance(rate, bool) or not np.isfinite(rate) or rate < 0:
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


def margin_multiple(retention: float, rate: float) -> float:
    """How many of today's margins is a customer worth, if this share stays each year and for ever?

    r / (1 + i - r) with retention r and a yearly discount rate i: the first of them comes in a year.

    References
    ----------
    Gupta and Lehmann (2003), "Customers as assets", Journal of Interactive Marketing 17(1), 9-24.
    """
    if not 0 <= retention <= 1:
        raise ParameterError(f"retention is a share from 0 to 1, not {retention!r}.")
    left = 1 + check_yearly_rate(rate, "rate") - retention
    return float(retention / left) if left > 0 else float("inf")
