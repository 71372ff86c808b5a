"""Points from 0 to 100 and composites on given correlations by hand; refusals in whole sentences."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from crm_research.errors import ParameterError
from crm_research.models.paths.algorithm import Composites, _describe, _inner, _sign, _solve, _unit_variance, regress
from crm_research.models.paths.points import effects_in_points, measure_performance, share_items, to_points

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

VALUES = np.array([[1.0, 2, 3], [5, 4, 3], [3, 8, 3]])


def test_answers_go_from_nought_to_a_hundred_on_their_scale():
    points, notes = to_points(VALUES, ["a", "b", "c"], {"a": (0, 5), "b": (2, 8), "c": (1, 5)})
    assert points.tolist() == pytest.approx(np.array([[20, 0, 50], [100, 100 / 3, 50], [60, 100, 50]]))
    assert notes == []
    same, _ = to_points(VALUES, ["a", "b", "c"], (0, 10))
    assert same.tolist() == pytest.approx(VALUES * 10)


def test_scales_that_are_not_known_are_taken_from_the_answers_and_said():
    start = "Points from 0 to 100 go from the least to the highest answer given, because "
    points, notes = to_points(VALUES, ["a", "b", "c"], None)
    assert points.tolist() == pytest.approx(np.array([[0, 0, 0], [100, 100 / 3, 0], [50, 100, 0]]))
    assert notes == [start + "no item's scale is known."]
    _, notes = to_points(VALUES, ["a", "b", "c"], {"b": (2, 8)})
    assert notes == [start + "the scales of a, c are not known."]


def test_scales_that_cannot_be_are_refused_in_words():
    for pair in ((5, 1), (3, 3)):
        with pytest.raises(ParameterError) as raised:
            to_points(VALUES, ["a", "b", "c"], pair)
        assert str(raised.value) == f"The scale of 'a' must go from a lower to a higher number, not {pair!r}."
    for pair in ((2, 9), (0, 4)):
        with pytest.raises(ParameterError) as raised:
            to_points(VALUES, ["a", "b", "c"], {"a": pair})
        assert str(raised.value) == (
            f"Answers to 'a' run from 1 to 5, outside its scale of {pair[0]} to {pair[1]}. Correct the scale, or make "
            "such answers missing."
        )


def two_constructs():
    plan = SimpleNamespace(
        items=("a", "b", "c"),
        owner=np.array([0, 0, 1]),
        mask=np.array([[1.0, 0], [1, 0], [0, 1]]),
        constructs=("p", "q"),
        leads_to=np.array([[False, True], [False, False]]),
        causes_of=lambda place: np.array([], int) if place == 0 else np.array([0]),
    )
    weights = np.array([[[0.6, 0], [-0.3, 0], [0, 1.0]]])
    moments = SimpleNamespace(spreads=np.array([[20.0, 10.0, 25.0]]), means=np.array([[40.0, 70.0, 55.0]]))
    paths = np.array([[[0, 0.5], [0, 0]]])
    found = Composites(
        weights=weights,
        loadings=weights,
        correlations=np.array([[[1, 0.5], [0.5, 1.0]]]),
        paths=paths,
        r2=np.array([[np.nan, 0.25]]),
        has_converged=np.array([True]),
    )
    return plan, moments, found


def test_shares_performance_and_effects_in_points_by_hand():
    plan, moments, found = two_constructs()
    shares, units = share_items(plan, moments, found)
    # |weight| over spread: .03 and .03 of .06, .04 of .04.
    assert shares.tolist() == [pytest.approx([0.5, 0.5, 1.0])]
    assert units.tolist() == [pytest.approx([0.06, 0.04])]
    # The second counts from the top: half of 40 and half of 30.
    assert measure_performance(plan, moments, found).tolist() == [pytest.approx([35.0, 55.0])]
    assert found.total_effects[0].tolist() == [[0.0, 0.5], [0.0, 0.0]]
    assert effects_in_points(plan, moments, found)[0].tolist() == [[0.0, pytest.approx(0.5 * 0.06 / 0.04)], [0.0, 0.0]]
    still = SimpleNamespace(spreads=np.array([[20.0, 0.0, 25.0]]), means=moments.means)
    assert share_items(plan, still, found)[0].tolist() == [pytest.approx([1.0, 0.0, 1.0])]


def test_neighbours_count_by_the_scheme():
    plan, _, _ = two_constructs()
    among = np.array([[[1.0, -0.4], [-0.4, 1.0]]])
    assert _inner(plan, among, "centroid")[0].tolist() == [[0, -1], [-1, 0]]
    assert _inner(plan, among, "factorial")[0].tolist() == [[0, -0.4], [-0.4, 0]]
    # Causes by regression, consequences by correlation: with one cause they are the same.
    assert _inner(plan, among, "path")[0].tolist() == [[0, -0.4], [-0.4, 0]]
    paths, r2 = regress(plan, among)
    assert paths[0].tolist() == [[0, -0.4], [0, 0]]
    assert r2[0].tolist() == pytest.approx([np.nan, 0.16], nan_ok=True)


def test_composites_have_variance_one_and_keep_their_sign():
    weights, correlations = np.array([[[2.0], [1.0]]]), np.array([[[1.0, 0.25], [0.25, 1.0]]])
    # 4 + 1 + 2 x 2 x 1 x .25 = 6
    assert _unit_variance(weights, correlations)[0].tolist() == [
        [pytest.approx(2 / np.sqrt(6))],
        [pytest.approx(1 / np.sqrt(6))],
    ]
    assert _unit_variance(weights * 0, correlations)[0].tolist() == [[0.0], [0.0]]
    assert _sign(weights, -weights).tolist() == [[[-1.0]]]
    assert _sign(weights, weights).tolist() == [[[1.0]]]
    twins = _solve(np.array([[[1.0, 1], [1, 1]]]), np.array([[0.6, 0.6]]))
    assert twins.tolist() == [pytest.approx([0.3, 0.3])]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_construct_is_turned_so_that_its_items_load_positively_in_sum(sign):
    """Loadings .87 and -.21 sum to .66: turned only where they sum to less than nought, however little they sum to."""
    plan = SimpleNamespace(
        mask=np.array([[1.0, 0], [1, 0], [0, 1]]), constructs=("p", "q"),
        causes_of=lambda place: np.array([], int) if place == 0 else np.array([0]),
    )  # fmt: skip
    correlations = np.array([[[1.0, 0.1, 0.4], [0.1, 1.0, 0.2], [0.4, 0.2, 1.0]]])
    weights = np.array([[[0.9, 0], [-0.3, 0], [0, 1.0]]])
    found = _describe(plan, correlations, weights * sign, np.array([True]))
    assert found.weights[0].tolist() == pytest.approx(weights[0])
    # The third item: .9 x .4 - .3 x .2 = .3 with the first construct; of it .4 and .2 with the second.
    assert found.loadings[0] == pytest.approx(np.array([[0.87, 0.4], [-0.21, 0.2], [0.3, 1.0]]))
    assert found.correlations[0, 0, 1] == pytest.approx(0.3)
    assert found.paths[0, 0, 1] == pytest.approx(0.3)
    assert found.r2[0].tolist() == pytest.approx([np.nan, 0.09], nan_ok=True)
