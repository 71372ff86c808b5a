"""Whose the rows of a study are: records of all systems under each other, and every system's numbers as customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.contracts import LINKS, RECORD_TABLES, RECORDS, REPAIRS, contract_of
from crm_research.errors import StudyError
from crm_research.sources.golden import attributes_of, said_by_all, with_repairs
from crm_research.sources.record_parts import CUSTOMERS, list_mapped, parts_needed, system_of, table_of

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.errors import CrmError
    from crm_research.sources.parts import OpenedTables
    from crm_research.study import InputFingerprint

UNLINKED: Final = (
    "Customers bear the numbers of the system that their rows come from: whoever stands in several systems is counted "
    "once in each. Nothing links them yet; crm-research link does."
)
_OF_PARTS: Final = tuple(table.name for table in RECORD_TABLES)


def resolve(
    opened: OpenedTables,
    wanted: Sequence[str],
    mapped: Sequence[str],
    faults: dict[str, CrmError] | None,
    *,
    until: datetime,
    is_golden: bool = False,
) -> OpenedTables:
    """The wanted canonical tables of what was opened, each row under the number of the customer whom it is of.

    Parameters
    ----------
    opened
        The tables of the study file: every system's records apart, dealings under their own numbers.
    wanted
        Canonical tables.
    mapped
        All tables of the study file.
    faults
        Tables that could not be opened, each with why; a table whose rows nobody can tell apart without one is added.
    until
        The study's own as_of: what records say later describes nobody.
    is_golden
        The study says which of several values is taken, so that records describe customers also where nothing is
        repaired yet.
    """
    lost = {part: problem for part, problem in (faults or {}).items() if part in mapped}
    tables = {name: table for name, table in opened.tables.items() if table_of(name) == name}
    parts = [part for part in opened.tables if system_of(part) is not None]
    if parts and not any(system_of(part) for part in lost):
        tables[RECORDS] = _under_each_other([opened.tables[part] for part in parts])
    links = tables.get(LINKS)
    for name in [name for name in tables if name not in _OF_PARTS and "local_id" in tables[name].columns]:
        if LINKS in lost:
            del tables[name]
            lost[name] = lost[LINKS]
        elif links is not None:
            tables[name] = with_links(tables[name], links)
    described: dict[str, str] = {}
    if CUSTOMERS in wanted and CUSTOMERS not in mapped and RECORDS in tables and not {LINKS, REPAIRS} & {*lost}:
        repairs = tables.get(REPAIRS)
        described = attributes_of(tables[RECORDS]) if is_golden or repairs is not None else {}
        tables[CUSTOMERS] = describe_customers(tables[RECORDS], links, repairs, attributes=described, until=until)
    if faults is not None:
        faults.update(_told_of_tables(lost, wanted, mapped))
        for part in [part for part in faults if part not in wanted]:
            del faults[part]
    tables = {name: tables[name] for name in _in_order(tables, mapped) if name in wanted}
    return replace(
        opened,
        tables=tables,
        attributes=_attributes_of(opened, tables) | ({CUSTOMERS: described} if described else {}),
        inputs=tuple(_as_told(found) for found in opened.inputs if _is_read(found.table, tables, mapped)),
    )


def with_links(rows: ir.Table, links: ir.Table) -> ir.Table:
    """Rows that bear a system's own numbers, under the customer's: what is in no link keeps its own.

    Notes
    -----
    Anew from the same rows and other links, since system and local_id stay: whoever doubts a link asks what would be
    without it.
    """
    known = links.select(system__="system", local_id__="local_id", linked__="customer_id")
    joined = rows.left_join(known, [rows.system == known.system__, rows.local_id == known.local_id__])
    resolved = joined.mutate(customer_id=ibis.coalesce(joined.linked__, joined.customer_id))
    return resolved.select(*rows.columns)


def describe_customers(
    records: ir.Table,
    links: ir.Table | None,
    repairs: ir.Table | None = None,
    *,
    attributes: Collection[str] = (),
    until: datetime | None = None,
) -> ir.Table:
    """One row for each customer whom records tell of: since when, and of which kind where they agree.

    Parameters
    ----------
    repairs
        What was repaired: the records are taken as they are then.
    attributes
        Columns of `golden.ATTRIBUTES` that are told as well, each where the records agree.
    until
        The instant after which no record tells of the kind, or of attributes.
    """
    if repairs is not None:
        records = with_repairs(records, repairs, ("kind", "country", "region", "birth_date"))
    numbered = records.mutate(customer_id=own_number(records.system, records.local_id))
    if links is not None:
        numbered = with_links(numbered, links)
    numbered = numbered.filter(numbered.customer_id.notnull())
    told: dict[str, ir.Value] = {}
    if "kind" in records.columns and until is not None:
        told |= said_by_all(numbered, ("kind",), until)
    elif "kind" in records.columns:
        agree = numbered.kind.min() == numbered.kind.max()
        told["kind"] = ibis.cases((agree, numbered.kind.min()), else_=ibis.null("string"))
    if "registered_at" in records.columns:
        told["registered_at"] = numbered.registered_at.min()
    if attributes and until is not None:
        told |= said_by_all(numbered, attributes, until)
    return numbered.group_by("customer_id").aggregate(**told)


def own_number(system: ir.StringValue, local_id: ir.StringValue) -> ir.StringValue:
    """The number of a customer whom nothing links, as `record_parts.own_number_sql` writes it."""
    name: ir.StringValue = system.replace("%", "%25").replace(":", "%3A")
    return name + ":" + local_id


def says_nothing_of_links(tables: Mapping[str, ir.Table], mapped: Sequence[str]) -> bool:
    """Do rows bear systems' own numbers that no links bring together?"""
    if LINKS in mapped:
        return False
    return RECORDS in list_mapped(mapped) or any("local_id" in table.columns for table in tables.values())


def _under_each_other(parts: Sequence[ir.Table]) -> ir.Table:
    """All records with every canonical column that one system has; other columns of a system stay with it."""
    contract = contract_of(RECORDS)
    held = {name for part in parts for name in part.columns}
    columns = [column for column in contract.columns if column.name in held]
    alike = [
        part.select(
            **{
                column.name: part[column.name].cast(column.type)
                if column.name in part.columns
                else ibis.null(column.type)
                for column in columns
            }
        )
        for part in parts
    ]
    return reduce(lambda above, below: above.union(below), alike)


def _told_of_tables(lost: Mapping[str, CrmError], wanted: Sequence[str], mapped: Sequence[str]) -> dict[str, CrmError]:
    """Why the canonical tables are not there: by the faults of what they are made of."""
    found: dict[str, CrmError] = {}
    for table in wanted:
        needed = [part for part in parts_needed(mapped, [table]) if table_of(part) == table or table == CUSTOMERS]
        reasons = list(dict.fromkeys(str(lost[part]) for part in (table, *needed) if part in lost))
        if reasons:
            found[table] = lost[table] if table in lost else StudyError("\n".join(reasons))
    return found


def _in_order(tables: Mapping[str, ir.Table], mapped: Sequence[str]) -> list[str]:
    return [name for name in list_mapped(mapped) if name in tables]


def _attributes_of(opened: OpenedTables, tables: Mapping[str, ir.Table]) -> dict[str, Mapping[str, str]]:
    return {name: {} if name == RECORDS else opened.attributes.get(name, {}) for name in tables}


def _is_read(part: str, tables: Mapping[str, ir.Table], mapped: Sequence[str]) -> bool:
    """Do the tables rest on this source: as one of them, as a part, or as what says whose their rows are?"""
    is_made = CUSTOMERS in tables and CUSTOMERS not in mapped
    names_customers = any("local_id" in table.columns for table in tables.values()) or is_made
    makes_customers = is_made and table_of(part) in {RECORDS, REPAIRS}
    return table_of(part) in tables or (part == LINKS and names_customers) or makes_customers


def _as_told(found: InputFingerprint) -> InputFingerprint:
    return replace(found, table=table_of(found.table))
