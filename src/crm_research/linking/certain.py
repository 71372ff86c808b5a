"""What no probability decides: records that are of one customer beyond doubt, and such as cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from crm_research.linking.columns import UID
from crm_research.linking.prepared import PAIRS, RECORDS

if TYPE_CHECKING:
    from crm_research.linking.prepared import Prepared

# A rule can be wrong, too: a number that was typed into the wrong record.
CERTAIN: Final = 0.999
# What is asked of two records that nobody looked at.
FACTS: Final = (
    "kind", "valid_identifier", "birth", "system", "is_unique", "identifier", "given", "family", "name", "street",
    "postcode",
)  # fmt: skip
_SAME: Final = (
    "a.valid_identifier = b.valid_identifier",
    "a.email = b.email AND a.birth = b.birth",
)
# A slip changes a digit or changes two places of the date; whoever differs in more was born on another day.
_SLIPS_OF_A_DATE: Final = 3
_ONE_KIND: Final = "split_part(a.valid_identifier, ':', 1) = split_part(b.valid_identifier, ':', 1)"
_ALL_OF_A_DATE: Final = "substr(a.birth, 1, 4) <> substr(b.birth, 1, 4) AND substr(a.birth, 6) <> substr(b.birth, 6)"
# A company and a person who are reached alike, or bear one name in one house: its owner, or somebody who works there.
_SHARED: Final = "a.email = b.email OR a.phone = b.phone OR (a.name = b.name AND a.street = b.street)"
# Unless number and name, or number and address, say that they are one: no father has his son's number.
_SLIPS_OF_A_NUMBER: Final = 2
_SHORTEST_NUMBER: Final = 6
_ONE_ALL_THE_SAME: Final = (
    f"levenshtein(a.identifier, b.identifier) <= {_SLIPS_OF_A_NUMBER} "
    f"AND length(a.identifier) >= {_SHORTEST_NUMBER} AND length(b.identifier) >= {_SHORTEST_NUMBER} "
    "AND (a.given = b.given OR a.family = b.family OR (a.street = b.street AND a.postcode = b.postcode) "
    f"OR levenshtein(a.name, b.name) <= {_SLIPS_OF_A_NUMBER})"
)
_OTHER_BIRTH: Final = f"levenshtein(a.birth, b.birth) > {_SLIPS_OF_A_DATE} AND {_ALL_OF_A_DATE}"
_OTHERS: Final = (
    f"{_ONE_KIND} AND a.valid_identifier <> b.valid_identifier",
    "a.kind <> b.kind",
    f"{_OTHER_BIRTH} AND NOT coalesce({_ONE_ALL_THE_SAME}, false)",
)


def find_certain(prepared: Prepared) -> pa.Table:
    """The pairs looked at: left_id, right_id, is_same (beyond doubt), is_other (they contradict), is_related."""
    same = " OR ".join(f"coalesce({one}, false)" for one in _SAME)
    other = " OR ".join(f"coalesce({one}, false)" for one in _OTHERS)
    return prepared.table(
        f"SELECT p.join_key_l AS left_id, p.join_key_r AS right_id, ({same}) AS is_same, ({other}) AS is_other, "
        f"coalesce(a.kind <> b.kind AND ({_SHARED}), false) AS is_related FROM {PAIRS} p "
        f"JOIN {RECORDS} a ON a.{UID} = p.join_key_l JOIN {RECORDS} b ON b.{UID} = p.join_key_r "
        f"ORDER BY left_id, right_id"
    )


class Contradictions:
    """Which two records cannot be of one customer, whether anybody looked at the pair or not?

    The same rule as `find_certain` has for the pairs looked at, a pair at a time: groups are joined one by one, and all
    pairs within large ones are too many to be asked for beforehand. A test holds that both say the same.

    Parameters
    ----------
    facts
        For each record, in the order of its number: `FACTS`.
    """

    def __init__(self, facts: Mapping[str, Sequence[Any]]) -> None:
        self._facts = facts

    def between(self, one: int, other: int) -> bool:
        """Do these two contradict each other?"""
        ours, theirs = ({name: self._facts[name][record] for name in FACTS} for record in (one, other))
        if ours["is_unique"] and theirs["is_unique"] and ours["system"] == theirs["system"]:
            return True
        if ours["kind"] and theirs["kind"] and ours["kind"] != theirs["kind"]:
            return True
        number, other_number = (str(facts["valid_identifier"] or "").split(":") for facts in (ours, theirs))
        if number != other_number and number[0] and number[0] == other_number[0]:
            return True
        return _are_far(ours["birth"], theirs["birth"]) and not _are_one_all_the_same(ours, theirs)


def _are_one_all_the_same(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    numbers = ours["identifier"] or "", theirs["identifier"] or ""
    if min(map(len, numbers)) < _SHORTEST_NUMBER or _distance(*numbers) > _SLIPS_OF_A_NUMBER:
        return False
    if any(ours[name] and ours[name] == theirs[name] for name in ("given", "family")):
        return True
    if all(ours[name] and ours[name] == theirs[name] for name in ("street", "postcode")):
        return True
    names = ours["name"], theirs["name"]
    return all(names) and _distance(*names) <= _SLIPS_OF_A_NUMBER


def _are_far(one: str | None, other: str | None) -> bool:
    if not one or not other or one[:4] == other[:4] or one[5:] == other[5:]:
        return False
    return _distance(one, other) > _SLIPS_OF_A_DATE


def _distance(one: str, other: str) -> int:
    """Levenshtein's distance in bytes, as the engine counts it."""
    theirs = other.encode()
    before = list(range(len(theirs) + 1))
    for i, sign in enumerate(one.encode(), start=1):
        now = [i]
        for j, opposite in enumerate(theirs, start=1):
            now.append(min(before[j] + 1, now[j - 1] + 1, before[j - 1] + (sign != opposite)))
        before = now
    return before[-1]
