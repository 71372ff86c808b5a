import numpy as np
import pytest

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres
from crm_research.pillars.segmentation.evidence.separation import (
    find_heap_rule,
    measure_borders,
    spread_ties,
    worst_border,
)


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


def _quarters(n=500):
    points = np.random.default_rng(7).uniform(size=(n, 2))
    return points, (points[:, 0] > 0.5).astype(int) + 2 * (points[:, 1] > 0.5)


def test_quarters_of_a_square_have_no_gaps_and_meet_at_a_corner_only():
    # The line between two quarters that face each other over the corner used to look empty: gaps on 2 of 6 borders.
    found = measure_borders(*_quarters(), seed=1).set_index(["group", "other"])
    assert not found["is_gap"].any()
    assert found.index[~found["is_border"]].tolist() == [(0, 3), (1, 2)]
    assert found.loc[~found["is_border"], "border_density"].isna().all()
    assert found.loc[found["is_border"], "border_density"].min() > 0.8


def _ring(seed, n=600, width=0.4):
    rng = np.random.default_rng(seed)
    turns = rng.uniform(0, 2 * np.pi, size=n)
    return np.column_stack([np.cos(turns), np.sin(turns)]) * 5 + rng.normal(size=(n, 2)) * width, turns


def test_only_neighbours_on_a_ring_have_a_border_and_none_is_a_gap():
    # Six equal arcs: the line between others runs across the empty middle (10 of 15 used to be gaps).
    points, turns = _ring(1)
    found = measure_borders(points, (turns / (2 * np.pi) * 6).astype(int), seed=1)
    pairs = found.loc[found["is_border"], ["group", "other"]].to_numpy().tolist()
    assert pairs == [[0, 1], [0, 5], [1, 2], [2, 3], [3, 4], [4, 5]]
    assert not found["is_gap"].any()


def test_customers_of_a_third_group_fill_the_line_between_two():
    # Three clouds in a row, six apart: the outer two are no neighbours.
    rng = np.random.default_rng(8)
    points = rng.normal(size=(300, 2)) + np.repeat([0, 6, 12], 100)[:, None] * np.array([1, 0])
    found = measure_borders(points, np.repeat([0, 1, 2], 100), seed=1)
    assert found["is_border"].tolist() == [True, False, True]
    assert found["is_gap"].tolist() == [True, False, True]


def test_every_group_has_a_border_also_one_that_nobody_has_as_the_next_nearest():
    # Two clouds four apart, a third one 20 away: the first two have each other as the next nearest.
    rng = np.random.default_rng(9)
    points = rng.normal(size=(300, 2)) + np.repeat([[0, 0], [4, 0], [1, 20]], 100, axis=0)
    found = measure_borders(points, np.repeat([0, 1, 2], 100), seed=1)
    assert found["is_border"].tolist() == [True, True, False]
    assert found["is_gap"].tolist() == [True, True, False]


def test_so_few_customers_that_chance_makes_a_gap_make_none():
    # Five customers at 0 to .4 and five at 1 to 1.4: half as dense between, and p of the dip 1 by R's dip.test.
    points = np.r_[np.linspace(0, 0.4, 5), np.linspace(0.8, 1.2, 5)][:, None]
    found = measure_borders(points, np.repeat([0, 1], 5), seed=1).iloc[0]
    assert not found["is_gap"]


_WITHOUT_GAPS = {
    "uniform": lambda rng: rng.uniform(size=(400, 2)),
    "uniform in four inputs": lambda rng: rng.uniform(size=(400, 4)),
    "one Gaussian": lambda rng: rng.normal(size=(400, 3)),
    "skewed": lambda rng: rng.gamma(0.5, size=(400, 3)),
    "t with two degrees of freedom": lambda rng: rng.standard_t(2, size=(400, 3)),
    "ring": lambda rng: _ring(int(rng.integers(1_000_000)))[0],
}


@pytest.mark.parametrize("world", _WITHOUT_GAPS)
def test_worlds_without_gaps_show_hardly_any(world):
    # 20 worlds each in four and six groups: at most one in twenty with any gap.
    for k in (4, 6) if world != "ring" else (6, 8):
        n_with = 0
        for seed in range(20):
            points = _WITHOUT_GAPS[world](np.random.default_rng(seed))
            labels = assign_nearest(points, fit_centres(points, k, seed=seed, n_starts=2))
            n_with += bool(measure_borders(points, labels, seed=seed)["is_gap"].any())
        assert n_with <= 1
