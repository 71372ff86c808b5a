"""Holm's step-down adjustment."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.stats.multiplicity import adjust_holm


def test_holm_by_hand():
    # Sorted .005 .01 .03 .04 times 4 3 2 1, never falling.
    assert np.allclose(adjust_holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_a_comparison_that_could_not_be_made_is_not_counted():
    found = adjust_holm([0.02, np.nan, 0.5])
    assert np.isnan(found[1])
    assert np.allclose(found[[0, 2]], [0.04, 0.5])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_values_keep_their_order_and_lie_between_raw_and_bonferroni(raw):
    found = adjust_holm(raw)
    assert np.all(found >= np.asarray(raw) - 1e-15)
    assert np.all(found <= np.minimum(np.asarray(raw) * len(raw), 1) + 1e-15)
    order = np.argsort(raw, kind="stable")
    assert np.all(np.diff(found[order]) >= 0)
