"""Where Spark says a thing in another way than Ibis writes it: the same meaning as DuckDB's, in Spark's words."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import ibis.expr.datatypes as dt
import sqlglot as sg
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from sqlglot import exp

# The blanks that are stripped. Within quotes Spark takes \v and \f for the letters v and f, so these two go by number.
_BLANKS: Final = " \t\n\r"
_MORE_BLANKS: Final = (11, 12)


class SparkCompiler(PySparkCompiler):  # type: ignore[misc]
    """Spark's compiler of Ibis, so that a number is the same as the embedded engine's."""

    __slots__ = ()

    def visit_TimestampDelta(self, op: Any, *, part: Any, left: Any, right: Any) -> exp.Expr:  # noqa: N802
        """Microseconds between two instants, which not every server has a word for."""
        if getattr(op.part, "value", None) != "microsecond":
            return super().visit_TimestampDelta(op, part=part, left=left, right=right)  # type: ignore[no-any-return]
        return self._micros(left) - self._micros(right)

    def _micros(self, at: Any) -> exp.Expr:
        zoned = sg.cast(at, exp.DType.TIMESTAMPLTZ, dialect=self.dialect)
        micros: exp.Expr = self.f.unix_micros(zoned)
        return micros

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> exp.Expr:  # noqa: N802
        """A number with a fraction is a double: what is written 0.5 is a decimal to Spark, and reckoned with as one."""
        if dtype.is_floating() and isfinite(value):
            return (
                exp.Literal.number(f"{float(value)!r}D")
                if value >= 0
                else exp.Neg(this=exp.Literal.number(f"{-float(value)!r}D"))
            )
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)  # type: ignore[no-any-return]

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> exp.Expr:  # noqa: N802
        """Rows of a condition; none of no rows is 0, which a sum would not say."""
        if where is None:
            return super().visit_CountStar(op, arg=arg, where=where)  # type: ignore[no-any-return]
        counted: exp.Expr = self.f.count(self.if_(where, 1, exp.Null()))
        return counted

    def visit_IntervalFromInteger(self, op: Any, *, arg: Any, unit: Any) -> exp.Expr:  # noqa: N802
        """Months or days of a column, made of the number: by way of a text they take a thousand times as long."""
        number = self.cast(arg, dt.int32)
        makers = {"M": self.f.anon.make_ym_interval(0, number), "D": self.f.anon.make_dt_interval(number)}
        made: exp.Expr | None = makers.get(unit.short)
        return made or super().visit_IntervalFromInteger(op, arg=arg, unit=unit)

    def visit_Strip(self, op: Any, *, arg: Any) -> exp.Expr:  # noqa: ARG002, N802
        """A text without blanks around it."""
        blanks = self.f.concat(exp.Literal.string(_BLANKS), *(self.f.anon.char(code) for code in _MORE_BLANKS))
        return exp.Trim(this=arg, expression=blanks, position="BOTH")

    def visit_TimestampTruncate(self, op: Any, *, arg: Any, unit: Any) -> exp.Expr:  # noqa: N802
        """The beginning of a unit of the calendar, without a zone."""
        return self.cast(super().visit_TimestampTruncate(op, arg=arg, unit=unit), dt.timestamp)  # type: ignore[no-any-return]

    visit_DateTruncate = visit_TimestampTruncate  # noqa: N815
