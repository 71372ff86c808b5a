"""Two forecasts judged by what happened."""

from __future__ import annotations

import pytest

from crm_research.stats.scoring import compare_brier


def test_brier_scores_by_hand():
    # Four customers at .5 of whom two came; ten at .1 of whom one came; the other forecast says .3 for all.
    found = compare_brier([4, 10], [2, 1], [0.5, 0.1], [0.3, 0.3])
    assert found.score == pytest.approx((4 * 0.25 + 1 * 0.81 + 9 * 0.01) / 14)
    assert found.other_score == pytest.approx((2 * 0.49 + 2 * 0.09 + 1 * 0.49 + 9 * 0.09) / 14)
    assert found.gain == pytest.approx(found.other_score - found.score)
    assert found.lower < found.gain < found.upper


def test_equal_forecasts_gain_nothing():
    found = compare_brier([5], [2], [0.4], [0.4])
    assert (found.gain, found.lower, found.upper) == (0.0, 0.0, 0.0)
