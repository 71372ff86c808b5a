"""An engine of its own for records of customers: what linking compares them in, and repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_research.scratch import make_scratch

if TYPE_CHECKING:
    import pyarrow as pa


class RecordEngine:
    """An engine in memory.

    What does not fit there is of persons: where it is spilled to is swept, also after a process that was killed.
    """

    def __init__(self) -> None:
        import duckdb

        self.con = duckdb.connect(config={"temp_directory": str(make_scratch())})

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        return list(self.con.execute(sql).fetchall())

    def table(self, sql: str) -> pa.Table:
        """An answer as a table."""
        return self.con.execute(sql).to_arrow_table()
