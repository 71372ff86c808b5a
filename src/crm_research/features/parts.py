"""A part of a study: only the customers with one value of a column, with all that is recorded of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import StudyError, offer_names
from crm_research.features.window import known_rows
from crm_research.privacy.masking import masked
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

# More parts than anybody reads; a column of so many values is no grouping.
MOST_PARTS: Final = 200
# What leads from a table to its customers, in the order in which it is looked for.
_ROADS: Final = (("order_id", "orders"), ("contract_id", "contracts"))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Which parts does a column make of the customers?

    Parameters
    ----------
    table, column
        Where each customer has one value of it, or none.
    n_customers
        Value (as text) to customers with it, the largest part first.
    n_without
        Customers of whom the column says nothing.
    """

    table: str
    column: str
    n_customers: Mapping[str, int]
    n_without: int


def find_table(study: Study, column: str) -> str:
    """Which table says this of customers?

    Raises
    ------
    StudyError
        If none does, with the columns that there are.
    """
    usable: dict[str, str] = {}
    for name in sorted(study.tables, key=lambda name: name != "customers"):
        rows = study.tables[name]
        if "customer_id" not in rows.columns:
            continue
        for each, kind in rows.schema().items():
            if (kind.is_string() or kind.is_boolean() or kind.is_integer()) and not each.endswith("_id"):
                usable.setdefault(each, name)
    if column not in usable:
        raise StudyError(
            f"Study {study.name!r} has no column {column!r} that says something of a customer. "
            f"{offer_names(column, list(usable))}"
        )
    return usable[column]


def list_parts(study: Study, column: str) -> Parts:
    """How many customers has each part, as far as was known at as_of?

    Raises
    ------
    StudyError
        If no table says this of customers, if some have several values, or if there are more than 200.
    """
    table = find_table(study, column)
    said = _values(study, table, column)
    several = (
        said.aggregate(n=said.count(), n_several=(said.n_values > 1).ifelse(1, 0).sum()).to_pyarrow().to_pylist()[0]
    )
    if several["n_several"]:
        raise StudyError(
            f"Study {study.name!r}, table {table}: {say_count(several['n_several'], 'customer')} of {several['n']:,} "
            f"have several values of {column!r}, and would be counted in several parts. Name a column of which each "
            "customer has one value."
        )
    counted = said.filter(said.value.notnull()).group_by("value").agg(n=lambda rows: rows.count())
    found = counted.order_by(ibis.desc("n"), "value").limit(MOST_PARTS + 1).to_pyarrow().to_pylist()
    if len(found) > MOST_PARTS:
        raise StudyError(
            f"Study {study.name!r}, table {table}: {column!r} has more than {MOST_PARTS} values. A report for each "
            "would be read by nobody; name a coarser column."
        )
    if not found:
        raise StudyError(f"Study {study.name!r}, table {table}: {column!r} is empty for all customers.")
    n_with = sum(row["n"] for row in found)
    return Parts(
        table=table,
        column=column,
        n_customers={row["value"]: row["n"] for row in found},
        n_without=several["n"] - n_with,
    )


def take_part(study: Study, parts: Parts, value: str, *, name: str) -> Study:
    """The study of the customers with this value alone.

    Rows of other customers are left out of every table that leads to customers, also through an order or a contract;
    so are rows without a customer. Tables that name none at all stay whole.

    Returns
    -------
    Study
        Under `name`, with a title and a caveat that say which part it is.
    """
    said = _values(study, parts.table, parts.column)
    members = said.filter(said.value == value).select("customer_id")
    own: dict[str, ir.Table] = {}
    for table, rows in study.tables.items():
        if "customer_id" in rows.columns:
            own[table] = rows.semi_join(members, "customer_id")
    whole = []
    for table, rows in study.tables.items():
        if table in own:
            continue
        road = next(((key, to) for key, to in _ROADS if key in rows.columns and to in own), None)
        if road is None:
            whole.append(table)
        else:
            key, to = road
            own[table] = rows.semi_join(own[to].select(key), key)
    n, said_value = parts.n_customers[value], masked(value)
    total = sum(parts.n_customers.values()) + parts.n_without
    caveat = f"Only the {say_count(n, 'customer')} of {total:,} whose {_plain(parts.column)} is {said_value}."
    if whole:
        caveat += f" What names no customer is told whole: {', '.join(map(_plain, whole))}."
    return replace(
        study,
        name=name,
        title=f"{study.title}: {_plain(parts.column)} {said_value}",
        tables=MappingProxyType({table: own.get(table, rows) for table, rows in study.tables.items()}),
        caveats=(caveat, *study.caveats),
    )


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _values(study: Study, table: str, column: str) -> ir.Table:
    """One row a customer: one value of the column as text, and how many there are."""
    rows = known_rows(study, table)
    texts = rows.select("customer_id", value=rows[column].cast("string"))
    return (
        texts.filter(texts.customer_id.notnull())
        .group_by("customer_id")
        .agg(value=texts.value.min(), n_values=texts.value.nunique())
    )
