"""Further periods to expect: against sums, and against a number published elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.errors import ParameterError
from crm_research.models.renewals import (
    expected_lifetime,
    fit_beta_discrete_weibull,
    fit_constant_rate,
    fit_shifted_beta_geometric,
)
from tests.models.renewals.samples import HIGH_END, REGULAR, a_cohort, some_counts


def by_sum(fit, made, discount_rate, n=100_000):
    survival = fit.survival(range(made + n + 1))["survival"].to_numpy()
    worth = (1 + discount_rate) ** -np.arange(n)
    return float(survival[made + 1 :] @ worth / survival[made])


@pytest.mark.parametrize("made", [0, 3, 20])
@pytest.mark.parametrize("fitter", [fit_shifted_beta_geometric, fit_beta_discrete_weibull, fit_constant_rate])
def test_the_closed_form_is_the_sum(fitter, made):
    fit = fitter(a_cohort(HIGH_END))
    found = expected_lifetime(fit, [made], discount_rate=0.1).iloc[0]
    assert found["expected_periods"] == pytest.approx(by_sum(fit, made, 0.1, n=2000), rel=1e-8)
    assert found["lower"] < found["expected_periods"] < found["upper"]


def test_the_published_residual_lifetime():
    """The example of the package shifted_beta_geometric: 7.530 years after seven renewals at 10 % a year."""
    fit = fit_shifted_beta_geometric(a_cohort(HIGH_END))
    assert expected_lifetime(fit, [7], discount_rate=0.10)["expected_periods"].item() == pytest.approx(7.530, abs=5e-4)


def test_months_discount_by_the_month_and_a_horizon_cuts():
    fit = fit_constant_rate(some_counts((1, 100, 10), (2, 100, 10)))
    monthly = expected_lifetime(fit, discount_rate=0.1, period_months=1)["expected_periods"].item()
    assert monthly == pytest.approx(0.9 / (1 - 0.9 / 1.1 ** (1 / 12)))
    two = expected_lifetime(fit, discount_rate=0.0, horizon_periods=2)["expected_periods"].item()
    assert two == pytest.approx(0.9 + 0.81)


def test_without_discount_the_sum_may_have_no_end():
    endless = fit_shifted_beta_geometric(a_cohort(REGULAR))
    assert expected_lifetime(endless, discount_rate=0.0)["expected_periods"].item() == np.inf
    steady = fit_constant_rate(some_counts((1, 100, 20)))
    assert expected_lifetime(steady, discount_rate=0.0)["expected_periods"].item() == pytest.approx(4.0)
    nobody = fit_constant_rate(some_counts((1, 100, 0)))
    assert expected_lifetime(nobody, discount_rate=0.0)["expected_periods"].item() == np.inf
    everybody = fit_constant_rate(some_counts((1, 100, 100)))
    assert expected_lifetime(everybody, discount_rate=0.1)["expected_periods"].item() == 0.0


def test_with_alpha_above_one_the_mean_is_that_of_the_mixture():
    fit = fit_shifted_beta_geometric(
        some_counts(*[(t, 10**6, round(10**6 * 3 / (3 + 6 + t - 1))) for t in range(1, 9)])
    )
    alpha, beta = fit.params["estimate"]
    assert (alpha, beta) == pytest.approx((3, 6), rel=1e-3)
    found = expected_lifetime(fit, [2], discount_rate=0.0)["expected_periods"].item()
    assert found == pytest.approx((beta + 2) / (alpha - 1))
    assert found == pytest.approx(by_sum(fit, 2, 0.0), rel=1e-3)


@pytest.mark.parametrize("rate", [-0.1, float("nan")])
def test_a_discount_that_is_none_is_refused(rate):
    with pytest.raises(ParameterError, match="discount_rate"):
        expected_lifetime(fit_constant_rate(some_counts((1, 9, 3))), discount_rate=rate)
