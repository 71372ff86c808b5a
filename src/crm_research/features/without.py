"""What each customer did by all records, and by the records without those under one suspicion or another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import ibis

from crm_research.contracts.row_checks import is_missing
from crm_research.features.kept import keep_table
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    import numpy as np
    from numpy.typing import NDArray

    from crm_research.study import Study

Dealing = Literal["orders", "contracts"]
# Engines add in parallel, so the last digits of a sum depend on who came first.
_DIGITS: Final = 6
ALL: Final = "all"


class Condition(Protocol):
    """Which rows of a table of the study are meant?"""

    def __call__(self, *, study: Study, rows: ir.Table) -> Any: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """Which rows are under a suspicion?

    Parameters
    ----------
    table
        Where they stand: the dealings (orders or contracts), or a table of customers.
    condition
        Which rows of that table are meant; rows of customers take all their dealings with them.
    """

    table: str
    condition: Condition


def build_without(study: Study, dealing: Dealing, suspects: Mapping[str, Suspects]) -> ir.Table:
    """What has each customer done by as_of, and what without the rows under each suspicion, and without all of them?

    Parameters
    ----------
    dealing
        ``orders``: n counts purchases, again those too, money is sales less returns. ``contracts``: n counts contracts,
        again those that run, money is the fees a month of these.
    suspects
        Name to the rows.

    Returns
    -------
    ibis table
        One customer with a dealing: customer_id; n_all, again_all, money_all; and n_0, again_0, money_0 ... for the
        suspicions in their order, then the same with the number after the last for all suspicions together.
    """
    rows = known_rows(study, dealing)
    no = ibis.literal(value=False)
    flags: dict[str, Any] = {}
    joined: list[ir.Table] = []
    for place, one in enumerate(suspects.values()):
        if one.table == dealing:
            flags[f"_out_{place}"] = one.condition(study=study, rows=rows).fill_null(no)
        else:
            joined.append(_customers_of(study, one, f"_out_{place}"))
    rows = _dealings(rows, dealing, flags)
    for ids in joined:
        rows = rows.left_join(ids, "customer_id").drop("customer_id_right")
    out = [rows[f"_out_{place}"].fill_null(no) for place in range(len(suspects))]
    anyhow: Any = no
    for one_out in out:
        anyhow |= one_out
    sums: dict[str, Any] = _sums(rows, "all", None)
    for place, one_out in enumerate([*out, anyhow]):
        sums |= _sums(rows, str(place), ~one_out)
    return rows.group_by("customer_id").aggregate(**sums)


def _customers_of(study: Study, suspects: Suspects, name: str) -> ir.Table:
    rows = known_rows(study, suspects.table)
    ids = rows.filter(suspects.condition(study=study, rows=rows)).select("customer_id")
    ids = ids.filter(~is_missing(ids.customer_id)).distinct()
    return ids.mutate(**{name: ibis.literal(value=True)})


def _dealings(rows: ir.Table, dealing: Dealing, flags: Mapping[str, Any]) -> ir.Table:
    rows = rows.mutate(**flags) if flags else rows
    if dealing == "orders":
        rows = keep_dealings(rows)
        return rows.select(
            "customer_id", *flags, _counts=rows.is_sale.ifelse(1, 0), _again=rows.is_sale.ifelse(1, 0),
            _money=rows.revenue.fill_null(0.0).cast("float64"),
        )  # fmt: skip
    rows = rows.filter(~is_missing(rows.customer_id), rows.started_at.notnull())
    runs = rows.ended_at.isnull() if "ended_at" in rows.columns else ibis.literal(value=True)
    fee = rows.fee.fill_null(0.0).cast("float64") if "fee" in rows.columns else ibis.literal(0.0)
    return rows.select(
        "customer_id", *flags, _counts=ibis.literal(1), _again=runs.ifelse(1, 0), _money=runs.ifelse(fee, 0.0)
    )


def _sums(rows: ir.Table, name: str, where: Any) -> dict[str, Any]:
    kept = {part: rows[f"_{part}"] if where is None else where.ifelse(rows[f"_{part}"], 0) for part in _PARTS}
    return {
        f"n_{name}": kept["counts"].sum().cast("int64"),
        f"again_{name}": kept["again"].sum().cast("int64"),
        f"money_{name}": kept["money"].sum().round(_DIGITS),
    }


_PARTS: Final = ("counts", "again", "money")


def read_without(
    study: Study, dealing: Dealing, suspects: Mapping[str, Suspects], key: Sequence[str]
) -> Callable[[str], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """A reader of customers as they are and without one suspicion (by its name, or `ALL`), the same rows each time.

    Returns
    -------
    callable
        Name to two arrays (n, again and money by customer), as they are and without; what is read of a million
        customers is six numbers each, one suspicion at a time.
    """
    kept = keep_table(study, ("without", dealing, *key), lambda: build_without(study, dealing, suspects))
    places = {name: str(place) for place, name in enumerate([*suspects, ALL])}

    def read(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        parts = ("n", "again", "money")
        wanted = [*(f"{part}_all" for part in parts), *(f"{part}_{places[name]}" for part in parts)]
        ordered = kept.order_by("customer_id").select(*wanted).to_pyarrow()
        held = [np.nan_to_num(ordered[one].to_numpy().astype(np.float64)) for one in wanted]
        return np.stack(held[:3]), np.stack(held[3:])

    return read
