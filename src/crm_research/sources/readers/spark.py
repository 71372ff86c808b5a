"""What a Spark server holds: Parquet folders that it reads itself, and tables by the name that it knows."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.common.exceptions import IbisError

from crm_research.addresses import hide_credentials
from crm_research.errors import EngineError, StudyError, offer_names
from crm_research.said_by_others import say_fault

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.sources.definition import SourceRule

_NO_FOLDER: Final = re.compile(r"(?i)path.?not.?found|path does not exist|no such file|not found")
_NANOSECONDS: Final = re.compile(r"(?i)nanos|timestamp\(ns\)|nanosecond")


def find_server_rows(backend: Any, rule: SourceRule, base: Path, *, where: str) -> ir.Table:
    """The rows of a Parquet folder or a table as the server sees them; StudyError where it sees none."""
    return _read_folder(backend, rule, base, where=where) if rule.path else _read_table(backend, rule, where=where)


def view_of(backend: Any, frame: Any) -> ir.Table:
    """Rows of Spark's own under a name of this session alone; they are read when somebody asks."""
    name = ibis.util.gen_name("rows")
    frame.createOrReplaceTempView(name)
    return ops.DatabaseTable(name, schema=_schema_of(frame), source=backend).to_expr()


def _schema_of(frame: Any) -> ibis.Schema:
    """Columns with their types: Spark's plain TIMESTAMP is an instant, which has a zone."""
    from ibis.backends.pyspark.datatypes import PySparkType
    from pyspark.sql.types import TimestampType

    kinds: dict[str, dt.DataType] = {}
    for field in frame.schema.fields:
        is_instant = isinstance(field.dataType, TimestampType)
        try:
            kinds[field.name] = dt.Timestamp(timezone="UTC") if is_instant else PySparkType.to_ibis(field.dataType)
        except (NotImplementedError, IbisError):
            kinds[field.name] = dt.unknown
    return ibis.schema(kinds)


def describe_paths(rule: SourceRule) -> str:
    """The paths as a study file writes them, without credentials."""
    return ", ".join(hide_credentials(path) for path in rule.path or ())


def _read_folder(backend: Any, rule: SourceRule, base: Path, *, where: str) -> ir.Table:
    told = sorted(rule.model_fields_set - {"path", "distinct"})
    if told or rule.distinct:
        raise StudyError(
            f"{where}: {', '.join(told or ['distinct'])}: of files that are read here; a server reads Parquet folders "
            "as they are. Leave it out, or leave engine out: then everything is copied into the embedded engine."
        )
    paths = [path if "://" in path else str(base / Path(path).expanduser()) for path in rule.path or ()]
    try:
        with backend.told():
            frame = backend._session.read.parquet(*paths)
            if frame.columns:
                return view_of(backend, frame)
    except EngineError:
        raise
    except Exception as problem:
        if not _NO_FOLDER.search(str(problem)):
            raise StudyError(f"{where}.path: {_say_unreadable(problem, paths)}") from None
    raise StudyError(
        f"{where}.path: the server sees no Parquet file at {hide_credentials(', '.join(paths))}. Check the path; a "
        "folder must lie where the server itself reads it, such as a shared disk or s3://bucket/orders/."
    )


def _say_unreadable(problem: Exception, paths: list[str]) -> str:
    said = hide_credentials(str(problem))
    if _NANOSECONDS.search(said):
        return (
            f"{hide_credentials(', '.join(paths))} holds times in nanoseconds, which Spark does not read. Write the "
            "files in microseconds: pyarrow.parquet.write_table(table, file, coerce_timestamps='us')."
        )
    return f"the server cannot read {hide_credentials(', '.join(paths))}: {say_fault(problem)}."


def _read_table(backend: Any, rule: SourceRule, *, where: str) -> ir.Table:
    *above, name = str(rule.table).split(".")
    schema = _quoted(above)
    with backend.told():
        if backend._session.catalog.tableExists(_quoted([*above, name])):
            return view_of(backend, backend._session.table(_quoted([*above, name])))
    known: list[str] = []
    with suppress(Exception):
        rows = backend._session.sql(f"SHOW TABLES IN {schema}" if schema else "SHOW TABLES").collect()
        known = [".".join([*above, row.tableName]) for row in rows if not row.isTemporary]
    raise StudyError(
        f"{where}.table: there is no table {rule.table} on the server. {offer_names(str(rule.table), known)}"
    )


def _quoted(parts: list[str]) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)
