"""What would make a text or a list of any length of a small row: no limit of time or memory holds the engine there."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

LONGEST_TEXT: Final = 1_000
LONGEST_LIST: Final = 1_000_000
_RESIZING: Final = frozenset({"list_resize", "array_resize", "bitstring"})
_FACTORS: Final = (exp.Mul, exp.Pow, exp.BitwiseLeftShift, exp.Exp, exp.Factorial)


def makes_long_value(node: exp.Expr) -> bool:
    """Widths of padding, repeating and formats must be written, and small, and are not put into each other."""
    if isinstance(node, (exp.Pad, exp.Repeat, exp.Space)):
        width = node.expression if isinstance(node, exp.Pad) else node.args.get("times") or node.this
        return not _is_written(width, LONGEST_TEXT) or _is_within(node)
    if isinstance(node, exp.GenerateSeries):
        return any(_is_far(node.args.get(part)) for part in ("start", "end", "step"))
    if isinstance(node, exp.Anonymous) and node.name.lower() in _RESIZING:
        return len(node.expressions) > 1 and not _is_written(node.expressions[1], LONGEST_TEXT)
    is_printf = isinstance(node, exp.Anonymous) and node.name.lower() == "printf"
    if isinstance(node, exp.Format) or is_printf:
        form = node.this if isinstance(node, exp.Format) else node.expressions[0] if node.expressions else None
        return not (isinstance(form, exp.Literal) and not re.search(r"\d{4}|\*|\{[^}]*\{", form.name))
    return False


def _is_written(width: exp.Expr | None, most: int) -> bool:
    return isinstance(width, exp.Literal) and width.name.isdigit() and int(width.name) <= most


def _is_within(node: exp.Expr) -> bool:
    """Of thousand times thousand times thousand a row takes a gigabyte."""
    above = node.parent
    while isinstance(above, exp.Expr) and not isinstance(above, exp.Select):
        if isinstance(above, (exp.Repeat, exp.Replace, exp.Pad)):
            return True
        above = above.parent
    return False


def _is_far(bound: exp.Expr | None) -> bool:
    """Does a bound of a range hold a great number, or compute one of written ones?"""
    if bound is None:
        return False
    numbers = [one.name for one in bound.find_all(exp.Literal) if not one.is_string]
    is_great = any(not number.isdigit() or int(number) > LONGEST_LIST for number in numbers)
    return is_great or bound.find(*_FACTORS) is not None
