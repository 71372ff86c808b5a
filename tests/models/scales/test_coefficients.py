"""Reliability and validity by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.models.scales import alpha_of, ave_of, htmt_of, rho_a_of, rho_c_of
from crm_research.models.scales.one_factor import load_on_one_factor
from crm_research.models.scales.reading import fill_with_means


def test_alpha_by_hand():
    # sum of all 6, of the diagonal 4: 2 / 1 * (1 - 4 / 6)
    assert alpha_of(np.array([[2.0, 1.0], [1.0, 2.0]])) == pytest.approx(2 / 3)
    assert np.isnan(alpha_of(np.array([[2.0]])))


def test_rho_c_and_ave_by_hand():
    # 1.4 squared over itself plus .36 and .64; mean of .64 and .36
    assert rho_c_of(np.array([0.8, 0.6])) == pytest.approx(1.96 / 2.96)
    assert ave_of(np.array([0.8, 0.6])) == pytest.approx(0.5)


def test_rho_a_of_two_equal_items_is_spearman_and_brown():
    weights = np.full(2, 1 / np.sqrt(3))  # unit variance at r = .5
    assert rho_a_of(np.array([[1, 0.5], [0.5, 1]]), weights) == pytest.approx(2 * 0.5 / 1.5)


def test_htmt_by_hand():
    matrix = np.array([[1, 0.5, 0.3, 0.4], [0.5, 1, 0.2, 0.1], [0.3, 0.2, 1, 0.8], [0.4, 0.1, 0.8, 1]])
    one, other = np.array([0, 1]), np.array([2, 3])
    assert htmt_of(matrix, one, other) == pytest.approx(0.25 / np.sqrt(0.5 * 0.8))
    turned = matrix * np.outer([1, 1, 1, -1], [1, 1, 1, -1])
    assert htmt_of(turned, one, other) == pytest.approx(0.25 / np.sqrt(0.5 * 0.8))


def test_htmt_of_two_items_is_their_correlation():
    assert htmt_of(np.array([[1, -0.4], [-0.4, 1]]), np.array([0]), np.array([1])) == pytest.approx(0.4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.2, 0.95), min_size=3, max_size=8), st.integers(0, 2))
def test_one_factor_is_found_where_there_is_one(loadings, n_reversed):
    truth = np.array(loadings)
    truth[:n_reversed] *= -1
    if abs(truth.sum()) < 0.1:
        truth = np.abs(truth)
    matrix = np.outer(truth, truth)
    np.fill_diagonal(matrix, 1.0)
    found = load_on_one_factor(matrix[None])[0]
    assert found == pytest.approx(truth * np.sign(truth.sum()), abs=2e-3)


def test_rho_a_of_one_factor_weighed_by_loadings_is_the_squared_correlation_with_the_factor():
    loadings = np.array([0.9, 0.7, 0.5, 0.3])
    matrix = np.outer(loadings, loadings)
    np.fill_diagonal(matrix, 1.0)
    weights = loadings / np.sqrt(loadings @ matrix @ loadings)
    assert rho_a_of(matrix, weights) == pytest.approx((weights @ loadings) ** 2)


def test_items_that_do_not_go_together_load_nowhere():
    assert load_on_one_factor(np.eye(4)[None])[0] == pytest.approx(np.zeros(4), abs=1e-6)


def test_a_gap_is_filled_with_the_weighted_mean_of_the_item():
    values = np.array([[1.0, 2.0], [np.nan, 4.0], [4.0, np.nan], [7.0, np.nan]])
    filled = fill_with_means(values, np.array([1.0, 2.0, 3.0, 5.0]))
    # (1 x 1 + 3 x 4 + 5 x 7) / 9 = 48 / 9, and (1 x 2 + 2 x 4) / 3 = 10 / 3; without weights 4 and 3.
    assert filled[:, 0].tolist() == pytest.approx([1.0, 48 / 9, 4.0, 7.0])
    assert filled[:, 1].tolist() == pytest.approx([2.0, 4.0, 10 / 3, 10 / 3])
