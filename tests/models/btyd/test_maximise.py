"""The search: it finds the top, knows how sharp it is, and says when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd.maximise import maximise
from crm_research.models.btyd.scoring import draw_params

NAMES = ("first", "second")


def a_hill(top=(0.5, -1.0), information=((2.0, 0.6), (0.6, 1.0))):
    centre, matrix = np.array(top), np.array(information)

    def objective(point):
        away = point - centre
        return float(-away @ matrix @ away / 2), -matrix @ away

    return objective, matrix


def test_the_top_and_its_sharpness_are_found_from_anywhere():
    objective, matrix = a_hill()
    found = maximise(objective, [np.array([5.0, 5.0]), np.array([-7.0, 3.0])], n_customers=50.0, names=NAMES)
    assert found.is_converged
    assert found.notes == ()
    np.testing.assert_allclose(found.log_params, [0.5, -1.0], atol=1e-7)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(50 * matrix), rtol=1e-6)


def test_the_highest_of_several_tops_is_taken():
    def two_hills(point):
        heights = [1.0, 1.5]
        centres = [np.array([-4.0, 0.0]), np.array([4.0, 0.0])]
        parts = [height * np.exp(-((point - at) ** 2).sum() / 4) for height, at in zip(heights, centres, strict=True)]
        slope = sum(-part * (point - at) / 2 for part, at in zip(parts, centres, strict=True))
        return float(sum(parts)), slope

    found = maximise(two_hills, [np.array([-3.0, 0.1]), np.array([3.0, 0.1])], n_customers=10.0, names=NAMES)
    assert found.log_params[0] == pytest.approx(4.0, abs=1e-3)


def test_a_slope_without_end_is_reported_by_name():
    def slope(point):
        return float(point[0] - point[1] ** 2), np.array([1.0, -2 * point[1]])

    found = maximise(slope, [np.zeros(2)], n_customers=10.0, names=NAMES)
    assert not found.is_converged
    assert "first" in found.notes[0]
    assert "second" not in found.notes[0]
    assert np.isnan(found.covariance).all()


def test_a_ridge_is_no_top():
    def ridge(point):
        return float(-((point[0] + point[1]) ** 2)), -2 * (point[0] + point[1]) * np.ones(2)

    found = maximise(ridge, [np.array([1.0, 0.0])], n_customers=10.0, names=NAMES)
    assert not found.is_converged
    assert "flat" in found.notes[0]


def test_a_parameter_that_is_hardly_known_is_named():
    objective, _ = a_hill(information=((2.0, 0.0), (0.0, 0.001)))
    found = maximise(objective, [np.zeros(2)], n_customers=50.0, names=NAMES)
    assert found.is_converged
    assert found.notes == ("The data hardly determine second: see the intervals.",)


def test_a_misleading_part_of_the_patterns_does_not_spoil_the_whole():
    objective, _ = a_hill()

    def rising(point):
        return float(point.sum()), np.ones(2)

    found = maximise(objective, [np.zeros(2)], n_customers=50.0, names=NAMES, rough=rising)
    assert found.is_converged
    np.testing.assert_allclose(found.log_params, [0.5, -1.0], atol=1e-7)


def test_drawn_parameters_have_the_spread_of_the_fit():
    covariance = np.array([[0.04, 0.03], [0.03, 0.09]])
    drawn = draw_params(np.array([1.0, -1.0]), covariance, 40_000, np.random.default_rng(1))
    np.testing.assert_allclose(np.log(drawn).mean(axis=0), [1.0, -1.0], atol=0.01)
    np.testing.assert_allclose(np.cov(np.log(drawn).T), covariance, rtol=0.05)
    assert draw_params(np.zeros(2), np.full((2, 2), np.nan), 10, np.random.default_rng(1)) is None
