"""How the base grows: who was first seen when, and how many buy in each period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import ibis
import pandas as pd

from crm_research.features.purchases import keep_dealings
from crm_research.features.rfm import build_rfm
from crm_research.features.window import known_rows
from crm_research.show.shown import Shown
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

Grain = Literal["month", "week", "day"]
_UNITS: Final = {"month": "M", "week": "W", "day": "D"}
_MOST_PERIODS: Final = 1200
_REGULAR_SHARE: Final = 0.9


@dataclass(frozen=True, eq=False, kw_only=True)
class Growth(Shown):
    """How many customers buy in each period, and how many of them are seen for the first time?

    Parameters
    ----------
    periods
        period (its first instant), n_active, n_first_seen, n_seen_before, n_orders, revenue (net), is_warm_up (a
        customer first seen here may be an old one), is_complete (the records cover the period whole).
    grain
        Length of a period.
    first_at, last_at
        First and last purchase known at as_of.
    usual_gap_days
        Nine of ten repeat customers leave so many days or fewer between purchases on average. None where nobody has
        bought twice.
    warm_up_days
        Whoever is first seen earlier than this after the records begin may be an old customer: the usual gap, at most
        half of the records. None where nobody has bought twice.
    n_customers, n_first_seen_in_warm_up
        Customers with a purchase, and those first seen in the warm-up.
    """

    periods: pd.DataFrame
    grain: Grain
    first_at: datetime
    last_at: datetime
    usual_gap_days: float | None
    warm_up_days: float | None
    n_customers: int
    n_first_seen_in_warm_up: int

    @property
    def whole(self) -> pd.DataFrame:
        """The periods that the records cover whole."""
        return self.periods[self.periods["is_complete"]]

    @property
    def usual_active(self) -> float:
        """Customers buying in a usual whole period (median); NaN without one."""
        return float(self.whole["n_active"].median())


@step
def measure_growth(study: Study) -> Growth | None:
    """How did the number of buying customers develop up to as_of? None where nobody has bought.

    The study needs orders. Customers first seen when the records begin are not new ones: they are left-truncated,
    and the warm-up says how long that may be so.
    """
    rfm = build_rfm(study)
    repeaters = (rfm.frequency > 0).ifelse(rfm.recency_days / rfm.frequency.nullif(0), None)
    summary = rfm.agg(
        n=rfm.count(), first_at=rfm.first_order_at.min(), last_at=rfm.last_order_at.max(),
        usual_gap=repeaters.quantile(_REGULAR_SHARE),
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    if not summary["n"]:
        return None
    first_at, last_at = summary["first_at"], summary["last_at"]
    grain = _choose_grain(study.as_of - first_at)
    warm_up = _limit_warm_up(summary["usual_gap"], study.as_of - first_at)
    until = first_at + timedelta(days=warm_up or 0.0)
    early = int(rfm.filter(rfm.first_order_at < ibis.timestamp(until.isoformat())).count().to_pyarrow().as_py())
    periods = _fill_calendar(_count_periods(study, grain).to_pandas(), grain)
    return Growth(
        periods=_mark(periods, grain, first_at=first_at, warm_up_until=until, as_of=study.as_of),
        grain=grain,
        first_at=first_at,
        last_at=last_at,
        usual_gap_days=None if warm_up is None else float(summary["usual_gap"]),
        warm_up_days=warm_up,
        n_customers=int(summary["n"]),
        n_first_seen_in_warm_up=early,
    )


def _count_periods(study: Study, grain: Grain) -> ir.Table:
    dealings = keep_dealings(known_rows(study, "orders"), of_anybody=True)
    dated = dealings.mutate(period=dealings.ordered_at.truncate(_UNITS[grain]))
    by_customer = dated.group_by("customer_id", "period").agg(
        n_orders=dated.is_sale.count(where=dated.is_sale), revenue=dated.revenue.sum()
    )
    bought = by_customer.customer_id.notnull() & (by_customer.n_orders > 0)  # noqa: PD004 - Ibis
    first = by_customer.period.min(where=bought).over(group_by=by_customer.customer_id)
    marked = by_customer.mutate(is_active=bought, is_first=bought & (by_customer.period == first))
    return marked.group_by("period").agg(
        n_active=marked.is_active.sum(),
        n_first_seen=marked.is_first.sum(),
        n_orders=marked.n_orders.sum(),
        revenue=marked.revenue.sum(),
    )


def _choose_grain(span: timedelta) -> Grain:
    if span.days >= 150:
        return "month"
    return "week" if span.days >= 28 else "day"


def _limit_warm_up(usual_gap: float | None, span: timedelta) -> float | None:
    """The usual gap, but no more than half of the records: otherwise nothing would be left to look at."""
    if usual_gap is None or usual_gap != usual_gap:  # noqa: PLR0124 - NaN
        return None
    return min(float(usual_gap), span.total_seconds() / 86_400 / 2)


def _fill_calendar(periods: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """Periods in order, those without an order as zeros; only the last 1,200 (a stray date must not fill a page)."""
    periods = periods.sort_values("period")
    frequency = {"month": "MS", "week": "7D", "day": "D"}[grain]
    last = periods["period"].iloc[-1]
    if grain == "week":
        frequency = "W-MON"
    calendar = pd.date_range(end=last, periods=_MOST_PERIODS, freq=frequency)
    calendar = calendar[calendar >= periods["period"].iloc[0]]
    counts = ["n_active", "n_first_seen", "n_orders"]
    filled = periods.set_index("period").reindex(calendar, fill_value=0).rename_axis("period").reset_index()
    return filled.astype(dict.fromkeys(counts, "int64"))


def _mark(
    periods: pd.DataFrame, grain: Grain, *, first_at: datetime, warm_up_until: datetime, as_of: datetime
) -> pd.DataFrame:
    starts = periods["period"]
    ends = _period_ends(starts, grain)
    # The last second of a period will do: many extracts end at 23:59:59. So will a first day without an order.
    ended = ends <= pd.Timestamp(as_of) + pd.Timedelta(seconds=1)
    began = starts >= pd.Timestamp(first_at).normalize() - pd.Timedelta(days=2 if grain == "month" else 0)
    return periods.assign(
        n_seen_before=periods["n_active"] - periods["n_first_seen"],
        is_warm_up=starts < pd.Timestamp(warm_up_until),
        is_complete=ended & began,
    )


def _period_ends(starts: pd.Series[pd.Timestamp], grain: Grain) -> pd.Series[pd.Timestamp]:
    if grain == "month":
        return starts + pd.DateOffset(months=1)
    return starts + pd.Timedelta(days=7 if grain == "week" else 1)
