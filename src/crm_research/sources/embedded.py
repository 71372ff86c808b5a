"""Opening a study in the embedded engine: stage its sources, map them, and drop what was only needed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.contracts import contract_of
from crm_research.errors import StudyError
from crm_research.sources.files import TEXT_ENDINGS, find_files
from crm_research.sources.making import make_table
from crm_research.sources.mapping import Planner
from crm_research.sources.parts import OpenedTables
from crm_research.sources.samples import find_truth
from crm_research.sources.session import open_session, quoted
from crm_research.sources.staging import stage
from crm_research.study import InputFingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from crm_research.sources.definition import SourceRule, StudyDefinition


def open_embedded(definition: StudyDefinition, path: Path, wanted: Sequence[str]) -> OpenedTables:
    """Make the wanted tables of a study in a session of the embedded engine."""
    session = open_session(n_bytes=_text_bytes(definition, path, wanted))
    tables: dict[str, ir.Table] = {}
    attributes: dict[str, Mapping[str, str]] = {}
    inputs = []
    for table in wanted:
        place = f"{path}: tables.{table}"
        relation = stage(session, definition.tables[table].source, path.parent, where=f"{place}.from")
        plan = Planner(
            study=definition,
            contract=contract_of(table),
            rule=definition.tables[table],
            relation=relation,
            where_in_file=place,
        ).plan()
        make_table(session, plan, relation)
        (n_rows,) = session.run(f"SELECT count(*) FROM {quoted(table)}").fetchone()
        tables[table] = session.backend.table(table)
        attributes[table] = plan.attributes
        inputs.append(
            InputFingerprint(
                table=table, source=relation.described, fingerprint=relation.fingerprint, n_rows=int(n_rows)
            )
        )
    for relation in session.staged.values():
        if relation.is_scratch:
            session.run(f"DROP TABLE {quoted(relation.name)}")
    truth = find_truth(definition, path, session.scratch)
    return OpenedTables(tables=tables, attributes=attributes, inputs=tuple(inputs), truth=truth)


def _text_bytes(definition: StudyDefinition, path: Path, wanted: Sequence[str]) -> int:
    files = {file for table in wanted for file in _text_files(definition.tables[table].source, path)}
    return sum(file.stat().st_size for file in files)


def _text_files(rule: SourceRule, path: Path) -> list[Path]:
    rules = [rule, *rule.inputs.values()]
    try:
        found = [file for one in rules if one.path for file in find_files(one.path, path.parent, where="")]
    except StudyError:
        return []  # told in full when the source is staged
    return [file for file in found if file.name.lower().endswith(TEXT_ENDINGS)]
