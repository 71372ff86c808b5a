"""One pass over a table, or two: how many rows it has, its period, and how many rows break each row rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts.columns import TableContract
from crm_research.contracts.doubts import has_gaps, has_marks, has_odd_texts, without_digits
from crm_research.contracts.row_checks import RowCheck, build_row_checks, is_key, is_missing

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


@dataclass(frozen=True, eq=False, kw_only=True)
class Again:
    """What is counted of some rows where a column of the first pass, `doubt`, is true."""

    doubt: str
    rows: ir.Table
    counts: Mapping[str, Any]


def scan_table(
    contract: TableContract,
    table: ir.Table,
    usable: set[str],
    *,
    as_of: datetime,
    last_instant: datetime,
    attributes: Mapping[str, str],
) -> Scan:
    """Count everything that a single pass can count; of what is in doubt after it, a second one counts the rows."""
    checks = build_row_checks(contract, table, usable, last_instant=last_instant, attributes=attributes)
    first, again = build_scan_queries(
        contract, table, usable, checks, as_of=as_of, last_instant=last_instant, attributes=attributes
    )
    row: dict[str, Any] = first.to_pyarrow().to_pylist()[0]
    for rows, counts in _gathered(one for one in again if row[one.doubt]):
        row |= rows.aggregate(**counts).to_pyarrow().to_pylist()[0]
    references = {reference.column for reference in contract.references}
    return Scan(
        n_rows=row["n_rows"],
        n_known=row.get("n_known"),
        first_at=row.get("first_at"),
        last_at=row.get("last_at"),
        last_known_at=row.get("last_known_at"),
        last_kept_at=row.get("last_kept_at"),
        n_filled={name: row[f"filled_{name}"] - row.get(f"blank_{name}", 0) for name in sorted(references & usable)},
        n_filled_attributes={name: row[f"attribute_{name}"] for name in attributes if name in usable},
        counted=tuple((check, row[_checked_name(check)], row.get(f"bad_{i}", 0)) for i, check in enumerate(checks)),
    )


def build_scan_queries(
    contract: TableContract,
    table: ir.Table,
    usable: set[str],
    checks: list[RowCheck],
    *,
    as_of: datetime,
    last_instant: datetime,
    attributes: Mapping[str, str],
) -> tuple[ir.Table, list[Again]]:
    """The aggregate query of one row that `scan_table` reads, and what it asks where that leaves a doubt."""
    counts: dict[str, Any] = {"n_rows": table.count()}
    again: list[Again] = []
    texts = [name for name in contract.column_names if name in usable and table[name].type().is_string()]
    odd = {name: _odd_values(table, name) for name in texts if is_key(contract, name)}
    for i, check in enumerate(checks):
        if check.doubt is None:
            counts[f"bad_{i}"] = table.count(where=check.bad(table))
        else:
            counts[f"doubt_{i}"] = check.doubt(table)
            ids = odd.get(check.columns[0])
            rows = table if ids is None else ids
            n_bad = table.count(where=check.bad(table)) if ids is None else _count_rows(ids, check.bad(ids))
            again.append(Again(doubt=f"doubt_{i}", rows=rows, counts={f"bad_{i}": n_bad}))
        if check.filled:
            _count_filled(table, check, counts, again)
    for name in (reference.column for reference in contract.references):
        if name in usable:
            counts[f"filled_{name}"] = table[name].count()
            counts[f"odd_{name}"] = has_odd_texts(name)(table)
            ids = odd[name]
            n_blank = _count_rows(ids, ids[name].notnull() & is_missing(ids[name]))
            again.append(Again(doubt=f"odd_{name}", rows=ids, counts={f"blank_{name}": n_blank}))
    for name in attributes:
        if name in usable:
            counts[f"attribute_{name}"] = table[name].count()
    if contract.known_at in usable:
        counts |= _period(contract, table, usable, as_of, last_instant)
    return table.aggregate(**counts), again


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


def _count_filled(table: ir.Table, check: RowCheck, counts: dict[str, Any], again: list[Again]) -> None:
    """How many rows a rule is asked of: those filled in all its columns, of which at most one has gaps as a rule."""
    import ibis

    name, ns = _checked_name(check), [table[column].count() for column in check.filled]
    if len(ns) == 1:
        counts[name] = ns[0]
        return
    first, second = check.filled
    counts[name] = ibis.least(*ns)
    counts[f"gaps_{name}"] = has_gaps(first)(table) & has_gaps(second)(table)
    n_filled = table.count(where=table[first].notnull() & table[second].notnull())
    again.append(Again(doubt=f"gaps_{name}", rows=table, counts={name: n_filled}))


def _odd_values(table: ir.Table, name: str) -> ir.Table:
    """The few ids that may be none, each with the number of its rows: looked at once, however often it stands there."""
    import ibis

    ids = table.filter(has_marks(table[name]) | without_digits(table[name], ibis.literal(value=True)))
    return ids.group_by(name).aggregate(n_rows=ids.count())


def _count_rows(ids: ir.Table, where: Any) -> Any:
    """As a whole number of 64 bits: some engines add to wider ones."""
    return ids.n_rows.sum(where=where).fill_null(0).cast("int64")


def _gathered(again: Iterable[Again]) -> Iterator[tuple[ir.Table, dict[str, Any]]]:
    """What is counted of the same rows, together."""
    asked: dict[ir.Table, dict[str, Any]] = {}
    for one in again:
        asked.setdefault(one.rows, {}).update(one.counts)
    yield from asked.items()


def _checked_name(check: RowCheck) -> str:
    return f"checked_{'_'.join(check.filled)}" if check.filled else "n_rows"
