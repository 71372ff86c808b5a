import numpy as np
import pytest

from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres
from crm_research.pillars.segmentation.evidence.number_of_groups import (
    compare_numbers_of_groups,
    measure_agreement,
    measure_bic,
    measure_gaps,
)
from crm_research.pillars.segmentation.groups.words import vote


def _three(n=120, apart=8.0):
    rng = np.random.default_rng(1)
    return np.vstack([rng.normal(size=(n, 2)) + place for place in ([0, 0], [apart, 0], [0, apart])])


def test_all_criteria_speak_for_three_planted_groups():
    found = compare_numbers_of_groups(_three(), k_min=2, k_max=5, seed=1)
    assert int(found.loc[found["is_chosen"], "n_groups"].iloc[0]) == 3
    assert vote(found)[3] == ["silhouette", "calinski_harabasz", "gap", "bic", "stability"]
    three = found[found["n_groups"] == 3].iloc[0]
    assert three["seeds"] > 0.6
    assert three["subsets"] == pytest.approx(1)


def test_the_gap_of_one_cloud_asks_for_no_second_group():
    points = np.random.default_rng(2).uniform(size=(400, 2))
    assert not measure_gaps(points, k_min=2, k_max=4, seed=1)["is_gap_choice"].any()


def test_bic_by_hand_of_one_input():
    # One Gaussian: -2 log likelihood at the moments, and two free numbers at log n each.
    points = np.random.default_rng(3).normal(size=(500, 1))
    labels = np.zeros(500, dtype=np.int64)
    expected = 500 * (np.log(2 * np.pi * points.var()) + 1) + 2 * np.log(500)
    assert measure_bic(points, labels, 1, seed=1) == pytest.approx(expected, rel=0.01)


def test_agreement_of_clear_groups_is_one():
    points = _three()
    labels = assign_nearest(points, fit_centres(points, 3, seed=1))
    assert measure_agreement(points, labels, 3, seed=1)[1] == pytest.approx(1)
