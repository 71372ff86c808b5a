"""Snapshots: a study staged once, and read by every process of a run.

A snapshot is a JSON file and a DuckDB file beside it. Tables that are read where they lie (Parquet, DuckDB, what the
cache keeps) are named in the one, all others are copied into the other. It belongs to one study file: a file that has
changed since, or that lies elsewhere, is opened anew.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ibis.expr.operations import DatabaseTable
from pydantic import TypeAdapter

from crm_research.common_tables import name_shelf
from crm_research.contracts.findings import Verdict
from crm_research.sources.cache import CachedTable, find_cached, open_cached
from crm_research.sources.fingerprints import digest_files, require_unchanged
from crm_research.sources.parts import OpenedTables
from crm_research.sources.session import literal, open_session, quoted
from crm_research.study import FileState, InputFingerprint

if TYPE_CHECKING:
    from crm_research.sources.engine_rule import EngineRule
    from crm_research.study import Study


_VERDICTS: Final = TypeAdapter(Verdict)
_NONE: Final[Mapping[str, CachedTable]] = MappingProxyType({})


def write_snapshot(
    study: Study,
    folder: Path,
    verdict: Verdict | None = None,
    *,
    in_place: Mapping[str, CachedTable] = _NONE,
    called: str | None = None,
) -> Path | None:
    """Store the tables of an opened study in a folder, so that `open_study` finds them there.

    Parameters
    ----------
    verdict
        What the checks found of these very tables, so that nobody who opens them there checks them again.
    in_place
        Tables that are kept already (`crm_research.sources.cache.Lease`): they are pointed to, not copied. Nor are
        those that the session reads from files: their views are written down. Tables of which the study holds but some
        rows are copied always.
    called
        Name that the study file gives, where the study is a part of it under a name of its own.

    Returns
    -------
    Path or None
        The DuckDB file; None where the study lives in a server, which is its own snapshot.
    """
    if study.backend.name != "duckdb" or study.path is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    name = called or study.name
    target, half = folder / f"{name}.duckdb", folder / f".{name}.{os.getpid()}.duckdb"
    half.unlink(missing_ok=True)
    connection = study.backend.con
    connection.execute(f"ATTACH {literal(str(half))} AS snapshot__")
    n_rows = {}
    partial = {table for table, rows in study.tables.items() if not isinstance(rows.op(), DatabaseTable)}
    in_place = {table: held for table, held in in_place.items() if table not in partial}
    reads = {
        found.table: [asdict(state) for state in found.files]
        for found in study.inputs
        if found.files and found.table not in partial
    }
    try:
        for table, rows in study.tables.items():
            if table in in_place:
                n_rows[table] = in_place[table].n_rows
                continue
            if table in reads:
                continue
            asked = study.backend.compile(rows) if table in partial else f"SELECT * FROM {quoted(table)}"
            connection.execute(f"CREATE TABLE snapshot__.{quoted(table)} AS {asked}")
            (n_rows[table],) = connection.execute(f"SELECT count(*) FROM snapshot__.{quoted(table)}").fetchone()
    finally:
        connection.execute("DETACH snapshot__")
    record = _record(study, n_rows) | {
        "in_place": {table: held.key for table, held in in_place.items()},
        "reads": reads,
        "attached": _list_attached(connection),
        "views": _list_views(connection, {*study.tables} - {*reads}),
        "verdict": None if verdict is None else _VERDICTS.dump_python(verdict, mode="json"),
    }
    half_record = half.with_suffix(".json")
    half_record.write_text(json.dumps(record, indent=1, default=_plain), encoding="utf-8")
    half.replace(target)
    half_record.replace(target.with_suffix(".json"))
    return target


def find_snapshot(folder: Path, name: str, path: Path) -> Path | None:
    """The snapshot of this study file in a folder; None if there is none, or the file has changed since."""
    file = folder / f"{name}.duckdb"
    try:
        record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_same = record.get("path") == str(path.resolve()) and record.get("study_file") == digest_files([path])
    return file if is_same and file.is_file() else None


def read_snapshot(file: Path, wanted: Sequence[str], engine: EngineRule, path: Path) -> OpenedTables | None:
    """The wanted tables of a snapshot, for reading only; None if it does not hold them all, or one of them is gone.

    `engine` limits the session that reads them, as the study file at `path` says.
    """
    record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    if not set(wanted) <= set(record["tables"]):
        return None
    require_as_found(file)
    session = open_session(engine=engine, path=path)
    name_shelf(session.backend, file.with_suffix(".kept"))
    session.run(f"ATTACH {literal(str(file))} AS snapshot__ (READ_ONLY)")
    if not {*wanted}.isdisjoint(record["reads"]):
        for name, database in record["attached"].items():
            session.run(f"ATTACH {literal(database)} AS {quoted(name)} (READ_ONLY)")
        for view in record["views"]:
            session.run(view)
    for table in wanted:
        if table in record["reads"]:
            continue
        if table in record["in_place"]:
            kept = find_cached(record["in_place"][table])
            if kept is None or not open_cached(session, kept):
                return None
            continue
        session.run(f"CREATE VIEW {quoted(table)} AS SELECT * FROM snapshot__.{quoted(table)}")
    inputs = [
        InputFingerprint(**one | {"files": tuple(FileState(**state) for state in one["files"])})
        for one in record["inputs"]
        if one["table"] in wanted
    ]
    return OpenedTables(
        tables={table: session.backend.table(table) for table in wanted},
        attributes={table: record["attributes"].get(table, {}) for table in wanted},
        inputs=tuple(inputs),
        truth=Path(record["truth"]) if record["truth"] else None,
        verdict=None if record["verdict"] is None else _VERDICTS.validate_python(record["verdict"]),
        called=None if record["name"] == file.stem else (record["name"], record["title"], tuple(record["caveats"])),
    )


def require_as_found(file: Path) -> None:
    """Refuse a snapshot whose tables are read from files of which one was written to since the study was opened.

    Raises
    ------
    StudyError
        Naming the file.
    """
    record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    states = [FileState(**state) for files in record["reads"].values() for state in files]
    require_unchanged(states, while_what="while the run was reading it")


def _list_attached(engine: Any) -> dict[str, str]:
    """Name of each database file that the session reads, to its path."""
    rows = engine.execute(
        "SELECT database_name, path FROM duckdb_databases() WHERE NOT internal AND readonly AND path IS NOT NULL"
    ).fetchall()
    return dict(rows)


def _list_views(engine: Any, without: Collection[str]) -> list[str]:
    """The statements that make the session's views, in their order."""
    rows = engine.execute(
        "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND NOT temporary "
        "AND database_name = current_database() ORDER BY view_oid"
    ).fetchall()
    return [sql for name, sql in rows if name not in without]


def _record(study: Study, n_rows: dict[str, int]) -> dict[str, Any]:
    path = study.path.resolve() if study.path else None
    sources = Counter(one.table for one in study.inputs)
    # Of a table of several sources each has rows of its own.
    n_rows = {table: n for table, n in n_rows.items() if sources[table] == 1}
    return {
        "name": study.name,
        "title": study.title,
        "currency": study.currency,
        "as_of": study.as_of,
        "holdout_until": study.holdout_until,
        "provenance": study.provenance,
        "caveats": list(study.caveats),
        "path": str(path),
        "study_file": digest_files([path]) if path else "",
        "truth": str(study.truth) if study.truth else None,
        "tables": list(study.tables),
        "attributes": {table: dict(declared) for table, declared in study.attributes.items()},
        "inputs": [asdict(replace(one, n_rows=n_rows.get(one.table, one.n_rows))) for one in study.inputs],
    }


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
