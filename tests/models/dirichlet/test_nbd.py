"""The distribution of category purchases: sums, estimators, and what they do at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from crm_research.models.dirichlet.nbd import (
    fit_truncated,
    make_nodes,
    none_chance,
    shape_by_likelihood,
    shape_by_zeros,
)


def counted(values):
    found, times = np.unique(values[values > 0], return_counts=True)
    return found.astype(float), times.astype(float)[None, :]


@settings(max_examples=30, deadline=None)
@given(mean=st.floats(0.01, 300), shape=st.floats(0.05, 50))
def test_nodes_keep_chance_and_mean(mean, shape):
    nodes = make_nodes(np.array([mean]), np.array([shape]))
    assert float((nodes.chance.sum(axis=-1) + nodes.none)[0]) == pytest.approx(1.0, abs=1e-9)
    assert float((nodes.n * nodes.chance).sum()) == pytest.approx(mean, rel=1e-6)


def test_blocks_sum_like_single_numbers():
    mean, shape = 60.0, 0.8
    nodes = make_nodes(np.array([mean]), np.array([shape]))
    n = np.arange(1, 8000)
    chance = stats.nbinom.pmf(n, shape, shape / (shape + mean))
    for curve in (lambda x: 1 / (1 + 0.1 * x), lambda x: np.exp(-x / 30), np.sqrt):
        assert float((nodes.chance * curve(nodes.n)).sum()) == pytest.approx(float((chance * curve(n)).sum()), rel=1e-4)


def test_likelihood_agrees_with_a_general_optimiser():
    rng = np.random.default_rng(3)
    bought = rng.negative_binomial(0.7, 0.7 / 3.7, 4000)
    values, customers = counted(bought)

    def minus_likelihood(k):
        return -stats.nbinom.logpmf(bought, k, k / (k + bought.mean())).sum()

    expected = optimize.minimize_scalar(
        minus_likelihood, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8}
    ).x
    assert float(shape_by_likelihood(values, customers, np.array([4000.0]))[0]) == pytest.approx(expected, rel=1e-5)


def test_truncated_likelihood_agrees_with_a_general_optimiser():
    rng = np.random.default_rng(4)
    bought = rng.negative_binomial(0.9, 0.9 / 4.9, 5000)
    bought = bought[bought > 0]
    values, customers = counted(bought)

    def minus_likelihood(logs):
        m, k = np.exp(logs)
        p = k / (k + m)
        return -(stats.nbinom.logpmf(bought, k, p) - np.log1p(-(p**k))).sum()

    expected = np.exp(
        optimize.minimize(minus_likelihood, np.log([3, 1]), method="Nelder-Mead", options={"fatol": 1e-9}).x
    )
    m, k = fit_truncated(values, customers)
    np.testing.assert_allclose([m[0], k[0]], expected, rtol=1e-3)


@settings(max_examples=25, deadline=None)
@given(mean=st.floats(0.05, 50), shape=st.floats(0.01, 100))
def test_means_and_zeros_give_back_what_was_put_in(mean, shape):
    none = none_chance(np.array([mean]), np.array([shape]))
    found = shape_by_zeros(np.array([mean]), none)
    np.testing.assert_allclose(none_chance(np.array([mean]), found), none, rtol=1e-6)


def test_edges_are_named_not_guessed():
    mean = np.array([1.0, 1.0, 1.0, 1.0])
    none = np.array([0.0, 1.0, 0.2, 0.9999999])  # all buy, none buys, fewer zeros than Poisson, more than any K
    found = shape_by_zeros(mean, none)
    assert np.isnan(found[:2]).all()
    assert found[2] == np.inf
    assert found[3] == 0.0


def test_everybody_alike_is_poisson():
    values = np.array([2.0])
    assert shape_by_likelihood(values, np.array([[500.0]]), np.array([500.0]))[0] == np.inf
