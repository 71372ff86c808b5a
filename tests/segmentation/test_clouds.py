import numpy as np
import pytest
from scipy.stats import spearmanr

from crm_research.segmentation.clouds import fit_copula, fit_gaussian, fit_heaps, fit_one_hump, one_hump_width


def _counts(n=3_000):
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.7, 2.0, size=n)
    return np.column_stack([1 + rng.poisson(rate), 1 + rng.poisson(2 * rate), rng.lognormal(size=n)]).astype(float)


def test_a_copula_keeps_shapes_and_rank_correlations_also_with_ties():
    points = _counts()
    drawn = fit_copula(points, seed=1)(np.random.default_rng(2))
    assert np.array_equal(np.sort(drawn, axis=0), np.sort(points, axis=0))
    assert spearmanr(drawn).statistic[0, 1] == pytest.approx(spearmanr(points).statistic[0, 1], abs=0.04)


def test_heaps_keep_who_stands_on_them():
    points = np.column_stack([_counts()[:, 0], np.zeros(3_000)])
    points[:, 1] = np.where(points[:, 0] == 1, 5.0, 0.0) + np.random.default_rng(1).random(3_000)
    drawn = fit_heaps(points, seed=1)(np.random.default_rng(2))
    assert (drawn[drawn[:, 0] == 1, 1] >= 5).all()
    assert fit_heaps(np.random.default_rng(1).normal(size=(100, 2)), seed=1) is None


def test_a_gaussian_keeps_means_and_covariances():
    points = _counts(20_000)
    drawn = fit_gaussian(points)(np.random.default_rng(2))
    assert drawn.mean(axis=0) == pytest.approx(points.mean(axis=0), rel=0.05)


def test_two_humps_become_one():
    rng = np.random.default_rng(3)
    two = np.r_[rng.normal(size=500), rng.normal(size=500) + 8]
    # Two equal normals merge once their smoothed standard deviation is half their distance: sqrt(1 + h^2) = 4.
    assert one_hump_width(two) == pytest.approx(np.sqrt(15), rel=0.1)
    assert one_hump_width(np.zeros(10)) == 0
    drawn = fit_one_hump(np.column_stack([two, rng.permutation(two)]), seed=1)(rng)
    assert drawn.std(axis=0) == pytest.approx(two.std(), rel=0.1)
    middle = np.abs(drawn[:, 0] - 4) < 1
    assert middle.mean() > 0.05
