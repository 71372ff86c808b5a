"""What customers cost beside their goods: use of activities, contacts, and money that they owe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from crm_research.features.clock import days_between, instant, period_number
from crm_research.features.money_rows import money_rows
from crm_research.features.window import known_rows
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study


def service_rows(study: Study, window: MoneyWindow, rates: Mapping[str, float]) -> ir.Table:
    """Use of activities in the periods that begin in the window, each unit at its rate: service."""
    use = use_within(study, window)
    return money_rows(use, service=use.quantity.fill_null(0.0) * rate_of(use.activity, rates))


def use_within(study: Study, window: MoneyWindow) -> ir.Table:
    """Use of activities in the periods that begin in the window."""
    use = known_rows(study, "activity_use")
    return use.filter(use.period >= instant(window.start), use.period < instant(window.end))


def rate_of(activity: ir.StringValue, rates: Mapping[str, float]) -> ir.FloatingValue:
    """The rate of an activity; nought for one that has none."""
    if not rates:
        return ibis.literal(0.0)
    rate: ir.FloatingValue = activity.cases(*((name, float(rate)) for name, rate in rates.items()), else_=0.0)
    return rate


def contact_rows(study: Study, window: MoneyWindow) -> ir.Table:
    """What the contacts begun in the window cost: contacts."""
    rows = known_rows(study, "contacts")
    within = rows.filter(rows.opened_at >= instant(window.start), rows.opened_at < instant(window.end))
    return money_rows(within, contacts=within["cost"].fill_null(0.0))


def receivable_rows(study: Study, window: MoneyWindow) -> ir.Table:
    """Money owed in the window, times the years that it was owed: receivables (money a year)."""
    rows = known_rows(study, "invoices")
    start, end = instant(window.start), instant(window.end)
    paid = rows.paid_at if "paid_at" in rows.columns else ibis.null("timestamp")
    owed = rows.mutate(days=days_between(ibis.greatest(rows.issued_at, start), ibis.least(paid.fill_null(end), end)))
    open_ = owed.filter(owed.days > 0)
    return money_rows(open_, receivables=open_.amount.fill_null(0.0) * open_.days / DAYS_PER_YEAR)


def read_activities(study: Study) -> pd.DataFrame:
    """The activities with their cost pools, as recorded: some rows, never one a customer."""
    table = known_rows(study, "activities")
    names = ("activity", "cost_pool", "driver", "unit_time", "capacity", "resource")
    held = table.select(*(name for name in names if name in table.columns))
    found: pd.DataFrame = held.order_by("activity").to_pandas()
    return found


def count_use(study: Study, window: MoneyWindow) -> pd.DataFrame:
    """How much of each activity was used?

    Returns
    -------
    pandas.DataFrame
        Grain: activity. activity, quantity (in all periods that began before as_of), within (in those of the window),
        first, last (first instants of its first and last period).
    """
    use = known_rows(study, "activity_use")
    is_within = (use.period >= instant(window.start)) & (use.period < instant(window.end))
    quantity = use.quantity.fill_null(0.0)
    counted: pd.DataFrame = (
        use.group_by("activity")
        .agg(
            quantity=quantity.sum(),
            within=is_within.ifelse(quantity, 0.0).sum(),
            first=use.period.min(),
            last=use.period.max(),
        )
        .order_by("activity")
        .to_pandas()
    )
    return counted


def find_grain_months(study: Study) -> int:
    """In periods of how many months is use recorded? 1, 3, 6 or 12: the longest in which all of them begin."""
    use = known_rows(study, "activity_use")
    months = use.select(number=period_number(use.period, 1)).distinct().to_pandas()["number"].dropna().astype(int)
    if len(months) < 2:
        return 1
    return next((grain for grain in (12, 6, 3) if not (months % grain).any()), 1)


def spread_of_use(study: Study, window: MoneyWindow, *, by_orders: bool) -> pd.DataFrame:
    """How far does the use of each customer stray from period to period, beyond what their volume does?

    Returns
    -------
    pandas.DataFrame
        Grain: activity. activity, squares (sum of squared differences between a customer's use in a period and their
        use in the window, divided over periods as their volume), expected (what they would sum to if every unit came
        by itself, by chance), even_squares and even_expected (the same with a customer's use divided evenly over the
        periods, as by who makes work at any time). Customers without any volume in the window are left out.
    """
    n_periods = max(round(window.months / find_grain_months(study)), 1)
    use = use_within(study, window)
    orders = order_rows_by_period(study, window, by_orders=by_orders)
    volume = orders.group_by("customer_id").agg(whole=orders.volume.sum(), squared=(orders.volume**2).sum())
    volume = volume.filter(volume.whole > 0)
    keyed = use.select(
        "customer_id", "activity", number=period_number(use.period, 1), quantity=use.quantity.fill_null(0.0)
    )
    whole = keyed.group_by("customer_id", "activity").agg(
        total=keyed.quantity.sum(), squared_use=(keyed.quantity**2).sum()
    )
    # The sum over periods of (use - total x share)^2 needs only three sums, periods without a row among them.
    matched = keyed.inner_join(orders, ["customer_id", "number"])
    crossed = matched.group_by("customer_id", "activity").agg(crossed=(matched.quantity * matched.volume).sum())
    joined = whole.inner_join(volume, "customer_id").left_join(crossed, ["customer_id", "activity"])
    evenness = joined.squared / joined.whole**2
    squares = joined.squared_use - 2 * joined.total * joined.crossed.fill_null(0.0) / joined.whole
    spread = joined.select(
        "activity",
        squares=squares + joined.total**2 * evenness,
        expected=joined.total * (1 - evenness),
        even_squares=joined.squared_use - joined.total**2 / n_periods,
        even_expected=joined.total * (1 - 1 / n_periods),
    )
    found: pd.DataFrame = (
        spread.group_by("activity")
        .agg(**{name: spread[name].sum() for name in ("squares", "expected", "even_squares", "even_expected")})
        .order_by("activity")
        .to_pandas()
    )
    return found


def order_rows_by_period(study: Study, window: MoneyWindow, *, by_orders: bool) -> ir.Table:
    """customer_id, number (the month in which the period of use begins), volume: orders, or their revenue."""
    from crm_research.features.takings import dealings_within

    dealings = dealings_within(study, window)
    sales = dealings.filter(dealings.is_sale, dealings.customer_id.notnull())  # noqa: PD004 - Ibis
    grain = find_grain_months(study)
    number = period_number(sales.ordered_at, grain) * grain
    value = ibis.literal(1.0) if by_orders else sales.revenue.fill_null(0.0)
    keyed = sales.select("customer_id", number=number, value=value)
    return keyed.group_by("customer_id", "number").agg(volume=keyed["value"].sum())
