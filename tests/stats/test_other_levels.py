"""Every limit at a level that is not the usual one, with R's numbers: a level that is not handed on shows here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from crm_research.stats.correlations import Moments, resample_correlations, resample_moments
from crm_research.stats.intervals import (
    exact_share,
    log_interval,
    logit_interval,
    newcombe_difference,
    normal_interval,
    normal_quantile,
    poisson_rate,
    wilson_share,
)
from crm_research.stats.leading import find_leader, find_leader_within, find_leading_count, leading_quantile, widen
from crm_research.stats.multiplicity import adjust_holm
from crm_research.stats.resampling import bootstrap_interval, poisson_bootstrap_interval
from crm_research.stats.scoring import compare_brier
from crm_research.stats.skewed import mean_interval, skewed_interval, skewed_p_value, skewness_of_mean

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def told(interval):
    return [float(np.squeeze(part)) for part in interval]


def test_limits_of_shares_and_rates_at_eighty_per_cent():
    # R: prop.test(7, 40, conf.level = .8, correct = FALSE); binom.test(7, 40, ...); poisson.test(7, 2.5, ...)
    assert told(wilson_share(7, 40, confidence=0.8)) == pytest.approx([0.175, 0.1112774939, 0.2643584931], abs=1e-10)
    assert told(exact_share(7, 40, confidence=0.8)) == pytest.approx([0.175, 0.1001197371, 0.2767269305], abs=1e-10)
    assert told(poisson_rate(7, 2.5, confidence=0.8)) == pytest.approx([2.8, 1.557906722, 4.708365785], abs=1e-9)
    # R: binom.test(0, 9, conf.level = .8) and of 9 in 9
    assert told(exact_share(0, 9, confidence=0.8)) == pytest.approx([0.0, 0.0, 0.2257363173], abs=1e-10)
    assert told(exact_share(9, 9, confidence=0.8)) == pytest.approx([1.0, 0.7742636827, 1.0], abs=1e-10)
    assert np.isnan(told(exact_share(0, 0))).all()
    assert np.isnan(told(poisson_rate(3, 0.0))).all()
    assert np.isnan(told(poisson_rate(3, -1.0))).all()


def test_limits_of_a_difference_at_eighty_per_cent():
    # R: prop.test of 20 in 50 and of 9 in 60 at .8, then Newcombe's square and add.
    found = newcombe_difference(20, 50, 9, 60, confidence=0.8)
    assert told(found) == pytest.approx([0.25, 0.1415164198, 0.3533396992], abs=1e-10)


def test_limits_about_normal_at_eighty_per_cent():
    assert normal_quantile(0.8) == pytest.approx(1.281551566, abs=1e-9)  # R: qnorm(.9)
    assert told(normal_interval(10.0, 2.0, confidence=0.8)) == pytest.approx([10.0, 7.436896868, 12.563103132])
    # R: 3 * exp(c(-1, 1) * qnorm(.9) * .6 / 3); plogis(qlogis(.3) + c(-1, 1) * qnorm(.9) * .05 / .21)
    assert told(log_interval(3.0, 0.6, confidence=0.8)) == pytest.approx([3.0, 2.321705339, 3.876460914])
    assert told(logit_interval(0.3, 0.05, confidence=0.8)) == pytest.approx([0.3, 0.2400456621, 0.367683735])
    for edge in (0.0, 1.0):
        assert np.isnan(told(logit_interval(edge, 0.1))[1:]).all()


def test_the_level_and_the_counts_are_refused_in_words():
    for level in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match=rf"^confidence must lie between 0 and 1, not {level}; 95 % is 0\.95\.$"):
            normal_quantile(level)
    for hits, n in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match=r"^A share needs 0 <= n_hits <= n in every place\.$"):
            wilson_share([1, hits], [2, n])


def test_leaders_at_eighty_per_cent():
    # R: qnorm(1 - .2 / 3) = 1.501086; of a difference of two errors of 1, sqrt(2) times as much.
    assert leading_quantile(3, confidence=0.8) == pytest.approx(1.501085946, abs=1e-9)
    least = np.sqrt(2) * 1.501085946
    assert find_leader([-1.0, least + 1e-6, 0.0], 1.0, confidence=0.8) == 1
    assert find_leader([-1.0, least - 1e-6, 0.0], 1.0, confidence=0.8) is None
    # Limits at 80 % for errors of 1; three at 90 % ask for qnorm(1 - .1 / 3) = 1.833915 times sqrt(2).
    z = 1.281551566
    for more, leader in ((1e-6, 2), (-1e-6, None)):
        value = np.array([0.0, -1.0, np.sqrt(2) * stats.norm.isf(0.1 / 3) + more])
        assert find_leader_within(value, value - z, value + z, level=0.8, confidence=0.9) == leader
    # R: 1 - pbinom(12, 20, .5) = .1316 and 1 - pbinom(13, 20, .5) = .0577, on both sides of .2 / 2
    assert find_leading_count([7, 13], confidence=0.8) is None
    assert find_leading_count([6, 14], confidence=0.8) == 1
    # Five at .8: qnorm(1 - .2 / 10) = 2.053749 for 1.281552.
    wide = widen([1.0], [0.5], [2.0], n_compared=5, confidence=0.8)
    assert told(wide) == pytest.approx([1.0, 1 - 0.5 * 2.053748911 / z, 1 + 2.053748911 / z], abs=1e-8)
    assert told(widen([1.0], [0.5], [2.0], n_compared=0)) == pytest.approx([1.0, 0.5, 2.0])


def test_one_with_an_unknown_error_is_in_nobodys_way_and_never_named():
    assert find_leader([9.0, 5.0, 0.0], [np.nan, 1.0, 1.0]) == 1
    assert find_leader([5.0, np.inf, 0.0], 1.0) == 0


def test_holm_never_falls_and_never_exceeds_one():
    # R: p.adjust(c(.01, .04, .03, .005, .9), "holm")
    assert adjust_holm([0.01, 0.04, 0.03, 0.005, 0.9]).tolist() == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.9])
    assert adjust_holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert adjust_holm([]).tolist() == []


@pytest.mark.parametrize("tilt", [0.3, -0.25])
def test_each_limit_is_the_farthest_of_three_roots(tilt):
    t = stats.t.ppf(0.9, 19)

    def root(polynomial, target):
        return optimize.brentq(lambda u: polynomial(u) - target, -2.4, 2.4)

    def johnson(u):
        return u + tilt / 6 + tilt * u**2 / 3

    def hall(u):
        return johnson(u) + tilt**2 * u**3 / 27

    # The distance from the truth in errors lies below t and above -t; so the estimate's limits take its two ends.
    low = max(t, root(johnson, t), root(hall, t))
    high = max(t, -root(johnson, -t), -root(hall, -t))
    found = told(skewed_interval(2.0, 0.5, tilt, 19, confidence=0.8))
    assert found == pytest.approx([2.0, 2 - low * 0.5, 2 + high * 0.5], abs=1e-9)


@pytest.mark.parametrize(("estimate", "tilt"), [(0.9, 0.4), (-0.9, 0.4), (0.9, -0.4), (-0.9, -0.4)])
def test_the_p_value_is_the_largest_of_the_three_tests(estimate, tilt):
    t = estimate / 0.5
    # The statistic of each test at a truth of nought; Johnson's parabola is held at its turn, -1.5 / skewness.
    held = max(t, -1.5 / tilt) if tilt > 0 else min(t, -1.5 / tilt)
    johnson = held + tilt / 6 + tilt * held**2 / 3
    hall = t + tilt * t**2 / 3 + tilt**2 * t**3 / 27 + tilt / 6
    least = min(abs(x) if np.sign(x) == np.sign(t) else 0.0 for x in (t, johnson, hall))
    assert float(skewed_p_value(estimate, 0.5, tilt, 14)) == pytest.approx(2 * stats.t.sf(least, 14), abs=1e-12)


def test_the_p_value_without_skewness_is_students_and_missing_without_an_error():
    assert float(skewed_p_value(1.2, 0.5, 0.0, 9)) == pytest.approx(0.03989788667, abs=1e-10)  # R: 2 * pt(-2.4, 9)
    assert float(skewed_p_value(0.0, 0.5, 0.0, 9)) == 1.0
    assert np.isnan(skewed_p_value(0.0, 0.0, 0.0, 9))


def test_the_skewness_and_the_limits_of_a_weighted_mean_by_hand():
    # 2, 2, 2, 8: mean 3.5, central moments 6.75 and 20.25; skewness 20.25 / 6.75^1.5 / 2 = .57735.
    assert float(skewness_of_mean(6.75, 20.25, 4)) == pytest.approx(0.5773502692)
    found = mean_interval([2.0, 8.0], [3, 1], confidence=0.8)
    limits = skewed_interval(3.5, np.sqrt(6.75 / 3), 0.5773502692, 3, confidence=0.8)
    assert told(found) == pytest.approx(told(limits))
    # R: t.test(c(-2, -1, 0, 1, 2), conf.level = .8)$conf.int (no skewness)
    assert told(mean_interval([-2.0, -1, 0, 1, 2], confidence=0.8)) == pytest.approx([0, -1.084140553, 1.084140553])
    assert told(mean_interval([1.0, 3.0]))[0] == 2.0
    assert np.isfinite(told(mean_interval([1.0, 3.0]))).all()  # two customers are enough
    assert told(mean_interval([3.0]))[0] == 3.0
    assert np.isnan(told(mean_interval([]))[0])


def test_the_gain_of_a_forecast_has_the_limits_of_its_customers():
    found = compare_brier([4, 10], [2, 1], [0.5, 0.1], [0.3, 0.2], confidence=0.8)
    # Hits: .49 - .25 and .64 - .81; the others: .09 - .25 and .04 - .01.
    gains = [0.24] * 2 + [-0.17] + [-0.16] * 2 + [0.03] * 9
    limits = told(mean_interval(gains, confidence=0.8))
    assert [found.gain, found.lower, found.upper] == pytest.approx(limits)


def test_resampled_limits_take_the_level_the_seed_and_the_number_of_draws():
    values = np.random.default_rng(3).exponential(5, 30)
    for method in ("BCa", "percentile"):
        found = bootstrap_interval(
            values, statistic=np.mean, seed=11, confidence=0.8, n_resamples=300, method=method, paired=False
        )
        peer = stats.bootstrap(
            [values], np.mean, n_resamples=300, confidence_level=0.8, method=method, rng=np.random.default_rng(11)
        ).confidence_interval
        assert told(found) == pytest.approx([values.mean(), peer.low, peer.high])
    rng, draws = np.random.default_rng(5), []
    for _ in range(50):
        weight = rng.poisson(1.0, size=30)
        draws.append(weight @ values / weight.sum())
    weighted = poisson_bootstrap_interval(lambda w: w @ values / w.sum(), n=30, seed=5, confidence=0.8, n_resamples=50)
    assert told(weighted) == pytest.approx([values.mean(), *np.quantile(draws, [0.1, 0.9])])


def test_pairs_of_customers_are_drawn_together():
    before = np.random.default_rng(2).normal(100, 30, 40)
    after = before + 1.0

    def gap(one, other, axis):
        return np.mean(one, axis=axis) - np.mean(other, axis=axis)

    paired = bootstrap_interval(after, before, statistic=gap, seed=1, n_resamples=200, paired=True, method="percentile")
    assert told(paired) == pytest.approx([1.0, 1.0, 1.0])
    alone = bootstrap_interval(after, before, statistic=gap, seed=1, n_resamples=200, method="percentile")
    assert alone.upper - alone.lower > 10
    # One sample of a single customer leaves nothing to draw from.
    assert told(bootstrap_interval(after, [3.0], statistic=gap, seed=1)) == pytest.approx([after.mean() - 3] * 3)


def test_moments_become_correlations_and_spreads():
    found = Moments(means=np.zeros((1, 2)), covariances=np.array([[[4.0, 3.0], [3.0, 9.0]]]))
    assert found.spreads.tolist() == [[2.0, 3.0]]
    assert found.correlations.tolist() == [[[1.0, 0.5], [0.5, 1.0]]]


def test_resamples_are_the_multinomial_draws_of_customers():
    values = np.array([[1.0, 10.0], [2.0, 30.0], [4.0, 20.0], [3.0, 60.0]])
    weights, owner = np.array([1.0, 2.0, 1.0, 3.0]), np.array([0, 1, 0, 2])
    (found,) = resample_moments(values, weights, n_bootstraps=5, seed=8, owner=owner)
    counts = np.random.default_rng(8).multinomial(3, np.full(3, 1 / 3), size=5)
    for place, drawn in enumerate(counts):
        mass = weights * drawn[owner]
        assert found.means[place] == pytest.approx(np.average(values, axis=0, weights=mass))
        assert found.covariances[place] == pytest.approx(np.cov(values.T, aweights=mass, ddof=0))
    (same,) = resample_correlations(values, weights, n_bootstraps=5, seed=8, owner=owner)
    assert same == pytest.approx(found.correlations)
