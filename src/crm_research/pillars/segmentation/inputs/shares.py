"""Parts of what customers spend, buy and use, summed in the engine, for finding groups and for assigning alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError
from crm_research.features.purchases import build_purchases, keep_dealings
from crm_research.features.window import known_rows
from crm_research.pillars.segmentation.inputs.recipe import UNKNOWN, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from crm_research.study import Study

SPEND: Final = "spend"
PURCHASES: Final = "purchases"
USAGE: Final = "use"
WEEK: Final = "half of the week"
DAY: Final = "part of the day"
YEAR: Final = "quarter of the year"
CLOCKS: Final[Mapping[str, tuple[str, ...]]] = {
    WEEK: ("weekdays", "weekends"),
    DAY: ("nights", "mornings", "afternoons", "evenings"),
    YEAR: ("quarter 1", "quarter 2", "quarter 3", "quarter 4"),
}


def sum_parts(study: Study, whole: Whole) -> ir.Table:
    """How much of each part does a customer have?

    Returns
    -------
    ibis table
        One customer with any of them: customer_id and a column for each of the whole's parts.

    Raises
    ------
    ParameterError
        If the study lacks a table or a column it takes.
    """
    if whole.of == SPEND:
        return sum_levels(take_spend(study, whole.by), whole)
    if whole.of == PURCHASES:
        rows = build_purchases(study).select("customer_id", at="ordered_at")
        return sum_clock(rows.mutate(amount=1.0), whole)
    if whole.of == USAGE:
        check_columns(study, "activity_use", ("customer_id", "activity", "period", "quantity"))
        return sum_clock(weigh_use(known_use(study), whole.weights), whole)
    raise ParameterError(f"Parts of {whole.of!r} are not known here; spend, purchases and use are. Check the file.")


def take_spend(study: Study, column: str) -> ir.Table:
    """customer_id, amount and level of what was bought, by a column of products or orders."""
    orders = keep_dealings(known_rows(study, "orders"))
    sales = orders.filter(orders.is_sale)
    rows = sales
    if column == "channel":
        check_columns(study, "orders", (column,))
    else:
        check_columns(study, "order_lines", ("order_id", "product_id", "revenue"))
        check_columns(study, "products", ("product_id", column))
        dated = sales.select("order_id", "customer_id").distinct()
        products = known_rows(study, "products")
        what = products.group_by("product_id").agg(**{column: products[column].max()})
        rows = study.table("order_lines").inner_join(dated, "order_id")
        rows = rows.drop(column) if column in rows.columns else rows
        rows = rows.left_join(what, "product_id").drop("product_id_right")
    return rows.select("customer_id", amount="revenue", level=rows[column].cast("string").fill_null(UNKNOWN))


def sum_levels(rows: ir.Table, whole: Whole) -> ir.Table:
    """Amounts by customer and level; None among the levels stands for all the rest."""
    named = [level for level in whole.levels if level is not None]
    is_there = [~rows.level.isin(named) if level is None else rows.level == level for level in whole.levels]
    sums = [rows.amount.sum(where=is_it).cast("float64") for is_it in is_there]
    return rows.group_by("customer_id").agg(**dict(zip(whole.parts, sums, strict=True)))


def sum_clock(rows: ir.Table, whole: Whole) -> ir.Table:
    """Amounts by customer and part of a clock, from customer_id, at and amount."""
    if whole.by not in CLOCKS:
        raise ParameterError(f"There is no clock {whole.by!r}; there are {', '.join(CLOCKS)}. Check the file.")
    conditions = dict(zip(CLOCKS[whole.by], _read_clock(rows["at"], whole.by), strict=True))
    sums = [
        conditions[str(level)].ifelse(rows.amount, 0.0).sum().cast("float64")
        if level in conditions
        else ibis.literal(0.0)
        for level in whole.levels
    ]
    return rows.group_by("customer_id").agg(**dict(zip(whole.parts, sums, strict=True)))


def known_use(study: Study) -> ir.Table:
    """Rows of use of customers who are named, as known at as_of, of periods that had ended by then."""
    import pandas as pd

    rows = known_rows(study, "activity_use")
    rows = rows.filter(rows.customer_id.notnull(), rows.quantity.notnull())  # noqa: PD004
    starts = rows.select("period").distinct().order_by("period").to_pandas()["period"]
    if len(starts) < 2:
        return rows
    last, length = starts.iloc[-1], starts.diff().median()
    has_ended = last + length <= pd.Timestamp(study.as_of) + pd.Timedelta(days=1)
    return rows if has_ended else rows.filter(rows.period < ibis.timestamp(last.to_pydatetime()))


def weigh_use(rows: ir.Table, weights: Mapping[str, float]) -> ir.Table:
    """customer_id, at and amount, one unit of each activity counting its weight and of others nothing."""
    branches = [(rows.activity == name, weight) for name, weight in weights.items()]
    weight = ibis.cases(*branches, else_=0.0) if branches else ibis.literal(0.0)
    return rows.select("customer_id", at="period", amount=rows.quantity * weight)


def mean_use(rows: ir.Table, activities: Mapping[str, str]) -> ir.Table:
    """customer_id and the use of each activity in a period, by name, over the periods of any use."""
    sums = {name: rows.quantity.sum(where=rows.activity == what) for name, what in activities.items()}
    table = rows.group_by("customer_id").agg(n_periods_=rows.period.nunique(), **sums)
    return table.select(
        "customer_id", **{name: table[name].fill_null(0.0).cast("float64") / table.n_periods_ for name in activities}
    )


def check_columns(study: Study, table: str, columns: tuple[str, ...]) -> None:
    """Raise ParameterError unless the study has this table with these columns."""
    held = study.table(table).columns if study.has(table) else ()
    missing = [name for name in columns if name not in held]
    if missing:
        raise ParameterError(
            f"Study {study.name!r} does not have {', '.join(f'{table}.{name}' for name in missing)}, which inputs of "
            "the segmentation are made from. Map it in the study's file, or segment the study anew."
        )


def _read_clock(at: ir.TimestampValue, by: str) -> list[ir.BooleanValue]:
    if by == WEEK:
        is_weekend = at.day_of_week.index() >= 5
        return [~is_weekend, is_weekend]
    if by == DAY:
        return [(at.hour() >= start) & (at.hour() < start + 6) for start in (0, 6, 12, 18)]
    return [(at.month() - 1) // 3 == quarter for quarter in range(4)]
