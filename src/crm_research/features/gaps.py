"""Gaps between purchases, counted: all that a test of regular buying needs, whatever the records call a date."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import ibis

from crm_research.errors import ParameterError
from crm_research.features.clock import whole_days_between
from crm_research.features.purchases import build_purchases

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

Unit = Literal["day", "date"]
UNITS: Final = ("day", "date")
_FEWER_THAN_BY_CHANCE: Final = 0.8


@dataclass(frozen=True, kw_only=True)
class DatesSeen:
    """On how many dates did anybody buy, and on how many could there have been a purchase?

    Parameters
    ----------
    n_dates
        Distinct dates with a purchase.
    n_days
        Days from the first of them to the last, both counted.
    n_purchases
        Purchases: days on which a customer bought, over all customers.
    """

    n_dates: int
    n_days: int
    n_purchases: int

    @property
    def is_coarse(self) -> bool:
        """Are there far fewer dates than that many purchases would meet by chance?

        As where only the month, the week or the quarter of an order is recorded, or a shop opens on some days alone.
        """
        by_chance = self.n_days * -math.expm1(-self.n_purchases / self.n_days) if self.n_days else 0.0
        return self.n_dates < _FEWER_THAN_BY_CHANCE * by_chance

    @property
    def unit(self) -> Unit:
        """What gaps are best counted in, so that random buyers do not look regular."""
        return "date" if self.is_coarse else "day"


def look_at_dates(study: Study) -> DatesSeen:
    """On how many dates did anybody buy by as_of? One statement; needs orders."""
    purchases = build_purchases(study, occasion="day")
    by_date = purchases.group_by("ordered_at").agg(n=purchases.count())
    first, last = by_date.ordered_at.min(), by_date.ordered_at.max()
    seen = by_date.agg(n_dates=by_date.count(), n_days=whole_days_between(first, last) + 1, n_purchases=by_date.n.sum())
    row = seen.to_pyarrow().to_pylist()[0]
    return DatesSeen(**{name: int(row[name] or 0) for name in ("n_dates", "n_days", "n_purchases")})


def count_gaps(study: Study, *, unit: Unit = "day") -> ir.Table:
    """How many gaps between two purchases of a customer are so long?

    Parameters
    ----------
    study
        Needs orders. A purchase is a day on which a customer bought.
    unit
        ``day``: calendar days. ``date``: places in the list of all dates on which anybody bought, for records that
        know the month or the week alone (`DatesSeen.unit`).

    Returns
    -------
    ibis table
        One length, in order: gap (whole, from 1 on), n (gaps of that length, over all customers).
    """
    gaps = _build_gaps(study, unit)
    return gaps.group_by("gap").agg(n=gaps.count()).order_by("gap")


def count_spans(study: Study, *, unit: Unit = "day") -> ir.Table:
    """How many customers have so many gaps that add up to so much?

    Parameters
    ----------
    study, unit
        As in `count_gaps`.

    Returns
    -------
    ibis table
        One pair, in order: n_gaps (from 1 on), span (sum of the gaps), n_customers.
    """
    gaps = _build_gaps(study, unit)
    by_customer = gaps.group_by("customer_id").agg(n_gaps=gaps.count(), span=gaps.gap.sum())
    counted = by_customer.group_by("n_gaps", "span").agg(n_customers=by_customer.count())
    return counted.order_by("n_gaps", "span")


def _build_gaps(study: Study, unit: Unit) -> ir.Table:
    """One gap between two purchases of a customer: customer_id, gap."""
    if unit not in UNITS:
        raise ParameterError(f"unit must be one of {', '.join(UNITS)}; not {unit!r}.")
    purchases = build_purchases(study, occasion="day").select("customer_id", "ordered_at")
    if unit == "date":
        dates = purchases.select("ordered_at").distinct()
        dates = dates.mutate(place=ibis.row_number().over(order_by=dates.ordered_at))
        placed = purchases.inner_join(dates, "ordered_at")
        previous = placed.place.lag().over(group_by=placed.customer_id, order_by=placed.place)
        gaps = placed.select("customer_id", gap=(placed.place - previous).cast("int64"))
    else:
        previous = purchases.ordered_at.lag().over(group_by=purchases.customer_id, order_by=purchases.ordered_at)
        gaps = purchases.select("customer_id", gap=whole_days_between(previous, purchases.ordered_at))
    return gaps.filter(gaps.gap.notnull())
