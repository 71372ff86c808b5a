"""Opening a study inside a server: its tables are expressions that run where the data live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sqlglot

from crm_research.addresses import say_driver
from crm_research.contracts import contract_of
from crm_research.errors import CrmError, StudyError
from crm_research.sources.making import order_lines_summed
from crm_research.sources.mapping import Planner
from crm_research.sources.parts import OpenedTables
from crm_research.sources.server import InPlaceReading, connect_server, reach_in_place, rows_of_select
from crm_research.study import InputFingerprint

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    from crm_research.sources.definition import StudyDefinition
    from crm_research.sources.session import Relation


def open_in_place(
    definition: StudyDefinition, path: Path, wanted: Sequence[str], faults: dict[str, CrmError] | None = None
) -> OpenedTables:
    """Express the wanted tables of a study in its server's engine; nothing is copied. See `open_embedded` on faults."""
    backend = connect_server(definition.engine, where=f"{path}: engine")
    tables: dict[str, ir.Table] = {}
    attributes: dict[str, Mapping[str, str]] = {}
    inputs = []
    for table in wanted:
        place = f"{path}: tables.{table}"
        try:
            relation = _reach(backend, definition, table, place)
            tables[table], attributes[table] = _express(backend, definition, table, relation, place)
        except CrmError as problem:
            if faults is None:
                raise
            faults[table] = problem
            continue
        inputs.append(InputFingerprint(table=table, source=relation.described, fingerprint=relation.fingerprint))
    return OpenedTables(tables=tables, attributes=attributes, inputs=tuple(inputs))


def _reach(backend: BaseBackend, definition: StudyDefinition, table: str, place: str) -> Relation:
    rule = definition.tables[table]
    if rule.source.url != definition.engine:
        raise StudyError(
            f"{place}.from: a study whose engine is a server can only read that server. Write the same url here as "
            "under engine, or leave engine out: then everything is copied into the embedded engine."
        )
    if rule.items:
        raise StudyError(
            f"{place}.items: a questionnaire with one column a question is laid out in the embedded engine only. "
            "Leave engine out, or make a view of one row an answer in the server."
        )
    return reach_in_place(backend, rule.source, where=f"{place}.from")


def _express(
    backend: BaseBackend, definition: StudyDefinition, table: str, relation: Relation, place: str
) -> tuple[ir.Table, Mapping[str, str]]:
    rule = definition.tables[table]
    plan = Planner(
        study=definition,
        contract=contract_of(table),
        rule=rule,
        relation=relation,
        where_in_file=place,
        reading_class=InPlaceReading,
    ).plan()
    # The source is already in the server's own SQL; only the mapping is written in DuckDB's.
    mapping = sqlglot.transpile(plan.select_from("source__"), read="duckdb", write=backend.name)[0]
    sql = f"WITH source__ AS ({relation.name}) {mapping}"
    if plan.sum_lines:
        summed = sqlglot.transpile(order_lines_summed(plan, "lines__", digits=None), read="duckdb", write=backend.name)[
            0
        ]
        sql = f"WITH source__ AS ({relation.name}), lines__ AS ({mapping}) {summed}"
    try:
        return rows_of_select(backend, sql, where=place), plan.attributes
    except StudyError:
        raise
    except Exception as problem:
        raise StudyError(
            f"{place}: cannot be made of {relation.described}: {say_driver(problem, definition.engine)}. "
            "Check its expressions, and that this role may read the table."
        ) from None
