"""Database files: DuckDB files are read in place, SQLite files are copied in batches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from crm_research.errors import StudyError, offer_names
from crm_research.said_by_others import say_fault
from crm_research.sources.mapping.selects import read_select
from crm_research.sources.readers.queries import prepare_sql
from crm_research.sources.session import literal, quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Session

_BATCH_ROWS: Final = 50_000
_HELD: Final = "another program has it open to write to it. Close that program, or copy the file and name the copy."
_SQLITE_STEPS: Final = 100_000
_SQLITE_LONGEST: Final = 50_000_000  # bytes of one value: no clock is heard while one is made
_SQLITE_READS: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)


def stage_duckdb(session: Session, path: Path, rule: SourceRule, *, where: str) -> str:
    """A view on a table or query of a DuckDB file, which is attached for reading only."""
    database = f"file_{abs(hash(str(path.resolve()))):x}"
    try:
        session.run(f"ATTACH IF NOT EXISTS {literal(str(path))} AS {quoted(database)} (READ_ONLY)")
    except duckdb.Error as problem:
        is_held = "Could not set lock" in str(problem)
        reason = _HELD if is_held else f"{say_fault(problem)}. Check the file."
        raise StudyError(f"{where}: {path.name} cannot be opened: {reason}") from None
    rows = session.run(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        f"WHERE table_catalog = {literal(database)}"
    ).fetchall()
    relations = {
        _said(schema, table): f"{quoted(database)}.{quoted(schema)}.{quoted(table)}" for schema, table, _ in rows
    }
    computed = {relations[_said(schema, table)] for schema, table, kind in rows if kind == "VIEW"}
    name = session.new_name("duckdb")
    if rule.query is not None:
        select = prepare_sql(rule.query, relations, where=f"{where}.query")
        where = f"{where}.query"
    else:
        chosen = relations[choose_table(rule.table, relations, path.name, where=where)]
        select = f"SELECT * FROM {chosen}"
    try:
        session.run(f"CREATE VIEW {quoted(name)} AS {select}")
        if rule.query is not None or chosen in computed:
            # What is computed may fail in any row: once here, and not in the middle of a report.
            values = ", ".join(f"max(hash({quoted(column)}))" for column in session.kinds_of(name))
            session.run(f"SELECT {values} FROM {quoted(name)}").fetchone()
    except duckdb.Error as problem:
        raise StudyError(f"{where}: {path.name} does not answer: {say_fault(problem)}. Mend the query.") from None
    return name


def _said(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"


def stage_sqlite(session: Session, path: Path, rule: SourceRule, *, where: str) -> str:
    """Copy a table or query of an SQLite file into the session, batch by batch."""
    try:
        with closing(_open_sqlite(path)) as connection:
            tables = [
                row[0]
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
                )
            ]
            if rule.query is None:
                query = f"SELECT * FROM {quoted(choose_table(rule.table, tables, path.name, where=where))}"
            else:
                tree = read_select(rule.query, dialect="sqlite", where=f"{where}.query")
                query = tree.sql(dialect="sqlite", comments=False)
            connection.set_authorizer(_may_only_read)
            return _copy(session, connection, query)
    except sqlite3.Error as problem:
        raise StudyError(
            f"{where}: {path.name} cannot be read as SQLite: {say_fault(problem)}. Check table and query."
        ) from None


def _open_sqlite(path: Path) -> sqlite3.Connection:
    """The file, for reading only. One that keeps a log, and has none now, is not given one."""
    has_log = path.with_name(f"{path.name}-wal").exists()
    with path.open("rb") as file:
        keeps_log = file.read(20)[18:20] == b"\x02\x02"
    how = "immutable=1" if keeps_log and not has_log else "mode=ro"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)
    # Between its steps the time limit of the command may ring.
    connection.set_progress_handler(lambda: 0, _SQLITE_STEPS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _SQLITE_LONGEST)
    return connection


def _may_only_read(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _SQLITE_READS else sqlite3.SQLITE_DENY


def choose_table(wanted: str | None, known: Sequence[str] | dict[str, str], described: str, *, where: str) -> str:
    """The table that is named; without a name, the only one there is."""
    names = list(known)
    if wanted is None:
        if len(names) == 1:
            return names[0]
        raise StudyError(
            f"{where}: {described} holds {len(names)} tables ({', '.join(sorted(names))}). Add table: NAME."
        )
    for name in names:
        if name.lower() == wanted.lower():
            return name
    raise StudyError(f"{where}.table: {described} has no table {wanted!r}. {offer_names(wanted, names)}")


def load_batches(session: Session, name: str, batches: Iterator[pa.Table]) -> None:
    """Append Arrow batches to a new table of the session."""
    for i, batch in enumerate(batches):
        session.backend.con.register("batch__", batch)
        start = f"INSERT INTO {quoted(name)}" if i else f"CREATE TABLE {quoted(name)} AS"
        session.run(f"{start} SELECT * FROM batch__")
        session.backend.con.unregister("batch__")


def _copy(session: Session, connection: sqlite3.Connection, query: str) -> str:
    import pyarrow as pa

    columns = [column[0] for column in connection.execute(f"SELECT * FROM ({query}) LIMIT 0").description]
    types = _types(connection, query, columns)
    schema = pa.schema([(column, types[column]) for column in columns])
    # What SQLite holds in mixed types, or as bytes, is read as text.
    selected = ", ".join(
        f"CAST({quoted(column)} AS TEXT)" if types[column] == pa.string() else quoted(column) for column in columns
    )
    cursor = connection.execute(f"SELECT {selected} FROM ({query})")

    def batches() -> Iterator[pa.Table]:
        yield schema.empty_table()
        while rows := cursor.fetchmany(_BATCH_ROWS):
            arrays = [
                pa.array(values, type=field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            yield pa.Table.from_arrays(arrays, schema=schema)

    name = session.new_name("sqlite")
    load_batches(session, name, batches())
    return name


def _types(connection: sqlite3.Connection, query: str, columns: Sequence[str]) -> dict[str, pa.DataType]:
    """What each column holds: SQLite declares types without keeping to them, so its values are asked."""
    import pyarrow as pa

    asked = ", ".join(f"group_concat(DISTINCT typeof({quoted(column)}))" for column in columns)
    found = connection.execute(f"SELECT {asked} FROM ({query})").fetchone()
    types = {}
    for column, said in zip(columns, found, strict=True):
        kinds = set((said or "").split(",")) - {"null", ""}
        if kinds and kinds <= {"integer"}:
            types[column] = pa.int64()
        elif kinds and kinds <= {"integer", "real"}:
            types[column] = pa.float64()
        else:
            types[column] = pa.string()
    return types
