"""Numbers of customers that stay: new records join old customers or found new ones, and every change is told."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crm_research.vocabulary import GONE, MERGED, MOVED, SPLIT

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_SIGNS: Final = 10
# Two signs at a time.
_COUPLES: Final = tuple(second + first for first in _ALPHABET for second in _ALPHABET)


@dataclass(frozen=True, kw_only=True, order=True)
class Event:
    """Records that bear another number than before.

    Parameters
    ----------
    kind
        ``merged``: the customer has become one with another, whose number stays; ``split``: some records have become a
        new customer; ``moved``: they have gone over to another customer; ``gone``: no record of the customer is left.
    from_id, to_id
        Number before, and now; none for who is gone.
    """

    kind: str
    from_id: str
    to_id: str | None
    n_records: int


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """The number of each group, and what has changed.

    Parameters
    ----------
    ids
        Group to number.
    n_founded
        Groups without a record that was known.
    n_joined
        Records that are new, in groups that had a number.
    """

    ids: Mapping[int, str]
    events: tuple[Event, ...]
    n_founded: int
    n_joined: int


def keep_numbers(
    records: Sequence[str], groups: Sequence[int], before: Mapping[str, str], taken: Collection[str] = ()
) -> Numbered:
    """Give each group of records a number: that of before where it had one.

    Parameters
    ----------
    records, groups
        Names of the records, and the group of each.
    before
        Number that a record bore, for those that bore one.
    taken
        Numbers that customers bore once; none is given again.
    """
    members: dict[int, list[str]] = defaultdict(list)
    for record, group in zip(records, groups, strict=True):
        members[group].append(record)
    shared = Counter((before[one], group) for one, group in zip(records, groups, strict=True) if one in before)
    first = {group: min(held) for group, held in members.items()}
    ids: dict[int, str] = {}
    given: set[str] = set()
    # Where a customer is parted, most of it keeps the number; where several become one, the number of most of it stays.
    for (number, group), _ in sorted(shared.items(), key=lambda one: (-one[1], one[0][0], first[one[0][1]])):
        if group not in ids and number not in given:
            ids[group] = number
            given.add(number)
    known = {number for _, number in before.items()} | {*taken}
    used = known | given
    had_number = {group for _, group in shared}
    for group in sorted({*members} - {*ids}, key=lambda one: first[one]):
        ids[group] = _new_number(first[group], used)
        used.add(ids[group])
    n_joined = sum(one not in before and group in had_number for one, group in zip(records, groups, strict=True))
    return Numbered(
        ids=ids,
        events=_tell(records, groups, ids, before, known),
        n_founded=len({*members} - had_number),
        n_joined=n_joined,
    )


def _tell(
    records: Sequence[str],
    groups: Sequence[int],
    ids: Mapping[int, str],
    before: Mapping[str, str],
    known: Collection[str],
) -> tuple[Event, ...]:
    now = {record: ids[group] for record, group in zip(records, groups, strict=True)}
    there = {*now.values()}
    moves = Counter((old, now[record]) for record, old in before.items() if record in now and now[record] != old)
    events = [
        Event(
            kind=MERGED if old not in there else MOVED if new in known else SPLIT, from_id=old, to_id=new, n_records=n
        )
        for (old, new), n in moves.items()
    ]
    left = Counter(old for record, old in before.items() if record not in now)
    still = {old for old, _ in moves} | there
    events += [Event(kind=GONE, from_id=old, to_id=None, n_records=n) for old, n in left.items() if old not in still]
    return tuple(sorted(events, key=lambda one: (one.kind, one.from_id, one.to_id or "")))


def _new_number(record: str, used: Collection[str]) -> str:
    """A number out of the first record's name, so that the same records always found the same customer."""
    attempt = 0
    while True:
        digest = hashlib.sha256(f"{record}\n{attempt}".encode()).digest()
        number = int.from_bytes(digest[:8], "big")
        made = "P" + "".join(_COUPLES[(number >> place) & 1023] for place in range(0, 5 * _SIGNS, 10))
        if made not in used:
            return made
        attempt += 1
