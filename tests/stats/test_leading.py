"""Which of several is the largest, and how often equals are named by chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from crm_research.stats.leading import (
    find_leader,
    find_leader_within,
    find_leading_count,
    leading_quantile,
    widen,
)


def test_the_first_must_exceed_each_other_by_the_quantile_of_its_family():
    # Three compared at .05 / 3 one-sided: 2.128 standard errors (R: qnorm(1 - .05/3)); of a difference sqrt(2) * that.
    assert leading_quantile(3) == pytest.approx(2.12804523, abs=1e-8)
    least = np.sqrt(2) * norm.isf(0.05 / 3)
    assert find_leader([least + 1e-6, 0.0, -1.0], 1.0) == 0
    assert find_leader([least - 1e-6, 0.0, -1.0], 1.0) is None
    assert find_leader([0.0, -1.0, least + 1e-6], [1.0, 1.0, 1.0]) == 2


def test_every_other_one_counts_and_not_only_the_second():
    # The third has a wide error: the first cannot be told from it.
    assert find_leader([10.0, 0.0], [1.0, 1.0]) == 0
    assert find_leader([10.0, 0.0, -1.0], [1.0, 1.0, 9.0]) is None


def test_missing_ones_are_in_nobodys_way():
    assert find_leader([np.nan, 5.0, 0.0], 1.0) == 1
    assert find_leader([np.nan, 5.0], 1.0) is None
    assert find_leader([], []) is None


def test_counts_are_told_apart_by_exact_sign_tests():
    # 15 of 20: P(X >= 15 | 20, 1/2) = .0207 (R: 1 - pbinom(14, 20, .5)), under .05 / 2; 14 of 20 has .0577.
    assert find_leading_count([5, 15]) == 1
    assert find_leading_count([6, 14]) is None
    assert find_leading_count([5, 15, 1]) is None  # three looked at: .05 / 3
    assert find_leading_count([4, 15, 1]) == 1  # 15 of 19: .0096
    assert find_leading_count([7]) is None
    assert find_leading_count([0, 0]) is None


@pytest.mark.parametrize("k", [2, 5, 20])
def test_null_worlds_of_equals_name_one_in_at_most_one_of_twenty(k):
    rng = np.random.default_rng(k)
    named = [find_leader(rng.normal(size=k), 1.0) is not None for _ in range(2000)]
    counted = [find_leading_count(rng.multinomial(200, np.full(k, 1 / k))) is not None for _ in range(2000)]
    assert np.mean(named) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 2000)
    assert np.mean(counted) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 2000)


def test_limits_are_widened_for_all_that_are_compared():
    # Four at once: 2.4977 standard errors for 1.9600 (R: qnorm(1 - .05/8), qnorm(.975)), on each side by itself.
    wide = widen([10.0], [8.0], [13.0], n_compared=4)
    assert wide.lower[0] == pytest.approx(10 - 2 * 2.49770547 / 1.95996398, abs=1e-7)
    assert wide.upper[0] == pytest.approx(10 + 3 * 2.49770547 / 1.95996398, abs=1e-7)
    assert widen([10.0], [8.0], [13.0], n_compared=1).lower[0] == pytest.approx(8.0)


def test_a_leader_from_limits_is_that_of_their_errors():
    # Errors of 1: limits 1.96 on each side. Two compared at .025 one-sided: 1.96 * sqrt(2) = 2.7718 apart.
    z = norm.isf(0.025)
    for gap, leader in ((2.78, 0), (2.76, None)):
        estimates = np.array([gap, 0.0])
        assert find_leader_within(estimates, estimates - z, estimates + z) == leader
