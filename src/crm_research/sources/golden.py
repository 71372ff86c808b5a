"""The golden record: what all records of a customer say, once what disagrees has been repaired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

# What customers are described by, and of what type. Names, addresses, telephones and days of birth are no attributes.
ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {"country": "category", "region": "category", "birth_year": "number"}
)
_MADE_OF: Final = {"birth_year": "birth_date"}
# A day as it is repaired to, or a year alone; anything else says no year for certain.
_YEAR: Final = "^[0-9]{4}($|-[0-9]{2}-[0-9]{2}$)"


def attributes_of(records: ir.Table) -> dict[str, str]:
    """Which attributes these records can give, each with its type."""
    return {name: kind for name, kind in ATTRIBUTES.items() if _MADE_OF.get(name, name) in records.columns}


def with_repairs(records: ir.Table, repairs: ir.Table, columns: Iterable[str], *, told: str = "after") -> ir.Table:
    """Records as they were repaired in these columns, as long as their source says what it said then.

    Parameters
    ----------
    told
        ``after``; of repaired records ``before`` gives what stood there, byte for byte.
    """
    meant = [name for name in columns if name in records.columns]
    stands = "before" if told == "after" else "after"
    asked = repairs.filter(repairs["column"].isin(meant))
    made = asked.group_by(system__=asked.system, local_id__=asked.local_id).aggregate(
        **{f"is_{name}__": (asked["column"] == name).any() for name in meant},
        **{f"from_{name}__": asked[stands].max(where=asked["column"] == name) for name in meant},
        **{f"to_{name}__": asked[told].max(where=asked["column"] == name) for name in meant},
    )
    joined = records.left_join(made, [records.system == made.system__, records.local_id == made.local_id__])
    repaired = {}
    for name in meant:
        now, then = joined[name], joined[f"from_{name}__"]
        is_as_then = (now == then).fill_null(False) | (now.isnull() & then.isnull())
        holds = joined[f"is_{name}__"].fill_null(False) & is_as_then
        repaired[name] = ibis.cases((holds, joined[f"to_{name}__"]), else_=now)
    return joined.mutate(**repaired).select(*records.columns)


def known_by(records: ir.Table, until: datetime) -> ir.BooleanValue:
    """Was the record, as it stands, known then? One made or changed later was not; one without a time always was."""
    known: ir.BooleanValue = ibis.literal(True)
    for name in ("registered_at", "updated_at"):
        if name in records.columns:
            known = known & (records[name].isnull() | (records[name] <= ibis.literal(until)))
    return known


def said_by_all(numbered: ir.Table, columns: Collection[str], until: datetime) -> dict[str, ir.Value]:
    """Of each column what all known records of a group say that say anything; empty where two say different things.

    Of whom no record was made by then, all records are asked: nothing reads such customers before they come.
    """
    known = known_by(numbered, until)
    comes_later = None
    if "registered_at" in numbered.columns:
        comes_later = ~known.any() & (numbered.registered_at.min() > ibis.literal(until))
    said: dict[str, ir.Value] = {}
    for name in columns:
        value = _said(numbered, name)
        one = _one(value, where=known)
        if comes_later is not None:
            one = ibis.cases((comes_later, _one(value)), else_=one)
        said[name] = one.cast("float64") if ATTRIBUTES.get(name) == "number" else one
    return said


def _one(value: ir.StringValue, where: ir.BooleanValue | None = None) -> ir.Value:
    first, last = value.min(where=where), value.max(where=where)
    return ibis.cases((first == last, first), else_=ibis.null(value.type()))


def _said(records: ir.Table, name: str) -> ir.StringValue:
    if name == "birth_year":
        written = records["birth_date"].strip()
        return ibis.cases((written.re_search(_YEAR), written.substr(0, 4)), else_=ibis.null("string"))
    value: ir.StringValue = records[name].strip().nullif("")
    return value
