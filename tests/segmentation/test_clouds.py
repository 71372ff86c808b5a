import numpy as np
import pytest
from scipy.stats import spearmanr

from crm_research.pillars.segmentation.evidence.null_draws import (
    find_categories,
    fit_copula,
    fit_gaussian,
    fit_heaps,
    fit_one_hump,
    one_hump_width,
    order_levels,
    permute_columns,
)


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


def _with_categories(n=2_000):
    """A number, a category of three levels that goes with it, and a flag that goes with nothing."""
    rng = np.random.default_rng(5)
    number = rng.normal(size=n)
    level = np.digitize(number + 0.5 * rng.normal(size=n), [-0.5, 0.8])
    # Levels in another order than along the number.
    levels = np.column_stack([level == 1, level == 2, level == 0])
    return np.column_stack([number, levels, rng.random(n) < 0.4]).astype(float)


def test_levels_that_nobody_has_two_of_are_one_category():
    assert [columns.tolist() for columns in find_categories(_with_categories())] == [[0], [1, 2, 3], [4]]
    # Two flags that some customers have both are two inputs, and so is a column that never differs.
    points = np.array([[1.0, 1, 5], [1, 0, 5], [0, 1, 5]])
    assert [columns.tolist() for columns in find_categories(points)] == [[0], [1], [2]]


def test_data_without_groups_leave_everybody_one_level_of_a_category():
    points = _with_categories()
    for drawn in (
        permute_columns(points, np.random.default_rng(1)),
        fit_copula(points, seed=1)(np.random.default_rng(1)),
    ):
        assert (drawn[:, 1:4].sum(axis=1) == 1).all()
        assert drawn.mean(axis=0) == pytest.approx(points.mean(axis=0))


def test_permuting_parts_a_category_from_the_rest_and_the_copula_does_not():
    points = _with_categories()
    own = np.corrcoef(points[:, 0], points[:, 2])[0, 1]
    apart, cloud = (
        permute_columns(points, np.random.default_rng(1)),
        fit_copula(points, seed=1)(np.random.default_rng(1)),
    )
    assert abs(np.corrcoef(apart[:, 0], apart[:, 2])[0, 1]) < 0.1
    assert np.corrcoef(cloud[:, 0], cloud[:, 2])[0, 1] == pytest.approx(own, abs=0.1)


def test_levels_are_ordered_by_where_their_customers_stand():
    points = _with_categories()
    scores = order_levels(points, find_categories(points))
    assert np.array_equal(scores[:, 0], points[:, 0])
    middle = [scores[points[:, column] == 1, 1] for column in (3, 1, 2)]
    assert all(len(np.unique(score)) == 1 for score in middle)
    # Along the number or against it: a component has no sign.
    assert [score[0] for score in middle] in ([0, 1, 2], [2, 1, 0])
