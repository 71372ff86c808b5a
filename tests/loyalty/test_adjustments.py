"""Degrees of freedom and errors by customer that the loyalty page promises, with their exact numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crm_research.pillars.loyalty.effects.balancing import Balance, compare_balanced, e_value
from crm_research.pillars.loyalty.index.ridge import compare_deviance, compare_ranking
from crm_research.stats.skewed import mean_interval

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # R: qnorm(.9)


def test_balanced_means_have_students_interval_by_customer():
    # Nothing is left to adjust for (`before` never differs): the exposed less the weighted others.
    outcome = np.array([5.0, 7, 9, 1, 2, 6, 3])
    is_exposed = np.array([True, True, True, False, False, False, False])
    weight = np.array([0.4, 0.3, 0.2, 0.1])
    owner = np.array([0, 0, 1, 2, 3, 3, 4])
    found = compare_balanced(
        outcome,
        is_exposed,
        np.zeros((7, 1)),
        Balance(weight=weight, largest_gap=0.0, n_effective=1 / 0.3),
        owner,
        confidence=0.8,
    )
    theirs = 0.4 + 0.6 + 1.2 + 0.3
    assert found["mean"] == 7.0
    assert found["mean_alike"] == pytest.approx(theirs)
    assert found["difference"] == pytest.approx(7 - theirs)
    moved = np.concatenate([np.array([-2, 0, 2]) / 3, -weight * (outcome[3:] - theirs)])
    sums = np.bincount(owner, moved)
    # Five customers: 5 / 4; the smaller side is that of three exposed (the others are worth 3.33): two degrees.
    error = np.sqrt(5 / 4 * (sums**2).sum())
    half = stats.t.ppf(0.9, 2) * error
    assert [found["lower"], found["upper"]] == pytest.approx([7 - theirs - half, 7 - theirs + half])
    few = compare_balanced(
        outcome,
        is_exposed,
        np.zeros((7, 1)),
        Balance(weight=weight, largest_gap=0.0, n_effective=2.5),
        owner,
        confidence=0.8,
    )
    assert few["upper"] - few["difference"] == pytest.approx(stats.t.ppf(0.9, 1.5) * error)


def test_two_rankings_are_compared_as_delong_has_it():
    y = np.array([1.0, 1, 1, 0, 0, 0, 0])
    score, other = np.array([9.0, 5, 7, 1, 6, 2, 5]), np.array([3.0, 8, 2, 4, 1, 7, 5])
    one, two, gap = compare_ranking(y, score, other, confidence=0.8)
    # Of each who came, the share ranked below: 4, 2.5 and 4 of 4; by the other 1, 4 and 1.
    came_one, came_two = np.array([4, 2.5, 4]) / 4, np.array([1, 4, 1]) / 4
    # Of each other, the share of those who came ranked above: 3, 2, 3, 2.5 of 3; by the other 1, 3, 1, 1.
    stayed_one, stayed_two = np.array([3, 2, 3, 2.5]) / 3, np.array([1, 3, 1, 1]) / 3
    assert (one, two) == pytest.approx((came_one.mean(), came_two.mean()))
    error = np.sqrt((came_one - came_two).var(ddof=1) / 3 + (stayed_one - stayed_two).var(ddof=1) / 4)
    difference = one - two
    assert [float(part) for part in gap] == pytest.approx([difference, difference - Z * error, difference + Z * error])
    assert np.isnan(compare_ranking(np.array([1.0, 0, 0]), score[:3], other[:3])[0])


def test_deviances_are_compared_in_pairs():
    y, chance, other = np.array([1.0, 0, 1, 0]), np.array([0.8, 0.3, 0.6, 0.1]), np.array([0.5, 0.5, 0.9, 0.4])
    right, wrong = np.array([0.8, 0.7, 0.6, 0.9]), np.array([0.5, 0.5, 0.9, 0.6])
    limits = mean_interval(-2 * np.log(wrong) + 2 * np.log(right), confidence=0.8)
    found = compare_deviance(y, chance, other, confidence=0.8)
    assert [float(part) for part in found] == pytest.approx([float(part) for part in limits])


def test_the_e_value_is_the_same_for_a_ratio_and_its_inverse():
    # VanderWeele and Ding (2017): 3.9 has 7.26.
    assert e_value(3.9) == pytest.approx(7.263, abs=5e-4)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert e_value(1.0) == 1.0
    assert np.isnan([e_value(0.0), e_value(-1.0), e_value(np.inf)]).all()
