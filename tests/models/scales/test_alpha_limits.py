"""Limits of alpha: by a slow jackknife, by what cannot matter, and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crm_research.models.scales import alpha_of
from crm_research.models.scales.alpha_limits import limit_alpha

LOADINGS = np.array([0.85, 0.85, 0.85])
SKEWED = [-2.0, -1.4, -0.8, 0.1]  # five steps; most answer the upper two


def draw(rng, n, cuts=None):
    trait = rng.normal(size=(n, 1))
    found = trait * LOADINGS + rng.normal(size=(n, 3)) * np.sqrt(1 - LOADINGS**2)
    return found if cuts is None else np.digitize(found, cuts).astype(float)


def test_the_jackknife_is_the_slow_one():
    values = draw(np.random.default_rng(1), 40)
    logs = np.array([np.log(1 - alpha_of(np.cov(np.delete(values, i, axis=0).T))) for i in range(40)])
    half = stats.t.ppf(0.975, 39) * np.sqrt(39 / 40 * ((logs - logs.mean()) ** 2).sum())
    whole = np.log(1 - alpha_of(np.cov(values.T)))
    found = limit_alpha(values, np.ones(40), np.arange(40), confidence=0.95)
    assert found == pytest.approx((1 - np.exp(whole + half), 1 - np.exp(whole - half)))


def test_rows_of_one_customer_are_left_out_together():
    values = draw(np.random.default_rng(2), 60)
    once = limit_alpha(values, np.ones(60), np.arange(60), confidence=0.95)
    twice = limit_alpha(np.repeat(values, 2, axis=0), np.ones(120), np.repeat(np.arange(60), 2), confidence=0.95)
    weighed = limit_alpha(values * 10 + 3, np.full(60, 2.5), np.arange(60), confidence=0.95)
    assert twice == pytest.approx(once)
    assert weighed == pytest.approx(once)


def test_what_has_no_limits():
    values = draw(np.random.default_rng(3), 20)
    assert np.isnan(limit_alpha(values[:, :1], np.ones(20), np.arange(20), confidence=0.95)).all()
    assert np.isnan(limit_alpha(values, np.ones(20), np.zeros(20, dtype=int), confidence=0.95)).all()
    alone = np.zeros((20, 3))
    alone[0] = 1.0  # one customer holds all the difference there is
    assert np.isnan(limit_alpha(alone, np.ones(20), np.arange(20), confidence=0.95)).all()
    copies = np.repeat(values[:, :1], 3, axis=1)
    assert limit_alpha(copies, np.ones(20), np.arange(20), confidence=0.95) == pytest.approx((1.0, 1.0))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "least"), [(50, 0.91), (100, 0.915), (300, 0.925)])
@pytest.mark.parametrize("cuts", [None, SKEWED])
def test_limits_hold_the_truth(n, least, cuts):
    rng = np.random.default_rng(4)
    truth = float(alpha_of(np.cov(draw(rng, 400_000, cuts).T)))
    held = 0
    for _ in range(800):
        lower, upper = limit_alpha(draw(rng, n, cuts), np.ones(n), np.arange(n), confidence=0.95)
        held += lower <= truth <= upper
    assert least <= held / 800 <= 0.975
