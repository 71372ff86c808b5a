"""Rules that need no row: the columns a table must have, and their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from crm_research import vocabulary
from crm_research.contracts.columns import TableContract

if TYPE_CHECKING:
    import ibis.expr.types as ir

_TYPE_OF_ATTRIBUTE: Final[Mapping[str, str]] = {
    vocabulary.NUMBER: "float64",
    vocabulary.CATEGORY: "string",
    vocabulary.FLAG: "boolean",
    vocabulary.TIME: "timestamp",
}


def missing_columns(contract: TableContract, table: ir.Table, attributes: Mapping[str, str]) -> list[str]:
    """Required columns and declared attributes that the table does not have."""
    needed = dict.fromkeys([*contract.required_names, *attributes])
    return [name for name in needed if name not in table.columns]


def wrong_types(contract: TableContract, table: ir.Table, attributes: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Columns whose type is not the contract's (or the attribute's): name to (wanted, found)."""
    found = {}
    for name, wanted in _wanted(contract, attributes):
        if name in table.columns and not _is_of_type(table[name].type(), wanted):
            found[name] = (wanted, str(table[name].type()))
    return found


def usable_columns(contract: TableContract, table: ir.Table, attributes: Mapping[str, str]) -> set[str]:
    """Canonical columns and attributes that are there and of their type: what the other rules may read."""
    wrong = wrong_types(contract, table, attributes)
    return {name for name, _ in _wanted(contract, attributes) if name in table.columns and name not in wrong}


def _wanted(contract: TableContract, attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for column in contract.columns:
        yield column.name, column.type
    for name, kind in attributes.items():
        if name not in contract.column_names and kind in _TYPE_OF_ATTRIBUTE:
            yield name, _TYPE_OF_ATTRIBUTE[kind]


def _is_of_type(found: Any, wanted: str) -> bool:
    if wanted == "timestamp":
        # A study's times carry no zone: with one, comparison with as_of would shift them.
        return bool(found.is_timestamp()) and found.timezone is None
    if wanted == "float64":
        return bool(found.is_floating() or found.is_integer())
    if wanted == "int64":
        return bool(found.is_integer())
    return bool(found.is_string() if wanted == "string" else found.is_boolean())
