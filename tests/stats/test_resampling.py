"""Bootstrap intervals: seeded, sensible at the edges, and covering what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.stats.resampling import bootstrap_interval, poisson_bootstrap_interval


def test_the_same_seed_gives_the_same_limits_and_another_gives_others():
    spend = np.random.default_rng(1).exponential(50, 200)
    first = bootstrap_interval(spend, statistic=np.mean, seed=7)
    assert first == bootstrap_interval(spend, statistic=np.mean, seed=7)
    assert first != bootstrap_interval(spend, statistic=np.mean, seed=8)
    assert first.lower < first.estimate < first.upper


def test_bca_leans_to_the_long_tail():
    spend = np.random.default_rng(2).lognormal(3, 1, 60)
    bca = bootstrap_interval(spend, statistic=np.mean, seed=1, n_resamples=4000)
    plain = bootstrap_interval(spend, statistic=np.mean, seed=1, n_resamples=4000, method="percentile")
    assert bca.upper > plain.upper
    assert bca.lower > plain.lower


def test_constant_and_single_customers_give_the_estimate_without_a_warning():
    for spend in ([5.0, 5.0, 5.0], [5.0]):
        assert [float(v) for v in bootstrap_interval(spend, statistic=np.mean, seed=1)] == [5.0, 5.0, 5.0]


def test_poisson_weights_agree_with_the_ordinary_bootstrap():
    spend = np.random.default_rng(3).exponential(50, 400)
    ordinary = bootstrap_interval(spend, statistic=np.mean, seed=1, method="percentile")
    weighted = poisson_bootstrap_interval(lambda w: np.sum(w * spend) / np.sum(w), n=len(spend), seed=1)
    assert weighted.lower == pytest.approx(float(ordinary.lower), rel=0.03)
    assert weighted.upper == pytest.approx(float(ordinary.upper), rel=0.03)


def test_percentile_limits_cover_the_true_mean_about_as_often_as_they_claim():
    rng = np.random.default_rng(4)
    hits = 0
    for world in range(200):
        found = bootstrap_interval(rng.normal(10, 2, 60), statistic=np.mean, seed=world, n_resamples=400)
        hits += found.lower <= 10 <= found.upper
    assert 0.90 <= hits / 200 <= 0.985
