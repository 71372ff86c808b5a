"""Names of time zones behind a clock, such as PST, MEZ, GMT+2 or Europe/Berlin: whose clock do they say it is?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from zoneinfo import available_timezones

# Winter and summer of one place: its own clock, as people there read it all year.
_PLACES: Final = (
    {"PST", "PDT", "PT"}, {"MST", "MDT", "MT"}, {"CST", "CDT", "CT"}, {"EST", "EDT", "ET"}, {"AKST", "AKDT"},
    {"CET", "CEST"}, {"MEZ", "MESZ"}, {"GMT", "BST"}, {"WET", "WEST"}, {"EET", "EEST"}, {"AEST", "AEDT"},
    {"NZST", "NZDT"}, {"MSK"}, {"JST"}, {"KST"}, {"HKT"}, {"SGT"}, {"IST"}, {"HST"}, {"BRT"}, {"SAST"},
    {"UTC", "GMT", "Z"},
)  # fmt: skip
_NAMED: Final = frozenset(name for place in _PLACES for name in place) - {"Z"}
_BEHIND: Final = re.compile(
    r"(?<=[\d.MmUu])( ?\(?(?:(?:UTC|GMT) ?[+-] ?\d{1,2}(?::?\d{2})?|[A-Z]{2,5}|[A-Z][A-Za-z]+/[A-Z][A-Za-z_/]+)\)?)$"
)
_OFFSET: Final = re.compile(r"(?:UTC|GMT) ?([+-]) ?(\d{1,2})(?::?(\d{2}))?")
_MOST: Final = 6


def zone_behind(text: str) -> str:
    """What stands behind a clock and names a zone, with the blank before it; empty without one."""
    if ":" not in text and not re.search(r"\d[Hh.]\d\d", text):
        return ""
    found = _BEHIND.search(text)
    bare = found[1].strip(" ()") if found else ""
    return found[1] if found and (bare in _NAMED or _OFFSET.fullmatch(bare) or bare in _known()) else ""


def zones_behind(texts: Iterable[str]) -> tuple[str, ...] | None:
    """The zones that stand behind all of these times; None where some have none, or none has one."""
    found = [zone_behind(text) for text in texts]
    zones = tuple(sorted(set(found)))
    return zones if found and all(found) and len(zones) <= _MOST else None


def with_zones(form: str, zones: Sequence[str]) -> tuple[str, ...]:
    """A format of times before each of these zones; the format alone where there are none."""
    return tuple(f"{form}{zone}" for zone in zones or ("",))


def are_of_one_place(zones: Sequence[str]) -> bool:
    """Are these zones the clock of one place, by winter and summer? Their times can then be read as they stand."""
    names = {zone.strip(" ()") for zone in zones}
    offsets = [_OFFSET.fullmatch(name) for name in names]
    if len(names) == 1 or any(names <= place for place in _PLACES):
        return True
    if not all(offsets):
        return False
    minutes = [_minutes(*match.groups()) for match in offsets if match]
    return max(minutes) - min(minutes) == _AN_HOUR


_AN_HOUR: Final = 60


def _minutes(sign: str, hours: str, minutes: str | None) -> int:
    return (60 * int(hours) + int(minutes or 0)) * (-1 if sign == "-" else 1)


def _known() -> set[str]:
    return available_timezones()
