"""Spend per occasion: who is believed, who is shrunk, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ContractViolation, NotEnoughData
from crm_research.models.btyd import fit_gamma_gamma, measure_spend_independence
from crm_research.models.btyd.spend import _objective, _objective_with_elasticity
from tests.models.btyd.worlds import spending_customers


@pytest.fixture(scope="module")
def fitted():
    return fit_gamma_gamma(spending_customers(800, seed=3))


def test_gradient_is_that_of_the_likelihood():
    world = spending_customers(30, seed=1)
    objective = _objective(
        world["frequency"].to_numpy(dtype=float), world["mean_spend"].to_numpy() / 10, np.arange(1.0, 31.0)
    )
    point, step = np.log([2.0, 3.0, 1.5]), 1e-5
    numeric = [(objective(point + axis)[0] - objective(point - axis)[0]) / (2 * step) for axis in np.eye(3) * step]
    np.testing.assert_allclose(objective(point)[1], numeric, rtol=1e-6)


def test_a_customer_without_repeats_is_expected_to_spend_the_mean(fitted):
    frame = pd.DataFrame({"frequency": [0], "mean_spend": [np.nan]}, index=["new"])
    found = fitted.expected_spend(frame)["expected_spend"]
    assert found["new"] == pytest.approx(fitted.mean_spend["estimate"].iloc[0])


def test_the_more_occasions_the_more_a_customer_is_believed(fitted):
    frame = pd.DataFrame({"frequency": [0, 1, 10, 1000], "mean_spend": [500.0] * 4})
    found = fitted.expected_spend(frame, confidence=0.95)
    assert found["expected_spend"].is_monotonic_increasing
    assert found["expected_spend"].iloc[-1] == pytest.approx(500, rel=0.01)
    assert (found["lower"] <= found["expected_spend"]).all()
    assert (found["expected_spend"] <= found["upper"]).all()


def test_another_currency_scales_gamma_alone():
    world = spending_customers(400, seed=5)
    euro, cent = fit_gamma_gamma(world), fit_gamma_gamma(world.assign(mean_spend=world["mean_spend"] * 100))
    assert cent.estimate("p") == pytest.approx(euro.estimate("p"), rel=1e-8)
    assert cent.estimate("q") == pytest.approx(euro.estimate("q"), rel=1e-8)
    assert cent.estimate("gamma") == pytest.approx(euro.estimate("gamma") * 100, rel=1e-8)
    assert cent.log_likelihood == pytest.approx(euro.log_likelihood - 400 * np.log(100), rel=1e-10)


def test_who_bought_once_is_left_out():
    world = spending_customers(300, seed=6)
    once = pd.DataFrame({"frequency": [0] * 50, "mean_spend": [np.nan] * 50})
    with_once = fit_gamma_gamma(pd.concat([world, once]))
    assert with_once.n_customers == 300
    assert with_once.log_likelihood == pytest.approx(fit_gamma_gamma(world).log_likelihood)


@pytest.mark.parametrize("bad", [0.0, -5.0, np.nan, np.inf])
def test_money_that_a_gamma_distribution_cannot_hold_is_refused(bad):
    world = spending_customers(50, seed=1)
    world.loc[0, "mean_spend"] = bad
    with pytest.raises(ContractViolation, match="mean_spend"):
        fit_gamma_gamma(world)


def test_too_few_repeaters_are_refused():
    with pytest.raises(NotEnoughData, match="bought again"):
        fit_gamma_gamma(spending_customers(5))
    with pytest.raises(NotEnoughData, match="distinct"):
        fit_gamma_gamma(pd.DataFrame({"frequency": [1, 2] * 30, "mean_spend": [20.0] * 60}))


def test_wild_spend_has_no_mean_and_says_so():
    fit = fit_gamma_gamma(spending_customers(3000, p=5.0, q=0.6, seed=2))
    assert fit.is_converged
    assert fit.mean_spend["estimate"].isna().all()
    assert any("infinite" in note for note in fit.notes)


def test_independent_spend_shows_no_elasticity_and_dependent_spend_shows_its_own():
    world = spending_customers(3000, seed=8)
    free = measure_spend_independence(world).table.set_index("measure")
    assert (free["lower"] < 0).all()
    assert (free["upper"] > 0).all()
    tied = measure_spend_independence(world.assign(mean_spend=world["mean_spend"] * world["frequency"] ** 0.3)).table
    elasticity = tied.set_index("measure").loc["elasticity"]
    assert elasticity["lower"] < 0.3 < elasticity["upper"]
    assert elasticity["p_value"] < 1e-6


def test_dependence_needs_more_than_one_frequency():
    world = spending_customers(100, seed=8).assign(frequency=2)
    assert measure_spend_independence(world).table["estimate"].isna().all()


def test_gradient_with_elasticity_is_that_of_its_likelihood():
    world = spending_customers(30, seed=1)
    objective = _objective_with_elasticity(
        world["frequency"].to_numpy(dtype=float), world["mean_spend"].to_numpy() / 10, np.arange(1.0, 31.0)
    )
    point, step = np.array([0.7, 1.1, 0.4, -0.3]), 1e-5
    numeric = [(objective(point + axis)[0] - objective(point - axis)[0]) / (2 * step) for axis in np.eye(4) * step]
    np.testing.assert_allclose(objective(point)[1], numeric, rtol=1e-6)
