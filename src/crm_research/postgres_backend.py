"""PostgreSQL that is only read: Ibis' backend without a statement that makes or changes anything, not even in passing.

What Ibis would put into temporary tables is computed where it is asked for (a hot standby has none, and neither has a
role that may only select), and columns have the types that Ibis says they have, so that nothing above knows the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pandas as pd
import psycopg
import sqlglot as sg
from ibis.backends.postgres import Backend
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from sqlglot import exp

from crm_research.errors import EngineError
from crm_research.said_by_others import say_fault


class ReadingCompiler(PostgresCompiler):  # type: ignore[misc]
    """PostgreSQL's compiler, with rows of ours written into the query and with the types and the order of the others.

    Notes
    -----
    PostgreSQL adds whole numbers up to its exact numbers, which are slow and which Arrow does not take for others, and
    casts no flag to a large number. It sorts text by the language of the database: other engines by its code points,
    and so does this one.
    """

    __slots__ = ()

    def visit_InMemoryTable(self, op: Any, *, name: str, schema: Any, data: Any) -> exp.Expr:  # noqa: ARG002, N802
        """The rows as a SELECT from arrays, one literal a column."""
        frame, columns = data.to_frame(), list(schema.items())
        if not len(frame):
            empty = [self.cast(exp.Null(), dtype).as_(column, quoted=True) for column, dtype in columns]
            return sg.select(*empty).where(exp.false())
        arrays = [
            self.cast(exp.Literal.string(_as_array(frame.iloc[:, place], dtype)), dt.Array(dtype))
            for place, (_, dtype) in enumerate(columns)
        ]
        identifiers = [sg.to_identifier(column, quoted=True) for column, _ in columns]
        rows = exp.Table(
            this=exp.Anonymous(this="unnest", expressions=arrays),
            alias=exp.TableAlias(this=sg.to_identifier(name, quoted=True), columns=identifiers),
        )
        return sg.select(*(sg.column(column, quoted=True) for column, _ in columns)).from_(rows)

    def visit_DefaultLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
        """A number with a point is one of double precision, not an exact one."""
        literal = super().visit_DefaultLiteral(op, value=value, dtype=dtype)
        return self.cast(literal, dtype) if dtype.is_floating() else literal

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802
        """Flags become numbers, and numbers flags, by way of the one type that casts to them."""
        known = op.arg.dtype
        if known.is_boolean() and to.is_numeric():
            return self.cast(self.cast(arg, dt.int32), to)
        if known.is_integer() and to.is_boolean():
            return exp.Paren(this=exp.NEQ(this=exp.Paren(this=arg), expression=exp.Literal.number(0)))
        cast = super().visit_Cast(op, arg=arg, to=to)
        return self.cast(cast, to) if known.is_timestamp() and to.is_integer() else cast

    def visit_Divide(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802
        """Never whole numbers by whole numbers, which would leave out the rest."""
        if not (op.left.dtype.is_floating() or op.right.dtype.is_floating()):
            left = self.cast(left, dt.float64)
        return exp.Div(this=exp.Paren(this=left), expression=exp.Paren(this=right), typed=True)

    def visit_FloorDivide(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802
        """Down to the whole number below, also of negative ones."""
        return self.cast(self.f.floor(self.visit_Divide(op, left=left, right=right)), op.dtype)

    def visit_Sum(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        """A sum of whole numbers is one."""
        return self._typed(op, super().visit_Sum(op, arg=arg, where=where))

    def visit_Mean(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        """A mean of whole numbers is no exact one."""
        return self._typed(op, super().visit_Mean(op, arg=arg, where=where))

    def visit_VarianceStandardDevCovariance(self, op: Any, *, how: str, where: Any, **kw: Any) -> Any:  # noqa: N802
        """As of the mean."""
        return self._typed(op, super().visit_VarianceStandardDevCovariance(op, how=how, where=where, **kw))

    def visit_WindowFunction(self, op: Any, *, func: Any, **how: Any) -> Any:  # noqa: N802
        """What is cast is the answer of the window, not the function."""
        is_cast = isinstance(func, exp.Cast) and isinstance(op.func, ops.Reduction)
        made = super().visit_WindowFunction(op, func=func.this if is_cast else func, **how)
        return self.cast(made, op.dtype) if is_cast else made

    def visit_Min(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        """Of texts the first by code points."""
        return super().visit_Min(op, arg=_by_code_points(op.arg, arg), where=where)

    def visit_Max(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        """Of texts the last by code points."""
        return super().visit_Max(op, arg=_by_code_points(op.arg, arg), where=where)

    def visit_SortKey(self, op: Any, *, arg: Any, ascending: bool, nulls_first: bool) -> Any:  # noqa: N802
        """Texts by code points."""
        return super().visit_SortKey(op, arg=_by_code_points(op.arg, arg), ascending=ascending, nulls_first=nulls_first)

    def _typed(self, op: Any, made: Any) -> Any:
        """What was made of whole numbers or flags, as Ibis' type of it."""
        return made if op.arg.dtype.is_floating() or op.dtype.is_decimal() else self.cast(made, op.dtype)

    def _part_of_time(self, op: Any, part: str, arg: Any) -> Any:
        return self.cast(self.f.extract(part, arg), op.dtype)


for _spread in ("Variance", "StandardDev", "Covariance"):
    setattr(ReadingCompiler, f"visit_{_spread}", ReadingCompiler.visit_VarianceStandardDevCovariance)


def _add_parts_of_time() -> None:
    """Each part of a time as a whole number: since its version 14 PostgreSQL gives exact ones."""
    parts = {
        "Year": "year", "Month": "month", "Day": "day", "DayOfYear": "doy", "Quarter": "quarter",
        "WeekOfYear": "week", "IsoYear": "isoyear", "Hour": "hour", "Minute": "minute", "EpochSeconds": "epoch",
    }  # fmt: skip
    for name, part in parts.items():

        def visit(self: ReadingCompiler, op: Any, *, arg: Any, part: str = part) -> Any:
            return self._part_of_time(op, part, arg)

        setattr(ReadingCompiler, f"visit_Extract{name}", visit)


_add_parts_of_time()


class ReadingBackend(Backend):  # type: ignore[misc]
    """Ibis' backend of PostgreSQL, of which nothing is made in the server."""

    compiler = ReadingCompiler()

    def _register_in_memory_table(self, op: Any) -> None:
        """Rows of ours stand in the query."""

    def _make_memtable_finalizer(self, name: str) -> None:
        """There is nothing to drop."""

    def _cached_table(self, table: Any) -> Any:
        """The table itself: it is computed each time that it is read, since there is no place to keep it."""
        return table

    def execute(self, expr: Any, /, **asked: Any) -> Any:
        """As Ibis, with a server's own faults in words."""
        with _in_words():
            return super().execute(expr, **asked)

    def to_pyarrow(self, expr: Any, /, **asked: Any) -> Any:
        """As Ibis, with a server's own faults in words."""
        with _in_words():
            return super().to_pyarrow(expr, **asked)


# A table, a column or a schema that is not there.
_GONE: Final = frozenset({"42P01", "42703", "3F000"})


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as problem:
        # Of a cursor that went with its transaction the closing is told, and behind it what had happened.
        first = problem.__context__ if isinstance(problem, psycopg.errors.InvalidCursorName) else problem
        words = say_lost(first) if isinstance(first, psycopg.Error) else None
        if words is None:
            raise
        raise EngineError(words) from None


def say_lost(problem: psycopg.Error, *, is_open: bool = True) -> str | None:
    """What befell a server or a session in the middle of its work, and the mend; None where a statement is at fault.

    Once a study is open (`is_open`), a table that is not there, or may not be read, was there before.
    """
    code, said = problem.sqlstate or "", say_fault(problem)
    if "statement timeout" in said:
        return f"The server stopped: {said}. Allow more by --timeout, or ask for less."
    if "recovery" in said:
        return (
            f"The standby stopped: {said}, as it took over what its primary has changed meanwhile. Run it again; where "
            "it happens often, hot_standby_feedback = on, or a longer max_standby_streaming_delay, gives reports time."
        )
    reasons = (
        (code == "57014", "Somebody has stopped the statement there. Run it again."),
        (
            is_open and code in _GONE,
            "It was there when the study was opened. See what has become of it.",
        ),
        (is_open and code == "42501", "The role might read it when the study was opened. Ask for its rights again."),
        (
            code.startswith("53"),
            "The server has no room for it: ask who looks after it, or run fewer reports at a time.",
        ),
        (
            code.startswith(("57P", "08")) or (not code and isinstance(problem, psycopg.OperationalError)),
            "The connection to the server was lost. See that it runs and can be reached, and run it again.",
        ),
    )
    mend = next((words for holds, words in reasons if holds), None)
    return f"The server says: {said}. {mend}" if mend else None


# In an array's literal these two signs end a text or hide the next sign.
_HIDDEN: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})


def _as_array(values: pd.Series, dtype: dt.DataType) -> str:
    """A column as the literal of an array."""
    return "{" + ",".join(_elements(values, dtype)) + "}"


def _elements(values: pd.Series, dtype: dt.DataType) -> Iterable[str]:
    for value in values:
        if pd.isna(value):
            yield "NULL"
        elif isinstance(value, str):
            yield f'"{value.translate(_HIDDEN)}"'
        elif hasattr(value, "isoformat"):
            yield f'"{value.isoformat()}"'
        elif dtype.is_integer():
            yield str(int(value))  # pandas makes floating ones of those with gaps
        else:
            yield str(value)


def _by_code_points(op: Any, arg: Any) -> Any:
    return exp.Collate(this=arg, expression=sg.to_identifier("C", quoted=True)) if op.dtype.is_string() else arg
