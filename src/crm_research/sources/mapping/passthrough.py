"""Clean sources are read as they stand: what a view would do to every row at every reading is asked for once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import expressions

from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.mapping.plans import TablePlan
    from crm_research.sources.session import Relation, Session


def read_passthrough(session: Session, plan: TablePlan, relation: Relation) -> TablePlan:
    """The same plan, with a source column in place of every output that equals it in all rows.

    Trimming a text or testing a number for infinity costs more than reading it, keeps the engine from skipping columns
    and from answering counts out of a file's statistics. One scan finds where it changes nothing.
    """
    candidates = _candidates(session, plan, relation)
    if not candidates:
        return plan
    changed = ", ".join(
        f"count(*) FILTER (WHERE ({plan.outputs[name]}) IS DISTINCT FROM {quoted(column)})"
        for name, column in candidates.items()
    )
    where = f" WHERE {plan.where}" if plan.where else ""
    counts = session.run(f"SELECT {changed} FROM {quoted(relation.name)}{where}").fetchone()
    as_found = {name: quoted(column) for (name, column), n in zip(candidates.items(), counts, strict=True) if not n}
    return replace(plan, outputs={**plan.outputs, **as_found})


def _candidates(session: Session, plan: TablePlan, relation: Relation) -> dict[str, str]:
    """Outputs made of one source column and of its very type, with that column."""
    alone = {name: column for name, sql in plan.outputs.items() if (column := _only_column(sql)) is not None}
    if not alone:
        return {}
    made = _types(session, plan.select_from(relation.name))
    found = _types(session, quoted(relation.name))
    return {name: column for name, column in alone.items() if made[name] == found.get(column)}


def _only_column(sql: str) -> str | None:
    """The one column an output is computed of; None of several, of none, and where it is that column already."""
    parsed = sqlglot.parse_one(sql, read="duckdb")
    columns = {column.name for column in parsed.find_all(expressions.Column)}
    return columns.pop() if len(columns) == 1 and not isinstance(parsed, expressions.Column) else None


def _types(session: Session, what: str) -> dict[str, str]:
    return {name: str(kind) for name, kind, *_ in session.run(f"DESCRIBE {what}").fetchall()}
