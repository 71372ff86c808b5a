import numpy as np
import pytest

from crm_research.segmentation.borders import find_heap_rule, measure_borders, spread_ties, worst_border


def _halves(distance, n=4_000):
    rng = np.random.default_rng(1)
    points = np.vstack([rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + np.array([distance, 0])])
    return points, np.repeat([0, 1], n)


def test_density_on_the_border_of_two_normal_groups():
    # Half-way between two standard normals that are d apart: 2 phi(d/2) / (phi(0) + phi(d)).
    for distance, expected in ((4.0, 0.2706), (6.0, 0.0222)):
        found = measure_borders(*_halves(distance), seed=1)["border_density"].iloc[0]
        assert found == pytest.approx(expected, abs=0.06)


def test_a_cloud_cut_in_two_has_no_gap():
    points = np.random.default_rng(2).normal(size=(2_000, 3))
    found = measure_borders(points, (points[:, 0] > 0).astype(int), seed=1)
    assert found["border_density"].iloc[0] > 0.9
    assert not found["is_gap"].iloc[0]


def test_the_room_between_one_purchase_and_two_is_no_gap():
    orders = np.log1p(np.random.default_rng(3).geometric(0.5, size=3_000).astype(float))[:, None]
    labels = (orders[:, 0] > np.log1p(1.5)).astype(int)
    found = measure_borders(orders, labels, seed=1, names=["n_orders"])
    assert found["heap"].iloc[0] == "n_orders"
    assert found["heap_value"].iloc[0] == pytest.approx(np.log(2))
    assert not found["is_gap"].iloc[0]
    assert found["border_density"].iloc[0] > 0.5


def test_a_gap_between_whole_numbers_stays_a_gap():
    rng = np.random.default_rng(4)
    counts = np.r_[1 + rng.poisson(1, 500), 20 + rng.poisson(4, 500)].astype(float)
    found = measure_borders(np.log1p(counts)[:, None], np.repeat([0, 1], 500), seed=1)
    assert found["is_gap"].iloc[0]


def test_a_tail_that_was_cut_off_is_no_hump():
    values = np.minimum(np.random.default_rng(5).exponential(size=4_000), 2.0)[:, None]
    labels = (values[:, 0] > 1.5).astype(int)
    assert worst_border(values, labels, seed=1) > 0.8
    assert spread_ties(values, seed=1).max() > 3


def test_values_without_ties_are_left_alone():
    points = np.random.default_rng(6).normal(size=(50, 2))
    assert np.array_equal(spread_ties(points, seed=1), points)


def test_yes_and_no_are_a_rule():
    assert find_heap_rule(np.zeros((30, 1)), np.ones((30, 1)))[0] == 0
    assert find_heap_rule(np.tile([[0.0], [1.0]], (15, 1)), np.tile([[1.0], [0.0]], (15, 1)))[0] is None


@pytest.mark.parametrize("points", [np.zeros((20, 2)), np.r_[np.zeros((19, 2)), np.full((1, 2), 1e300)]])
def test_identical_customers_and_one_giant_break_nothing(points):
    with np.errstate(over="ignore", invalid="ignore"):
        found = measure_borders(np.clip(points, -3, 3), np.repeat([0, 1], 10), seed=1)
    assert not found["is_gap"].any()
