"""Staging: bring the rows a study's table names into reach of the embedded engine, as they are."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb

from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault, say_full_disk
from crm_research.sources.fingerprints import digest_files
from crm_research.sources.readers.files import describe_files, file_kind, find_files
from crm_research.sources.readers.parquet import stage_parquet
from crm_research.sources.readers.samples import find_sample
from crm_research.sources.readers.stores.located import locate
from crm_research.sources.readers.stores.narrowing import key_of
from crm_research.sources.readers.text import stage_text
from crm_research.sources.session import Relation, Session, literal, quoted
from crm_research.sources.written import WHITESPACE
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.fingerprints import Origin


def stage(session: Session, rule: SourceRule, base: Path, *, where: str) -> Relation:
    """The source's rows as a relation of the session. The same source named twice is staged once.

    Raises
    ------
    StudyError
        If the source cannot be found or read.
    """
    key = key_of(rule)
    if key not in session.staged:
        relation = _stage(session, rule, base, where)
        session.staged[key] = _without_copies(session, relation) if rule.distinct else relation
    return session.staged[key]


def locate_files(rule: SourceRule, base: Path, scratch: Path, *, where: str) -> Sequence[Origin]:
    """What is behind a source of paths or of a sample."""
    if rule.sample is not None:
        path = find_sample(rule.sample, scratch, where=where)
        return find_files([str(path)], base, where=where)
    return locate(rule, base, where=where)


def _stage(session: Session, rule: SourceRule, base: Path, where: str) -> Relation:
    if rule.sql is not None:
        from crm_research.sources.readers.queries import stage_sql

        return stage_sql(session, rule, base, where=where, stage=stage)
    if rule.url is not None:
        from crm_research.sources.readers.server import stage_server

        return stage_server(session, rule, base, where=where)
    located = locate_files(rule, base, session.scratch, where=where)
    kind = "parquet" if _is_lake(located) else file_kind(located, where=where)
    _refuse_idle(rule, kind, describe_files(located), where)
    paths, brought = _bring(session, rule, located, kind, where)
    try:
        name, said = _stage_files(session, rule, paths, kind, where)
    except StudyError as problem:
        # What unpacks a file does not know for which table.
        raise problem if str(problem).startswith(where) else StudyError(f"{where}: {problem}") from None
    except duckdb.Error as problem:
        mend = "Check that it is whole and of the kind that its name says"
        said = say_full_disk(problem) or f"{say_fault(problem)}. {mend}"
        raise StudyError(f"{where}: {describe_files(paths)} cannot be read: {said}.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise StudyError(f"{where}: {_broken_gzip(paths, problem)}") from None
    except csv.Error as problem:
        raise StudyError(
            f"{where}: the header of {describe_files(paths)} cannot be read: {say_fault(problem)}. "
            "Check delimiter and quote."
        ) from None
    described = f"sample:{rule.sample}" if rule.sample else describe_files(located) + brought
    if rule.table or rule.sheet is not None:
        described += f" ({rule.table or rule.sheet})"
    described += said
    return Relation(
        name=name,
        kinds=session.kinds_of(name),
        rule=rule,
        described=described,
        fingerprint=_fingerprint(located, where),
        is_scratch=kind in {"text", "excel", "sqlite"},
        is_brought=paths is not located,
        is_trimmed=kind == "text" and rule.delimiter != WHITESPACE,
    )


def _is_lake(located: Sequence[Origin]) -> bool:
    from crm_research.sources.readers.stores.lakes import LakeTable

    return isinstance(located[0], LakeTable)


def _bring(
    session: Session, rule: SourceRule, located: Sequence[Origin], kind: str, where: str
) -> tuple[Sequence[Path], str]:
    """Files here that hold the rows of what was located, and what of it was left out, in words."""
    if all(isinstance(file, Path) for file in located):
        return cast("Sequence[Path]", located), ""
    from crm_research.sources.readers.stores.bringing import bring

    return bring(session, rule, located, kind, where=where)


def _fingerprint(located: Sequence[Origin], where: str) -> str:
    try:
        return digest_files(located)
    except OSError as problem:
        raise StudyError(f"{where}: {problem}") from None


def _refuse_idle(rule: SourceRule, kind: str, described: str, where: str) -> None:
    """Refuse a key that picks a part of files of another kind: passed in silence, the wrong file would be read."""
    for key, kinds, what in (
        ("sheet", {"excel"}, "only an Excel file has sheets"),
        ("table", {"duckdb", "sqlite"}, "only a database has tables"),
        ("query", {"duckdb", "sqlite"}, "only a database is asked by a query; of other files, write sql: and inputs:"),
    ):
        if getattr(rule, key) is not None and kind not in kinds:
            raise StudyError(
                f"{where}.{key}: {described} is read as {_KINDS.get(kind, kind)}, and {what}. Leave {key}: out, or "
                "name the file that was meant."
            )


_KINDS = {"text": "text", "parquet": "Parquet", "excel": "Excel", "duckdb": "DuckDB", "sqlite": "SQLite"}


def _broken_gzip(paths: Sequence[Path], problem: Exception) -> str:
    """Which of the packed files cannot be unpacked, and where it ends."""
    for path in paths:
        if path.suffix != ".gz":
            continue
        n_bytes = 0
        try:
            with gzip.open(path, "rb") as file:
                while chunk := file.read(1024**2):
                    n_bytes += len(chunk)
        except (EOFError, OSError, zlib.error) as own:
            what = "is no gzip file" if isinstance(own, gzip.BadGzipFile) and not n_bytes else "is cut off or damaged"
            return (
                f"{path.name} {what} ({say_fault(own)}). Copy or make it again, or unpack it and name what comes out."
            )
    return f"{describe_files(paths)} cannot be unpacked ({say_fault(problem)}). Copy or make it again."


def _without_copies(session: Session, relation: Relation) -> Relation:
    """Rows that copy another in every column, once."""
    name = session.new_name("distinct")
    found = quoted(relation.name)
    # Ordered, so that a study is the same every time it is opened.
    session.run(f"CREATE TABLE {quoted(name)} AS SELECT DISTINCT * FROM {found} ORDER BY ALL")
    (n_copies,) = session.run(
        f"SELECT (SELECT count(*) FROM {found}) - (SELECT count(*) FROM {quoted(name)})"
    ).fetchone()
    if relation.is_scratch:
        session.run(f"DROP TABLE {found}")
    said = (
        f"{relation.described}, less {say_count(n_copies, 'copy', 'copies')} of {word_for(n_copies, 'a row', 'rows')}"
    )
    return replace(relation, name=name, described=said, is_scratch=True)


def _stage_files(session: Session, rule: SourceRule, paths: Sequence[Path], kind: str, where: str) -> tuple[str, str]:
    """The relation's name, and what was left out of the files in words."""
    if kind == "text":
        return stage_text(session, paths, rule, where=where)
    if kind == "parquet":
        return stage_parquet(session, paths, where=where), ""
    if len(paths) > 1:
        raise StudyError(f"{where}: names {len(paths)} {kind} files; give one.")
    if kind == "excel":
        from crm_research.sources.readers.excel import stage_excel

        return stage_excel(session, paths[0], rule, where=where)
    from crm_research.sources.readers.databases import stage_duckdb, stage_sqlite

    read = stage_duckdb if kind == "duckdb" else stage_sqlite
    return read(session, paths[0], rule, where=where), ""


__all__ = ["literal", "locate_files", "stage"]
