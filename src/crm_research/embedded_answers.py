"""What leaves the embedded engine as a frame, without a Python object for each number on the way."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def answer_plainly(backend: Any) -> None:
    """Let this embedded engine (an Ibis backend) give numbers of which some are not known as it gives all others.

    Ibis makes a list of a column with gaps, of one Python object for each value. For a million customers that takes
    more memory than the column, and longer than the question.
    """
    backend.execute = partial(_execute, backend)


def _execute(backend: Any, expression: Any, /, **asked: Any) -> Any:
    import pandas as pd
    from ibis.backends.duckdb.converter import DuckDBPandasData

    answer = backend._to_duckdb_relation(expression, **asked).to_arrow_table()
    frame = pd.DataFrame({name: _values(answer[name]) for name in answer.column_names})
    converted = DuckDBPandasData.convert_table(frame, expression.as_table().schema())
    return expression.__pandas_result__(converted)


def _values(column: pa.ChunkedArray) -> Any:
    import pyarrow.types as kinds

    kind = column.type
    is_plain = kinds.is_floating(kind) or kinds.is_integer(kind) or kinds.is_string(kind)
    if not column.null_count and not (kinds.is_nested(kind) or kinds.is_dictionary(kind)):
        return column.to_pandas()
    return column.to_pandas() if is_plain and column.null_count < len(column) else column.to_pylist()
