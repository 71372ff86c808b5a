"""The same numbers as the package `lifetimes`, fitted and scored on the same customers."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd import fit_bg_bb, fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd, fit_pareto_nbd
from tests.models.btyd.published import as_patterns, cdnow_customers, donations

lifetimes = pytest.importorskip("lifetimes")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cdnow():
    return cdnow_customers()


def weeks(customers):
    return customers["frequency"], customers["recency_days"] / 7, customers["age_days"] / 7


def likelihood_of_lifetimes(fitter, params, customers):
    frequency, recency, age = weeks(customers)
    ones = np.ones(len(customers))
    is_pareto = isinstance(fitter, lifetimes.ParetoNBDFitter)
    found = fitter._negative_log_likelihood(params if is_pareto else np.log(params), frequency, recency, age, ones, 0.0)
    return found / len(customers) if is_pareto else found


@pytest.mark.parametrize(
    ("fit", "fitter"),
    [
        (fit_bg_nbd, lifetimes.BetaGeoFitter),
        (fit_mbg_nbd, lifetimes.ModifiedBetaGeoFitter),
        (fit_pareto_nbd, lifetimes.ParetoNBDFitter),
    ],
    ids=["BG/NBD", "MBG/NBD", "Pareto/NBD"],
)
def test_likelihood_alive_and_expectation_agree_with_lifetimes(fit, fitter, cdnow):
    ours = fit(as_patterns(cdnow))
    theirs = fitter()
    theirs.fit(*weeks(cdnow))
    # Its own likelihood, in weeks, at its parameters and at ours (its attribute is that of rescaled times).
    estimates = ours.params["estimate"].to_numpy()
    at_theirs, at_ours = (
        -len(cdnow) * likelihood_of_lifetimes(theirs, np.asarray(params), cdnow)
        for params in (theirs.params_, estimates)
    )
    assert ours.log_likelihood == pytest.approx(at_ours, rel=1e-12)
    assert ours.log_likelihood == pytest.approx(at_theirs, rel=1e-6)
    assert at_ours >= at_theirs - 1e-8

    # Scores at the very same parameters.
    theirs.params_[:] = estimates
    alive = theirs.conditional_probability_alive(*weeks(cdnow))
    np.testing.assert_allclose(ours.probability_alive(cdnow)["probability_alive"], alive, rtol=1e-8)
    expected = theirs.conditional_expected_number_of_purchases_up_to_time(39, *weeks(cdnow))
    found = ours.expected_purchases(cdnow, 39 * 7)["expected_purchases"]
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    times = np.array([1.0, 39.0, 78.0])
    np.testing.assert_allclose(
        ours.expected_repeats(times * 7), theirs.expected_number_of_purchases_up_to_time(times), rtol=1e-9
    )


def test_standard_errors_agree_with_lifetimes(cdnow):
    ours = fit_bg_nbd(as_patterns(cdnow))
    theirs = lifetimes.BetaGeoFitter()
    theirs.fit(*weeks(cdnow))
    np.testing.assert_allclose(ours.params["se"], theirs.standard_errors_.to_numpy(), rtol=2e-3)


def test_donors_are_scored_as_lifetimes_scores_them():
    ours = fit_bg_bb(donations())
    theirs = lifetimes.BetaGeoBetaBinomFitter()
    donors = donations()
    columns = (donors["frequency"], donors["recency_periods"], donors["age_periods"])
    theirs.fit(*columns, weights=donors["n_customers"])
    theirs.params_[:] = ours.params["estimate"].to_numpy()
    np.testing.assert_allclose(
        ours.probability_alive(donors)["probability_alive"],
        theirs.conditional_probability_alive(1, *columns),
        rtol=1e-8,
    )
    np.testing.assert_allclose(
        ours.expected_purchases(donors, 5)["expected_purchases"],
        theirs.conditional_expected_number_of_purchases_up_to_time(5, *columns),
        rtol=1e-7,
    )


def test_spend_is_expected_as_lifetimes_expects_it(cdnow):
    ours = fit_gamma_gamma(cdnow)
    theirs = lifetimes.GammaGammaFitter()
    repeaters = cdnow[cdnow["frequency"] > 0]
    theirs.fit(repeaters["frequency"], repeaters["mean_spend"])
    theirs.params_[:] = ours.params["estimate"].to_numpy()
    expected = theirs.conditional_expected_average_profit(repeaters["frequency"], repeaters["mean_spend"])
    np.testing.assert_allclose(ours.expected_spend(repeaters)["expected_spend"], expected, rtol=1e-8)
