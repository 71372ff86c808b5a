"""Rows of ours beside a server's: written into the query, so that no table is made there, not even a passing one."""

from __future__ import annotations

from typing import Any

import ibis.expr.operations as ops
import pandas as pd
import sqlglot as sg
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from sqlglot import exp


class InliningCompiler(PostgresCompiler):  # type: ignore[misc]
    """PostgreSQL's compiler, with tables in memory written out as VALUES."""

    __slots__ = ()

    def visit_InMemoryTable(self, op: Any, *, name: str, schema: Any, data: Any) -> exp.Expr:  # noqa: ARG002, N802
        """The rows as a SELECT over VALUES, each column cast to its type."""
        columns = list(schema.items())
        rows = [
            exp.Tuple(expressions=[self._literal(value, dtype) for value, (_, dtype) in zip(row, columns, strict=True)])
            for row in data.to_frame().itertuples(index=False, name=None)
        ]
        if not rows:
            empty = [self.cast(exp.Null(), dtype).as_(column, quoted=True) for column, dtype in columns]
            return sg.select(*empty).where(exp.false())
        identifiers = [sg.to_identifier(column, quoted=True) for column, _ in columns]
        values = exp.Values(
            expressions=rows, alias=exp.TableAlias(this=sg.to_identifier(name, quoted=True), columns=identifiers)
        )
        cast = [self.cast(sg.column(column, quoted=True), dtype).as_(column, quoted=True) for column, dtype in columns]
        return sg.select(*cast).from_(values)

    def _literal(self, value: Any, dtype: Any) -> exp.Expr:
        if pd.isna(value):
            return exp.Null()
        literal = ops.Literal(value, dtype=dtype)
        written: exp.Expr = self.visit_Literal(literal, value=literal.value, dtype=dtype)
        return written


def write_rows_into_queries(backend: Any) -> None:
    """From now on this backend makes no temporary table for rows in memory."""
    backend.compiler = InliningCompiler()
    backend._register_in_memory_table = lambda _op: None
    backend._finalize_memtable = lambda _name: None
