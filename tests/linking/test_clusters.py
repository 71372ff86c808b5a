"""Records become one customer where most of them are linked and none contradict each other."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.linking.certain import FACTS, Contradictions
from crm_research.linking.clusters import build_clusters


def facts(n, **said):
    plain = {name: [None] * n for name in FACTS} | {"system": ["a"] * n, "is_unique": [False] * n}
    return Contradictions(plain | said)


def clusters(n, links, contradictions=None):
    left, right, p = (np.array(values) for values in zip(*links, strict=True))
    return build_clusters(n, left, right, p.astype(float), contradictions or facts(n))


def test_who_is_linked_to_all_is_one_customer() -> None:
    found = clusters(5, [(0, 1, 0.95), (0, 2, 0.95), (1, 2, 0.99), (3, 4, 0.91)])
    assert found.label.tolist() == [0, 0, 0, 3, 3]
    assert found.n_cut == 0


def test_a_chain_of_three_holds_and_a_longer_one_is_cut_where_it_is_weakest() -> None:
    assert clusters(3, [(0, 1, 0.95), (1, 2, 0.92)]).label.tolist() == [0, 0, 0]
    found = clusters(4, [(0, 1, 0.99), (1, 2, 0.91), (2, 3, 0.98)])
    assert found.label.tolist() == [0, 0, 2, 2]
    assert found.n_cut == 1


@pytest.mark.parametrize(
    ("said", "parted"),
    [
        ({"birth": ["1980-01-02", None, "1971-11-23"]}, True),
        ({"birth": ["1980-01-02", None, "1980-11-23"]}, False),
        ({"birth": ["1980-01-02", None, "1981-01-02"]}, False),
        ({"birth": ["1980-01-02", None, "1971-11-23"], "identifier": ["5304218", None, "5304278"]}, True),
        (
            {
                "birth": ["1980-01-02", None, "1971-11-23"],
                "identifier": ["5304218", None, "5304278"],
                "family": ["arp", None, "arp"],
            },
            False,
        ),
        ({"kind": ["person", None, "company"]}, True),
        ({"valid_identifier": ["vat:1", None, "vat:2"]}, True),
        ({"valid_identifier": ["vat:1", None, "tax:2"]}, False),
        ({"system": ["a", "b", "a"], "is_unique": [True, False, True]}, True),
        ({"system": ["a", "b", "c"], "is_unique": [True, False, True]}, False),
    ],
)
def test_two_who_contradict_each_other_are_parted_at_the_weaker_link(said, parted) -> None:
    found = clusters(3, [(0, 1, 0.95), (1, 2, 0.99)], facts(3, **said))
    assert found.label.tolist() == ([0, 1, 1] if parted else [0, 0, 0])
    assert found.n_cut == int(parted)


def test_the_order_of_links_changes_nothing() -> None:
    links = [(0, 1, 0.95), (1, 2, 0.92), (2, 3, 0.92), (3, 4, 0.97), (0, 4, 0.9), (5, 6, 0.93)]
    labels = {tuple(clusters(7, [links[i] for i in order]).label) for order in ((0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0))}
    assert len(labels) == 1


def test_no_links_leave_each_alone() -> None:
    empty = np.array([], dtype=np.int64)
    assert build_clusters(3, empty, empty, empty.astype(float), facts(3)).label.tolist() == [0, 1, 2]
