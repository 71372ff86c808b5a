"""What contradicts itself is told alike of pairs that were looked at and of those met while groups are joined."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.linking.certain import FACTS, Contradictions, find_certain
from crm_research.linking.columns import UID
from crm_research.linking.prepared import RECORDS
from tests.linking.worlds import prepare

KINDS = ("person", "company", None)
BIRTHS = ("1980-01-02", "1980-11-23", "1971-11-23", "1971-02-01", "1908-01-02", None)
# The last two names differ in two signs, which are four bytes.
NAMES = ("Ann Arp", "Änn Ärp", "Анна Иванова", "Bo Coe", None, "Пётр Носов", "Рётр Тосов")
NUMBERS = ("5304218", "5304278", "5904278", "DE136695976", "DE 129273398", "110105 19491231 002X", None)


def records(n, seed):
    rng = np.random.default_rng(seed)
    return [
        {
            "system": "ab"[rng.integers(2)],
            "local_id": str(number),
            "kind": KINDS[rng.integers(len(KINDS))],
            "name": NAMES[rng.integers(len(NAMES))],
            "birth_date": BIRTHS[rng.integers(len(BIRTHS))],
            "identifier": NUMBERS[rng.integers(len(NUMBERS))],
            "street": ("Am Markt 5", "Weg 1", None)[rng.integers(3)],
            "postcode": ("89073", "24103", None)[rng.integers(3)],
            # All are looked at.
            "email": "all@example.org",
        }
        for number in range(n)
    ]


@pytest.mark.slow
def test_both_ways_of_asking_find_the_same_contradictions() -> None:
    prepared = prepare(records(120, seed=5), unique=("a",))
    prepared.choose_pairs()
    facts = prepared.table(f"SELECT {UID}, {', '.join(FACTS)} FROM {RECORDS} ORDER BY {UID}").to_pydict()
    place = {name: number for number, name in enumerate(facts.pop(UID))}
    met = Contradictions(facts)
    pairs = find_certain(prepared).to_pylist()
    assert len(pairs) > 5_000
    assert 0.2 < np.mean([pair["is_other"] for pair in pairs]) < 0.8
    different = [
        (pair["left_id"], pair["right_id"])
        for pair in pairs
        if pair["is_other"] != met.between(place[pair["left_id"]], place[pair["right_id"]])
    ]
    assert different == []
