"""Small expressions over features: what is a number, and sums of several columns."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

from crm_research.pillars.segmentation.inputs.transforms import LARGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

# The column that tells a customer of a level that no input stands for.
STRANGE: Final = "strange"


def is_number(value: ir.NumericValue) -> ir.BooleanValue:
    """Is it neither a gap, nor infinite, nor NaN (which sorts above all numbers on every engine)? Empty for gaps."""
    return value.cast("float64").between(-LARGEST, LARGEST)


def sum_of(values: Sequence[ir.NumericValue], power: int = 1) -> ir.NumericValue:
    """The sum of these, or of their squares."""
    return reduce(add, [value * value for value in values] if power == 2 else values)
