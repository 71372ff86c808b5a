"""Retention, survival and goodness at 80 % by hand, and everything a fit has to say, word for word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.renewals import (
    expected_lifetime,
    fit_beta_discrete_weibull,
    fit_constant_rate,
    fit_renewal_groups,
    fit_shifted_beta_geometric,
)
from crm_research.models.renewals.counts import sum_counts
from tests.models.renewals.samples import HIGH_END, REGULAR, a_cohort, some_counts

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # R: qnorm(.9)


def test_counts_of_cohorts_are_added_up():
    found = sum_counts(some_counts((2, 40, 4), (1, 100, 20), (2, 10, 1), (3, 0, 0)))
    assert found.renewal.tolist() == [1.0, 2.0]
    assert found.n_up.tolist() == [100.0, 50.0]
    assert found.n_left.tolist() == [20.0, 5.0]
    assert (found.n_decisions, found.n_ended) == (150, 25)
    for wrong in ((1, 5, 6), (1, -1, 0), (1, np.nan, 0), (1, 5, -1)):
        with pytest.raises(
            ValueError, match=r"^Renewal counts need 0 <= n_left <= n_up in every row, and no value missing\.$"
        ):
            sum_counts(some_counts((2, 9, 1), wrong))
    for number in (0, 1.5):
        with pytest.raises(
            ValueError, match=r"^Renewals are numbered 1, 2, 3, \.\.\.; the start of a contract is no renewal\.$"
        ):
            sum_counts(some_counts((number, 5, 1)))
    with pytest.raises(
        NotEnoughData, match=r"^A model of renewals cannot be worked out here\. Nobody has come to a renewal yet\.$"
    ):
        sum_counts(some_counts((1, 0, 0)))


def test_one_rate_for_everybody_by_hand():
    fit = fit_constant_rate(some_counts((1, 100, 20), (2, 60, 12)), confidence=0.8)
    # 32 of 160 leave: odds .25, error of their logarithm sqrt(1/32 + 1/128) = .1976424.
    error = np.sqrt(1 / 32 + 1 / 128)
    expected = pd.DataFrame(
        {
            "parameter": ["odds_of_leaving"],
            "estimate": [0.25],
            "std_error": [0.25 * error],
            "lower": [0.25 * np.exp(-Z * error)],
            "upper": [0.25 * np.exp(Z * error)],
        }
    )
    pd.testing.assert_frame_equal(fit.params, expected)
    assert fit.is_constant
    assert fit.is_converged
    assert fit.log_likelihood == pytest.approx(32 * np.log(0.2) + 128 * np.log(0.8))
    assert fit.aic == pytest.approx(2 - 2 * fit.log_likelihood)
    retention = fit.retention([1, 5])
    limits = [1 / (1 + 0.25 * np.exp(side * Z * error)) for side in (1, -1)]
    frame = pd.DataFrame({"renewal": [1.0, 5.0], "retention": 0.8, "lower": limits[0], "upper": limits[1]})
    pd.testing.assert_frame_equal(retention, frame)
    survival = fit.survival([0, 1, 3])
    assert survival["survival"].tolist() == pytest.approx([1.0, 0.8, 0.512])
    # log(-log S): the slope of log S in the log odds is -n / 5, so that of log(-log S) is .2 / log(1.25) at each n.
    spread = np.exp(Z * error * 0.2 / np.log(1.25))
    assert survival["lower"].tolist() == pytest.approx([1.0, 0.8**spread, 0.512**spread])
    assert survival["upper"].tolist() == pytest.approx([1.0, 0.8 ** (1 / spread), 0.512 ** (1 / spread)])
    assert survival["renewal"].tolist() == [0.0, 1.0, 3.0]
    life = expected_lifetime(fit, [2], discount_rate=0.21, period_months=6).iloc[0]
    # Half a year keeps 1 / 1.1: sum of .8^t 1.1^-(t - 1) = .8 / (1 - .8 / 1.1).
    assert life["expected_periods"] == pytest.approx(0.8 / (1 - 0.8 / 1.1))
    assert life["renewals_made"] == 2
    # d log / d log odds = -.2 / (1 - .8 / 1.1)
    half = Z * error * 0.2 / (1 - 0.8 / 1.1)
    assert np.log(life["upper"] / life["expected_periods"]) == pytest.approx(half, rel=1e-6)
    assert np.log(life["expected_periods"] / life["lower"]) == pytest.approx(half, rel=1e-6)


def test_goodness_is_the_deviance_against_a_free_share():
    fit = fit_constant_rate(some_counts((1, 100, 20), (2, 60, 12), (3, 40, 20)))
    p = 52 / 200
    deviance = 2 * sum(
        left * np.log(left / up / p) + (up - left) * np.log((1 - left / up) / (1 - p))
        for up, left in ((100, 20), (60, 12), (40, 20))
    )
    found = fit.goodness()
    assert found.deviance == pytest.approx(deviance)
    assert found.n_free == 2
    assert found.p_value == pytest.approx(stats.chi2.sf(deviance, 2))
    assert np.isnan(fit_constant_rate(some_counts((1, 100, 20))).goodness().p_value)


def test_at_the_edge_limits_are_exact():
    nobody = fit_shifted_beta_geometric(some_counts((1, 10, 0), (2, 10, 0)), confidence=0.8)
    assert nobody.notes == (
        "Nobody has left at any renewal, so no model of leaving can be fitted; the limits are exact.",
    )
    # R: binom.test(20, 20, conf.level = .8)$conf.int[1] = .1 ^ (1 / 20); three renewals are its third power.
    low = 0.1 ** (1 / 20)
    assert nobody.retention([1])[["retention", "lower", "upper"]].iloc[0].tolist() == pytest.approx([1, low, 1])
    assert nobody.survival([3])[["survival", "lower", "upper"]].iloc[0].tolist() == pytest.approx([1, low**3, 1])
    everybody = fit_shifted_beta_geometric(some_counts((1, 10, 10)), confidence=0.8)
    assert everybody.notes == ("Nobody has renewed, so no model of renewing can be fitted; the limits are exact.",)
    high = 1 - 0.1 ** (1 / 10)
    assert everybody.retention([1])[["retention", "lower", "upper"]].iloc[0].tolist() == pytest.approx([0, 0, high])
    assert everybody.survival([2])["upper"].tolist() == pytest.approx([high**2])
    assert (nobody.model, everybody.model) == ("sBG", "sBG")
    assert nobody.log_likelihood == everybody.log_likelihood == 0.0


def test_every_way_back_to_a_simpler_model_says_why():
    one = fit_shifted_beta_geometric(some_counts((1, 100, 20)))
    assert one.notes == (
        (
            "Only one renewal has been seen. It gives the mean chance to leave, and nothing of how customers differ, "
            "so alpha and beta cannot be told; one constant rate is given instead."
        ),
    )
    rising = fit_shifted_beta_geometric(some_counts((1, 100, 20), (2, 80, 20), (3, 60, 20)))
    assert rising.notes == (
        (
            "Customers do not differ in a way these renewals show (retention does not rise with the renewals, or by "
            "too little): alpha and beta run to infinity together. The model is then one constant rate, and that is "
            "what is given."
        ),
    )
    assert rising.is_constant
    two = fit_beta_discrete_weibull(some_counts((1, 100, 30), (2, 70, 10)))
    assert two.notes == (
        (
            "Fewer renewals have been seen than this model has parameters, so whether a customer's own chance to leave "
            "changes cannot be told; it is taken to be steady (sBG)."
        ),
    )
    assert (two.model, two.family.name) == ("BdW", "sBG")
    loyal = fit_shifted_beta_geometric(some_counts((1, 1000, 300), (2, 700, 0), (3, 700, 0)))
    assert loyal.notes == (
        (
            "Whoever renews once never leaves in these records: alpha and beta run to zero together. The model then "
            "knows only those who leave at the first renewal and those who stay for ever."
        ),
    )
    assert not loyal.is_converged


def test_retention_of_the_published_cohort_with_limits_at_eighty_per_cent():
    fit = fit_shifted_beta_geometric(a_cohort(HIGH_END), confidence=0.8)
    alpha, beta = fit.params["estimate"]
    # Fader and Hardie (2007): .668 and 3.806, log likelihood -1611.16.
    assert (alpha, beta) == (pytest.approx(0.668, abs=5e-4), pytest.approx(3.806, abs=5e-4))
    assert fit.log_likelihood == pytest.approx(-1611.158, abs=5e-3)
    row = fit.retention([4]).iloc[0]
    assert row["retention"] == pytest.approx((beta + 3) / (alpha + beta + 3))
    # The logit is log((beta + 3) / alpha): its slopes in log alpha and log beta are -1 and beta / (beta + 3).
    slope = np.array([-1, beta / (beta + 3)])
    half = Z * np.sqrt(slope @ fit.covariance @ slope)
    logit = np.log((beta + 3) / alpha)
    assert [row["lower"], row["upper"]] == pytest.approx([1 / (1 + np.exp(-logit + s * half)) for s in (1, -1)])
    assert fit.aic == pytest.approx(4 - 2 * fit.log_likelihood)
    assert fit.goodness().n_free == 5


def test_groups_are_compared_by_their_likelihoods():
    both = pd.concat([a_cohort(REGULAR).assign(group="regular"), a_cohort(HIGH_END).assign(group="high")])
    none = pd.DataFrame({"group": ["empty"], "renewal": [1], "n_up": [0], "n_left": [0]})
    found = fit_renewal_groups(pd.concat([both, none]), confidence=0.8)
    assert list(found.fits) == ["regular", "high"]
    assert found.together.confidence == found.fits["high"].confidence == 0.8
    gain = 2 * (sum(fit.log_likelihood for fit in found.fits.values()) - found.together.log_likelihood)
    assert found.p_value == pytest.approx(stats.chi2.sf(gain, 2))
    half = a_cohort(REGULAR)
    alike = fit_renewal_groups(pd.concat([half.assign(group="a"), half.assign(group="b")]))
    assert alike.p_value == pytest.approx(1.0)
    assert np.isnan(fit_renewal_groups(half.assign(group="a")).p_value)


def test_a_horizon_and_a_discount_that_cannot_be_are_refused_in_words():
    fit = fit_constant_rate(some_counts((1, 100, 20)))
    for rate in (-0.1, -1.0, -2.0, np.nan):
        with pytest.raises(
            ParameterError, match=rf"^discount_rate is a year's and 0 or more \(0\.1 is 10 %\), not {rate!r}\.$"
        ):
            expected_lifetime(fit, discount_rate=rate)
    with pytest.raises(ParameterError, match=r"^horizon_periods must be 1 or more, not 0\.$"):
        expected_lifetime(fit, discount_rate=0.0, horizon_periods=0)
    one = expected_lifetime(fit, discount_rate=0.5, horizon_periods=1)
    assert one["expected_periods"].tolist() == pytest.approx([0.8])  # the next period counts in full
    assert one.columns.tolist() == ["renewals_made", "expected_periods", "lower", "upper"]
