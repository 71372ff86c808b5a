"""Spark as an engine: Ibis' backend in the words of `spark_sql`, whose rows travel in batches and whose views go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.pyspark import Backend

from crm_research.errors import EngineError
from crm_research.spark_sql import SparkCompiler

if TYPE_CHECKING:
    from types import SimpleNamespace

_LOST: Final = re.compile(
    r"(?i)RetriesExceeded|StatusCode\.UNAVAILABLE|SESSION_(?:NOT_FOUND|CHANGED|CLOSED)|"
    r"not found.*ibis_(?:rows|cached)_|ibis_(?:rows|cached)_\w* .*(?:not found|cannot be found)"
)


class SparkBackend(Backend):  # type: ignore[misc]
    """Ibis' backend of Spark for reading: what Ibis would write on the server or hold whole in memory, it does not."""

    compiler = SparkCompiler()
    con: SimpleNamespace
    place = "spark://"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gone: list[str] = []

    @property
    def version(self) -> str:
        """The server's, not the driver's."""
        return str(self._session.version)

    def _register_in_memory_table(self, op: Any) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows, schema=_spark_schema(op.schema)).createOrReplaceTempView(op.name)

    def _drop_cached_table(self, name: str) -> None:
        # The collector of garbage may come in the midst of another call, which would then wait for itself.
        self._gone.append(name)

    _finalize_memtable = _drop_cached_table

    def _run_pre_execute_hooks(self, expr: Any) -> None:
        while self._gone:
            name = self._gone.pop()
            frame = self._cached_dataframes.pop(name, None)
            with suppress(Exception):
                self._session.catalog.dropTempView(name)
                if frame is not None:
                    frame.unpersist()
        super()._run_pre_execute_hooks(expr)

    @contextmanager
    def _safe_raw_sql(self, query: str) -> Iterator[Any]:
        with self.told():
            yield self.raw_sql(query)

    @contextmanager
    def told(self) -> Iterator[None]:
        """A server that is lost is told as such, and not as what was asked of it."""
        try:
            yield
        except Exception as problem:
            if _LOST.search(f"{type(problem).__name__} {problem}"):
                self._give_up()
                raise EngineError(
                    f"The Spark server at {self.place} was lost in the middle of the work: it does not answer any "
                    "more, or has ended the session. See that it runs, and run again."
                ) from None
            raise

    def _give_up(self) -> None:
        """Nobody waits again for a server that is gone, nor to end a session there."""
        self._session.release_session_on_close = False
        with suppress(AttributeError):
            self._session.client.set_retry_policies([])

    def to_pyarrow(self, expr: Any, /, **how: Any) -> Any:
        """The whole answer, exact: no number goes by way of pandas."""
        table = expr.as_table()
        schema = table.schema().to_pyarrow()
        return expr.__pyarrow_result__(pa.Table.from_batches(self._batches(table, **how), schema=schema))

    def to_pyarrow_batches(self, expr: Any, /, *, chunk_size: int = 1_000_000, **how: Any) -> Any:  # noqa: ARG002
        """The answer as it comes: never more of it in memory than the server sends at a time."""
        table = expr.as_table()
        return pa.RecordBatchReader.from_batches(table.schema().to_pyarrow(), self._batches(table, **how))

    def to_parquet(self, expr: Any, /, path: Any, **how: Any) -> None:
        """A file here, not a folder on the server."""
        BaseBackend.to_parquet(self, expr, path, **how)

    def to_csv(self, expr: Any, /, path: Any, **how: Any) -> None:
        """A file here, written as the embedded engine writes one."""
        with duckdb.connect() as writer:
            writer.from_arrow(self.to_pyarrow_batches(expr, **how)).write_csv(str(path), header=True)

    def _batches(self, table: Any, *, params: Any = None, limit: Any = None, **_: Any) -> Iterator[pa.RecordBatch]:
        self._run_pre_execute_hooks(table)
        schema = table.schema().to_pyarrow()
        with self.told():
            frame = self._session.sql(self.compile(table, params=params, limit=limit))
            for part in _parts(frame):
                yield from part.rename_columns(schema.names).cast(schema).to_batches()


def _parts(frame: Any) -> Iterator[pa.Table]:
    """An answer in the pieces that Spark Connect sends; whole, where Spark runs in this process."""
    client = getattr(frame.sparkSession, "client", None)
    if client is None:
        yield frame.toArrow()
        return
    plan = frame._plan
    for part in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
        if isinstance(part, pa.Table):
            yield part


def _spark_schema(schema: Any) -> Any:
    from ibis.backends.pyspark.datatypes import PySparkSchema
    from pyspark.sql.types import StructType, TimestampNTZType, TimestampType

    fields = StructType()
    for field in PySparkSchema.from_ibis(schema):
        kind = TimestampNTZType() if isinstance(field.dataType, TimestampType) else field.dataType
        fields.add(field.name, kind, nullable=True)
    return fields
