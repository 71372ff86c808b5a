"""Money of customers as rows of one shape, so that orders, fees and costs add up in one pass."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

import ibis

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

# Each a sum over the window; `takings` and `customer_costs` say of what.
COLUMNS: Final = (
    "revenue", "discount", "goods", "fees", "n_orders", "sales", "costed", "service", "contacts", "receivables",
)  # fmt: skip


def money_rows(table: ir.Table, **values: ir.Value) -> ir.Table:
    """customer_id and every column of COLUMNS as a number; those not given are nought."""
    numbers = {name: values.get(name, ibis.literal(0.0)).cast("float64") for name in COLUMNS}
    return table.select("customer_id", **numbers)


def add_up(parts: Sequence[ir.Table]) -> ir.Table:
    """One customer (and one row for nobody): the sums of all parts."""
    # Each part by itself first: what Spark is told of columns that may be empty then agrees with what it finds.
    each = [part.group_by("customer_id").agg(**{name: part[name].sum() for name in COLUMNS}) for part in parts]
    union = reduce(lambda left, right: left.union(right), each)
    summed: ir.Table = union.group_by("customer_id").agg(**{name: union[name].sum() for name in COLUMNS})
    return summed
