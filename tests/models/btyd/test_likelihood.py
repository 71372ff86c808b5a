"""Likelihoods and gradients, held to their definitions by numerical integration and to finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from crm_research.models.btyd.beta_binomial import BgBb
from crm_research.models.btyd.beta_geometric import BgNbd, MbgNbd, _expected_if_alive, purchases_until_dropout
from crm_research.models.btyd.family import History
from crm_research.models.btyd.pareto import ParetoNbd
from crm_research.models.btyd.patterns import Patterns

FAMILIES = [BgNbd(), MbgNbd(), ParetoNbd()]


def some_patterns(seed: int, n: int = 40, longest: float = 50.0) -> Patterns:
    rng = np.random.default_rng(seed)
    frequency = rng.integers(0, 12, n).astype(float)
    age = rng.uniform(1.0, longest, n)
    recency = np.where(frequency > 0, age * rng.uniform(0.05, 1.0, n), 0.0)
    return Patterns(frequency=frequency, recency=recency, age=age, n_customers=rng.integers(1, 9, n).astype(float))


def some_opportunities(seed: int, n: int = 40) -> Patterns:
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 9, n)
    recency = rng.integers(0, age + 1)
    frequency = np.where(recency > 0, rng.integers(1, np.maximum(recency, 1) + 1), 0)
    columns = (frequency, recency, age, rng.integers(1, 9, n))
    frequency, recency, age, weight = (column.astype(float) for column in columns)
    return Patterns(frequency=frequency, recency=recency, age=age, n_customers=weight)


def numeric_gradient(objective, point, step=1e-5):
    axes = np.eye(len(point)) * step
    return np.array([(objective(point + axis)[0] - objective(point - axis)[0]) / (2 * step) for axis in axes])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=30, deadline=None)
@given(
    log_params=st.lists(st.floats(-4, 4), min_size=4, max_size=4),
    seed=st.integers(0, 10_000),
    longest=st.sampled_from([2.0, 50.0, 5_000.0]),
)
def test_gradient_is_that_of_the_likelihood(family, log_params, seed, longest):
    objective = family.objective(some_patterns(seed, longest=longest))
    point = np.array(log_params)
    np.testing.assert_allclose(objective(point)[1], numeric_gradient(objective, point), rtol=1e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(log_params=st.lists(st.floats(-3, 3), min_size=4, max_size=4), seed=st.integers(0, 10_000))
def test_gradient_of_the_bg_bb_is_that_of_its_likelihood(log_params, seed):
    objective = BgBb().objective(some_opportunities(seed))
    point = np.array(log_params)
    np.testing.assert_allclose(objective(point)[1], numeric_gradient(objective, point), rtol=1e-5, atol=1e-6)


def one(frequency: float, recency: float, age: float) -> Patterns:
    columns = (np.array([value]) for value in (frequency, recency, age, 1.0))
    return Patterns(**dict(zip(("frequency", "recency", "age", "n_customers"), columns, strict=True)))


@pytest.mark.parametrize("family", [BgNbd(), MbgNbd()], ids=lambda family: family.name)
@pytest.mark.parametrize(("frequency", "recency", "age"), [(0, 0.0, 12.0), (1, 5.0, 12.0), (4, 11.0, 12.0)])
def test_beta_geometric_likelihood_is_the_mixture_over_customers(family, frequency, recency, age):
    # From the story, for one customer of rate m and dropout chance p (Fader, Hardie and Lee 2005a, equation 3).
    r, alpha, a, b = 0.7, 3.0, 1.3, 2.2
    tosses = frequency + family.first_tosses

    def weight(rate, p):
        gamma = np.exp(r * np.log(alpha) + (r - 1) * np.log(rate) - alpha * rate - special.gammaln(r))
        return gamma * p ** (a - 1) * (1 - p) ** (b - 1) / special.beta(a, b)

    def customer(rate, p):
        alive = (1 - p) ** tosses * rate**frequency * np.exp(-rate * age)
        gone = p * (1 - p) ** (tosses - 1) * rate**frequency * np.exp(-rate * recency) if tosses else 0.0
        return (alive + gone) * weight(rate, p)

    # The gamma density with r < 1 is integrated in the square of its argument, where it is smooth.
    by_hand = integrate.dblquad(lambda root, p: 2 * root * customer(root**2, p), 0, 1, 0, 4, epsabs=1e-13, epsrel=1e-9)[
        0
    ]
    value, _ = family.objective(one(frequency, recency, age))(np.log([r, alpha, a, b]))
    assert np.exp(value) == pytest.approx(by_hand, rel=1e-5)


def published_pareto(params, frequency, recency, age):
    """Fader and Hardie (2005), equations 18 to 20, by Gauss's function; fine while nothing cancels."""
    r, alpha, s, beta = params
    total = r + s + frequency
    large, exponent = (alpha, s + 1) if alpha >= beta else (beta, r + frequency)

    def part(time):
        z = abs(alpha - beta) / (large + time)
        return special.hyp2f1(total, exponent, total + 1, z) / (large + time) ** total

    bracket = (alpha + age) ** -(r + frequency) * (beta + age) ** -s + s / total * (part(recency) - part(age))
    return special.gammaln(r + frequency) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.log(bracket)


@pytest.mark.parametrize("params", [(0.55, 10.6, 0.6, 11.7), (1.5, 20.0, 0.4, 3.0), (0.9, 2.0, 2.5, 30.0)])
@pytest.mark.parametrize(("frequency", "recency", "age"), [(0, 0.0, 39.0), (2, 20.0, 30.0), (9, 31.0, 33.0)])
def test_pareto_nbd_likelihood_is_the_published_one(params, frequency, recency, age):
    value, _ = ParetoNbd().objective(one(frequency, recency, age))(np.log(params))
    assert value == pytest.approx(published_pareto(params, frequency, recency, age), rel=1e-9)


def test_pareto_nbd_likelihood_passes_smoothly_through_alpha_equal_to_beta():
    patterns = some_patterns(3)
    objective = ParetoNbd().objective(patterns)
    below, equal, above = (objective(np.log([0.8, 10.0, 0.5, 10.0 * (1 + gap)]))[0] for gap in (-1e-6, 0.0, 1e-6))
    assert equal == pytest.approx((below + above) / 2, rel=1e-11)


@pytest.mark.parametrize("frequency", [0, 1, 30, 3_000])
@pytest.mark.parametrize("age", [1e-3, 1.0, 1e5])
def test_pareto_nbd_stays_finite_for_huge_ages_and_heavy_buyers(frequency, age):
    recency = 0.0 if frequency == 0 else 0.4 * age
    for alpha, beta in ((1e-3, 1e3), (1e3, 1e-3), (5.0, 5.0)):
        value, gradient = ParetoNbd().objective(one(frequency, recency, age))(np.log([0.5, alpha, 0.7, beta]))
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))


def type_name(value):
    return type(value).__name__ if not isinstance(value, int) else str(value)


@pytest.mark.parametrize(
    ("family", "n"), [(BgNbd(), 60), (MbgNbd(), 60), (ParetoNbd(), 60), (BgBb(), 6)], ids=type_name
)
def test_chances_of_all_frequencies_sum_to_one(family, n):
    shares = family.frequency_shares(np.array([1.1, 8.0, 0.9, 2.0]), np.array([1.0, 6.0]), n)
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-8)
    assert shares.min() >= 0


def test_bg_bb_chances_of_all_histories_sum_to_one():
    history = [(0, 0)] + [(x, last) for last in range(1, 6) for x in range(1, last + 1)]
    params = np.log([1.2, 0.7, 0.6, 2.5])
    total = 0.0
    for x, last in history:
        # That many orders of x purchases have their last one at `last`.
        ways = special.comb(last - 1, x - 1) if x else 1
        total += ways * np.exp(BgBb().objective(one(x, last, 5))(params)[0])
    assert total == pytest.approx(1.0, abs=1e-12)


def expected_by_integration(shape, rate, a, b, horizon):
    """Mean of (1 - exp(-m p t)) / p over a gamma rate m (in closed form) and a beta chance p (by integration)."""

    def density(u):
        log_beta = a * special.log_expit(u) + b * special.log_expit(-u) - special.betaln(a, b)
        p = special.expit(u)
        return np.exp(log_beta) * -np.expm1(-shape * np.log1p(p * horizon / rate)) / p

    return integrate.quad(density, -60 / min(1, a), 60 / min(1, b), points=[-10, 0, 10], limit=500)[0]


@pytest.mark.parametrize("a", [0.3, 0.79, 1.0, 1.00005, 1.5, 8.0])
@pytest.mark.parametrize(("frequency", "age"), [(0, 0.0), (0, 39.0), (3, 39.0), (200, 39.0)])
@pytest.mark.parametrize("horizon", [0.5, 39.0, 2_000.0])
def test_expected_purchases_of_the_bg_nbd_are_the_mean_over_what_a_customer_may_be(a, frequency, age, horizon):
    # Includes a = 1 and a + b = 1, where the published expression is 0 / 0.
    r, alpha, b = 0.24, 4.4, 0.7
    history = History(*(np.array([value]) for value in (float(frequency), age, age)))
    family, params = BgNbd(), np.array([r, alpha, a, b])
    found = family.expected_purchases(params, history, np.array([horizon])) / family.probability_alive(params, history)
    by_hand = expected_by_integration(r + frequency, alpha + age, a, b + frequency, horizon)
    assert found[0] == pytest.approx(by_hand, rel=2e-7)


@pytest.mark.parametrize(("a", "b"), [(40.0, 8_000.0), (49.9, 3.0), (50.1, 3.0), (50.1, 0.05), (8_000.0, 20_000.0)])
@pytest.mark.parametrize(("shape", "horizon"), [(0.1, 5.0), (30.0, 5.0), (2_000.0, 500.0), (8_000.0, 0.5)])
def test_expected_purchases_hold_where_all_customers_drop_out_alike(a, b, shape, horizon):
    found = _expected_if_alive(np.array([shape]), np.array([40.0]), a, np.array([b]), np.array([horizon]))
    # The chance of each next purchase while staying, times that of having stayed for so many.
    i = np.arange(100_000)
    stayed = np.exp(special.betaln(a, b + i) - special.betaln(a, b))
    by_hand = (stats.nbinom.sf(i, shape, 40.0 / (40.0 + horizon)) * stayed).sum()
    assert found[0] == pytest.approx(by_hand, rel=2e-5)


@pytest.mark.parametrize("s", [0.4, 1.0, 1.0 + 1e-9, 2.5])
def test_expected_repeats_of_the_pareto_nbd_hold_at_s_equal_to_one(s):
    r, alpha, beta, until = 0.6, 10.0, 12.0, 50.0
    found = ParetoNbd().expected_repeats(np.array([r, alpha, s, beta]), np.array([until]))
    alive_time = integrate.quad(lambda t: (beta / (beta + t)) ** s, 0, until)[0]
    assert found[0] == pytest.approx(r / alpha * alive_time, rel=1e-10)


@pytest.mark.filterwarnings("error")
def test_purchases_to_expect_at_the_edge_of_the_rate_and_at_once():
    def expected(horizon, rate):
        of_two = (np.array([value, value]) for value in (2.0, rate, 3.0, horizon))
        shape, each_rate, b, until = of_two
        return _expected_if_alive(shape, each_rate, 80.0, b, until)[0]

    # Whoever buys without end drops out after 1 / p purchases: their mean over Beta(80, 3) is 82 / 79.
    assert expected(39.0, 1e-310) == pytest.approx(82 / 79, rel=1e-5)
    assert expected(0.0, 10.0) == 0.0
    # A rate of Gamma(2, 1e6) brings 2 / 1e6 purchases a week before anybody drops out.
    assert expected(1.0, 1e6) == pytest.approx(2e-6, rel=1e-5)


@pytest.mark.filterwarnings("error")
def test_who_hardly_ever_drops_out_stays_for_longer_than_any_count():
    # The chance 1e-320 is beyond the normal numbers: 1 over it overflows, and says never.
    found = purchases_until_dropout(np.array([0.0, 1e-320, 1.0]), np.random.default_rng(1))
    assert found.tolist() == [1e15, 1e15, 1.0]
