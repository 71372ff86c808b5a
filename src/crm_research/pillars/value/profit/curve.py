"""Profit ranked in the engine: groups of neighbours in rank come back, never a row a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Customers at either end each stand alone, those between in as many groups.
SINGLY: Final = 1_000
N_GROUPS: Final = 2_000
# Engines add in parallel: the last digits of a sum depend on who came first, and a second run must rank alike.
DIGITS: Final = 6


def rank_money(money: ir.Table, column: str) -> pd.DataFrame:
    """What do customers bring, from the highest down?

    Parameters
    ----------
    money
        One customer: customer_id and `column`.

    Returns
    -------
    pandas.DataFrame
        Grain: group of neighbours in rank, the highest first; of at most 4,000 customers, and at either end of more,
        each is a group. Columns ``n`` (customers), ``total``, ``lowest``, ``highest``.
    """
    value = money[column].round(DIGITS)
    order = [value.desc(), money.customer_id.asc()]
    ranked = money.select(
        value=value,
        place=ibis.row_number().over(order_by=order).cast("int64"),
        n_all=money.count().over().cast("int64"),
    )
    width = ibis.greatest((ranked.n_all - 2 * SINGLY + N_GROUPS - 1) // N_GROUPS, 1).cast("int64")
    from_end = ranked.n_all - ranked.place
    group = ibis.cases(
        (ranked.place < SINGLY, ranked.place),
        (from_end <= SINGLY, 10 * N_GROUPS - from_end),
        else_=(SINGLY + (ranked.place - SINGLY) // width).cast("int64"),
    )
    grouped = ranked.mutate(group=group)
    found: pd.DataFrame = (
        grouped.group_by("group")
        .agg(
            n=grouped.count(),
            total=grouped["value"].sum(),
            lowest=grouped["value"].min(),
            highest=grouped["value"].max(),
        )
        .order_by("group")
        .to_pandas()
    )
    return found.drop(columns="group").astype(float)
