"""One pass over a table: how many rows it has, its period, and how many rows break each row rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts.columns import TableContract
from crm_research.contracts.row_checks import RowCheck, build_row_checks, is_missing

if TYPE_CHECKING:
    import ibis.expr.types as ir

N_EXAMPLES: Final = 3
_LONGEST_EXAMPLE: Final = 60
# Times outside are placeholders; they would hide the period, and some have no place in a Python datetime.
_FIRST_BELIEVABLE: Final = "1900-01-01"
_LAST_BELIEVABLE: Final = "2200-01-01"


@dataclass(frozen=True, eq=False, kw_only=True)
class Scan:
    """What one aggregate query told of a table.

    Parameters
    ----------
    n_rows, n_known
        All rows, and those known at as_of (rows without a time are); None where rows carry no time.
    first_at, last_at, last_known_at, last_kept_at
        Period of the believable times, and the last event at or before as_of, and before the study's window ends.
    n_filled
        Rows with a value, for the columns that refer to other tables.
    n_filled_attributes
        The same for declared attributes.
    counted
        Each row check with the number of rows checked and of rows that break it.
    """

    n_rows: int
    n_known: int | None
    first_at: datetime | None
    last_at: datetime | None
    last_known_at: datetime | None
    last_kept_at: datetime | None
    n_filled: Mapping[str, int]
    n_filled_attributes: Mapping[str, int]
    counted: tuple[tuple[RowCheck, int, int], ...]

    def n_bad_of(self, rule: str) -> int:
        """Rows that break a rule, summed over its columns."""
        return sum(n_bad for check, _, n_bad in self.counted if check.rule == rule)


def scan_table(
    contract: TableContract,
    table: ir.Table,
    usable: set[str],
    *,
    as_of: datetime,
    last_instant: datetime,
    attributes: Mapping[str, str],
) -> Scan:
    """Count everything that a single pass can count."""
    checks = build_row_checks(contract, table, usable, last_instant=last_instant, attributes=attributes)
    query = build_scan_query(
        contract, table, usable, checks, as_of=as_of, last_instant=last_instant, attributes=attributes
    )
    row: dict[str, Any] = query.to_pyarrow().to_pylist()[0]
    references = {reference.column for reference in contract.references}
    return Scan(
        n_rows=row["n_rows"],
        n_known=row.get("n_known"),
        first_at=row.get("first_at"),
        last_at=row.get("last_at"),
        last_known_at=row.get("last_known_at"),
        last_kept_at=row.get("last_kept_at"),
        n_filled={name: row[f"filled_{name}"] for name in sorted(references & usable)},
        n_filled_attributes={name: row[f"attribute_{name}"] for name in attributes if name in usable},
        counted=tuple((check, row[_checked_name(check)], row[f"bad_{i}"]) for i, check in enumerate(checks)),
    )


def build_scan_query(
    contract: TableContract,
    table: ir.Table,
    usable: set[str],
    checks: list[RowCheck],
    *,
    as_of: datetime,
    last_instant: datetime,
    attributes: Mapping[str, str],
) -> ir.Table:
    """The aggregate query of one row that `scan_table` reads."""
    counts: dict[str, Any] = {"n_rows": table.count()}
    for i, check in enumerate(checks):
        counts[f"bad_{i}"] = table.count(where=check.bad(table))
        filled = _all_filled(table, check.filled)
        if filled is not None:
            counts[_checked_name(check)] = table.count(where=filled)
    for reference in contract.references:
        if reference.column in usable:
            counts[f"filled_{reference.column}"] = table.count(where=~is_missing(table[reference.column]))
    for name in attributes:
        if name in usable:
            counts[f"attribute_{name}"] = table[name].count()
    if contract.known_at in usable:
        counts |= _period(contract, table, usable, as_of, last_instant)
    return table.aggregate(**counts)


def _period(
    contract: TableContract, table: ir.Table, usable: set[str], as_of: datetime, last_instant: datetime
) -> dict[str, Any]:
    import ibis

    first, last = ibis.timestamp(_FIRST_BELIEVABLE), ibis.timestamp(_LAST_BELIEVABLE)
    now, end = ibis.timestamp(as_of.isoformat()), ibis.timestamp(last_instant.isoformat())
    at = table[contract.known_at]
    believable = at.between(first, last)
    # A contract speaks when it begins and when it ends.
    events = [table[name] for name in (contract.known_at, "ended_at") if name in usable]
    last_known = [event.max(where=event.between(first, now)) for event in events]
    last_kept = [event.max(where=event.between(first, end)) for event in events]
    return {
        "n_known": table.count(where=at.isnull() | (at <= now)),
        "first_at": at.min(where=believable),
        "last_at": at.max(where=believable),
        "last_known_at": last_known[0] if len(last_known) == 1 else ibis.greatest(*last_known),
        "last_kept_at": last_kept[0] if len(last_kept) == 1 else ibis.greatest(*last_kept),
    }


def show_examples(rows: ir.Table) -> tuple[str, ...]:
    """The first few rows as texts: ``order_id=o3 revenue=-5``; the engine writes the values."""
    texts = {name: rows[name].cast("string") for name in rows.columns}
    floats = {name for name in rows.columns if rows[name].type().is_floating()}
    found = rows.limit(N_EXAMPLES).select(**texts).to_pyarrow().to_pylist()
    return tuple(" ".join(_say(name, value, name in floats) for name, value in row.items()) for row in found)


def _say(name: str, value: str | None, is_float: bool) -> str:
    if value is None:
        return f"{name}=missing"
    if is_float:
        value = value.removesuffix(".0")
    value = " ".join(value.removesuffix(" 00:00:00").split())
    shown = value if len(value) <= _LONGEST_EXAMPLE else value[: _LONGEST_EXAMPLE - 3] + "..."
    return f"{name}={shown}" if shown else f"{name}=''"


def _all_filled(table: ir.Table, columns: tuple[str, ...]) -> Any:
    condition: Any = None
    for name in columns:
        filled = table[name].notnull()
        condition = filled if condition is None else condition & filled
    return condition


def _checked_name(check: RowCheck) -> str:
    return f"checked_{'_'.join(check.filled)}" if check.filled else "n_rows"
