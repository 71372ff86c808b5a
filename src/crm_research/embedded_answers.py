"""What leaves the embedded engine, with no more on the way than it needs: objects for numbers, modules for frames."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from crm_research.freed_memory import GivesBack

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import pyarrow as pa


def answer_plainly(backend: Any, memory_limit: str) -> None:
    """Let this embedded engine (an Ibis backend) give numbers of which some are not known as it gives all others.

    Ibis makes a list of a column with gaps, of one Python object for each value. For a million customers that takes
    more memory than the column, and longer than the question. And it imports pandas for Arrow tables, too, which a
    command that only checks has no other use for.

    What the engine has freed is given back as soon as an answer is there: it lays down all that it holds for later when
    its limit, `memory_limit`, is said again.
    """
    give_back = GivesBack(lambda: backend.con.execute(f"SET memory_limit = '{memory_limit}'"))
    backend.execute = partial(_execute, backend, give_back)
    backend.to_pyarrow = partial(_to_pyarrow, backend, give_back)


def _to_pyarrow(backend: Any, give_back: GivesBack, expression: Any, /, **asked: Any) -> Any:
    import pyarrow as pa
    from ibis.formats.pyarrow import PyArrowData

    class Plain(PyArrowData):  # type: ignore[misc]
        @classmethod
        def convert_column(cls, column: Any, dtype: Any) -> Any:
            return pa.nulls(len(column)) if dtype.is_null() else super().convert_column(column, dtype)

        @classmethod
        def convert_scalar(cls, scalar: Any, dtype: Any) -> Any:
            return pa.scalar(None) if dtype.is_null() else super().convert_scalar(scalar, dtype)

    answer = backend._to_duckdb_relation(expression, **asked).to_arrow_table()
    give_back()
    return expression.__pyarrow_result__(answer, data_mapper=Plain)


def _execute(backend: Any, give_back: GivesBack, expression: Any, /, **asked: Any) -> Any:
    import pandas as pd
    from ibis.backends.duckdb.converter import DuckDBPandasData

    schema = expression.as_table().schema()
    answer = backend._to_duckdb_relation(expression, **asked).to_arrow_table()
    give_back()
    columns = {name: _values(answer[name], schema[name]) for name in answer.column_names}
    # What a column was made of is not needed beside the frame.
    del answer
    frame = pd.DataFrame(columns, copy=False)
    del columns
    return expression.__pandas_result__(DuckDBPandasData.convert_table(frame, schema))


def _values(column: pa.ChunkedArray, said: dt.DataType) -> Any:
    import pyarrow as pa
    import pyarrow.types as kinds

    # A sum of whole numbers leaves the engine as wide as any sum may be: each of them as an object of a hundred bytes.
    if kinds.is_decimal(column.type) and said.is_integer() and not column.null_count:
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.int64())
    kind = column.type
    is_plain = kinds.is_floating(kind) or kinds.is_integer(kind) or kinds.is_string(kind)
    if not column.null_count and not (kinds.is_nested(kind) or kinds.is_dictionary(kind)):
        return column.to_pandas()
    return column.to_pandas() if is_plain and column.null_count < len(column) else column.to_pylist()
