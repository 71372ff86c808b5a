"""Profile limits: where the likelihood has fallen by half a quantile of chi-squared, found by another search."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from crm_research.models.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd, profile_alive, profile_params
from crm_research.models.btyd.patterns import read_patterns
from crm_research.models.btyd.profile import by_differences, coordinate, profile_limits
from tests.models.btyd.worlds import a_bg_nbd_world, a_pareto_nbd_world


def a_valley(point):
    # Log-likelihood of 10 exponential waits of mean 1 in the log rate: 10 (u - e^u), nothing like quadratic.
    return float(point[0] - np.exp(point[0])), np.array([1.0 - np.exp(point[0])])


def test_limits_of_an_exponential_rate_are_those_of_its_own_equation():
    lower, upper = profile_limits(
        a_valley, np.zeros(1), np.array([[0.1]]), coordinate(0, 1), n_customers=10.0, confidence=0.95
    )
    half = stats.chi2.ppf(0.95, 1) / 2

    def drop(u):
        return 10 * (-1 - (u - np.exp(u))) - half

    assert lower == pytest.approx(optimize.brentq(drop, -3, 0), abs=1e-5)
    assert upper == pytest.approx(optimize.brentq(drop, 0, 3), abs=1e-5)
    # A quantity that depends on nothing has no width.
    flat = by_differences(lambda point: 7.0)
    assert profile_limits(a_valley, np.zeros(1), np.array([[0.1]]), flat, n_customers=10.0, confidence=0.95) == (7, 7)


def test_every_limit_lies_where_the_rest_at_its_best_has_lost_as_much():
    world = a_pareto_nbd_world(1_000, seed=4)
    fit = fit_pareto_nbd(world, time_unit_days=1.0)
    table = profile_params(fit)
    objective = fit.family.objective(read_patterns(world).merged())
    for place, row in enumerate(table.itertuples()):
        for end in (row.lower, row.upper):

            def negative(rest, place=place, end=end):
                value, gradient = objective(np.insert(rest, place, np.log(end)))
                return -value * 1_000, -np.delete(gradient, place) * 1_000

            best = optimize.minimize(negative, np.delete(fit.log_params, place), jac=True, method="BFGS")
            assert 2 * (fit.log_likelihood + best.fun) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=0.02)


def test_with_many_customers_they_are_those_of_wald():
    fit = fit_mbg_nbd(a_bg_nbd_world(60_000, seed=2, is_first_tossed=True), time_unit_days=1.0)
    few = fit_mbg_nbd(a_bg_nbd_world(600, seed=2, is_first_tossed=True), time_unit_days=1.0)
    assert np.isnan(profile_params(fit)["lower"]).all()  # too many patterns: Wald's will do
    table, wald = profile_params(few), few.params
    assert (table["lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["upper"]).all()
    assert not np.allclose(table["upper"], wald["upper"], rtol=0.01)
    alive = profile_alive(few)
    assert 0 < alive.lower < alive.estimate < alive.upper < 1
    chances = few.probability_alive(few.patterns)["probability_alive"]
    assert alive.estimate == pytest.approx(np.average(chances, weights=few.patterns["n_customers"]), abs=1e-9)


def test_at_an_edge_the_ratio_that_remains_has_limits():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"frequency": rng.poisson(10, 400) + 1, "recency_days": 299.0, "age_days": 300.0})
    table = profile_params(fit_pareto_nbd(frame))
    assert table["name"].tolist() == ["r / alpha"]
    repeats, weeks = frame["frequency"].sum(), frame["age_days"].sum() / 7

    def drop(rate):
        at_top = repeats / weeks
        return 2 * (repeats * np.log(at_top / rate) + (rate - at_top) * weeks) - stats.chi2.ppf(0.95, 1)

    at_top = repeats / weeks
    assert table.loc[0, "lower"] == pytest.approx(optimize.brentq(drop, 0.5 * at_top, at_top), rel=1e-3)
    assert table.loc[0, "upper"] == pytest.approx(optimize.brentq(drop, at_top, 2 * at_top), rel=1e-3)
    alive = profile_alive(fit_pareto_nbd(frame))
    assert float(alive.estimate) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_profile_limits_cover_the_truth_where_the_sample_is_small():
    truth = {"r": 0.8, "alpha": 40.0, "a": 0.9, "b": 2.5}
    covered = []
    for seed in range(150):
        fit = fit_bg_nbd(a_bg_nbd_world(400, seed=7_000 + seed), time_unit_days=1.0)
        if fit.limit is not None:
            continue
        table = profile_params(fit)
        values = table["name"].map(truth)
        covered.append(((table["lower"] <= values) & (values <= table["upper"])).to_numpy())
    assert len(covered) > 140
    assert np.mean(covered, axis=0) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / len(covered)))
