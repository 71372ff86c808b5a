"""Opening a study inside a server: its tables are expressions that run where the data live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlglot
from sqlglot import exp

from crm_research.addresses import say_driver
from crm_research.errors import CrmError, StudyError
from crm_research.sources.mapping.materialise import check_doubts, check_lines, order_lines_summed
from crm_research.sources.mapping.once import check_repeated_money, find_order_facts
from crm_research.sources.mapping.plans import SUM
from crm_research.sources.mapping.states import check_states
from crm_research.sources.mapping.table_plan import Planner
from crm_research.sources.parts import OpenedTables
from crm_research.sources.readers.server import (
    DIALECTS,
    InPlaceReading,
    connect_server,
    reach_in_place,
    rows_of_answer,
    rows_of_select,
)
from crm_research.sources.record_parts import contract_for
from crm_research.study import InputFingerprint

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    from crm_research.sources.definition import StudyDefinition
    from crm_research.sources.session import Relation

# Parts of the query that a table in place is: the source, with order facts on every line, and mapped. They bear the
# table's name, for Ibis puts the parts of all tables of a question into one WITH.
_SOURCE: Final = "{}_source__"
_SPREAD: Final = "{}_spread__"
_LINES: Final = "{}_lines__"


def open_in_place(
    definition: StudyDefinition, path: Path, wanted: Sequence[str], faults: dict[str, CrmError] | None = None
) -> OpenedTables:
    """Express the wanted tables of a study in its server's engine; nothing is copied. See `open_embedded` on faults."""
    backend = connect_server(definition.engine.url, where=f"{path}: engine")
    tables: dict[str, ir.Table] = {}
    attributes: dict[str, Mapping[str, str]] = {}
    inputs = []
    for table in wanted:
        place = f"{path}: tables.{table}"
        try:
            relation = _reach(backend, definition, table, path.parent, place)
            tables[table], attributes[table], source = _express(backend, definition, table, relation, place)
        except CrmError as problem:
            if faults is None:
                raise
            faults[table] = problem
            continue
        inputs.append(InputFingerprint(table=table, source=source, fingerprint=relation.fingerprint))
    return OpenedTables(tables=tables, attributes=attributes, inputs=tuple(inputs))


def _reach(backend: BaseBackend, definition: StudyDefinition, table: str, base: Path, place: str) -> Relation:
    rule = definition.tables[table]
    reads_folder = backend.name == "pyspark" and rule.source.path is not None
    if rule.source.url != definition.engine.url and not reads_folder:
        raise StudyError(
            f"{place}.from: a study whose engine is a server can only read that server. Write the same url here as "
            "under engine, or leave engine out: then everything is copied into the embedded engine."
        )
    if rule.items:
        raise StudyError(
            f"{place}.items: a questionnaire with one column a question is laid out in the embedded engine only. "
            "Leave engine out, or make a view of one row an answer in the server."
        )
    return reach_in_place(backend, rule.source, base, where=f"{place}.from")


def _express(
    backend: BaseBackend, definition: StudyDefinition, table: str, relation: Relation, place: str
) -> tuple[ir.Table, Mapping[str, str], str]:
    """The table as an expression, its attributes, and what its source is called."""
    rule = definition.tables[table]
    contract = contract_for(table)
    # The source is already in the server's own SQL; all that is asked of it is written in DuckDB's.
    source, spread, lines = (name.format(table) for name in (_SOURCE, _SPREAD, _LINES))
    asked = _Asked(backend=backend, parts={source: relation.name})
    relation = replace(relation, name=source)
    planner = partial(
        Planner, study=definition, contract=contract, rule=rule, where_in_file=place, reading_class=InPlaceReading
    )
    plan = planner(relation=relation).plan()
    try:
        if rule.sum_lines or table == "order_lines":
            facts = find_order_facts(asked, plan, relation, InPlaceReading.of(relation))
            if facts is not None:
                asked.parts[spread] = asked.translated(facts.select)
                kinds = {**relation.kinds, **{new: relation.kinds[old] for old, new in facts.stands_for.items()}}
                relation = replace(relation, name=spread, kinds=kinds, described=relation.described + facts.said)
                plan = planner(relation=relation, stands_for=facts.stands_for).plan()
        if any(doubt.target == SUM for doubt in plan.doubts):
            check_doubts(asked, plan, relation)
        select = plan.select_from(relation.name)
        if plan.sum_lines:
            asked.parts[lines] = asked.translated(select)
            check_lines(asked, plan, lines)
            check_states(asked, plan, relation)
            check_repeated_money(asked, plan, lines)
            select = order_lines_summed(plan, lines, digits=None)
        return rows_of_select(backend, asked.whole(select), where=place), plan.attributes, relation.described
    except CrmError:
        raise
    except Exception as problem:
        raise StudyError(
            f"{place}: cannot be made of {relation.described}: {say_driver(problem, definition.engine.url)}. "
            "Check its expressions, and that this role may read the table."
        ) from None


@dataclass(kw_only=True)
class _Asked:
    """Questions in DuckDB's SQL about parts of a query, put to the server as one SELECT each."""

    backend: BaseBackend
    parts: dict[str, str]

    def translated(self, sql: str) -> str:
        """The same in the server's own SQL."""
        tree = sqlglot.parse_one(sql, read="duckdb").transform(self._own_function)
        return str(tree.sql(dialect=DIALECTS.get(self.backend.name, self.backend.name)))

    def _own_function(self, node: exp.Expr) -> exp.Expr:
        """Letters composed with their accents: by PostgreSQL's function, and not at all where there is none."""
        if not isinstance(node, exp.Anonymous) or node.name.lower() != "nfc_normalize":
            return node
        (text,) = node.expressions
        return exp.func("normalize", text) if self.backend.name == "postgres" else text

    def whole(self, sql: str) -> str:
        """A SELECT over the parts, with them."""
        parts = ", ".join(f"{name} AS ({part})" for name, part in self.parts.items())
        return f"WITH {parts} {self.translated(sql)}"

    def run(self, sql: str) -> _Answer:
        """Ask."""
        return _Answer(rows_of_answer(self.backend, self.whole(sql)))


@dataclass
class _Answer:
    rows: list[tuple[Any, ...]]

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.rows
