"""Orders beside their lines: do the lines sum to the order, has every order lines, and every line an order?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import ibis

from crm_research import vocabulary
from crm_research.contracts.row_checks import is_missing
from crm_research.contracts.set_query import InLots, SetCheck, SetQuery, in_order

if TYPE_CHECKING:
    import ibis.expr.types as ir

# An order's lines are rounded one by one: half a cent for each, and what floating point loses on large sums.
CENTS_PER_LINE: Final = 0.005
RELATIVE_TOLERANCE: Final = 1e-6
_NEEDED: Final = frozenset({"order_id", "revenue"})


def have_lines(usable: Mapping[str, set[str]]) -> bool:
    """Can orders be laid beside their lines?"""
    return all(usable.get(table, set()) >= _NEEDED for table in ("orders", "order_lines"))


def sum_lines(held: Mapping[str, ir.Table], usable: Mapping[str, set[str]]) -> SetQuery:
    """Do an order's lines sum to its revenue? Orders that never came about have nothing to sum.

    Parameters
    ----------
    held, usable
        All tables, and the columns of each that can be read. Where an order's kind is among them it says whether the
        order came about.

    Returns
    -------
    SetQuery
        Its row holds more for who asks of references and keys: ``n_lost``, lines whose order is not there, and
        ``n_unclear``, nought only where every order has lines and none is laid beside two orders, so that no order_id
        stands in two rows.
    """
    orders, lines = held["orders"], held["order_lines"]
    came = _came_about(orders) if "kind" in usable["orders"] else ibis.literal(value=True)
    orders = orders.select("order_id", "revenue", came_about=came)
    joined = _lay_beside(orders, lines)
    counts = InLots(
        whole=_count(joined, lines), of_lot=lambda number, n: _count_lot(orders, lines, number=number, n_lots=n)
    )
    sum_check = SetCheck(
        rule="lines-sum",
        column="revenue",
        expected="every order's lines sum to its revenue, to half a cent a line and a millionth",
        n_bad="n_differ",
        n_checked="n_with_lines",
        examples=in_order(joined.filter(_differs(joined)), ["order_id", "revenue", "lines_revenue"]),
        other="order_lines",
    )
    bare_check = SetCheck(
        rule="order-without-lines",
        column="order_id",
        expected="every order has lines",
        n_bad="n_bare",
        n_checked="n_orders",
        examples=in_order(joined.filter(_is_bare(joined)), ["order_id", "revenue"]),
        other="order_lines",
    )
    return SetQuery(counts=counts, checks=(sum_check, bare_check))


def _came_about(orders: ir.Table) -> ir.BooleanValue:
    return orders.kind.isnull() | (orders.kind != vocabulary.CANCELLED)


def _lay_beside(orders: ir.Table, lines: ir.Table) -> ir.Table:
    sums = lines.group_by("order_id").aggregate(n_lines=lines.count(), lines_revenue=lines.revenue.sum())
    sums = sums.rename(line_order_id="order_id")
    return orders.outer_join(sums, orders.order_id == sums.line_order_id)


def _differs(joined: ir.Table) -> ir.BooleanValue:
    tolerance = CENTS_PER_LINE * joined.n_lines + RELATIVE_TOLERANCE * joined.revenue.abs()
    return joined.came_about & ((joined.revenue - joined.lines_revenue).abs() > tolerance)


def _is_bare(joined: ir.Table) -> ir.BooleanValue:
    return joined.came_about & joined.n_lines.isnull()


def _count(joined: ir.Table, lines: ir.Table) -> ir.Table:
    lost = joined.came_about.isnull() & ~is_missing(joined.line_order_id)
    of_an_order = joined.came_about.notnull()
    counts = joined.aggregate(
        n_orders=joined.count(where=joined.came_about),
        n_with_lines=joined.count(where=joined.came_about & joined.n_lines.notnull()),
        n_differ=joined.count(where=_differs(joined)),
        n_bare=joined.count(where=_is_bare(joined)),
        n_lost=joined.n_lines.sum(where=lost).fill_null(0),
        n_without=joined.count(where=of_an_order & joined.n_lines.isnull()),
        n_laid=joined.n_lines.sum().fill_null(0),
    )
    counts = counts.cross_join(lines.aggregate(n_held=lines.count()))
    return counts.mutate(n_unclear=counts.n_without + counts.n_laid - counts.n_held)


def _count_lot(orders: ir.Table, lines: ir.Table, *, number: int, n_lots: int) -> ir.Table:
    """The same of the orders, and their lines, whose number falls into one lot; rows without one are in the first."""
    orders, lines = (
        rows.filter((rows.order_id.cast("string").fill_null("").hash().abs() % n_lots) == number)
        for rows in (orders, lines)
    )
    return _count(_lay_beside(orders, lines), lines)
