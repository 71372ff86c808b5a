"""Intervals agree with published worked examples and with scipy's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crm_research.stats.intervals import (
    exact_share,
    log_interval,
    newcombe_difference,
    normal_interval,
    poisson_rate,
    wilson_share,
)


@pytest.mark.parametrize(
    ("hits", "n", "lower", "upper"),
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: score method without continuity correction.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_newcombe_1998(hits, n, lower, upper):
    found = wilson_share(hits, n)
    assert found.estimate == pytest.approx(hits / n)
    assert (round(float(found.lower), 4), round(float(found.upper), 4)) == (lower, upper)


def test_the_difference_agrees_with_newcombe_1998():
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10: 56/70 less 48/80; 9/10 less 3/10.
    first = newcombe_difference(56, 70, 48, 80)
    assert np.round([first.estimate, first.lower, first.upper], 4).tolist() == [0.2, 0.0524, 0.3339]
    second = newcombe_difference(9, 10, 3, 10)
    assert np.round([second.estimate, second.lower, second.upper], 4).tolist() == [0.6, 0.1705, 0.8090]


@pytest.mark.slow
@settings(deadline=None)
@given(n=st.integers(1, 400), share=st.floats(0, 1), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_share_intervals_agree_with_scipy(n, share, confidence):
    hits = round(share * n)
    judged = stats.binomtest(hits, n)
    for own, method in ((wilson_share, "wilson"), (exact_share, "exact")):
        found, known = own(hits, n, confidence=confidence), judged.proportion_ci(confidence, method)
        assert [found.lower, found.upper] == pytest.approx([known.low, known.high], abs=1e-9)
        assert found.lower <= found.estimate <= found.upper


def test_a_whole_triangle_at_once_and_nothing_where_nobody_is():
    found = wilson_share([[0, 5], [10, 0]], [[10, 10], [10, 0]])
    assert found.lower.shape == (2, 2)
    assert np.isnan([found.estimate[1, 1], found.lower[1, 1], found.upper[1, 1]]).all()
    assert (found.lower[0, 0], found.upper[1, 0]) == (0.0, 1.0)


def test_more_hits_than_customers_is_refused():
    with pytest.raises(ValueError, match="n_hits <= n"):
        wilson_share(3, 2)
    with pytest.raises(ValueError, match=r"0\.95"):
        wilson_share(1, 2, confidence=95)


def test_poisson_limits_of_ten_events():
    # Garwood (1936): 10 events give 4.795 to 18.390 at 95 %; none give 0 to 3.689.
    found = poisson_rate([10, 0], [1.0, 1.0])
    assert np.round(found.lower, 3).tolist() == [4.795, 0.0]
    assert np.round(found.upper, 3).tolist() == [18.390, 3.689]
    assert np.isnan(poisson_rate(0, 0.0).upper)


def test_normal_and_log_limits():
    assert normal_interval(10.0, 1.0).upper == pytest.approx(11.959964)
    low = log_interval(2.0, 0.5)
    assert low.lower * low.upper == pytest.approx(4.0)  # even on the log scale
