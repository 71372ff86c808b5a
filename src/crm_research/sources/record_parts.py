"""Records of customers that several systems hold: each system a source of its own under ``customer_records``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.contracts import (
    DOUBTS,
    EVENTS,
    JUDGEMENTS,
    LINKS,
    PAIR_GROUPS,
    RECORDS,
    RELATIONS,
    REPAIRS,
    contract_of,
)

if TYPE_CHECKING:
    from crm_research.contracts import TableContract

_SYSTEMS: Final = "systems"
_PART: Final = f"{RECORDS}.{_SYSTEMS}."
CUSTOMERS: Final = "customers"


def table_of(part: str) -> str:
    """The canonical table that a part belongs to; any other table is its own."""
    return RECORDS if part.startswith(_PART) else part


def system_of(part: str) -> str | None:
    """The system whose records a part holds."""
    return part.removeprefix(_PART) if part.startswith(_PART) else None


def contract_for(part: str) -> TableContract:
    """The contract of a canonical table; that of a part bears the part's name, which is its place in the file."""
    contract = contract_of(table_of(part))
    return contract if contract.name == part else replace(contract, name=part)


def list_mapped(tables: Iterable[str]) -> tuple[str, ...]:
    """The canonical tables that the tables of a study file make; records make customers where nothing else does."""
    mapped = tuple(dict.fromkeys(map(table_of, tables)))
    return (*mapped, CUSTOMERS) if RECORDS in mapped and CUSTOMERS not in mapped else mapped


def parts_needed(tables: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Which of the study file's tables must be opened for these canonical ones?"""
    held = list(tables)
    needed = {*wanted}
    if CUSTOMERS in needed and CUSTOMERS not in held:
        needed |= {RECORDS, REPAIRS}
    if needed:
        needed.add(LINKS)
    return [part for part in held if table_of(part) in needed]


def own_number_sql(system: str, local_id: str) -> str:
    """The number of a customer whom nothing links, as SQL: ``system:local_id``, of which no two are one.

    A colon within a system's name would leave open where its name ends.
    """
    return f"replace(replace({system}, '%', '%25'), ':', '%3A') || ':' || {local_id}"


def problems_of_records(table: str, *, is_unique: bool) -> list[str]:
    """What a study file says of this table that only records of customers take."""
    if is_unique and table_of(table) != RECORDS:
        return [f"tables.{table}.unique: only {RECORDS} and its systems take unique."]
    return []


def lay_out_systems(content: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A study as written, with each system's records as a table of its own.

    Raises
    ------
    ValueError
        If the systems are not written so.
    """
    tables = content.get("tables")
    records = tables.get(RECORDS) if isinstance(tables, dict) else None
    if not isinstance(tables, dict) or not isinstance(records, dict) or _SYSTEMS not in records:
        return content
    laid: dict[Any, Any] = {}
    for name, rule in tables.items():
        laid.update(_parts_of(records) if name == RECORDS else {name: rule})
    return {**content, "tables": laid}


def _parts_of(records: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    systems, others = records[_SYSTEMS], [key for key in records if key not in {_SYSTEMS, "accept"}]
    place = f"tables.{RECORDS}"
    if others:
        raise ValueError(
            f"{place}.{others[0]}: stands beside systems; write it under each system, or leave systems out where one "
            "source holds all records."
        )
    if not isinstance(systems, dict) or not systems:
        raise ValueError(f"{place}.{_SYSTEMS}: must name the systems, each with its from and columns.")
    for system, rule in systems.items():
        yield f"{_PART}{system}", _with_system(rule, system, records.get("accept"), f"{place}.{_SYSTEMS}.{system}")


def _with_system(rule: Any, system: Any, accepted: Any, place: str) -> Any:
    if not str(system).strip():
        raise ValueError(f"{place}: a system needs a name.")
    if not isinstance(rule, dict):
        rule = {"from": rule}
    columns = rule.get("columns", {})
    if not isinstance(columns, dict):
        return rule
    if "system" in columns:
        raise ValueError(f"{place}.columns.system: is {system!r} already, as the key above says. Leave it out.")
    accept = {} if accepted is None else {"accept": accepted}
    return accept | rule | {"columns": {**columns, "system": {"value": str(system)}}}


def made_beside(path: Path, tables: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Tables that ``link`` and ``repair`` have written beside a study file, for those that it does not map itself."""
    held = [*tables]
    if not any(table_of(part) == RECORDS for part in held):
        return {}
    files = {name: file_beside(path, name) for name in _ENDINGS}
    return {
        name: {"from": {"path": file.name}, **({"columns": dict(_EVENT_COLUMNS)} if name == EVENTS else {})}
        for name, file in files.items()
        if name not in held and file.is_file()
    }


def file_beside(path: Path, table: str) -> Path:
    """Where a table that ``link`` or ``repair`` makes lies: beside the study's file."""
    return path.with_name(f"{path.stem}.{_ENDINGS[table]}.parquet")


_ENDINGS: Final = {
    LINKS: "links",
    RELATIONS: "relations",
    EVENTS: "link-events",
    PAIR_GROUPS: "link-pairs",
    DOUBTS: "link-doubts",
    JUDGEMENTS: "link-judgements",
    REPAIRS: "repairs",
}
# Columns as they stand in the file.
_EVENT_COLUMNS: Final = {
    "linked_at": "at",
    "became": "event",
    "from_customer_id": "from_id",
    "to_customer_id": "to_id",
    "n_records": "n_records",
}
