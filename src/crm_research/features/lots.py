"""Chance that every engine draws alike: a digest of a customer's name, the same in every table and on every day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

_SIGNS: Final = "0123456789abcdef"
# So many of the digest's signs are read: a million lots.
_READ: Final = 5


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def md5(text: str) -> str:
    """The digest of that name, which every engine has."""
    raise NotImplementedError(text)


def share_of(n: int, most: int) -> float:
    """Which share of so many is to be drawn, that there are about `most`? 1 where there are no more."""
    return min(1.0, most / n) if n else 1.0


def lot_of(name: ir.Value) -> ir.FloatingValue:
    """A number from 0 up to but not 1 for every name: as if drawn by chance, and the same wherever the name stands."""
    digest: Any = md5(name.cast("string"))
    signs = [ibis.literal(_SIGNS).find(digest.substr(place, 1)).cast("int64") for place in range(_READ)]
    number = sum((sign * len(_SIGNS) ** (_READ - 1 - place) for place, sign in enumerate(signs)), start=ibis.literal(0))
    lot: ir.FloatingValue = number.cast("float64") / float(len(_SIGNS) ** _READ)
    return lot
