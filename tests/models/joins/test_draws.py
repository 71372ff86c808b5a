"""Draws of who is who: as often as pairs say, by hand; the same in any order; never against a contradiction."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from crm_research.models.joins import PairDoubts, draw_groups

N = 20_000


def some_pairs(n, *pairs, order=None):
    """Pairs as (left, right, probability, word); words: always, never, or nothing."""
    rows = [pairs[i] for i in (order if order is not None else range(len(pairs)))]
    left, right, probability, words = (np.array(part) for part in zip(*rows, strict=True))
    return PairDoubts(
        n_records=n, left=left, right=right, probability=probability.astype(float), is_always=words == "always",
        is_never=words == "never", is_linked=probability >= 0.5,
        key=(left * 1009 + right).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15),
    )  # fmt: skip


def shares(doubts, n=N):
    counts = Counter(tuple(row.tolist()) for row in draw_groups(doubts, n_draws=n, seed=3))
    return {groups: count / n for groups, count in counts.items()}


def within(found, expected):
    assert set(found) == set(expected)
    for groups, share in expected.items():
        assert found[groups] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / N))


def test_one_pair_holds_as_often_as_it_is_probable():
    within(shares(some_pairs(2, (0, 1, 0.5, ""))), {(0, 0): 0.5, (0, 1): 0.5})
    within(shares(some_pairs(2, (0, 1, 0.9, ""))), {(0, 0): 0.9, (0, 1): 0.1})


def test_three_records_are_parted_as_their_three_pairs_together_say():
    # Of eight sets of pairs five are possible: two that hold make the third hold.
    weights = {
        (0, 0, 0): 0.6 * 0.7 * 0.5,
        (0, 0, 2): 0.6 * 0.3 * 0.5,
        (0, 1, 1): 0.4 * 0.7 * 0.5,
        (0, 1, 0): 0.4 * 0.3 * 0.5,
        (0, 1, 2): 0.4 * 0.3 * 0.5,
    }
    whole = sum(weights.values())
    found = shares(some_pairs(3, (0, 1, 0.6, ""), (1, 2, 0.7, ""), (0, 2, 0.5, "")))
    within(found, {groups: weight / whole for groups, weight in weights.items()})


def test_of_two_rivals_one_at_most_is_joined():
    # Records 1 and 2 are of two customers for sure, and 0 is like both.
    weights = {(0, 0, 2): 0.9 * 0.2, (0, 1, 0): 0.1 * 0.8, (0, 1, 2): 0.1 * 0.2}
    whole = sum(weights.values())
    found = shares(some_pairs(3, (0, 1, 0.9, ""), (0, 2, 0.8, ""), (1, 2, 0.0, "never")))
    within(found, {groups: weight / whole for groups, weight in weights.items()})


def test_sure_bonds_hold_in_every_draw_and_take_their_records_along():
    found = shares(some_pairs(4, (0, 1, 0.999, "always"), (2, 3, 0.999, "always"), (1, 2, 0.3, "")))
    within(found, {(0, 0, 0, 0): 0.3, (0, 0, 2, 2): 0.7})


def test_an_order_of_rows_changes_nothing_and_another_seed_does():
    pairs = [(i, i + 1, 0.5, "") for i in range(30)]
    one = draw_groups(some_pairs(31, *pairs), n_draws=20, seed=1)
    other = draw_groups(some_pairs(31, *pairs, order=list(range(30))[::-1]), n_draws=20, seed=1)
    assert (one == other).all()
    assert (one != draw_groups(some_pairs(31, *pairs), n_draws=20, seed=2)).any()
    # More draws begin with the same.
    assert (draw_groups(some_pairs(31, *pairs), n_draws=40, seed=1)[:20] == one).all()


def test_of_what_cannot_be_drawn_without_contradiction_no_contradiction_is_joined():
    # A chain of sure likeness whose ends contradict each other: no draw of its pairs is possible.
    doubts = some_pairs(3, (0, 1, 1.0, ""), (1, 2, 1.0, ""), (0, 2, 0.0, "never"))
    groups = draw_groups(doubts, n_draws=200, seed=1)
    assert (groups[:, 0] != groups[:, 2]).all()
    # The record between them is of one of the two, and of either.
    assert {tuple(row.tolist()) for row in groups} == {(0, 0, 2), (0, 1, 1)}


def all_alike(n, probability):
    return some_pairs(n, *((i, j, probability, "") for i in range(n) for j in range(i + 1, n)))


def list_groupings(n):
    """Every way to part n records: a number of its group for each."""
    ways = [[0]]
    for _ in range(n - 1):
        ways = [[*way, group] for way in ways for group in range(max(way) + 2)]
    return ways


@pytest.mark.slow
@pytest.mark.parametrize(("n", "probability"), [(6, 0.5), (8, 0.5), (7, 0.3), (8, 0.65)])
def test_many_records_that_are_all_alike_are_parted_as_their_pairs_together_say(n, probability):
    # Lots of single pairs nearly always contradict each other here: of 2 ** 28 sets of 28 pairs 4,140 are possible.
    weights = Counter()
    for way in list_groupings(n):
        n_within = sum(way[i] == way[j] for i in range(n) for j in range(i + 1, n))
        weights[max(way) + 1] += probability**n_within * (1 - probability) ** (n * (n - 1) // 2 - n_within)
    whole, n_draws = sum(weights.values()), 3_000
    groups = draw_groups(all_alike(n, probability), n_draws=n_draws, seed=3)
    found = Counter(len(set(row)) for row in groups.tolist())
    for n_groups, weight in weights.items():
        share = weight / whole
        assert found[n_groups] / n_draws == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / n_draws) + 1e-3)


@pytest.mark.slow
def test_a_hundred_records_that_all_may_be_one_are_many_or_one_as_their_pairs_say():
    numbers = [
        {len(set(row)) for row in draw_groups(all_alike(100, p), n_draws=8, seed=1).tolist()} for p in (0.5, 0.9)
    ]
    assert min(numbers[0]) > 15
    assert max(numbers[0]) < 45
    assert numbers[1] == {1}


def test_how_many_draws_are_held_at_once_changes_nothing(monkeypatch):
    doubts = all_alike(9, 0.5)
    whole = draw_groups(doubts, n_draws=12, seed=1)
    monkeypatch.setattr("crm_research.models.joins.draws._MOST_AT_ONCE", 5 * len(doubts.left))
    assert (draw_groups(doubts, n_draws=12, seed=1) == whole).all()


def test_no_draw_joins_what_contradicts_itself():
    rng = np.random.default_rng(5)
    ends = [(i, j) for i in range(40) for j in range(i + 1, 40) if rng.random() < 0.15]
    pairs = [(i, j, float(rng.random()), "never" if rng.random() < 0.3 else "") for i, j in ends]
    groups = draw_groups(some_pairs(40, *pairs), n_draws=200, seed=1)
    for left, right, _, word in pairs:
        if word == "never":
            assert (groups[:, left] != groups[:, right]).all()


def test_without_pairs_everybody_is_alone():
    none = np.array([], dtype=np.int64)
    no = none.astype(bool)
    doubts = PairDoubts(
        n_records=3, left=none, right=none, probability=none.astype(float), is_always=no, is_never=no, is_linked=no,
        key=none.astype(np.uint64),
    )  # fmt: skip
    assert draw_groups(doubts, n_draws=2, seed=1).tolist() == [[0, 1, 2], [0, 1, 2]]
