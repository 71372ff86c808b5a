"""Limits from resamples: percentiles as far out as Student's t asks, and Fisher's scale for explained variance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crm_research.stats.drawn_limits import expand_p_value, expand_percentiles, explained_limits, share_limits

NORMAL = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)


def test_the_mean_of_ten_gets_the_limits_of_students_t():
    # Resamples of ten spread by s / sqrt(10) * sqrt(9 / 10); R: qt(.975, 9) = 2.262157.
    lower, upper = expand_percentiles(NORMAL * np.sqrt(9 / 10), n=10)
    assert [float(lower), float(upper)] == pytest.approx([-2.262157, 2.262157], abs=5e-4)


def test_many_customers_have_plain_percentiles_and_none_have_no_limits():
    draws = np.arange(1_001.0)
    assert np.array(expand_percentiles(draws, n=10**9, confidence=0.8)) == pytest.approx([100, 900], abs=1e-3)
    assert np.isnan(expand_percentiles(np.empty((0, 3)), n=9)).all()
    assert np.shape(expand_percentiles(np.empty((0, 3)), n=9)) == (2, 3)


def test_the_p_value_is_five_per_cent_where_the_limit_is_nought():
    lower, _ = expand_percentiles(NORMAL, n=12)
    beyond = 2 * float((lower >= NORMAL).mean())  # share of draws beyond the limit, on both sides
    assert expand_p_value(beyond, n=12) == pytest.approx(0.05, abs=1e-4)
    assert expand_p_value(1.0, n=12) == 1.0


def test_explained_variance_takes_the_farthest_of_the_three_on_each_side():
    # Draws of tanh^2(.5 + .1 z): on Fisher's scale Student's t about the estimate of .45; R: qt(.975, 29) = 2.04523.
    # On log odds it is farthest on neither side.
    draws = np.tanh(0.5 + 0.1 * NORMAL) ** 2
    lower, upper = explained_limits(np.tanh(0.45) ** 2, draws, n=30)
    reach = 2.04523 * np.sqrt(30 / 29) * 0.1
    assert float(lower) == pytest.approx(np.tanh(0.45 - reach) ** 2, abs=1e-4)
    assert float(upper) == pytest.approx(np.tanh(0.5 + reach) ** 2, abs=1e-4)


def test_shares_at_the_edges_keep_within_them():
    lower, upper = explained_limits(
        np.array([1.0, 0.01, 0.0]), np.array([[1.0, 0.2, 0.0]] * 20 + [[1, 0, 0]] * 20), n=40
    )
    assert (float(lower[0]), float(upper[0])) == (1.0, 1.0)
    assert (float(lower[1]), float(lower[2]), float(upper[2])) == (0.0, 0.0, 0.0)
    assert 0.2 <= float(upper[1]) <= 1
    assert np.isnan(explained_limits(0.5, np.empty(0), n=40)).all()


def test_a_share_from_draws_takes_the_farther_of_percentiles_and_log_odds():
    # Log odds of -1 with draws about -1.2, spread .3: the lower limit is the draws' own, the upper the estimate's.
    odds = -1.2 + 0.3 * NORMAL
    lower, upper = share_limits(1 / (1 + np.exp(1.0)), 1 / (1 + np.exp(-odds)))
    assert float(lower) == pytest.approx(1 / (1 + np.exp(1.2 + 1.959964 * 0.3)), abs=1e-5)
    assert float(upper) == pytest.approx(1 / (1 + np.exp(1.0 - 1.959964 * 0.3)), abs=1e-5)


def test_a_share_that_no_draw_moves_keeps_itself():
    limits = share_limits(np.array([0.0, 1.0, 0.25]), np.array([[0.0, 1.0, 0.25]] * 9))
    assert np.array(limits).tolist() == [[0.0, 1.0, 0.25]] * 2


def test_log_odds_reach_farthest_where_the_share_is_large():
    # The upper half of the draws is out of the way: they lie about .6, the estimate is .5, whose log odds are nought.
    draws = 0.6 + 0.04 * NORMAL
    odds = np.log((draws + 0.02) / (1 - draws + 0.02))
    reach = 2.04523 * np.sqrt(30 / 29) * odds.std(ddof=1)
    ends = np.exp(np.log(0.52 / 0.52) + np.array([-reach, reach]))
    lower, _ = explained_limits(0.5, draws, n=30)
    kept = (ends * 1.02 - 0.02) / (1 + ends)
    spread = np.arctanh(np.sqrt(draws)).std(ddof=1)
    fisher = np.tanh(np.arctanh(np.sqrt(0.5)) - 2.04523 * np.sqrt(30 / 29) * spread) ** 2
    assert float(lower) == pytest.approx(min(kept[0], fisher), abs=1e-5)
    _, upper = explained_limits(0.9, 0.9 - 0.03 * np.abs(NORMAL), n=30)
    assert float(upper) <= 1.0
