"""What of a source is needed here: the columns that a table is made of, and the rows that its ``where`` leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from crm_research.errors import StudyError
from crm_research.sources.definition import walk_sources
from crm_research.sources.mapping.casting import Reading
from crm_research.sources.mapping.expressions import AS_OF, ExpressionReader
from crm_research.sources.mapping.table_plan import value_columns
from crm_research.sources.record_parts import contract_for
from crm_research.sources.session import Relation, quoted

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule, StudyDefinition, TableRule
    from crm_research.sources.mapping.expressions import Expression
    from crm_research.sources.session import Kind, Session


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one table needs of a source that no other table reads.

    Parameters
    ----------
    definition, table
        The study and the table that is made of it.
    """

    definition: StudyDefinition
    table: str

    @property
    def rule(self) -> TableRule:
        """How the table is made."""
        return self.definition.tables[self.table]

    def columns_of(self, columns: Sequence[str]) -> list[str]:
        """Those of these columns that the table may be made of: all, but where lines are summed and others dropped."""
        if not self.rule.sum_lines:
            return list(columns)
        said = json.dumps(self.rule.model_dump(mode="json"), ensure_ascii=False).lower()
        own = {column.name for column in contract_for(self.table).columns}
        # Rather one too many: what stands anywhere in the rule may be a column's name.
        lower = {name: json.dumps(name, ensure_ascii=False)[1:-1].lower() for name in columns}
        needed = [name for name in columns if lower[name] in own or lower[name] in said]
        return needed or list(columns)

    def conditions_on(self, kinds: Mapping[str, Kind], relation: Relation) -> list[Expression]:
        """The parts of ``where`` that hold together and read nothing but these columns, each as the table asks it."""
        if self.rule.where is None or self.rule.items:
            return []
        reader = ExpressionReader(
            kinds=kinds,
            reading=Reading.of(relation, timezone=self.definition.timezone),
            as_of=self.definition.as_of,
            value_columns=value_columns(self.rule, contract_for(self.table), relation) & set(kinds),
        )
        known = {name.lower() for name in kinds} | {AS_OF}
        found = []
        for part in _parts(self.rule.where):
            named = {column.name.lower() for column in part.find_all(exp.Column)}
            if named - {AS_OF} and named <= known:
                try:
                    found.append(reader.read(part.sql(dialect="duckdb"), where="", wanted="boolean"))
                except StudyError:
                    return []  # told in full when the table is planned
        return found

    @property
    def asks_row_by_row(self) -> bool:
        """May rows be left out before lines of one order are looked at together?"""
        return not (self.rule.sum_lines or self.table == "order_lines")


def _parts(where: str) -> list[exp.Expr]:
    try:
        tree = sqlglot.parse_one(where, read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return []
    return [part.unnest() for part in tree.unnest().flatten()] if isinstance(tree.unnest(), exp.And) else [tree]


def key_of(rule: SourceRule) -> str:
    """What a source is known by within a session: all that its rule says."""
    return json.dumps(rule.model_dump(mode="json"), sort_keys=True)


def find_needs(definition: StudyDefinition, tables: Sequence[str]) -> dict[str, Need]:
    """Source to what is needed of it, for those that one of these tables alone reads."""
    readers: dict[str, list[tuple[str, bool]]] = {}
    for table in tables:
        own = definition.tables[table].source
        for source in walk_sources(own):
            readers.setdefault(key_of(source), []).append((table, source is own))
    return {
        key: Need(definition=definition, table=found[0][0])
        for key, found in readers.items()
        if len(found) == 1 and found[0][1]
    }


def rows_that_hold(
    session: Session, need: Need, relation: Relation, values: Sequence[Mapping[str, str | None]]
) -> list[int]:
    """Which of these rows of texts may hold rows of the table? Their numbers, by the parts of ``where`` about them.

    A part that cannot be read on one of them leaves out none, so that it is told of when the table is made.
    """
    names = list(values[0]) if values else []
    conditions = need.conditions_on(dict.fromkeys(names, "text"), relation) if names else []
    if not conditions:
        return list(range(len(values)))
    name = session.new_name("folders")
    columns = ", ".join(f"{quoted(column)} VARCHAR" for column in names)
    session.run(f"CREATE TEMP TABLE {quoted(name)} (number__ INTEGER, {columns})")
    marks = ", ".join("?" * (len(names) + 1))
    insert = f"INSERT INTO {quoted(name)} VALUES ({marks})"
    session.backend.con.executemany(insert, [[i, *(row[column] for column in names)] for i, row in enumerate(values)])
    asked = []
    for condition in conditions:
        bad = " OR ".join(f"({usage.bad})" for usage in condition.usages) or "FALSE"
        (n_bad,) = session.run(f"SELECT count(*) FILTER (WHERE {bad}) FROM {quoted(name)}").fetchone()
        asked += [] if n_bad else [f"({condition.sql})"]
    holds = " AND ".join(asked) or "TRUE"
    kept = session.run(f"SELECT number__ FROM {quoted(name)} WHERE {holds} ORDER BY 1").fetchall()
    session.run(f"DROP TABLE {quoted(name)}")
    return [number for (number,) in kept]
