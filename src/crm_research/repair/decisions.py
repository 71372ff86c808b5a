"""What no rule settles, listed for people by worth; and what they have decided, read back."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from crm_research.errors import StudyError
from crm_research.repair.held import RECORDS, SEVERAL, level
from crm_research.repair.survivors import DECISIONS, OPTIONS, option_sql
from crm_research.repair.units import UNITS

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from crm_research.repair.held import Held

HEAD: Final = (
    "worth", "customer_id", "column", "option", "value", "said_by", "records", "last_said", "choose", "instead",
)  # fmt: skip
KEPT: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("column", pa.string()),
        ("option", pa.string()),
        ("instead", pa.string()),
        ("at", pa.timestamp("us")),
    ]
)
_MARKS: Final = frozenset({"x", "yes", "y", "1", "true", "ja", "是"})
_SINGLE: Final = frozenset(unit.name for unit in UNITS if unit.is_single)
_LARGEST: Final = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One line of a list that a person has filled in: this option, or another value in its place."""

    option: str
    instead: str | None
    line: int
    file: Path | None = None


def read_choices(path: Path) -> list[Choice]:
    """What people have filled in on the list, as a spreadsheet saves it: parted by commas, semicolons or tabs.

    Raises
    ------
    StudyError
        If the file is no such list, or a line says what cannot be; the message names the line.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise StudyError(f"{path}: is too large for a list that people fill in. Check the path.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise StudyError(
            f"{path}: byte {problem.start:,} is not UTF-8. Save the list as CSV UTF-8 and repair again."
        ) from None
    except OSError as problem:
        raise StudyError(f"{path}: cannot be read: {problem.strerror}. Check the path.") from None
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    names = [name.strip() for name in next(rows, [])]
    lacking = [name for name in ("column", "option", "choose", "instead") if name not in names]
    if lacking:
        raise StudyError(
            f"{path}: has no column {lacking[0]}, so it is no list of what people are to decide. Give the list that "
            "crm-research repair has written, with its first line as it was."
        )
    places = {name: names.index(name) for name in names}
    choices: list[Choice] = []
    try:
        for cells in rows:
            choices += _read_line(
                path, rows.line_num, {n: cells[at] if at < len(cells) else "" for n, at in places.items()}
            )
    except csv.Error as problem:
        raise StudyError(f"{path}: line {rows.line_num:,} cannot be read: {problem}. Save the list anew.") from None
    return choices


def _read_line(path: Path, line: int, row: dict[str, str]) -> list[Choice]:
    mark, instead = row["choose"].strip(), row["instead"].strip()
    if not mark and not instead:
        return []
    place = f"{path}: line {line:,}"
    if mark and mark.casefold() not in _MARKS:
        raise StudyError(f"{place}, choose: found {mark[:40]!r}. Write x where the value is right, nothing elsewhere.")
    if mark and instead:
        raise StudyError(f"{place}: both chooses the value and writes another instead. Keep one of the two.")
    if instead and row["column"].strip() not in _SINGLE:
        raise StudyError(
            f"{place}, instead: {row['column'].strip()[:40]} is several columns, which one text cannot fill. Choose "
            "one of the values, or mend it in the system itself."
        )
    if not row["option"].strip():
        raise StudyError(f"{place}, option: is empty, so nobody knows what was decided. Restore the list's own line.")
    # A spreadsheet shows what might be a formula with an apostrophe before it.
    return [Choice(option=row["option"].strip(), instead=instead.removeprefix("'") or None, line=line, file=path)]


def read_kept(path: Path) -> pa.Table:
    """What was decided before; empty where nothing was."""
    if not path.is_file():
        return KEPT.empty_table()
    try:
        return pq.read_table(path).select(KEPT.names).cast(KEPT)
    except (OSError, KeyError, pa.ArrowInvalid):
        raise StudyError(
            f"{path} holds no decisions. Restore the file from a copy, or remove it, and what people have decided is "
            "asked again."
        ) from None


def enter_decisions(held: Held, kept: pa.Table, choices: list[Choice], at: datetime) -> tuple[pa.Table, int]:
    """Make the table `DECISIONS` of what was decided before and now; all of it, and how many choices fit nothing.

    Raises
    ------
    StudyError
        If two different things are decided of one.
    """
    found = _find_options(held, [one.option for one in choices])
    now: dict[tuple[str, str], tuple[Choice, dict[str, object]]] = {}
    n_stale = 0
    for one in choices:
        if one.option not in found:
            n_stale += 1
            continue
        key = found[one.option]
        row: dict[str, object] = {
            "customer_id": key[0], "column": key[1], "option": None if one.instead else one.option,
            "instead": one.instead, "at": at,
        }  # fmt: skip
        first = now.setdefault(key, (one, row))
        if first[1] != row:
            raise StudyError(
                f"{_say_lines(first[0], one)} decide the same {key[1]} of one customer in two ways. Keep one of them."
            )
    kept_rows = {(row["customer_id"], row["column"]): row for row in kept.to_pylist()}
    for key, (_, row) in now.items():
        before = kept_rows.get(key)
        is_said_before = before is not None and all(before[name] == row[name] for name in ("option", "instead"))
        kept_rows[key] = before if before is not None and is_said_before else row
    decided = pa.Table.from_pylist([kept_rows[key] for key in sorted(kept_rows)], schema=KEPT)
    held.con.register("to_be_entered", decided)
    held.con.execute(
        f'CREATE TABLE {DECISIONS} AS SELECT customer_id AS customer, "column" AS unit, option, instead '
        "FROM to_be_entered"
    )
    held.con.unregister("to_be_entered")
    return decided, n_stale


def _say_lines(one: Choice, other: Choice) -> str:
    if one.file == other.file:
        return f"{one.file}: lines {one.line:,} and {other.line:,}"
    return f"{one.file}, line {one.line:,}, and {other.file}, line {other.line:,},"


def _find_options(held: Held, options: list[str]) -> dict[str, tuple[str, str]]:
    """Option to the customer and what it is of, as the records stand now."""
    if not options:
        return {}
    held.con.register("asked_options", pa.table({"option": pa.array(sorted({*options}), pa.string())}))
    found: dict[str, tuple[str, str]] = {}
    for unit in UNITS:
        rows = held.ask(
            f"SELECT DISTINCT o.option, o.customer FROM (SELECT r.customer, {option_sql(unit, 'r.')} AS option "
            f"FROM {RECORDS} r SEMI JOIN {SEVERAL} USING (customer) WHERE {level(unit.name)} > 0) o "
            "SEMI JOIN asked_options USING (option)"
        )
        found |= {option: (customer, unit.name) for option, customer in rows}
    held.con.unregister("asked_options")
    return found


def list_conflicts(held: Held, worth: pa.Table | None) -> pd.DataFrame:
    """What people are to decide, one row for each value said: of the customers who brought most first.

    Parameters
    ----------
    worth
        customer_id, money; None where nothing tells what customers brought.
    """
    money = pa.table({"customer_id": pa.array([], pa.string()), "money": pa.array([], pa.float64())})
    held.con.register("worth_of_customers", money if worth is None else worth)
    listed = held.table(
        'SELECT round(m.money, 2) AS worth, o.customer AS customer_id, o.unit AS "column", o.option, o.value, '
        f"o.said_by, o.n_records AS records, o.last_said, '' AS choose, '' AS instead FROM {OPTIONS} o "
        "LEFT JOIN worth_of_customers m ON m.customer_id = o.customer "
        "ORDER BY worth DESC NULLS LAST, o.customer, o.unit, o.n_records DESC, o.option"
    )
    held.con.unregister("worth_of_customers")
    frame: pd.DataFrame = listed.to_pandas()
    return frame[[*HEAD]]
