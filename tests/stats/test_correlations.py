"""Weighted moments and their resamples, against numpy and against theory."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.stats import correlations
from crm_research.stats.correlations import (
    correlate,
    number_owners,
    resample_correlations,
    resample_moments,
    weigh_moments,
)


def some_values(n=40, *, k=3, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) @ (np.eye(k) + 0.5) * 3 + 100


def test_moments_are_numpys():
    values = some_values()
    weights = np.random.default_rng(2).integers(0, 4, (5, len(values))).astype(float)
    found = weigh_moments(values, weights)
    for place, weight in enumerate(weights):
        assert found.means[place] == pytest.approx(np.average(values, axis=0, weights=weight))
        assert found.covariances[place] == pytest.approx(np.cov(values.T, aweights=weight, ddof=0))


def test_many_rows_are_read_in_pieces(monkeypatch):
    values = some_values()
    whole = correlate(values, np.ones((2, len(values))))
    monkeypatch.setattr(correlations, "_ELEMENTS_AT_ONCE", 18)
    assert correlate(values, np.ones((2, len(values)))) == pytest.approx(whole)
    assert whole[0] == pytest.approx(np.corrcoef(values.T))


def test_a_column_that_does_not_differ_correlates_nought():
    values = some_values()
    values[:, 1] = 7.0
    assert correlate(values, np.ones((1, len(values))))[0] == pytest.approx(
        np.array(
            [[1, 0, np.corrcoef(values[:, [0, 2]].T)[0, 1]], [0, 1, 0], [np.corrcoef(values[:, [0, 2]].T)[0, 1], 0, 1]]
        )
    )


def test_resamples_keep_the_units_and_draw_customers_whole():
    values = some_values(30)
    twice, owner = np.repeat(values, 2, axis=0), np.repeat(np.arange(30), 2)
    once = next(resample_moments(values, np.ones(30), n_bootstraps=50, seed=3))
    both = next(resample_moments(twice, np.ones(60), n_bootstraps=50, seed=3, owner=owner))
    assert both.means == pytest.approx(once.means)
    assert both.covariances == pytest.approx(once.covariances)
    assert once.means.mean(axis=0) == pytest.approx(values.mean(axis=0), rel=0.01)


def test_blocks_of_customers_spread_like_single_customers():
    values = some_values(6000, k=2)
    drawn = np.concatenate(list(resample_correlations(values, np.ones(6000), n_bootstraps=2000, seed=4)))[:, 0, 1]
    r = np.corrcoef(values.T)[0, 1]
    assert drawn.std() == pytest.approx((1 - r**2) / np.sqrt(6000), rel=0.08)  # normal answers
    assert drawn.mean() == pytest.approx(r, abs=0.001)


def test_rows_without_a_customer_stand_for_themselves():
    assert number_owners(["b", None, "a", "b", float("nan")]).tolist() == [0, 2, 1, 0, 3]
    assert number_owners([None, None]).tolist() == [0, 1]
