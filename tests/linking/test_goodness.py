"""How good links are: the estimate from probabilities and judgements, its limits, and how the sample is spread."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from crm_research.linking.goodness import PairGroups, estimate_goodness, group_pairs
from crm_research.linking.pairs import ScoredPairs, carry_bonds, tell_group
from crm_research.linking.review import digest_links, spread
from crm_research.vocabulary import APART, CONTRADICTING, NOT_LOOKED_AT, TOGETHER

AT = datetime(2026, 1, 5)


def groups(*rows: tuple[str, float, float, int, int, int]) -> PairGroups:
    """Groups from (standing, pairs, expected, same, different, unsure)."""
    held = [np.array(column, dtype=float) for column in [*zip(*rows, strict=True)][1:]]
    return PairGroups(
        standing=[row[0] for row in rows], n_pairs=held[0], n_expected=held[1], n_same=held[2], n_different=held[3],
        n_unsure=held[4],
    )  # fmt: skip


def test_without_judgements_the_probabilities_add_up():
    found = estimate_goodness(groups((TOGETHER, 100, 98.0, 0, 0, 0), (APART, 1000, 10.0, 0, 0, 0)))
    assert found.precision.estimate == pytest.approx(0.98)
    assert found.recall.estimate == pytest.approx(98 / 108)
    assert found.f1.estimate == pytest.approx(2 * 98 / (100 + 98 + 10))
    assert found.right_for_found.estimate == pytest.approx(1.08)
    assert (found.n_missed.estimate, found.n_wrong.estimate) == (pytest.approx(10), pytest.approx(2))
    # Half a pair of the rarer kind with the band's mean: from hardly any to five times as many.
    assert 0.85 < found.precision.lower < 0.92
    assert found.precision.upper == 1.0
    assert found.n_missed.lower == 0
    assert 40 < found.n_missed.upper < 65


def test_a_group_that_is_judged_whole_is_known():
    found = estimate_goodness(groups((TOGETHER, 10, 9.5, 8, 2, 0), (APART, 20, 1.0, 4, 16, 0)))
    assert found.precision == pytest.approx((0.8, 0.8, 0.8))
    assert found.recall == pytest.approx((8 / 12,) * 3)
    assert found.f1 == pytest.approx((2 * 8 / (10 + 12),) * 3)
    assert found.n_missed == (4, 4, 4)
    assert found.n_wrong == (2, 2, 2)


def test_judged_pairs_count_for_the_pairs_of_their_layer():
    """1,000 pairs at one in two, 100 judged and 30 the same: 300, and as exact as Jeffreys' limits of a share."""
    found = estimate_goodness(groups((TOGETHER, 50, 50.0, 50, 0, 0), (APART, 1000, 500.0, 30, 70, 0)))
    assert found.n_missed.estimate == pytest.approx(300, abs=6)
    assert found.n_missed.lower == pytest.approx(219, abs=8)
    assert found.n_missed.upper == pytest.approx(389, abs=8)
    assert found.recall.estimate == pytest.approx(50 / 350, abs=0.004)


def test_judgements_that_contradict_the_probabilities_are_believed():
    """One in ten thousand by the probabilities; five of fifty by the judge."""
    found = estimate_goodness(groups((TOGETHER, 50, 50.0, 50, 0, 0), (APART, 10_000, 1.0, 5, 45, 0)))
    assert found.n_missed.estimate == pytest.approx(1050, abs=150)
    same_as_said = estimate_goodness(groups((TOGETHER, 50, 50.0, 50, 0, 0), (APART, 10_000, 1.0, 0, 50, 0)))
    assert same_as_said.n_missed.estimate <= 1
    assert same_as_said.n_missed.upper <= 7


def test_pairs_left_open_count_once_as_same_and_once_as_different():
    sure = estimate_goodness(groups((TOGETHER, 10, 9.0, 8, 0, 0)))
    unsure = estimate_goodness(groups((TOGETHER, 10, 9.0, 8, 0, 2)))
    assert unsure.precision.lower == pytest.approx(0.8)
    assert unsure.precision.upper == 1.0
    assert sure.precision.lower >= unsure.precision.lower


def test_pairs_that_nobody_looked_at_change_nothing():
    rows = ((TOGETHER, 10, 9.0, 8, 1, 0), (CONTRADICTING, 3, 0.001, 0, 3, 0))
    without = estimate_goodness(groups(*rows))
    beyond = estimate_goodness(groups(*rows, (NOT_LOOKED_AT, 1e9, 0.0, 1, 9, 0)))
    assert (without.precision, without.recall) == (beyond.precision, beyond.recall)


def test_more_judged_than_there_are_is_no_share_above_one():
    found = estimate_goodness(groups((TOGETHER, 5, 9.0, 8, 1, 0), (APART, 10, 1.0, 0, 9, 0)))
    assert found.precision.upper <= 1.0
    assert estimate_goodness(groups((TOGETHER, 5, 9.0, 0, 0, 0))).precision.estimate == 1.0


def test_where_nothing_is_brought_together_nothing_is_claimed():
    found = estimate_goodness(groups((APART, 100, 2.0, 0, 0, 0)))
    assert (found.precision, found.recall, found.f1, found.right_for_found) == (None, None, None, None)
    assert found.n_missed.estimate == pytest.approx(2.0)
    none = estimate_goodness(groups((NOT_LOOKED_AT, 3, 0.0, 0, 0, 0)))
    assert (none.precision, none.n_missed) == (None, (0.0, 0.0, 0.0))


def test_limits_are_wider_at_a_higher_level_and_the_same_from_the_same_seed():
    held = groups((TOGETHER, 400, 396.0, 30, 1, 0), (APART, 2000, 20.0, 1, 60, 0))
    some, more = (estimate_goodness(held, confidence=level) for level in (0.8, 0.99))
    assert more.recall.lower < some.recall.lower <= some.recall.estimate <= some.recall.upper < more.recall.upper
    assert estimate_goodness(held, seed=7).recall == estimate_goodness(held, seed=7).recall
    with pytest.raises(ValueError, match="confidence"):
        estimate_goodness(held, confidence=95)


def test_a_chain_carries_what_its_bonds_carry():
    """a-b .9, b-c .95, and c-d .99; a-c looked at and unlike each other; a-d and b-d nobody looked at."""
    n = 5
    flags = np.zeros(4, dtype=bool)
    pairs = ScoredPairs(
        left=np.array([0, 1, 0, 2]), right=np.array([1, 2, 2, 3]), probability=np.array([0.9, 0.95, 0.001, 0.99]),
        is_other=flags, is_alike=~flags, is_together=flags,
    ).with_groups(np.array([0, 0, 0, 0, 4]))  # fmt: skip
    found = carry_bonds(pairs, n)
    held = {(int(a), int(b)): p for a, b, p in zip(found.left, found.right, found.probability, strict=True)}
    assert held == {
        (0, 1): 0.9,
        (1, 2): 0.95,
        (0, 2): pytest.approx(0.9 * 0.95),
        (2, 3): 0.99,
        (0, 3): pytest.approx(0.9 * 0.95 * 0.99),
        (1, 3): pytest.approx(0.95 * 0.99),
    }
    assert found.is_together.all()
    sure = found.measure()
    assert (sure.n_links, sure.expected_missed) == (6, 0.0)
    assert sure.expected_right == pytest.approx(sum([0.9, 0.95, 0.855, 0.99, 0.84645, 0.9405]))


def test_pairs_are_grouped_by_how_they_were_treated_and_by_their_bands():
    probability = np.array([0.9999, 0.9, 0.89, 0.0005, 0.6 * 0.001])
    is_other = np.array([False, False, False, False, True])
    pairs = ScoredPairs(
        left=np.arange(5), right=np.arange(5) + 1, probability=probability, is_other=is_other,
        is_alike=np.array([True, True, True, False, True]), is_together=np.array([True, True, False, False, False]),
    )  # fmt: skip
    found = group_pairs(pairs).to_pylist()
    assert [(row["standing"], row["probable_from"], row["n_pairs"]) for row in found] == [
        (TOGETHER, 0.9, 1),
        (TOGETHER, 0.999, 1),
        (APART, 0.0, 1),
        (APART, 0.5, 1),
        (CONTRADICTING, 0.0, 1),
    ]
    assert [row["n_expected"] for row in found] == pytest.approx([0.9, 0.9999, 0.0005, 0.89, 0.0006])
    assert tell_group(int(pairs.group[2])) == (APART, 0.5)


@pytest.mark.parametrize("total", [20, 60, 300, 5000])
def test_more_is_drawn_where_it_is_doubtful_and_some_everywhere(total):
    n, expected = np.array([800.0, 30.0, 40.0, 1400.0, 4.0]), np.array([799.9, 29.0, 20.0, 0.02, 2.0])
    taken = spread(n, expected, total)
    assert taken.sum() == min(max(total, 44), 2274)
    assert (taken <= n).all()
    assert (taken >= np.minimum(n, 10)).all()
    if total == 60:
        assert taken[2] == max(taken)


def test_the_digest_of_links_does_not_hang_on_the_order_of_rows():
    links = pa.table({"system": ["a", "b"], "local_id": ["1", "2"], "customer_id": ["x", "x"]})
    assert digest_links(links) == digest_links(links.take([1, 0]))
    assert digest_links(links) != digest_links(links.set_column(2, "customer_id", pa.array(["x", "y"])))
