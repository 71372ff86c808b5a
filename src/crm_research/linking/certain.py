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
_SAME: Final = (
    "a.valid_identifier = b.valid_identifier",
    "a.email = b.email AND a.birth = b.birth",
)
# A slip changes a digit or changes two places of the date; whoever differs in more was born on another day.
_SLIPS_OF_A_DATE: Final = 3
_ONE_KIND: Final = "split_part(a.valid_identifier, ':', 1) = split_part(b.valid_identifier, ':', 1)"
_ALL_OF_A_DATE: Final = "substr(a.birth, 1, 4) <> substr(b.birth, 1, 4) AND substr(a.birth, 6) <> substr(b.birth, 6)"
_OTHERS: Final = (
    f"{_ONE_KIND} AND a.valid_identifier <> b.valid_identifier",
    "a.kind <> b.kind",
    f"levenshtein(a.birth, b.birth) > {_SLIPS_OF_A_DATE} AND {_ALL_OF_A_DATE}",
)


def find_certain(prepared: Prepared) -> pa.Table:
    """The pairs looked at: left_id, right_id, is_same (beyond doubt), is_other (they contradict), is_other_kind."""
    same = " OR ".join(f"coalesce({one}, false)" for one in _SAME)
    other = " OR ".join(f"coalesce({one}, false)" for one in _OTHERS)
    return prepared.table(
        f"SELECT p.join_key_l AS left_id, p.join_key_r AS right_id, ({same}) AS is_same, ({other}) AS is_other, "
        f"coalesce(a.kind <> b.kind, false) AS is_other_kind FROM {PAIRS} p "
        f"JOIN {RECORDS} a ON a.{UID} = p.join_key_l JOIN {RECORDS} b ON b.{UID} = p.join_key_r "
        f"ORDER BY left_id, right_id"
    )


class Contradictions:
    """Which two records cannot be of one customer, whether anybody looked at the pair or not?

    Parameters
    ----------
    facts
        For each record, in the order of its number: kind, valid_identifier, birth, system, is_unique.
    """

    def __init__(self, facts: Mapping[str, Sequence[Any]]) -> None:
        self._facts = list(
            zip(
                facts["kind"],
                facts["valid_identifier"],
                facts["birth"],
                facts["system"],
                facts["is_unique"],
                strict=True,
            )
        )

    def between(self, one: int, other: int) -> bool:
        """Do these two contradict each other?"""
        kind, number, birth, system, is_unique = self._facts[one]
        kind2, number2, birth2, system2, is_unique2 = self._facts[other]
        if is_unique and is_unique2 and system == system2:
            return True
        if kind and kind2 and kind != kind2:
            return True
        if number and number2 and number != number2 and number.split(":")[0] == number2.split(":")[0]:
            return True
        return bool(birth and birth2 and birth != birth2 and _are_far(birth, birth2))


def _are_far(one: str, other: str) -> bool:
    if one[:4] == other[:4] or one[5:] == other[5:]:
        return False
    return _distance(one, other) > _SLIPS_OF_A_DATE


def _distance(one: str, other: str) -> int:
    before = list(range(len(other) + 1))
    for i, sign in enumerate(one, start=1):
        now = [i]
        for j, opposite in enumerate(other, start=1):
            now.append(min(before[j] + 1, now[j - 1] + 1, before[j - 1] + (sign != opposite)))
        before = now
    return before[-1]
