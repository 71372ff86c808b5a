"""Database servers: read in place where the study's engine is that server, else copied in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from crm_research.addresses import hide_credentials, read_address, say_driver, scheme_of
from crm_research.engine import connect
from crm_research.errors import CrmError, EngineError, StudyError
from crm_research.sources.fingerprints import digest_files, digest_text
from crm_research.sources.mapping.casting import Cast, Reading
from crm_research.sources.mapping.selects import name_of_function, read_select
from crm_research.sources.readers.databases import load_batches, stage_duckdb
from crm_research.sources.readers.files import find_files
from crm_research.sources.readers.postgres import (
    carried_select,
    find_table,
    holds_foreign,
    list_postgres_tables,
    refuse_acting,
    rows_as_text,
)
from crm_research.sources.readers.spark import describe_paths, find_server_rows, view_of
from crm_research.sources.session import Kind, Relation, Session, literal, quoted
from crm_research.time_limit import SERVER_SECONDS, allow_for

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    from crm_research.sources.definition import SourceRule

_BATCH_ROWS: Final = 100_000
# sqlglot's name of a backend's SQL, where it differs.
DIALECTS: Final = {"pyspark": "spark"}


def stage_server(session: Session, rule: SourceRule, base: Path, *, where: str) -> Relation:
    """Copy a table or query of a server into the session, batch by batch; a DuckDB file is read where it is."""
    if scheme_of(str(rule.url)) == "duckdb":
        return _stage_file(session, rule, base, where=where)
    backend = connect_server(str(rule.url), where=where)
    name = session.new_name("server")
    try:
        try:
            _copy_rows(session, name, find_rows(backend, rule, base, where=where))
        except CrmError:
            raise
        except Exception:
            if backend.name != "postgres":
                raise
            # A column of a type that does not travel, such as money or a range, or a value that no type holds.
            backend.con.rollback()
            session.run(f"DROP TABLE IF EXISTS {quoted(name)}")
            _copy_as_text(session, name, backend, _allowed_select(backend, rule, where=where))
    except CrmError:
        raise
    except Exception as problem:
        raise StudyError(f"{where}: {say_server(problem, rule)}") from None
    finally:
        backend.disconnect()
    (n_rows,) = session.run(f"SELECT count(*) FROM {quoted(name)}").fetchone()
    return Relation(
        name=name,
        kinds=session.kinds_of(name),
        rule=rule,
        described=describe_server(rule),
        fingerprint=_fingerprint(rule, n_rows),
        is_scratch=True,
    )


def _copy_rows(session: Session, name: str, rows: ir.Table) -> None:
    import pyarrow as pa

    reader = _as_it_travels(rows).to_pyarrow_batches(chunk_size=_BATCH_ROWS)
    tables = (pa.Table.from_batches([batch]) for batch in reader)
    empty = reader.schema.empty_table()
    load_batches(session, name, (table for part in ([empty], tables) for table in part))


def _copy_as_text(session: Session, name: str, backend: BaseBackend, sql: str) -> None:
    """The same rows with all that is no whole number, float or flag as text, which the casts of a study read."""
    import pyarrow as pa

    kinds, batches = rows_as_text(backend, sql)
    schema = pa.schema([(column, pa.type_for_alias(kind)) for column, kind in kinds.items()])

    def tables() -> Iterator[pa.Table]:
        yield schema.empty_table()
        for rows in batches:
            columns = zip(zip(*rows, strict=True), schema, strict=True)
            yield pa.Table.from_arrays([pa.array(values, type=field.type) for values, field in columns], schema=schema)

    load_batches(session, name, tables())


def _as_it_travels(rows: ir.Table) -> ir.Table:
    """Ids and addresses of a type of their own as text, which is all that Arrow can carry of them."""
    own = [name for name, dtype in rows.schema().items() if dtype.is_uuid() or dtype.is_inet() or dtype.is_macaddr()]
    return rows.mutate(**{name: rows[name].cast("string") for name in own}) if own else rows


def reach_in_place(backend: BaseBackend, rule: SourceRule, base: Path, *, where: str) -> Relation:
    """The rows of the engine itself, left where they are. `name` is SQL in DuckDB's dialect."""
    try:
        rows = find_rows(backend, rule, base, where=where)
        n_rows = int(rows.count().execute())
    except (StudyError, EngineError):
        raise
    except Exception as problem:
        raise StudyError(f"{where}: {say_server(problem, rule)}") from None
    # Rows are named through Ibis' own SQL, so that schemas and quoting are the backend's business.
    import ibis

    return Relation(
        name=str(ibis.to_sql(rows, dialect=backend.name)),
        kinds={name: kind_of_dtype(dtype) for name, dtype in rows.schema().items()},
        rule=rule,
        described=describe_server(rule),
        fingerprint=_fingerprint(rule, n_rows),
    )


def connect_server(url: str, *, where: str) -> BaseBackend:
    """Open a server; the error names the place in the study file and never shows credentials."""
    allow_for(seconds=SERVER_SECONDS)
    try:
        return connect(url)
    except EngineError as problem:
        raise EngineError(f"{where}: {problem}") from None


def find_rows(backend: BaseBackend, rule: SourceRule, base: Path, *, where: str) -> ir.Table:
    """The table, query or folder of a source as an Ibis table; StudyError with the nearest name if there is none."""
    if rule.query is not None:
        dialect = DIALECTS.get(backend.name, backend.name)
        if backend.name == "postgres":
            return rows_of_select(backend, _allowed_select(backend, rule, where=where), where=f"{where}.query")
        tree = read_select(rule.query, dialect=dialect, where=f"{where}.query")
        _refuse_recursion(tree, where=where)
        # Written anew: one statement, whatever the text held.
        return rows_of_select(backend, tree.sql(dialect=dialect, comments=False), where=f"{where}.query")
    if backend.name == "postgres":
        schema, table = find_table(list_postgres_tables(backend), rule, where=where)
        refuse_acting(backend, [f"{quoted(schema)}.{quoted(table)}"], where=f"{where}.table")
        found = backend.table(table, database=schema)
        if not holds_foreign(found.schema()):
            return found
        return rows_of_select(backend, f"SELECT * FROM {quoted(schema)}.{quoted(table)}", where=f"{where}.table")
    return find_server_rows(backend, rule, base, where=where)


def _allowed_select(backend: BaseBackend, rule: SourceRule, *, where: str) -> str:
    """The SELECT of a source in PostgreSQL's own SQL, after all that may act or is no record is refused."""
    if rule.query is None:
        schema, table = find_table(list_postgres_tables(backend), rule, where=where)
        refuse_acting(backend, [f"{quoted(schema)}.{quoted(table)}"], where=f"{where}.table")
        return f"SELECT * FROM {quoted(schema)}.{quoted(table)}"
    tree = read_select(rule.query, dialect="postgres", where=f"{where}.query")
    _refuse_recursion(tree, where=where)
    _refuse_catalogue(tree, where=f"{where}.query")
    refuse_acting(backend, _tables_of(tree), _functions_of(tree), _types_of(tree), where=f"{where}.query")
    # Written anew: one statement, whatever the text held.
    return tree.sql(dialect="postgres", comments=False)


def _refuse_recursion(tree: exp.Query, *, where: str) -> None:
    if any(part.args.get("recursive") for part in tree.find_all(exp.With)):
        raise StudyError(
            f"{where}.query: WITH RECURSIVE is not read from a server. Make a view there and name it under table."
        )


def _refuse_catalogue(tree: exp.Query, *, where: str) -> None:
    """No table of the server's own: they hold roles, passwords and other people's queries, and no records."""
    for table in tree.find_all(exp.Table):
        if table.name.lower().startswith("pg_") or table.db.lower() in {"pg_catalog", "information_schema"}:
            raise StudyError(f"{where}: reads {table.name!r} of the server's catalogue. Read tables of records only.")


def _tables_of(tree: exp.Query) -> list[str]:
    """Tables as the server would name them; parts of WITH are none there, or are another table of that name."""
    return [
        ".".join(part.sql(dialect="postgres") for part in (table.args.get("db"), table.this) if part)
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    ]


def _types_of(tree: exp.Query) -> list[str]:
    """Names of types that are none of SQL's own, in small letters, without their schema."""
    own = [
        str(node.args.get("kind") or "") for node in tree.find_all(exp.DataType) if node.this == exp.DType.USERDEFINED
    ]
    return sorted({name.rpartition(".")[2].strip('"').lower() for name in own if name})


def _functions_of(tree: exp.Query) -> list[str]:
    """Names of all that is called, in small letters."""
    return sorted({name_of_function(node).lower() for node in tree.find_all(exp.Func)})


def rows_of_select(backend: BaseBackend, sql: str, *, where: str) -> ir.Table:
    """A SELECT in the server's own SQL as an Ibis table. Its columns are asked; nothing is made in the server."""
    if backend.name != "postgres":
        return view_of(backend, backend._session.sql(sql))
    carried, schema = carried_select(backend, sql, where=where)
    return backend.sql(carried, schema=schema)


def rows_of_answer(backend: Any, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a small answer, whatever its columns are called."""
    if backend.name == "postgres":
        with backend.con.cursor() as cursor, backend.con.transaction():
            return list(cursor.execute(sql).fetchall())
    return [tuple(row) for row in backend.raw_sql(sql).collect()]


def describe_server(rule: SourceRule) -> str:
    """The address without credentials or options, and what is read there."""
    if rule.path:
        return describe_paths(rule)
    address = re.split(r"\?|/?;", hide_credentials(str(rule.url)))[0]
    return f"{address} ({rule.table or 'query'})"


def say_server(problem: Exception, rule: SourceRule) -> str:
    """What the server said, and where to look."""
    said = say_driver(problem, str(rule.url))
    if "read-only transaction" in said:
        return f"the server says: {said}. A study only reads: leave out what changes anything in the server."
    lost = _say_lost(problem)
    if lost is not None:
        return lost[0].lower() + lost[1:]
    return f"the server says: {said}. Check table, query and rights."


def _say_lost(problem: Exception) -> str | None:
    if not type(problem).__module__.startswith("psycopg"):
        return None
    from crm_research.postgres_backend import say_lost

    return say_lost(problem, is_open=False)  # type: ignore[arg-type]


def _stage_file(session: Session, rule: SourceRule, base: Path, *, where: str) -> Relation:
    """A DuckDB file that is named as an address is read as if it were named as a path."""
    address = read_address(str(rule.url))
    if not address.path:
        raise StudyError(f"{where}.url: duckdb:// names no file. Write the file's name under path.")
    (path,) = find_files([address.path.split("?")[0]], base, where=where)
    name = stage_duckdb(session, path, rule, where=where)
    return Relation(
        name=name,
        kinds=session.kinds_of(name),
        rule=rule,
        described=f"{path.name} ({rule.table or 'query'})",
        fingerprint=digest_files([path]),
    )


class InPlaceReading(Reading):
    """Casts that every engine knows: a server's columns have types, and text in them is left to the server."""

    def cast(
        self,
        raw: str,
        kind: Kind,
        target: str,
        *,
        formats: Sequence[str] | None = None,  # noqa: ARG002
        is_id: bool = False,  # noqa: ARG002
    ) -> Cast:
        """The column `raw` as `target`, where its type allows."""
        if target == "string":
            return Cast(value=f"CAST({raw} AS VARCHAR)")
        if target == "timestamp" and kind == "zoned":
            return Cast(value=f"CAST({raw} AT TIME ZONE {literal(self.timezone)} AS TIMESTAMP)")
        fits = {
            "timestamp": {"date", "timestamp"},
            "float64": {"integer", "number"},
            "int64": {"integer"},
            "boolean": {"boolean"},
        }[target]
        if kind not in fits:
            raise StudyError(
                f"holds {kind}, where {target} is needed, and is read in place; cast it in a query of the source, or "
                "leave engine out so that it is copied and cast here"
            )
        types = {"timestamp": "TIMESTAMP", "float64": "DOUBLE", "int64": "BIGINT", "boolean": "BOOLEAN"}
        return Cast(value=f"CAST({raw} AS {types[target]})")

    def text(self, raw: str, *, nulls: Sequence[str] = ()) -> str:  # noqa: ARG002
        """Text as the server holds it."""
        return raw


def kind_of_dtype(dtype: dt.DataType) -> Kind:
    """What the values of an Ibis type are."""
    checks: tuple[tuple[bool, Kind], ...] = (
        (dtype.is_string() or dtype.is_uuid(), "text"),
        (dtype.is_boolean(), "boolean"),
        (dtype.is_integer(), "integer"),
        (dtype.is_floating() or dtype.is_decimal(), "number"),
        (dtype.is_date(), "date"),
        (dtype.is_timestamp() and getattr(dtype, "timezone", None) is not None, "zoned"),
        (dtype.is_timestamp(), "timestamp"),
    )
    return next((kind for holds, kind in checks if holds), "other")


def _fingerprint(rule: SourceRule, n_rows: int) -> str:
    return digest_text(f"{describe_server(rule)}\n{rule.table or rule.query or rule.path}\n{n_rows}")
