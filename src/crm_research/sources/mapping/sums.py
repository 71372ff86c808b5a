"""What an empty cell does to a sum: `price + ship` says nothing where ship is empty, and adds nothing to a total."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sqlglot import exp

Slot = tuple[exp.Expr, str]
_MOST_PARTS: Final = 40


def find_sums(tree: exp.Expr, is_time: Callable[[exp.Expr], bool]) -> list[list[Slot]]:
    """The sums and differences of an expression, inner ones first, each as the places of its parts.

    Parts are named by the node that holds them, so that they are found again when columns have become casts.
    """
    sums = []
    for node in tree.walk():
        if isinstance(node, (exp.Add, exp.Sub)) and not _is_part_of_sum(node):
            slots = list(_parts(node))
            if len(slots) <= _MOST_PARTS and not any(is_time(part_at(slot)) for slot in slots):
                sums.append(slots)
    return [slots for slots in reversed(sums) if sum(_has_column(part_at(slot)) for slot in slots) > 1]


def part_at(slot: Slot) -> exp.Expr:
    """What stands at that place now."""
    holder, key = slot
    part: exp.Expr = holder.args[key]
    return part


def fill_sums(sums: Sequence[Sequence[Slot]]) -> None:
    """Count empty parts of sums as nought where another part is filled; changes the tree that holds them."""
    for slots in sums:
        own = [slot for slot in slots if _has_column(part_at(slot))]
        parts = [_said_by(part_at(slot)).copy() for slot in own]
        whole = _sum_above(slots)
        for slot in own:
            fill_part(slot)
        says_nothing = exp.and_(*(part.is_(exp.null()) for part in parts))
        whole.replace(exp.paren(exp.case().when(says_nothing, exp.null()).else_(whole.copy())))


def fill_part(slot: Slot) -> None:
    """Count one part of a sum as nought where it is empty."""
    holder, key = slot
    holder.set(key, exp.Coalesce(this=part_at(slot).copy(), expressions=[exp.Literal.number(0)]))


def parts_of(sums: Sequence[Sequence[Slot]]) -> list[Slot]:
    """The parts of all sums that read columns."""
    return [slot for slots in sums for slot in slots if _has_column(part_at(slot))]


def _said_by(part: exp.Expr) -> exp.Expr:
    """What of a part comes from the row: not the number that stands in for an empty one."""
    bare = part.unnest()
    if isinstance(bare, exp.Coalesce) and not any(_has_column(other) for other in bare.expressions):
        return _said_by(bare.this)
    return part


def _parts(node: exp.Expr) -> Iterator[Slot]:
    for key in ("this", "expression"):
        bare = node.args[key].unnest()
        if isinstance(bare, (exp.Add, exp.Sub)):
            yield from _parts(bare)
        else:
            yield node, key


def _is_part_of_sum(node: exp.Expr) -> bool:
    above = node.parent
    while isinstance(above, exp.Paren):
        above = above.parent
    return isinstance(above, (exp.Add, exp.Sub))


def _sum_above(slots: Sequence[Slot]) -> exp.Expr:
    node = slots[0][0]
    while True:
        above = node.parent
        while isinstance(above, exp.Paren) and isinstance(above.parent, (exp.Add, exp.Sub, exp.Paren)):
            above = above.parent
        if not isinstance(above, (exp.Add, exp.Sub)):
            return node
        node = above


def _has_column(node: exp.Expr) -> bool:
    return node.find(exp.Column) is not None
