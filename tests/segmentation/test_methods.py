import numpy as np
import pytest

from crm_research.pillars.segmentation.evidence.kmeans import fit_centres
from crm_research.pillars.segmentation.evidence.other_methods import (
    compare_methods,
    group_by_density,
    group_by_mixture,
    group_by_prototypes,
)


def _clouds():
    rng = np.random.default_rng(1)
    return np.vstack([rng.normal(size=(150, 3)), rng.normal(size=(150, 3)) + 9])


def test_every_method_finds_two_clear_groups():
    found = compare_methods(_clouds(), fit_centres(_clouds(), 2, seed=1), seed=1).set_index("method")
    assert (found["agreement"] > 0.95).all()
    assert (found["n_groups"] == 2).all()
    assert found.loc["Ward", "stability"] == pytest.approx(1)


def test_hdbscan_leaves_the_far_in_no_group_and_its_input_alone():
    points = np.vstack([_clouds(), [[40.0, -40, 40], [-60, 60, 60]]])
    kept = points.copy()
    labels = group_by_density(points)
    assert (labels[-2:] == -1).all()
    assert np.array_equal(points, kept)


def test_a_mixture_tells_a_single_cloud_by_bic():
    labels, said = group_by_mixture(np.random.default_rng(2).normal(size=(300, 2)), k_max=3, seed=1)
    assert len(np.unique(labels)) == 1
    assert said.startswith("1 with")


def test_customers_alike_break_nothing():
    points = np.repeat([[0.0, 1.0], [0.0, 2.0]], 20, axis=0)
    assert len(compare_methods(points, np.array([[0.0, 1.0], [0.0, 2.0]]), seed=1)) == 8


def test_prototypes_by_hand():
    # One number and a category of three levels. Two groups; the third level occurs once in each, so the modes are the
    # first and the second level, and the customers of the third go where their number is.
    levels = np.eye(3)[[0, 0, 0, 2, 1, 1, 1, 2]]
    points = np.column_stack([[0.0, 0.1, 0.2, 0.1, 5.0, 5.1, 5.2, 5.1], levels])
    labels = group_by_prototypes(points, 2, seed=1)
    assert labels[:4].tolist() == [labels[0]] * 4
    assert labels[4:].tolist() == [1 - labels[0]] * 4


def test_prototypes_stand_beside_k_means_where_there_are_categories():
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 2, size=300)
    level = np.where(rng.random(300) < 0.9, groups, rng.integers(0, 3, size=300))
    points = np.column_stack([rng.normal(size=300) + 6 * groups, np.eye(3)[level]])
    found = compare_methods(points, fit_centres(points, 2, seed=1), seed=1).set_index("method")
    assert found.loc["k-prototypes", "agreement"] > 0.95
    assert "k-prototypes" not in set(compare_methods(_clouds(), fit_centres(_clouds(), 2, seed=1), seed=1)["method"])
