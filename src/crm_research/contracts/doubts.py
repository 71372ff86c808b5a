"""What tells of a whole column at once that no row of it can break a rule: its ends, its gaps, an id without a digit.

Two ends are read off a column several times as fast as a condition is looked at in each of its rows. What they cannot
rule out is counted row by row; what they rule out is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

    #: From a table to one boolean of all its rows; where it is false, or null, no row is bad.
    Doubt = Callable[[ir.Table], ir.BooleanScalar]


def has_gaps(name: str) -> Doubt:
    """Is any value missing?"""
    return lambda t: t[name].count() < t.count()


def has_odd_texts(name: str) -> Doubt:
    """Has any text no digit? Most ids have one, and what stands for nothing or for a total has none."""
    return lambda t: t.count(where=without_digits(t[name], t[name].notnull())) > 0


def has_gaps_or_odd_texts(name: str) -> Doubt:
    """Is any text missing, or without a digit?"""
    gaps, odd = has_gaps(name), has_odd_texts(name)
    return lambda t: gaps(t) | odd(t)


def has_marked_numbers(name: str) -> Doubt:
    """Has any text a sign that stands in numbers which a spreadsheet has shortened?"""
    return lambda t: t.count(where=has_marks(t[name])) > 0


def reaches(name: str, *, below: Any = None, above: Any = None) -> Doubt:
    """Does the column reach to these limits, or beyond? Engines sort what is not a number above all numbers."""

    def doubt(t: ir.Table) -> Any:
        ends = [t[name].min() <= below] if below is not None else []
        ends += [t[name].max() >= above] if above is not None else []
        return ends[0] if len(ends) == 1 else ends[0] | ends[1]

    return doubt


def without_digits(value: Any, condition: Any) -> Any:
    """A condition that no text with a digit fulfils: most ids have one, and a search for it costs next to nothing."""
    import ibis

    return ibis.cases(*((value.contains(digit), False) for digit in "0123456789"), else_=condition)


def has_marks(value: Any) -> Any:
    """Is there a plus or a point, as in 1.23E+15?"""
    return value.contains("+") | value.contains(".") | value.contains(",")
