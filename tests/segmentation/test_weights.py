import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crm_research.pillars.segmentation.evidence.gather import find_groups
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres
from crm_research.pillars.segmentation.evidence.weights import measure_spread, weigh_inputs
from crm_research.pillars.segmentation.inputs.choose import scale_robustly
from crm_research.pillars.segmentation.inputs.transforms import recover_transforms


def _scaled(points):
    return np.column_stack([scale_robustly(column) for column in points.T])


def _blurred(n=400):
    """Two groups six standard deviations apart on one input, beside two inputs that tell nothing."""
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 2, size=n)
    return _scaled(rng.normal(size=(n, 3)) + 6 * groups[:, None] * np.array([1, 0, 0])), groups


def test_the_spread_within_groups_by_hand():
    points, labels = np.array([[0.0, 1], [2.0, 1], [10.0, 4], [14.0, 8]]), np.array([0, 0, 1, 1])
    # Squares about the means 1 and 12: 1 + 1 + 4 + 4 over four customers; about 1 and 6: 0 + 0 + 4 + 4.
    assert measure_spread(points, labels) == pytest.approx([np.sqrt(2.5), np.sqrt(2)])


@pytest.mark.slow
def test_groups_blurred_by_the_scale_are_found_with_weights():
    points, groups = _blurred()
    plain = assign_nearest(points, fit_centres(points, 2, seed=1, n_starts=10))
    assert adjusted_rand_score(groups, plain) < 0.9
    weights = weigh_inputs(points, k_min=2, k_max=5, seed=1)
    assert weights[0] > 2 * weights[1:].max()
    assert np.log(weights).mean() == pytest.approx(0, abs=1e-9)
    found = find_groups(points, k_max=5, n_bootstraps=20)
    assert adjusted_rand_score(groups, found.labels) > 0.95
    assert found.verdict == "natural"
    assert np.array_equal(found.labels, assign_nearest(points * found.weights, found.centres))


def test_without_clear_gaps_every_input_counts_the_same():
    rng = np.random.default_rng(2)
    for points in (rng.normal(size=(300, 4)), rng.gamma(0.6, size=(300, 4)), rng.uniform(size=(300, 2))):
        assert (weigh_inputs(_scaled(points), k_min=2, k_max=4, seed=1) == 1).all()


def test_levels_of_a_category_keep_their_weight_and_are_no_gap():
    points = _blurred()[0]
    flag = np.random.default_rng(3).integers(0, 2, size=(len(points), 1)) * 2.0 - 1
    weights = weigh_inputs(np.hstack([points, flag]), k_min=2, k_max=4, seed=1)
    assert weights[3] == 1
    assert weights[0] > 1
    assert (weigh_inputs(flag, k_min=2, k_max=2, seed=1) == 1).all()
    noise = np.random.default_rng(5).normal(size=(len(points), 2))
    assert (weigh_inputs(np.hstack([noise, flag]), k_min=2, k_max=3, seed=1) == 1).all()


def test_a_weighted_input_is_recovered_with_its_weight():
    raw = pd.DataFrame({"spend": np.random.default_rng(1).lognormal(3, 2, size=500)})
    scaled = _scaled(np.log1p(raw.to_numpy())) * 2.5
    assert scaled.max() == pytest.approx(7.5)
    transform = recover_transforms(raw, scaled, ["spend"], ["money"])[0]
    assert transform.weight == pytest.approx(2.5)
    assert transform.is_logarithmic
    assert transform.apply(np.array([1e12])) == pytest.approx(7.5)
    assert transform.apply(raw["spend"].to_numpy()) == pytest.approx(scaled[:, 0])
