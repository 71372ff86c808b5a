"""How fast do these customers buy, and how long must a period and a horizon be to show them coming back?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crm_research.errors import ParameterError
from crm_research.features.clock import check_period_months
from crm_research.features.own_rhythm import number_purchases
from crm_research.features.purchases import Occasion
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.study import Study

PERIODS_MONTHS: Final = (1, 3, 12)
MOST_PERIODS: Final = 60  # rows and columns of a triangle that can still be read
MOST_IN_A_GAP: Final = 12  # periods in a usual gap; beyond, each period holds too few who return
_USUAL_HORIZONS: Final = (90.0, DAYS_PER_YEAR)
_LONG_YEARS: Final = (1, 3, 5, 10, 20)
_LONGER_THAN_GAP: Final = 1.25  # so that by the last horizon most of those who come back have come
_FEWEST_CUSTOMERS: Final = 20
_AS_GOOD_AS_FIRST: Final = 0.001  # a single wrong date must not make the records a century long


@dataclass(frozen=True, kw_only=True)
class PeriodChoice(Shown):
    """The speed of buying, and the lengths of time that suit it.

    Parameters
    ----------
    period_months
        Length of a retention period.
    horizons_days
        After how many days the share that is back is read, shortest first.
    gap_days
        Usual gap between purchases of those who came back; NaN where fewer than 20 customers did.
    span_days
        Length of the records, from all but the first thousandth of purchases to as_of.
    is_period_chosen, are_horizons_chosen
        False where the caller set them.
    """

    period_months: int
    horizons_days: tuple[float, ...]
    gap_days: float
    span_days: float
    is_period_chosen: bool
    are_horizons_chosen: bool

    @property
    def longest_days(self) -> float:
        """The last horizon."""
        return self.horizons_days[-1]

    @property
    def is_slow(self) -> bool:
        """Is coming back a matter of years?"""
        return self.longest_days > 2 * DAYS_PER_YEAR


@step
def choose_periods(
    study: Study,
    *,
    period_months: int | None = None,
    repeat_days: Sequence[float] | None = None,
    occasion: Occasion = "day",
) -> PeriodChoice:
    """Which period and which horizons suit the gaps between purchases and the length of the records?

    Parameters
    ----------
    study
        Needs orders.
    period_months, repeat_days
        Taken as they are; None chooses.
    occasion
        What one purchase is: each calendar ``day`` with orders, or every ``order``.

    Raises
    ------
    ParameterError
        If a length of time is not above 0.

    Notes
    -----
    The period is the shortest of a month, a quarter and a year of which the records hold 60 at the most and a usual
    gap 12 at the most. The horizons are 90 days and 12 months while a year is longer than the usual gap by a quarter;
    else the first of 3, 5, 10 and 20 years that is, and the one before it (1, 3, 5 or 10). The usual gap is the median
    over customers of the geometric mean of their completed gaps: one vote each; whoever never came back has none, and
    records that are short beside the gaps make it too short.
    """
    gap_days, span_days = _measure(study, occasion)
    return PeriodChoice(
        period_months=_choose_period(gap_days, span_days)
        if period_months is None
        else check_period_months(period_months),
        horizons_days=_choose_horizons(gap_days) if repeat_days is None else _check_horizons(repeat_days),
        gap_days=gap_days,
        span_days=span_days,
        is_period_chosen=period_months is None,
        are_horizons_chosen=repeat_days is None,
    )


@step
def _measure(study: Study, occasion: Occasion) -> tuple[float, float]:
    purchases = number_purchases(study, occasion=occasion)
    began = purchases.aggregate(at=purchases.ordered_at.epoch_seconds().quantile(_AS_GOOD_AS_FIRST)).to_pandas()
    gaps = purchases.filter(purchases.log_gap.notnull())
    by_customer = gaps.group_by("customer_id").agg(usual=gaps.log_gap.mean())
    found = by_customer.aggregate(n=by_customer.count(), usual=by_customer.usual.median()).to_pandas().iloc[0]
    enough = int(found["n"]) >= _FEWEST_CUSTOMERS
    first = float(began["at"].iloc[0])
    last = (study.as_of - datetime(1970, 1, 1)).total_seconds()
    return (
        math.exp(float(found["usual"])) if enough else math.nan,
        max(last - first, 0.0) / 86_400 if math.isfinite(first) else 0.0,
    )


def _choose_period(gap_days: float, span_days: float) -> int:
    for months in PERIODS_MONTHS[:-1]:
        length = months * DAYS_PER_MONTH
        # A gap that is not known forbids no period.
        if span_days <= MOST_PERIODS * length and not gap_days > MOST_IN_A_GAP * length:
            return months
    return PERIODS_MONTHS[-1]


def _choose_horizons(gap_days: float) -> tuple[float, ...]:
    needed = _LONGER_THAN_GAP * gap_days / DAYS_PER_YEAR
    if not needed > 1:
        return _USUAL_HORIZONS
    place = next((i for i, years in enumerate(_LONG_YEARS) if years >= needed), len(_LONG_YEARS) - 1)
    return tuple(years * DAYS_PER_YEAR for years in _LONG_YEARS[place - 1 : place + 1])


def _check_horizons(repeat_days: Sequence[float]) -> tuple[float, ...]:
    found = tuple(sorted({float(days) for days in repeat_days}))
    if not found or not all(0 < days < math.inf for days in found):
        raise ParameterError(
            f"repeat_days must be numbers of days above 0, such as [90, 365], not {list(repeat_days)!r}."
        )
    return found
