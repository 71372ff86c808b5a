"""Opening a study in the embedded engine: stage its sources, map them, and drop what was only needed on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from crm_research.addresses import read_address
from crm_research.errors import CrmError, StudyError
from crm_research.said_by_others import say_fault, say_no_room
from crm_research.sources.cache import cache_key, find_cached, keep_table, open_cached
from crm_research.sources.definition import walk_sources
from crm_research.sources.endings import SQLITE_ENDINGS, TEXT_ENDINGS
from crm_research.sources.fingerprints import bytes_of, digest_files, look_at_files, say_changed
from crm_research.sources.mapping.casting import ZONED, Reading
from crm_research.sources.mapping.items import lay_out
from crm_research.sources.mapping.materialise import make_table
from crm_research.sources.mapping.once import find_order_facts
from crm_research.sources.mapping.table_plan import Planner
from crm_research.sources.named_files import list_named_files
from crm_research.sources.parts import OpenedTables
from crm_research.sources.readers.files import describe_files, find_files
from crm_research.sources.readers.samples import find_truth
from crm_research.sources.readers.staging import stage
from crm_research.sources.readers.stores.narrowing import find_needs
from crm_research.sources.record_parts import contract_for
from crm_research.sources.remembered import remembering
from crm_research.sources.session import literal, open_session, quoted
from crm_research.stopping import stop_if_asked
from crm_research.study import InputFingerprint
from crm_research.time_limit import allow_for
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from crm_research.sources.definition import StudyDefinition, TableRule
    from crm_research.sources.fingerprints import Origin
    from crm_research.sources.mapping.plans import TablePlan
    from crm_research.sources.session import Relation, Session


def open_embedded(
    definition: StudyDefinition, path: Path, wanted: Sequence[str], faults: dict[str, CrmError] | None = None
) -> OpenedTables:
    """Make the wanted tables of a study in a session of the embedded engine; what cannot be made goes into `faults`."""
    file = read_address(definition.engine.url).path
    if file:
        find_files([file.split("?")[0]], path.parent, where=f"{path}: engine")
    files = {table: list_named_files(definition.tables[table].source, path.parent) for table in wanted}
    keys = {table: cache_key(definition, table, files[table]) for table in wanted}
    cached = {table: held for table, key in keys.items() if key is not None and (held := find_cached(key)) is not None}
    # What lies in place or in the cache is read as well, if not for a copy.
    allow_for(n_bytes=sum(map(bytes_of, _list_files(definition, path, files))))
    n_bytes = _text_bytes(_list_files(definition, path, {one: files[one] for one in wanted if one not in cached}))
    session = open_session(n_bytes=n_bytes, engine=definition.engine, path=path)
    session.needs = find_needs(definition, [table for table in wanted if table not in cached])
    tables: dict[str, ir.Table] = {}
    attributes: dict[str, Mapping[str, str]] = {}
    inputs = []
    for table in wanted:
        stop_if_asked()
        held = cached.get(table)
        if held is not None and open_cached(session, held):
            attributes[table], fingerprint = held.attributes, held.origin
        else:
            try:
                with _in_words(path, table):
                    plan, fingerprint, is_copy = _make(session, definition, path, table, files[table], keys[table])
            except CrmError as problem:
                if faults is None:
                    raise
                faults[table] = problem
                continue
            attributes[table] = plan.attributes
            if is_copy and (key := keys[table]) is not None:
                keep_table(session, key, fingerprint, plan.attributes, path)
        tables[table] = session.backend.table(table)
        inputs.append(fingerprint)
    for relation in session.staged.values():
        if relation.is_scratch:
            session.run(f"DROP TABLE {quoted(relation.name)}")
    truth = find_truth(definition, path, session.scratch)
    return OpenedTables(tables=tables, attributes=attributes, inputs=tuple(inputs), truth=truth)


@contextmanager
def _in_words(path: Path, table: str) -> Iterator[None]:
    """Faults of the engine that nobody nearer to them has told, at the place in the study file."""
    try:
        yield
    except duckdb.Error as problem:
        reason = say_no_room(problem) or f"{say_fault(problem)}. Mend its source or expressions"
        raise StudyError(f"{path}: tables.{table}: cannot be read: {reason}.") from None


def _make(
    session: Session,
    definition: StudyDefinition,
    path: Path,
    table: str,
    files: Sequence[Origin] | None,
    key: str | None,
) -> tuple[TablePlan, InputFingerprint, bool]:
    """One canonical table in the session, what it was read from, and whether its rows are a copy."""
    place = f"{path}: tables.{table}"
    rule = definition.tables[table]
    before = _digest(files)
    staged = relation = stage(session, rule.source, path.parent, where=f"{place}.from")
    with remembering(session, staged, key, path, table) as memory:
        if rule.items:
            relation, rule = lay_out(session, definition, rule, staged, place)
        plan, relation = _planned(session, definition, table, rule, relation, place)
        make_table(session, plan, relation)
        left_out = _say_left_out(session, plan, relation)
        source = f"{relation.described}{left_out}{_say_silent(session, plan, relation)}"
        source += _say_zones(session, plan, relation)
        if relation is not staged:
            session.run(f"DROP TABLE {quoted(relation.name)}")
        (n_rows,) = session.run(f"SELECT count(*) FROM {quoted(table)}").fetchone()
    is_copy = plan.sum_lines or relation.is_scratch or relation.is_brought
    made = InputFingerprint(
        table=table,
        source=source,
        fingerprint=relation.fingerprint,
        n_rows=int(n_rows),
        files=() if is_copy or files is None else look_at_files(files),
    )
    # A lake's version does not change, but a newer one may have been read than the one that was looked at.
    is_another = bool(before) and rule.source.path is not None and staged.fingerprint != before
    if is_another or _digest(files) != before:
        if _is_read_in_one(files):
            return plan, made, False  # what was read is whole, but nobody can say of which state
        changed = say_changed(describe_files(files or []), "was written to while it was read")
        raise StudyError(f"{place}: {changed}")
    memory.keep()
    return plan, made, is_copy


def _is_read_in_one(files: Sequence[Origin] | None) -> bool:
    """Are the rows those of one moment, however much its application goes on writing? SQLite sees to that."""
    return files is not None and all(file.name.lower().endswith(SQLITE_ENDINGS) for file in files)


def _digest(files: Sequence[Origin] | None) -> str:
    """Of the content of these files; empty where one is gone, and of none."""
    try:
        return digest_files(files) if files else ""
    except OSError:
        return ""


def _say_left_out(session: Session, plan: TablePlan, relation: Relation) -> str:
    """How many rows of the source its ``where`` leaves out, in words: nobody else sees them go."""
    if not plan.where:
        return ""
    n_rows, n_kept = session.run(
        f"SELECT count(*), count(*) FILTER (WHERE {plan.where}) FROM {quoted(relation.name)}"
    ).fetchone()
    return f" ({n_rows - n_kept:,} of {say_count(n_rows, 'row')} left out by where)" if n_kept < n_rows else ""


def _say_silent(session: Session, plan: TablePlan, relation: Relation) -> str:
    """How many lines add nothing to their order's money, because a part of what it is computed of is empty."""
    said = []
    for name, is_silent in plan.silent.items():
        condition = f"({is_silent}) AND ({plan.where})" if plan.where else is_silent
        (n,) = session.run(f"SELECT count(*) FILTER (WHERE {condition}) FROM {quoted(relation.name)}").fetchone()
        if n:
            said.append(f"{name} is empty on {n:,} of the lines that are added, since a part of it is")
    return f" ({'; '.join(said)})" if said else ""


def _say_zones(session: Session, plan: TablePlan, relation: Relation) -> str:
    """How many times of a column carry a zone where others carry none, and are taken for the study's own."""
    said = []
    for name, text in plan.times.items():
        has_zone = f"regexp_matches(trim({text}), {literal(ZONED)})"
        rows = f"FROM {quoted(relation.name)}{f' WHERE {plan.where}' if plan.where else ''}"
        (n_zoned,) = session.run(f"SELECT count(*) FILTER (WHERE {has_zone}) {rows}").fetchone()
        if not n_zoned:
            continue
        (n_times,) = session.run(f"SELECT count({plan.outputs[name]}) {rows}").fetchone()
        if n_zoned < n_times:
            said.append(
                f"{n_zoned:,} of {n_times:,} times of {name} {word_for(n_zoned, 'carries', 'carry')} a zone, "
                f"{word_for(n_times - n_zoned, 'the other is', 'the others are')} read as {plan.timezone}"
            )
    return f" ({'; '.join(said)})" if said else ""


def _planned(
    session: Session, definition: StudyDefinition, table: str, rule: TableRule, relation: Relation, place: str
) -> tuple[TablePlan, Relation]:
    """The plan of a table, and its source with what is said once an order on every line."""
    planner = partial(Planner, study=definition, contract=contract_for(table), rule=rule, where_in_file=place)
    plan = planner(relation=relation).plan()
    if not rule.sum_lines and table != "order_lines":
        return plan, relation
    facts = find_order_facts(session, plan, relation, Reading.of(relation))
    if facts is None:
        return plan, relation
    name = session.new_name("spread")
    session.run(f"CREATE TABLE {quoted(name)} AS {facts.select}")
    relation = replace(
        relation,
        name=name,
        kinds=session.kinds_of(name),
        described=relation.described + facts.said,
        is_scratch=True,
    )
    return planner(relation=relation, stands_for=facts.stands_for).plan(), relation


def _list_files(definition: StudyDefinition, path: Path, named: Mapping[str, Sequence[Origin] | None]) -> set[Origin]:
    """All files of these tables; of a table that comes from elsewhere, too, those that are named."""
    files = {file for held in named.values() for file in held or ()}
    for table in (table for table, held in named.items() if held is None):
        for source in walk_sources(definition.tables[table].source):
            files |= set(list_named_files(source, path.parent) or ())
    return files


def _text_bytes(files: set[Origin]) -> int:
    """How much of these files is to be read as text."""
    # What is not here takes its time, too, whatever its kind.
    return sum(
        bytes_of(file) for file in files if not isinstance(file, Path) or file.name.lower().endswith(TEXT_ENDINGS)
    )
