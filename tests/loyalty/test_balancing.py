"""Weights that make two sides alike, and what they leave of a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.pillars.loyalty.effects.balancing import balance, compare_balanced, e_value, weigh_classes


def test_two_values_are_weighed_by_hand():
    exposed, others = np.array([[1.0], [1.0], [1.0], [0.0]]), np.array([[0.0], [0.0], [1.0]])
    found = balance(exposed, others, np.ones(3))
    assert found.weight == pytest.approx([0.125, 0.125, 0.75], abs=1e-3)
    assert found.is_balanced
    assert found.n_effective == pytest.approx(1 / (2 * 0.125**2 + 0.75**2), rel=1e-2)


def test_sides_that_do_not_overlap_are_said_to_differ():
    found = balance(np.full((30, 1), 5.0) + np.arange(30)[:, None], np.arange(4.0)[:, None], np.ones(4))
    assert not found.is_balanced
    assert np.isfinite(found.weight).all()
    assert found.weight.sum() == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10.0))
def test_weights_do_not_depend_on_units(seed, unit):
    rng = np.random.default_rng(seed)
    exposed, others = rng.normal(0.3, 1, (40, 2)), rng.normal(0, 1, (200, 2))
    one = balance(exposed, others, np.ones(200))
    other = balance(exposed * unit, others * unit, np.ones(200))
    assert one.weight == pytest.approx(other.weight, abs=1e-6)
    assert (one.weight >= 0).all()


def test_classes_are_weighed_as_the_exposed_stand_in_them():
    classes = pd.Series(["a", "a", "b", "a", "b", "b", "c", "d"])
    is_exposed = np.array([True, True, True, False, False, False, False, True])
    kept, weight = weigh_classes(classes, is_exposed)
    assert kept.tolist() == [True] * 6 + [False, False]
    assert weight.tolist() == [2.0, 0.5, 0.5]


def one_comparison(seed, n=500):
    rng = np.random.default_rng(seed)
    is_exposed = rng.random(n) < 0.2
    before = rng.normal(np.where(is_exposed, 0.8, 0.0), 1.0)[:, None]
    outcome = before[:, 0] + rng.normal(size=n) + 0.5 * is_exposed
    found = balance(before[is_exposed], before[~is_exposed], np.ones((~is_exposed).sum()))
    row = compare_balanced(outcome, is_exposed, before, found, np.arange(n), confidence=0.95)
    return row, outcome[is_exposed].mean() - outcome[~is_exposed].mean()


def test_a_difference_that_what_was_known_explains_is_taken_away():
    found = [one_comparison(seed) for seed in range(200)]
    assert np.mean([raw for _, raw in found]) > 1.2
    assert np.mean([row["difference"] for row, _ in found]) == pytest.approx(0.5, abs=0.03)
    assert 0.91 <= np.mean([row["lower"] <= 0.5 <= row["upper"] for row, _ in found]) <= 0.99
    row = found[0][0]
    assert row["mean"] - row["mean_alike"] == pytest.approx(row["difference"])


def test_rows_of_one_customer_count_as_one():
    rng = np.random.default_rng(6)
    is_exposed, before = np.arange(200) < 60, rng.normal(size=(200, 1))
    outcome, owner = rng.normal(size=200), np.arange(200)
    found = balance(before[is_exposed], before[~is_exposed], np.ones(140))
    one = compare_balanced(outcome, is_exposed, before, found, owner, confidence=0.95)
    twice = [np.concatenate([part, part]) for part in (outcome, is_exposed, before, owner)]
    again = balance(twice[2][twice[1]], twice[2][~twice[1]], np.ones(280))
    two = compare_balanced(twice[0], twice[1], twice[2], again, twice[3], confidence=0.95)
    assert two["difference"] == pytest.approx(one["difference"], abs=1e-3)
    assert two["upper"] - two["lower"] == pytest.approx(one["upper"] - one["lower"], rel=0.03)


@pytest.mark.parametrize(
    ("ratio", "value"),
    # VanderWeele and Ding (2017): a ratio of 3.9 has an E-value of 7.26, its limit 1.8 one of 3.0.
    [(3.9, 7.26), (1.8, 3.0), (1.0, 1.0), (1 / 3.9, 7.26)],
)
def test_e_values_as_published(ratio, value):
    assert e_value(ratio) == pytest.approx(value, abs=0.005)


def test_no_ratio_has_no_e_value():
    assert np.isnan(e_value(float("nan")))
    assert np.isnan(e_value(0.0))
