"""The share of a number's uncertainty that hangs on the joins: by hand, exactly nought where nothing moves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crm_research.stats.joined import sum_up_draws


def test_the_share_is_of_both_variances_and_its_limits_by_chi_square():
    values = np.array([9.0, 10.0, 11.0, 10.0, 10.0])  # variance .5
    z = stats.norm.ppf(0.975)
    found = sum_up_draws(10.0, values, lower=10 - z, upper=10 + z, confidence=0.95)
    assert found.of_joins == pytest.approx(0.5)
    assert found.of_sampling == pytest.approx(1.0)
    assert found.share == pytest.approx(0.5 / 1.5)
    low, high = (4 * 0.5 / stats.chi2.ppf(end, 4) for end in (0.975, 0.025))
    assert (found.share_lower, found.share_upper) == pytest.approx((low / (low + 1), high / (high + 1)))
    assert (found.median, found.lower, found.upper) == pytest.approx((10.0, 9.0, 11.0))
    assert found.moves


def test_where_no_draw_gives_another_number_the_share_is_nought():
    found = sum_up_draws(0.3, np.full(30, 0.3 + 1e-17), lower=0.2, upper=0.4, confidence=0.95)
    assert (found.share, found.share_lower, found.share_upper) == (0.0, 0.0, 0.0)
    assert (found.lower, found.median, found.upper) == (0.3, 0.3, 0.3)
    assert not found.moves


def test_a_count_without_limits_has_a_range_and_no_share():
    found = sum_up_draws(10, np.array([9.0, 11.0]), lower=None, upper=None, confidence=0.95)
    assert (found.share, found.of_sampling) == (None, None)
    assert found.of_joins == pytest.approx(2.0)


def test_draws_without_a_number_are_left_out():
    found = sum_up_draws(1.0, np.array([1.0, np.nan, 2.0]), lower=0.0, upper=2.0, confidence=0.95)
    assert found.values.tolist() == [1.0, 2.0]
