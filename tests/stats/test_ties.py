"""Customers alike have one place, whatever the order in which a machine added up their scores."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.stats.ties import place_scores


def test_equal_up_to_the_last_digits_is_equal():
    a, b = 0.1 + 0.2, 0.3  # 0.30000000000000004 and 0.3
    assert a != b
    assert place_scores([a, -1.0, b, 7.0]).tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize(("apart", "places"), [(2e-10, [0, 1, 2]), (0.5e-10, [0, 0, 1])])
def test_what_differs_by_more_than_rounding_is_told_apart(apart, places):
    assert place_scores([0.5, 0.5 + apart, 1.0]).tolist() == places


def test_scores_all_nought_and_no_scores():
    assert place_scores(np.zeros(3)).tolist() == [0, 0, 0]
    assert place_scores([]).tolist() == []
