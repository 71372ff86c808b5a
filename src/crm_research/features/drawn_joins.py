"""A study as it would be had doubtful joins of records been decided otherwise: the customers whom that concerns."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.contracts import DOUBTS, LINKS, RECORD_KEY, RECORD_TABLES, RECORDS, REPAIRS, contract_of
from crm_research.features.spells import build_spells, keep_watched
from crm_research.sources.golden import attributes_of
from crm_research.sources.resolving import describe_customers, own_number, with_links

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

CUSTOMERS: Final = "customers"
# A customer of some draw bears so many signs before its own number.
PREFIX: Final = 8
# Tables without a customer of their own, and the table and key by which their rows are of one.
_PARTS_OF: Final = {"order_lines": ("orders", "order_id"), "contract_states": ("contracts", "contract_id")}
# Keys of rows that each draw must have for itself.
_OWN_KEYS: Final = ("order_id", "contract_id", "contact_id", "response_id", "invoice_id")
_SIDES: Final = ("left", "right")
_DEALINGS: Final = ("orders", "contracts")


def list_doubtful_pairs(study: Study) -> ir.Table:
    """Which pairs of records are in doubt, or hang on such a doubt? The table ``link_doubts`` in its own order."""
    pairs = study.table(DOUBTS)
    ends = [f"{side}_{name}" for side in _SIDES for name in RECORD_KEY]
    return pairs.select(*ends, "probability", "standing").distinct().order_by(*ends)


def list_doubtful_records(study: Study) -> ir.Table:
    """Of whom are the records that stand in a pair in doubt? One record: system, local_id, customer_id."""
    pairs = study.table(DOUBTS)
    ends = [
        pairs.select(**{name: pairs[f"{side}_{name}"] for name in RECORD_KEY})
        for side in _SIDES
    ]  # fmt: skip
    records = ends[0].union(ends[1], distinct=True)
    known = study.table(LINKS).select(*RECORD_KEY, linked="customer_id")
    joined = records.left_join(known, RECORD_KEY)
    return joined.select(
        system=joined.system,
        local_id=joined.local_id,
        customer_id=ibis.coalesce(joined.linked, own_number(joined.system, joined.local_id)),
    )


def list_loose_records(study: Study) -> ir.Table:
    """Of which customers is some record not surely theirs?

    Returns
    -------
    ibis table
        One record of such a customer: system, local_id, customer_id, probability.
    """
    links = study.table(LINKS)
    loose = links.filter(links.probability < 1.0, links.customer_id.notnull()).select("customer_id").distinct()
    found = links.semi_join(loose, "customer_id")
    return found.select(*RECORD_KEY, "customer_id", probability=found.probability.fill_null(1.0))


def name_records(study: Study) -> dict[str, bool]:
    """Do orders and contracts, those that are there, say which system's record they came with?"""
    return {name: set(RECORD_KEY) <= set(study.table(name).columns) for name in _DEALINGS if study.has(name)}


def build_drawn_study(study: Study, records: ir.Table, heirs: ir.Table) -> Study:
    """The study of the customers whom draws of the joins concern, as they are in one draw or another.

    Parameters
    ----------
    study
        As its records are linked.
    records
        One record of one such customer: system, local_id, customer_id. A record is of several, in draws of their own.
    heirs
        One customer as linked, and one to whom that number has gone over: customer_id, drawn_id. Rows that name a
        customer by no record of these go with them.

    Returns
    -------
    Study
        The same tables, of these customers alone, each row once for each of its customers, with keys of its own.
    """
    touched = records.select(*RECORD_KEY).distinct()
    tables = {
        name: _of_draws(table, records, touched, heirs)
        for name, table in study.tables.items()
        if name not in _OF_RECORDS and name != CUSTOMERS and "customer_id" in table.columns
    }
    for name, (parent, key) in _PARTS_OF.items():
        if study.has(name, parent) and parent in tables and key in study.table(name).columns:
            tables[name] = _with_parent(study.table(name), tables[parent], key)
    if study.has(CUSTOMERS):
        tables[CUSTOMERS] = _customers(study, records, touched, heirs)
    others = {name: table for name, table in study.tables.items() if name not in tables and name not in _OF_RECORDS}
    return replace(study, tables=MappingProxyType({**others, **tables}))


_OF_RECORDS: Final = frozenset(table.name for table in RECORD_TABLES)


def _of_draws(rows: ir.Table, records: ir.Table, touched: ir.Table, heirs: ir.Table) -> ir.Table:
    """Rows of these customers, by their record where they name one, else by the customer's number."""
    by_number = rows
    parts = []
    if "local_id" in rows.columns and "system" in rows.columns:
        parts.append(with_links(rows.semi_join(touched, RECORD_KEY), records))
        by_number = rows.anti_join(touched, RECORD_KEY)
    going = heirs.select(linked__="customer_id", drawn__="drawn_id")
    joined = by_number.inner_join(going, [by_number.customer_id == going.linked__])
    parts.append(joined.mutate(customer_id=joined.drawn__).select(*rows.columns))
    found = parts[0] if len(parts) == 1 else parts[0].union(parts[1])
    own = [name for name in _OWN_KEYS if name in rows.columns]
    whose = found.customer_id.substr(0, PREFIX)
    return found.mutate(**{name: whose + found[name].cast("string") for name in own})


def _with_parent(rows: ir.Table, parents: ir.Table, key: str) -> ir.Table:
    """Rows by the row that they came with, as often as that."""
    drawn = parents.select(parent__=parents[key], of__=parents[key].substr(PREFIX))
    joined = rows.inner_join(drawn, [rows[key].cast("string") == drawn.of__])
    return joined.mutate(**{key: joined.parent__}).select(*rows.columns)


def _customers(study: Study, records: ir.Table, touched: ir.Table, heirs: ir.Table) -> ir.Table:
    """Customers: described by their records where the study's are, else under their heirs' numbers."""
    held = study.table(CUSTOMERS)
    is_mapped = any(source.table == CUSTOMERS for source in study.inputs) or not study.has(RECORDS)
    if is_mapped:
        return _of_draws(held, records, touched, heirs)
    rows = study.table(RECORDS).semi_join(touched, RECORD_KEY)
    repairs = study.table(REPAIRS) if study.has(REPAIRS) else None
    told = attributes_of(rows)
    attributes = [name for name in study.attributes_of(CUSTOMERS) if name in told]
    made = describe_customers(rows, records, repairs, attributes=attributes, until=study.as_of)
    types = {column.name: column.type for column in contract_of(CUSTOMERS).columns}
    lacking = [name for name in held.columns if name not in made.columns]
    blank = {name: ibis.null(types.get(name, held[name].type())) for name in lacking}
    return (made.mutate(**blank) if blank else made).select(*held.columns)


def count_drawn_spells(study: Study) -> ir.Table:
    """How long have the contracts of each customer of `build_drawn_study` run?

    Returns
    -------
    ibis table
        Contracts of one customer that are alike: customer_id, entry_days, tenure_days, is_ended, n_contracts.
    """
    spells = keep_watched(build_spells(study))
    rows = spells.filter(spells.customer_id.notnull())
    keys = ("customer_id", "entry_days", "tenure_days", "is_ended")
    return rows.group_by(*keys).agg(n_contracts=rows.count()).order_by(*keys)
