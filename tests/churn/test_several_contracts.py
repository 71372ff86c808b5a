"""Customers who hold several contracts: every limit of the page knows that these vary together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.survival import compare_groups, estimate_restricted_mean, estimate_survival
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.figures import key_figures
from tests.builders import a_study


def twins(copies: int = 2, *, n: int = 60):
    """Customers on one plan each, who hold so many contracts that begin and end together, for one of two reasons."""
    rng = np.random.default_rng(5)
    stay = np.ceil(rng.exponential(np.where(np.arange(n) % 2 == 0, 200, 300))).astype(int)
    started = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    ended = pd.Series(started + pd.to_timedelta(stay, unit="D"))
    once = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(ended <= pd.Timestamp("2024-07-01")),
            "plan": ["basic", "plus"] * (n // 2),
        }
    )
    once["end_reason"] = np.where(once["ended_at"].notna(), np.where(stay % 3 == 0, "price", "moved"), None)
    frame = pd.concat([once] * copies, ignore_index=True)
    return a_study(contracts=frame.assign(contract_id=[f"k{i}" for i in range(len(frame))]))


def test_contracts_that_end_together_have_the_limits_of_one():
    one, two = describe_churn(twins(1)), describe_churn(twins(2))
    limits = ["survival", "lower", "upper", "std_error"]
    at = [leaving.survival.at([92, 366])[limits] for leaving in (one, two)]
    pd.testing.assert_frame_equal(at[0], at[1])
    reasons = [leaving.incidence.at(366)[["incidence", "std_error"]] for leaving in (one, two)]
    pd.testing.assert_frame_equal(reasons[0], reasons[1], rtol=1e-3)
    means = [leaving.restricted_mean[["mean_days", "std_error", "lower", "upper"]] for leaving in (one, two)]
    pd.testing.assert_frame_equal(means[0], means[1])
    medians = [leaving.survival.medians for leaving in (one, two)]
    pd.testing.assert_frame_equal(medians[0], medians[1])
    groups = [leaving.by_group.at(366)[limits] for leaving in (one, two)]
    pd.testing.assert_frame_equal(groups[0], groups[1])
    gaps = [leaving.pairs[["survival_gap", "gap_lower", "gap_upper", "mean_gap_lower"]] for leaving in (one, two)]
    pd.testing.assert_frame_equal(gaps[0], gaps[1])
    # Twice the ends give four times the excess squared, and the score of a customer twice, so four times its variance.
    assert two.test.chi_squared == pytest.approx(one.test.chi_squared, rel=0.05)
    assert compare_groups(two.counts.by_group).chi_squared > 1.8 * one.test.chi_squared
    months = [leaving.rates[["share", "lower", "upper"]].iloc[2] for leaving in (one, two)]
    assert months[0].tolist() == pytest.approx(months[1].tolist())


@pytest.mark.slow
def test_figures_say_how_their_limits_were_made():
    one, two = (key_figures(describe_churn(twins(copies)))[1] for copies in (1, 2))
    assert one.estimator == "Kaplan-Meier; Greenwood variance, log(-log) limits; 95 % interval"
    assert (
        two.estimator == "Kaplan-Meier; variance by customer (infinitesimal jackknife), log(-log) limits; 95 % interval"
    )
    assert (two.lower, two.upper) == pytest.approx((one.lower, one.upper))


def test_without_them_they_would_be_too_narrow():
    leaving = describe_churn(twins(2))
    plain = estimate_survival(leaving.counts.overall).at(366)["std_error"].item()
    assert leaving.survival.at(366)["std_error"].item() == pytest.approx(plain * 2**0.5)
    mean = estimate_restricted_mean(leaving.counts.overall, horizon_days=leaving.horizon_days)["std_error"].item()
    assert leaving.restricted_mean["std_error"].item() == pytest.approx(mean * 2**0.5)
