"""The GGompertz/NBD: its likelihood against an integral taken elsewhere, its moments against draws, its edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from crm_research.models.btyd import fit_ggompertz_nbd, fit_pareto_nbd
from crm_research.models.btyd.beta_geometric import BgNbd, MbgNbd
from crm_research.models.btyd.family import History
from crm_research.models.btyd.gompertz import GGompertzNbd
from crm_research.models.btyd.pareto import ParetoNbd
from crm_research.models.btyd.patterns import Patterns
from tests.models.btyd.worlds import poisson_buyers

PARAMS = np.array([0.55, 10.6, 0.03, 0.6, 0.4])


def one(frequency: float, recency: float, age: float) -> Patterns:
    columns = (frequency, recency, age, 1.0)
    x, t_x, t, n = (np.array([value]) for value in columns)
    return Patterns(frequency=x, recency=t_x, age=t, n_customers=n)


def history(frequency: float, recency: float, age: float, n: int = 1) -> History:
    return History(np.full(n, float(frequency)), np.full(n, float(recency)), np.full(n, float(age)))


def integral(function, until: float, since: float = 0.0) -> float:
    """The integral by adaptive steps, finer towards where it begins."""
    marks = [since + (until - since) * share for share in (0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.4, 1.0)]
    pairs = itertools.pairwise(marks)
    return sum(integrate.quad(function, low, high, epsabs=0, epsrel=1e-10)[0] for low, high in pairs)


def still_there(params, time):
    """Chance of a new customer to be alive at a time: Bemmaor and Glady (2012), equation 2."""
    _, _, b, s, beta = params
    return (beta / (beta + np.expm1(b * time))) ** s


@pytest.mark.parametrize(
    "params",
    [
        PARAMS,
        np.array([1.4, 3.0, 0.4, 2.0, 9.0]),
        np.array([0.3, 50.0, 1e-3, 0.2, 1e-4]),
        np.array([2.0, 1.0, 0.2, 0.5, 0.02]),
    ],
)
@pytest.mark.parametrize(("frequency", "recency", "age"), [(0, 0.0, 39.0), (2, 20.0, 30.0), (9, 31.0, 33.0)])
def test_likelihood_is_the_mixture_over_the_time_of_dropping_out(params, frequency, recency, age):
    r, alpha, b, s, beta = params
    value, _ = GGompertzNbd().objective(one(frequency, recency, age))(np.log(params))

    def bought(until):
        return alpha**r * (alpha + until) ** -(r + frequency)

    def density(time):
        return s * b * np.exp(b * time) / (beta + np.expm1(b * time)) * still_there(params, time)

    mixed = bought(age) * still_there(params, age) + integral(lambda t: density(t) * bought(t), age, recency)
    rising = np.prod(r + np.arange(frequency))
    assert value == pytest.approx(np.log(rising * mixed), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(log_params=st.lists(st.floats(-4, 2.5), min_size=5, max_size=5), seed=st.integers(0, 10_000))
def test_gradient_is_that_of_the_likelihood(log_params, seed):
    rng = np.random.default_rng(seed)
    age = rng.uniform(0.2, 3.0, 12)
    frequency = rng.poisson(2.0, 12).astype(float)
    recency = np.where(frequency > 0, rng.uniform(0, 1, 12) * age, 0.0)
    patterns = Patterns(frequency=frequency, recency=recency, age=age, n_customers=rng.integers(1, 5, 12).astype(float))
    objective, point = GGompertzNbd().objective(patterns), np.array(log_params)
    steps = 1e-5 * np.eye(5)
    slopes = [(objective(point + step)[0] - objective(point - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(objective(point)[1], slopes, rtol=1e-5, atol=1e-6)


def test_without_ageing_it_says_what_the_pareto_nbd_says():
    r, alpha, s, beta = 0.55, 10.6, 0.6, 11.7
    b = 1e-9
    ageless, pareto = np.array([r, alpha, b, s, beta * b]), np.array([r, alpha, s, beta])
    known, horizon = history(4, 20.0, 30.0), np.array([52.0])
    for ask in ("expected_purchases", "pairs_if_alive", "purchases_if_alive"):
        mine, theirs = (
            getattr(family, ask)(params, known, horizon)[0]
            for family, params in ((GGompertzNbd(), ageless), (ParetoNbd(), pareto))
        )
        assert mine == pytest.approx(theirs, rel=1e-6), ask
    assert GGompertzNbd().probability_alive(ageless, known)[0] == pytest.approx(
        ParetoNbd().probability_alive(pareto, known)[0], rel=1e-6
    )


def test_the_time_alive_within_a_horizon_is_the_integral_of_the_chance_to_be_alive():
    r, alpha, *_ = PARAMS
    age, horizon = 30.0, 80.0

    def ahead(time):
        return still_there(PARAMS, age + time) / still_there(PARAMS, age)

    known = history(4, 20.0, age)
    rate, squared = (r + 4) / (alpha + age), (r + 4) * (r + 5) / (alpha + age) ** 2
    assert GGompertzNbd().purchases_if_alive(PARAMS, known, np.array([horizon]))[0] == pytest.approx(
        rate * integral(ahead, horizon), rel=1e-9
    )
    assert GGompertzNbd().pairs_if_alive(PARAMS, known, np.array([horizon]))[0] == pytest.approx(
        squared * integral(lambda t: t * ahead(t), horizon), rel=1e-9
    )


@pytest.mark.parametrize(
    ("family", "params"),
    [
        (GGompertzNbd(), PARAMS),
        (ParetoNbd(), np.array([0.55, 10.6, 0.6, 11.7])),
        (BgNbd(), np.array([0.24, 4.4, 0.8, 2.4])),
        (MbgNbd(), np.array([0.5, 6.0, 0.9, 1.6])),
        (MbgNbd(), np.array([0.5, 6.0, 60.0, 400.0])),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_purchases_and_pairs_of_them_are_those_of_drawn_futures(family, params):
    n = 40_000
    known, horizon = history(4, 25.0, 30.0, n), np.full(n, 80.0)
    drawn = family.draw_future(params, known, horizon, np.random.default_rng(7))
    first = History(*(column[:1] for column in known))
    alive = family.probability_alive(params, first)[0]
    pairs = drawn * (drawn - 1) / 2
    for values, ask in ((drawn, "purchases_if_alive"), (pairs, "pairs_if_alive")):
        expected = alive * getattr(family, ask)(params, first, horizon[:1])[0]
        assert values.mean() == pytest.approx(expected, abs=4 * values.std() / np.sqrt(n)), ask


def test_chances_of_all_frequencies_sum_to_one_and_have_the_expected_mean():
    shares = GGompertzNbd().frequency_shares(PARAMS, np.array([39.0]), 400)[0]
    assert shares.sum() == pytest.approx(1.0, abs=1e-6)
    expected = GGompertzNbd().expected_repeats(PARAMS, np.array([39.0]))[0]
    assert float(shares @ np.arange(401)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_a_world_of_ageing_customers_gives_its_truth_back():
    n, rng = 6_000, np.random.default_rng(5)
    level = rng.gamma(1.5, size=n) / 6.0
    lifetime = np.log1p(rng.exponential(size=n) / level) / 0.02
    world = poisson_buyers(
        n,
        rate=rng.gamma(0.8, size=n) / 15.0,
        lifetime=lifetime,
        age_days=rng.integers(100, 300, n).astype(float),
        rng=rng,
    )
    fit = fit_ggompertz_nbd(world, time_unit_days=1.0, confidence=0.999)
    assert fit.is_converged
    assert fit.limit is None
    for name, truth in zip(("r", "alpha", "b", "s", "beta"), (0.8, 15.0, 0.02, 1.5, 6.0), strict=True):
        row = fit.params.set_index("name").loc[name]
        assert row["lower"] < truth < row["upper"], name
    assert fit.log_likelihood > fit_pareto_nbd(world, time_unit_days=1.0).log_likelihood + 10


@pytest.mark.slow
def test_the_unit_of_time_scales_alpha_and_b_the_other_way():
    n, rng = 3_000, np.random.default_rng(5)
    lifetime = np.log1p(rng.exponential(size=n) / (rng.gamma(1.5, size=n) / 6.0)) / 0.02
    world = poisson_buyers(
        n,
        rate=rng.gamma(0.8, size=n) / 15.0,
        lifetime=lifetime,
        age_days=rng.integers(100, 300, n).astype(float),
        rng=rng,
    )
    days, weeks = (fit_ggompertz_nbd(world, time_unit_days=unit) for unit in (1.0, 7.0))
    for name, factor in (("r", 1.0), ("alpha", 7.0), ("b", 1 / 7.0), ("s", 1.0), ("beta", 1.0)):
        assert days.estimate(name) == pytest.approx(factor * weeks.estimate(name), rel=1e-6), name
