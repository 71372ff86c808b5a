"""Which of the ways to write a time are those of a column?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm_research.sources.drafts.phrases import PHRASES
from crm_research.sources.drafts.words import best_score, name_score
from crm_research.sources.drafts.zones import with_zones, zone_behind
from crm_research.sources.mapping.casting import NULLS_OF_VALUES, UNIX
from crm_research.sources.mapping.dates import formats_fitting
from crm_research.sources.session import literals, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_research.sources.mapping.casting import Reading
    from crm_research.sources.session import Kind, Relation, Session


def counts_days(name: str, low: float, high: float) -> bool:
    """Are these numbers the days that spreadsheets count from the end of 1899, in a column named like a time?"""
    in_range = low >= _FIRST_DAY and high <= _LAST_DAY
    return in_range and _is_named_like_a_time(name)


def counts_since_1970(name: str, low: float, high: float) -> str | None:
    """The unit in which numbers of a column named like a time count from 1970; None where they do not."""
    if not (_is_named_like_a_time(name) or best_score(name, _EPOCHS)):
        return None
    found = (unit for unit, micros in UNIX.items() if low * micros >= _FROM_1990 and high * micros <= _TO_2100)
    return next(found, None)


_EPOCHS = ("epoch", "unix", "unixtime", "ts", "epoch ms", "event ts", "created ts", "time ms")
_FROM_1990, _TO_2100 = 631_152_000_000_000, 4_102_444_800_000_000
# 1970 and 2100 as the day numbers of spreadsheets.
_FIRST_DAY, _LAST_DAY = 25_569, 73_051
_NAMED_SO = 0.75


def _is_named_like_a_time(name: str) -> bool:
    return any(name_score(name, role) >= _NAMED_SO for role in PHRASES if role.endswith("_at"))


def is_sensible(first: datetime, last: datetime) -> bool:
    """Do all of these times lie in years that records have?"""
    return first.year >= 1900 and last.year <= 2100


def formats_of(
    session: Session, relation: Relation, reading: Reading, raw: str, values: tuple[str, ...], zones: tuple[str, ...]
) -> tuple[str, ...]:
    """Formats that read all values, as they stand before the name of a zone."""
    said = [value.removesuffix(zone_behind(value)) if zones else value for value in values]
    fitting = formats_fitting([value for value in said if value not in NULLS_OF_VALUES])
    if not fitting:
        return ()
    text = reading.text(raw, nulls=NULLS_OF_VALUES)
    asked = [literals(with_zones(form, zones)) for form in fitting]
    tests = ", ".join(
        f"count(*) FILTER (WHERE {text} IS NOT NULL AND try_strptime(trim({raw}), [{forms}]) IS NULL)"
        for forms in asked
    )
    bad = session.run(f"SELECT {tests} FROM {quoted(relation.name)}").fetchone()
    good = [form for form, n_bad in zip(fitting, bad, strict=True) if not n_bad]
    return tuple(_likelier_first(session, relation, raw, text, good, zones)) if len(good) > 1 else tuple(good)


def _likelier_first(
    session: Session, relation: Relation, raw: str, said: str, formats: Sequence[str], zones: tuple[str, ...]
) -> list[str]:
    """Of formats that all fit, the one first by which the times lie much closer together: records follow each other."""
    days = {}
    for form in formats:
        forms = literals(with_zones(form, zones))
        days[form] = session.run(
            f"SELECT date_diff('day', min(t), max(t)) FROM (SELECT try_strptime(trim({raw}), [{forms}]) AS t "
            f"FROM {quoted(relation.name)} WHERE {said} IS NOT NULL)"
        ).fetchone()[0]
    closest = min(formats, key=lambda form: days[form])
    if 2 * days[closest] >= days[formats[0]]:
        return list(formats)
    return [closest, *(form for form in formats if form != closest)]


def range_of(
    session: Session, relation: Relation, reading: Reading, raw: str, formats: Sequence[str], kind: Kind = "text"
) -> tuple[Any, Any]:
    """The first and the last time of a column, written in one of these formats."""
    time = reading.cast(raw, kind, "timestamp", formats=formats).value
    first, last = session.run(f"SELECT min({time}), max({time}) FROM {quoted(relation.name)}").fetchone()
    return first, last
