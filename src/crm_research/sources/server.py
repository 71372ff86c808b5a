"""Database servers: read in place where the study's engine is that server, else copied in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from crm_research.engine import connect, hide_credentials
from crm_research.errors import EngineError, StudyError, offer_names
from crm_research.sources.casting import Cast, Reading
from crm_research.sources.databases import load_batches
from crm_research.sources.fingerprints import digest_text
from crm_research.sources.session import Kind, Relation, Session, literal, quoted

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    from crm_research.sources.definition import SourceRule

_BATCH_ROWS: Final = 100_000


def stage_server(session: Session, rule: SourceRule, *, where: str) -> Relation:
    """Copy a table or query of a server into the session, batch by batch."""
    import pyarrow as pa

    backend = connect_server(str(rule.url), where=where)
    try:
        rows = find_rows(backend, rule, where=where)
        name = session.new_name("server")
        reader = rows.to_pyarrow_batches(chunk_size=_BATCH_ROWS)
        tables = (pa.Table.from_batches([batch]) for batch in reader)
        empty = reader.schema.empty_table()
        load_batches(session, name, (table for part in ([empty], tables) for table in part))
    except (StudyError, EngineError):
        raise
    except Exception as problem:
        raise StudyError(f"{where}: {_reason(problem)}") from None
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


def reach_in_place(backend: BaseBackend, rule: SourceRule, *, where: str) -> Relation:
    """The rows of a table or query of the engine itself, left where they are. `name` is SQL in DuckDB's dialect."""
    try:
        rows = find_rows(backend, rule, where=where)
        n_rows = int(rows.count().execute())
    except (StudyError, EngineError):
        raise
    except Exception as problem:
        raise StudyError(f"{where}: {_reason(problem)}") from None
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
    try:
        return connect(url)
    except EngineError as problem:
        raise EngineError(f"{where}: {problem}") from None


def find_rows(backend: BaseBackend, rule: SourceRule, *, where: str) -> ir.Table:
    """The table or query of a source as an Ibis table; StudyError with the nearest name if there is none."""
    if rule.query is not None:
        return backend.sql(rule.query.strip().rstrip(";"))
    schema, _, table = str(rule.table).rpartition(".")
    known = backend.list_tables(database=schema) if schema else backend.list_tables()
    if table not in known:
        raise StudyError(f"{where}.table: {describe_server(rule)} is not there. {offer_names(table, known)}")
    return backend.table(table, database=schema) if schema else backend.table(table)


def describe_server(rule: SourceRule) -> str:
    """The address without credentials or options, and what is read there."""
    address = hide_credentials(str(rule.url)).split("?")[0]
    return f"{address} ({rule.table or 'query'})"


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
    return digest_text(f"{describe_server(rule)}\n{rule.table or rule.query}\n{n_rows}")


def _reason(problem: Any) -> str:
    lines = hide_credentials(str(problem)).strip().splitlines()
    return f"the server says: {lines[0] if lines else type(problem).__name__}. Check table, query and rights."
