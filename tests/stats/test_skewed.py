"""Means of skewed values: formulas by hand, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from crm_research.stats.skewed import mean_interval, skewed_interval, skewed_p_value, skewness_of_mean


def test_without_skewness_it_is_students_interval():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    found = mean_interval(values)
    # R: t.test(1:5)$conf.int is 1.036757 4.963243
    assert [float(part) for part in found] == pytest.approx([3.0, 1.036757, 4.963243], abs=1e-6)


def test_each_side_is_the_farthest_of_student_johnson_and_hall_by_hand():
    values = np.array([0.0, 0.0, 0.0, 0.0, 10.0, 1.0, 1.0, 2.0])
    n, mean, sd = 8, 1.75, values.std(ddof=1)
    error = sd / np.sqrt(n)
    g = float(((values - mean) ** 3).mean() / ((values - mean) ** 2).mean() ** 1.5 / np.sqrt(n))
    t = stats.t.ppf(0.975, 7)
    # Johnson: g/3 u^2 + u + g/6 = +-t; Hall: the cube root. u is the standardised distance of the mean from the truth.
    johnson_high = (-1 + np.sqrt(max(1 - 4 * g / 3 * (g / 6 + t), 0))) / (2 * g / 3)
    hall_high = 3 / g * (np.cbrt(1 - g * (t + g / 6)) - 1)
    found = mean_interval(values)
    assert float(found.upper) == pytest.approx(mean - min(johnson_high, hall_high, -t) * error)
    assert float(found.lower) == pytest.approx(mean - t * error)  # the long tail lies above: Student's is the farthest


def test_turning_the_values_round_turns_the_limits_round():
    values = np.random.default_rng(1).lognormal(size=60)
    one, other = mean_interval(values), mean_interval(-values)
    assert [float(other.lower), float(other.upper)] == pytest.approx([-float(one.upper), -float(one.lower)])


def test_customers_who_share_a_value_count_each():
    values, n = np.array([0.0, 1.0, 9.0]), np.array([30, 10, 2])
    spread_out = mean_interval(np.repeat(values, n))
    assert [float(a) for a in mean_interval(values, n)] == pytest.approx([float(a) for a in spread_out])


@pytest.mark.parametrize("values", [[], [3.0]])
def test_one_value_or_none_has_no_limits(values):
    found = mean_interval(values)
    assert np.isnan(found.lower)
    assert np.isnan(found.upper)


def test_values_that_agree_have_no_spread():
    found = mean_interval([2.0, 2.0, 2.0])
    assert (float(found.estimate), float(found.lower), float(found.upper)) == (2.0, 2.0, 2.0)
    assert skewness_of_mean(0.0, 0.0, 3) == 0.0


@settings(max_examples=200, deadline=None)
@given(
    arrays(float, st.integers(2, 40), elements=st.floats(-1e6, 1e6, allow_subnormal=False)),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_limits_hold_the_mean_and_widen_with_the_level(values, confidence):
    found, wider = mean_interval(values, confidence=confidence), mean_interval(values, confidence=0.995)
    assert found.lower <= found.estimate <= found.upper
    assert wider.lower <= found.lower
    assert wider.upper >= found.upper


@pytest.mark.parametrize("skewness", [-0.9, -0.3, 0.0, 0.3, 0.9])
def test_the_p_value_and_the_interval_agree(skewness):
    for estimate in np.linspace(-6, 6, 61):
        found = skewed_interval(estimate, 1.0, skewness, 99)
        leaves_out = bool(found.lower > 0 or found.upper < 0)
        assert (float(skewed_p_value(estimate, 1.0, skewness, 99)) < 0.05) == leaves_out


@pytest.mark.slow
@pytest.mark.parametrize(("n", "least"), [(100, 0.93), (300, 0.93), (1_000, 0.93), (3_000, 0.93)])
def test_squared_errors_of_heavy_tailed_buyers_are_covered(n, least):
    """Gamma-Poisson buyers (r .24, alpha 4.41 weeks) of 39 + 39 weeks, each predicted by their expectation."""
    rng = np.random.default_rng(n)

    def draw(size: int) -> np.ndarray:
        rate = rng.gamma(0.24, 1 / 4.41, size)
        before, after = rng.poisson(39 * rate), rng.poisson(39 * rate)
        return (after - 39 * (0.24 + before) / (4.41 + 39)) ** 2

    # Var of after given before: (r + x) / (alpha + T) 39 (1 + 39 / (alpha + T)), and x has mean 39 r / alpha.
    truth = 39 * (0.24 + 39 * 0.24 / 4.41) / 43.41 * (1 + 39 / 43.41)
    covered = [bool(part.lower <= truth <= part.upper) for part in (mean_interval(draw(n)) for _ in range(2_000))]
    assert least <= np.mean(covered) <= 0.975
