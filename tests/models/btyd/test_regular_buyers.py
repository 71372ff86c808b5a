"""Regular buyers: found by the test of regularity, and followed by the MBG/CNBD-k."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from crm_research.errors import ContractViolation, NotEnoughData, ParameterError
from crm_research.models.btyd import estimate_regularity, fit_mbg_cnbd, fit_mbg_nbd
from crm_research.models.btyd.family import History
from crm_research.models.btyd.regular_buyers import MbgCnbd
from tests.models.btyd.test_likelihood import numeric_gradient, one, some_patterns
from tests.models.btyd.worlds import regular_buyers


def gaps_of(n: int, n_gaps: int, shape: float, *, seed=0, mean_days=40.0, per_day=1000) -> np.ndarray:
    """So many gamma gaps of each customer, every one at a pace of his own, in whole parts of a day."""
    rng = np.random.default_rng(seed)
    gaps = rng.gamma(shape, size=(n, n_gaps)) * rng.gamma(2.0, mean_days / 2, size=(n, 1)) / shape
    at = np.floor(per_day * (rng.random((n, 1)) + np.column_stack([np.zeros(n), gaps.cumsum(axis=1)])))
    return np.diff(at, axis=1)


def counted(*worlds: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two tables of the test; gaps of nothing are purchases of one unit, and count once."""
    spans = pd.concat(
        [
            pd.DataFrame({"n_gaps": (gaps > 0).sum(axis=1), "span": gaps.sum(axis=1)}).query("n_gaps > 0")
            for gaps in worlds
        ]
    )
    length = np.concatenate([gaps[gaps > 0] for gaps in worlds])
    gap, n = np.unique(length, return_counts=True)
    return spans, pd.DataFrame({"gap": gap, "n": n})


@pytest.mark.parametrize("shape", [0.6, 1.0, 3.0, 12.0])
def test_the_shape_of_the_gaps_is_found_whatever_each_customers_pace(shape):
    spans, gaps = counted(*(gaps_of(700, n_gaps, shape, seed=n_gaps) for n_gaps in (1, 2, 3, 7)))
    found = estimate_regularity(spans, gaps)
    assert 2090 < found.n_customers <= 2100
    assert 700 * 12 - 30 < found.n_gaps <= 700 * 12
    assert found.lower < found.shape < found.upper
    assert abs(np.log(found.shape / shape)) < 4 * np.log(found.upper / found.shape) / 1.96
    assert (found.p_value < 0.001) == (shape != 1.0)


def test_by_hand_with_two_customers_kinds():
    # Five with gaps of 1 and 3, seven with 2 and 2: for a pair that adds up to 4 the chances are those of the
    # beta-binomial(2; k, k): of 1 and 3 or 3 and 1 together (k + 1) / (2k + 1), of 2 and 2 k / (2k + 1).
    # The likelihood of 5 and 7 of 12 has its top where k / (2k + 1) = 7 / 12: k = -3.5 is none, so k is without end.
    spans = pd.DataFrame({"n_gaps": [2], "span": [4], "n_customers": [12]})
    even = estimate_regularity(spans, pd.DataFrame({"gap": [1, 2, 3], "n": [5, 14, 5]}))
    assert even.shape == np.inf
    assert even.upper == np.inf
    # Eight and four: k / (2k + 1) = 4 / 12, so k = 1: at random.
    found = estimate_regularity(spans, pd.DataFrame({"gap": [1, 2, 3], "n": [8, 8, 8]}))
    assert found.shape == pytest.approx(1.0, abs=1e-6)
    assert found.p_value == pytest.approx(1.0, abs=1e-6)
    assert (found.n_customers, found.n_gaps) == (12, 24)
    # Ten and two: k / (2k + 1) = 1 / 6, so k = 1/4; twice the log-likelihood above that of a third.
    burst = estimate_regularity(spans, pd.DataFrame({"gap": [1, 2, 3], "n": [10, 4, 10]}))
    assert burst.shape == pytest.approx(0.25, abs=1e-6)
    above = 2 * (10 * np.log((10 / 12) / (2 / 3)) + 2 * np.log((2 / 12) / (1 / 3)))
    assert burst.p_value == pytest.approx(stats.chi2.sf(above, 1), rel=1e-6)
    at_limit = burst.upper / (2 * burst.upper + 1)
    below = 2 * (10 * np.log((10 / 12) / (1 - at_limit)) + 2 * np.log((2 / 12) / at_limit))
    assert below == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)


def test_with_two_gaps_it_is_the_m_statistic_of_wheat_and_morrison():
    # Wheat and Morrison (1990): the variance of M = first / (first + second) is 1 / (4 (2 k + 1)).
    rng = np.random.default_rng(3)
    shares = rng.beta(4.0, 4.0, size=20_000)
    by_moments = (1 - 4 * shares.var()) / (8 * shares.var())
    first = np.round(shares * 1e6)
    found = estimate_regularity(*counted(np.column_stack([first, 1e6 - first])))
    assert found.shape == pytest.approx(by_moments, rel=0.03)


@pytest.mark.parametrize("per_day", [1.0, 1 / 7, 12 / 365.25])
@pytest.mark.parametrize("mean_days", [8.0, 60.0])
def test_random_buyers_are_random_whatever_unit_the_records_know(per_day, mean_days):
    # The null world: days, weeks or months, bought more and less often than once in each.
    worlds = [gaps_of(1500, n_gaps, 1.0, seed=n_gaps, mean_days=mean_days, per_day=per_day) for n_gaps in (4, 9)]
    found = estimate_regularity(*counted(*worlds))
    assert found.lower < 1.0 < found.upper
    assert found.upper < 1.6


@pytest.mark.parametrize("per_day", [1.0, 1 / 7, 12 / 365.25])
def test_regular_buyers_are_regular_whatever_unit_the_records_know(per_day):
    found = estimate_regularity(*counted(gaps_of(1500, 6, 3.0, mean_days=60.0, per_day=per_day)))
    assert found.lower > 1.25


def test_the_end_of_observation_and_dropout_do_not_pass_for_regularity():
    # Poisson buyers cut off anywhere, some of them gone: still random.
    rng = np.random.default_rng(6)
    gaps = []
    for _ in range(1500):
        n_days = min(rng.exponential(150.0), rng.uniform(200.0, 400.0))
        days = np.unique(np.floor(rng.uniform(0.0, n_days, rng.poisson(n_days * rng.gamma(1.5) / 40.0) + 1)))
        gaps.append(np.diff(days))
    spans = pd.DataFrame({"n_gaps": [len(g) for g in gaps], "span": [g.sum() for g in gaps]}).query("n_gaps > 0")
    found = estimate_regularity(spans, pd.DataFrame({"gap": np.concatenate(gaps)}))
    assert found.lower < 1.0 < found.upper


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "per_day"), [(2.0, 1000), (1.0, 12 / 365.25)])
def test_intervals_of_the_shape_cover_the_truth(shape, per_day):
    worlds = (gaps_of(60, 3, shape, seed=seed, per_day=per_day) for seed in range(300))
    found = [estimate_regularity(*counted(world)) for world in worlds]
    assert np.mean([test.lower <= shape <= test.upper for test in found]) == pytest.approx(0.95, abs=0.035)


def test_gaps_that_tell_nothing_are_refused():
    with pytest.raises(NotEnoughData, match="two gaps"):
        estimate_regularity(*counted(gaps_of(500, 1, 1.0)))
    with pytest.raises(NotEnoughData, match="did not buy every time"):
        estimate_regularity(*counted(np.ones((50, 3))))
    with pytest.raises(NotEnoughData, match="two gaps"):
        estimate_regularity(pd.DataFrame(columns=["n_gaps", "span"]), pd.DataFrame(columns=["gap", "n"]))
    spans, gaps = counted(gaps_of(50, 3, 1.0))
    with pytest.raises(ContractViolation, match="adds up to the spans"):
        estimate_regularity(spans, gaps.head(20))
    with pytest.raises(ContractViolation, match="span"):
        estimate_regularity(spans.assign(span=1), gaps)
    with pytest.raises(ContractViolation, match="gap"):
        estimate_regularity(spans, gaps.assign(gap=0))


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("seed", range(5))
def test_gradient_is_that_of_the_likelihood(k, seed):
    objective = MbgCnbd(k).objective(some_patterns(seed))
    point = np.random.default_rng(seed).uniform(-2, 2, 4)
    np.testing.assert_allclose(objective(point)[1], numeric_gradient(objective, point), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("frequency", "recency", "age"), [(0, 0.0, 12.0), (1, 5.0, 12.0), (3, 11.0, 12.0)])
def test_likelihood_is_the_mixture_over_customers(frequency, recency, age):
    r, alpha, a, b, k = 1.4, 3.0, 1.3, 2.2, 3

    def given_rate(rate):
        # The dropout is integrated by hand: it is a ratio of beta functions.
        alive = special.beta(a, b + frequency + 1) * special.gammaincc(k, rate * (age - recency))
        gone = special.beta(a + 1, b + frequency)
        gamma = np.exp(r * np.log(alpha) + (r - 1) * np.log(rate) - alpha * rate - special.gammaln(r))
        purchases = rate ** (k * frequency) * np.exp(-rate * recency)
        return gamma * purchases * (alive + gone) / special.beta(a, b)

    by_hand = integrate.quad(given_rate, 0, np.inf, epsabs=0, epsrel=1e-10)[0]
    value, _ = MbgCnbd(k).objective(one(frequency, recency, age))(np.log([r, alpha, a, b]))
    assert np.exp(value) == pytest.approx(by_hand, rel=1e-8)


@pytest.fixture(scope="module")
def world():
    return regular_buyers(3000, k=3, seed=1)


def mean_log_gap(world: pd.DataFrame) -> float:
    gaps = world["mean_log_gap"] * world["frequency"]
    return gaps.sum() / world["frequency"].sum()


def test_with_k_of_one_it_is_the_mbg_nbd(world):
    ours, simple = fit_mbg_cnbd(world, mean_log_gap=2.0, k=1), fit_mbg_nbd(world)
    np.testing.assert_allclose(ours.params["estimate"], simple.params["estimate"], rtol=1e-6)
    assert ours.log_likelihood == pytest.approx(simple.log_likelihood, rel=1e-12)
    some = world.head(200)
    pd.testing.assert_frame_equal(ours.probability_alive(some), simple.probability_alive(some), rtol=1e-5)
    pd.testing.assert_frame_equal(ours.expected_purchases(some, 90), simple.expected_purchases(some, 90), rtol=1e-5)


def test_k_and_the_parameters_are_found(world):
    found = fit_mbg_cnbd(world, mean_log_gap=mean_log_gap(world), time_unit_days=1.0)
    assert found.model == "MBG/CNBD-3"
    assert found.is_converged
    assert found.notes == ()
    truth = {"r": 1.5, "alpha": 20.0, "a": 0.8, "b": 4.0}
    distance = np.abs(np.log(found.params["estimate"] / found.params["name"].map(truth)))
    assert (distance < 3.5 * found.params["se"] / found.params["estimate"]).all()


def test_likelihood_moves_with_the_unit_as_a_density_of_the_purchase_times(world):
    daily, weekly = (fit_mbg_cnbd(world, mean_log_gap=2.5, k=3, time_unit_days=days) for days in (1.0, 7.0))
    n_repeats = world["frequency"].sum()
    assert weekly.log_likelihood - daily.log_likelihood == pytest.approx(n_repeats * np.log(7), rel=1e-9)


def test_expectations_futures_and_counts_belong_together():
    family, params = MbgCnbd(3), np.array([1.5, 20.0, 0.8, 4.0])
    rng = np.random.default_rng(5)
    history = family.draw_history(params, np.full(80_000, 150.0), rng)
    until_then, until_end = family.expected_repeats(params, np.array([150.0, 250.0]))
    horizon = np.full(80_000, 100.0)
    future = family.expected_purchases(params, history, horizon).mean()
    assert history.frequency.mean() == pytest.approx(until_then, rel=0.02)
    assert future == pytest.approx(until_end - until_then, rel=0.03)
    assert family.draw_future(params, history, horizon, rng).mean() == pytest.approx(future, rel=0.03)
    shares = family.frequency_shares(params, np.array([150.0]), 60)[0]
    assert shares.sum() == pytest.approx(1.0, abs=1e-9)
    observed = np.bincount(history.frequency.astype(int), minlength=61)[:61] / 80_000
    np.testing.assert_allclose(shares, observed, atol=0.006)


def test_a_regular_buyer_is_sooner_believed_to_have_left():
    # Four purchases a month apart, then silence: after a month nothing is amiss, after four it is.
    family, params = MbgCnbd(8), np.array([4.0, 15.0, 0.8, 6.0])
    silence = np.array([0.0, 15.0, 60.0, 120.0])
    history = History(np.full(4, 4.0), np.full(4, 120.0), 120.0 + silence)
    alive = family.probability_alive(params, history)
    assert np.all(np.diff(alive) < 0)
    assert alive[0] - alive[1] < 0.1
    assert alive[3] < 0.1 * alive[0]


def test_impossible_options_are_refused(world):
    with pytest.raises(ParameterError, match="mean_log_gap"):
        fit_mbg_cnbd(world, mean_log_gap=float("nan"))
    with pytest.raises(ParameterError, match="k"):
        fit_mbg_cnbd(world, mean_log_gap=2.0, k=0)


def test_a_search_that_ends_at_its_limit_says_so(world):
    found = fit_mbg_cnbd(world, mean_log_gap=mean_log_gap(world), max_k=2)
    assert found.model == "MBG/CNBD-2"
    assert any("k = 2" in note for note in found.notes)
