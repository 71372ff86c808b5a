"""Pairs in doubt as they are kept: which they are, what hangs on them, and no more than there is room for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from crm_research.linking.certain import FACTS, Contradictions
from crm_research.linking.doubts import list_doubts
from crm_research.linking.pairs import ScoredPairs


def some(n, *pairs, other=(), label=None):
    """Scored pairs as (left, right, probability); `label` is each record's customer."""
    left, right, probability = (np.array(part) for part in zip(*pairs, strict=True))
    groups = np.arange(n) if label is None else np.array(label)
    return ScoredPairs(
        left=left, right=right, probability=probability.astype(float),
        is_other=np.array([(a, b) in other for a, b, _ in pairs]), is_alike=probability >= 0.5,
        is_together=groups[left] == groups[right],
    )  # fmt: skip


def ids_of(n):
    return pa.table({"system": ["s"] * n, "local_id": [str(i) for i in range(n)]})


def facts_of(n, **more):
    facts = {name: [None] * n for name in FACTS}
    facts["system"] = ["s"] * n
    return Contradictions({**facts, **more})


def told(found):
    rows = found.table.to_pylist()
    return {
        (row["left_local_id"], row["right_local_id"]): (row["standing"], round(row["probability"], 3)) for row in rows
    }


def test_pairs_between_nearly_surely_one_and_nearly_surely_two_are_kept_with_the_bonds_that_hang_on_them():
    # 0-1 sure, 1-2 in doubt and apart, 3-4 sure and nothing else, 5-6 surely two.
    pairs = some(7, (0, 1, 0.999), (1, 2, 0.5), (3, 4, 0.999), (5, 6, 0.001), label=[0, 0, 2, 3, 3, 5, 6])
    found = list_doubts(pairs, ids_of(7), facts_of(7))
    assert told(found) == {("0", "1"): ("together", 0.999), ("1", "2"): ("apart", 0.5)}
    assert (found.n_pairs, found.n_left_out) == (1, 0)


def test_limits_of_doubt_are_one_and_ninety_nine_of_a_hundred():
    def n(probability, label):
        return list_doubts(some(2, (0, 1, probability), label=label), ids_of(2), facts_of(2)).n_pairs

    assert [n(p, [0, 1]) for p in (0.01, 0.0101, 0.5)] == [0, 1, 1]
    assert [n(p, [0, 0]) for p in (0.95, 0.9899, 0.99, 0.999)] == [1, 1, 0, 0]
    # Probable, and apart all the same: somebody else was more so.
    assert n(0.995, [0, 1]) == 1


def test_what_sure_bonds_by_way_of_another_have_settled_is_in_doubt_no_longer():
    pairs = some(3, (0, 1, 0.999), (1, 2, 0.999), (0, 2, 0.3), label=[0, 0, 0])
    found = list_doubts(pairs, ids_of(3), facts_of(3))
    assert (found.table.num_rows, found.n_pairs, found.n_left_out) == (0, 0, 0)


def test_records_that_contradict_each_other_are_told_whether_anybody_looked_at_them_or_not():
    # 0 is like 1 and like 2; 1 and 2 are a person and a company, and nobody looked at the two.
    kinds = ["consumer", "consumer", "business"]
    pairs = some(3, (0, 1, 0.9), (0, 2, 0.4), label=[0, 0, 2])
    found = list_doubts(pairs, ids_of(3), facts_of(3, kind=[None, *kinds[1:]]))
    assert told(found)["1", "2"] == ("contradicting", 0.0)
    # A pair that contradicts itself is no doubt by itself.
    alone = list_doubts(some(2, (0, 1, 0.6), other={(0, 1)}), ids_of(2), facts_of(2, kind=kinds[1:]))
    assert alone.table.num_rows == 0


def test_the_bond_that_a_rival_disputes_stands_in_doubt_with_the_rival():
    # In a system without doubles 1 and 2 are two, and both are surely like 0.
    facts = facts_of(3, is_unique=[False, True, True])
    pairs = some(3, (0, 1, 0.999), (0, 2, 0.995), label=[0, 0, 2])
    found = list_doubts(pairs, ids_of(3), facts)
    assert told(found) == {
        ("0", "1"): ("together", 0.999),
        ("0", "2"): ("apart", 0.995),
        ("1", "2"): ("contradicting", 0.0),
    }
    assert found.n_pairs == 2


def test_where_there_is_no_room_the_least_doubtful_groups_are_left_out_whole():
    pairs = some(6, (0, 1, 0.5), (2, 3, 0.05), (4, 5, 0.4))
    found = list_doubts(pairs, ids_of(6), facts_of(6), most_rows=2)
    assert set(told(found)) == {("0", "1"), ("4", "5")}
    assert (found.n_pairs, found.n_left_out) == (2, 1)
