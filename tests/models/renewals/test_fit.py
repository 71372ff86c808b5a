"""Models of renewals: published cohorts, limits, edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.optimize import approx_fprime

from crm_research.errors import NotEnoughData
from crm_research.models.renewals import (
    fit_beta_discrete_weibull,
    fit_constant_rate,
    fit_renewal_groups,
    fit_shifted_beta_geometric,
    profile_limits,
    sum_counts,
)
from crm_research.models.renewals.families import BetaDiscreteWeibull, ConstantRate, ShiftedBetaGeometric
from crm_research.models.renewals.fit import (
    FEW_RENEWALS,
    NOBODY_LEFT,
    NOBODY_RENEWED,
    NOT_DIFFERENT,
    ONE_RENEWAL,
    TWO_KINDS,
    mean_log_likelihood,
)
from tests.models.renewals.samples import HIGH_END, REGULAR, a_cohort, a_mixture, some_counts

FAMILIES = {"constant": ConstantRate(), "sBG": ShiftedBetaGeometric(), "BdW": BetaDiscreteWeibull()}


# Fader and Hardie (2007): alpha, beta and log-likelihood of the first seven renewals of 1,000 customers each.
@pytest.mark.parametrize(
    ("cohort", "alpha", "beta", "log_likelihood"),
    [(REGULAR, 0.704, 1.182, -1680.27), (HIGH_END, 0.668, 3.806, -1611.16)],
    ids=["regular", "high end"],
)
def test_the_published_parameters_are_found(cohort, alpha, beta, log_likelihood):
    fit = fit_shifted_beta_geometric(a_cohort(cohort))
    assert fit.params["estimate"].tolist() == pytest.approx([alpha, beta], abs=5e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=5e-3)
    assert fit.is_converged
    assert fit.notes == ()


def test_the_likelihood_is_that_of_whole_histories():
    """The decisions at risk multiply up to the chance of each customer's whole history."""
    there = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
    fit = fit_shifted_beta_geometric(a_cohort(HIGH_END))
    alpha, beta = fit.params["estimate"]
    survival = np.exp(special.betaln(alpha, beta + np.arange(8)) - special.betaln(alpha, beta))
    whole = (there[:-1] - there[1:]) @ np.log(survival[:-1] - survival[1:]) + there[-1] * np.log(survival[-1])
    assert fit.log_likelihood == pytest.approx(whole, abs=1e-8)
    assert fit.survival(range(8))["survival"].tolist() == pytest.approx(survival.tolist(), abs=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_agree_with_differences(name):
    family, counts = FAMILIES[name], sum_counts(a_cohort(REGULAR))
    objective = mean_log_likelihood(family, counts)
    for point in np.random.default_rng(3).normal(0, 0.7, (5, len(family.param_names))):
        numeric = approx_fprime(point, lambda at: objective(at)[0], 1e-7)
        assert objective(point)[1] == pytest.approx(numeric, abs=2e-6)


def test_the_discrete_weibull_at_one_is_the_geometric():
    renewals, shape = np.arange(1.0, 30.0), np.log([0.7, 1.2])
    plain = ShiftedBetaGeometric().log_retention(shape, renewals)
    same = BetaDiscreteWeibull().log_retention(np.append(shape, 0.0), renewals)
    assert same.renew == pytest.approx(plain.renew, abs=1e-12)
    assert same.gradient[:2] == pytest.approx(plain.gradient, abs=1e-10)


def test_retention_that_falls_first_needs_the_discrete_weibull():
    """Own chances that rise with each renewal: BdW finds c above 1 where the sBG can only give up."""
    truth = BetaDiscreteWeibull().log_retention(np.log([0.6, 3.0, 1.8]), np.arange(1.0, 11.0))
    there = 200_000 * np.append(1.0, np.exp(np.cumsum(truth.renew)))
    counts = pd.DataFrame({"renewal": np.arange(1, 11), "n_up": there[:-1], "n_left": there[:-1] - there[1:]})
    fit = fit_beta_discrete_weibull(counts)
    assert fit.params["estimate"].tolist() == pytest.approx([0.6, 3.0, 1.8], rel=1e-3)
    assert fit.goodness().deviance < 1e-6
    assert fit_shifted_beta_geometric(counts).goodness().p_value < 1e-6


def test_limits_of_retention_narrow_with_the_counts_and_hold_the_estimate():
    small, large = (fit_shifted_beta_geometric(a_cohort(REGULAR).assign(n_up=k * a_cohort(REGULAR)["n_up"],
                    n_left=k * a_cohort(REGULAR)["n_left"])) for k in (1, 100))  # fmt: skip
    for read in ("retention", "survival"):
        wide, narrow = (getattr(fit, read)([1, 5, 12]) for fit in (small, large))
        assert (wide["lower"] < wide[read]).all()
        assert (wide[read] < wide["upper"]).all()
        ratio = (wide["upper"] - wide["lower"]) / (narrow["upper"] - narrow["lower"])
        assert ratio.to_numpy() == pytest.approx(10.0, rel=0.05)


def test_the_profile_bounds_where_the_likelihood_has_fallen_by_its_quantile():
    fit = fit_shifted_beta_geometric(a_cohort(HIGH_END))
    limits = profile_limits(fit).set_index("parameter")
    objective = mean_log_likelihood(fit.family, fit.counts)
    for end in ("lower", "upper"):
        best = (
            max(objective(np.log([limits.loc["alpha", end], beta]))[0] for beta in np.geomspace(0.5, 30, 4000))
            * fit.counts.n_decisions
        )
        assert fit.log_likelihood - best == pytest.approx(1.920729, abs=1e-3)
    wald = fit.params.set_index("parameter")
    assert limits.loc["beta", "upper"] > wald.loc["beta", "upper"]


def test_a_parameter_that_the_counts_do_not_bound_says_so():
    limits = profile_limits(fit_shifted_beta_geometric(some_counts((1, 40, 10), (2, 30, 6), (3, 20, 3))))
    assert np.isinf(limits["upper"]).all()
    assert (limits["lower"] > 0).all()


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([(1, 10, 0), (2, 5, 0)], NOBODY_LEFT),
        ([(1, 10, 10)], NOBODY_RENEWED),
        ([(1, 10, 3)], ONE_RENEWAL),
        ([(1, 100, 10), (2, 80, 20)], NOT_DIFFERENT),
        ([(1, 100, 10), (2, 90, 9), (3, 81, 8)], NOT_DIFFERENT),
        ([(1, 100, 50), (2, 50, 0), (3, 50, 0)], TWO_KINDS),
    ],
)
def test_edges_have_a_name_and_sound_numbers(rows, note):
    fit = fit_shifted_beta_geometric(some_counts(*rows))
    assert fit.notes == (note,)
    read = fit.retention([1, 2, 9])
    assert read["retention"].between(0, 1).all()
    assert fit.survival([0, 1, 9])["survival"].iloc[0] == 1.0
    assert profile_limits(fit).empty
    if note == NOBODY_LEFT:
        assert read["lower"].between(0.7, 0.9).all()
        assert (read["upper"] == 1.0).all()


def test_two_renewals_are_too_few_for_three_parameters():
    fit = fit_beta_discrete_weibull(some_counts((1, 100, 40), (2, 60, 10)))
    assert fit.notes[0] == FEW_RENEWALS
    assert fit.family.name == "sBG"


def test_one_rate_is_the_share_that_left():
    fit = fit_constant_rate(some_counts((1, 60, 6), (2, 40, 4)))
    assert fit.retention([3])["retention"].item() == pytest.approx(0.9)
    assert fit.survival([2])["survival"].item() == pytest.approx(0.81)


def test_nothing_to_fit_and_impossible_counts_are_refused():
    with pytest.raises(NotEnoughData, match="Nobody has come to a renewal"):
        fit_shifted_beta_geometric(some_counts((1, 0, 0)))
    for bad in (some_counts((1, 5, 6)), some_counts((0, 5, 1)), some_counts((1, -1, 0))):
        with pytest.raises(ValueError, match=r"0 <= n_left|numbered 1, 2, 3"):
            fit_shifted_beta_geometric(bad)


def test_groups_that_differ_are_told_apart_and_alike_ones_are_not():
    differ = pd.concat([a_cohort(REGULAR).assign(group="regular"), a_cohort(HIGH_END).assign(group="高端")])
    fitted = fit_renewal_groups(differ)
    assert fitted.p_value < 1e-9
    assert fitted.fits["高端"].params["estimate"].tolist() == pytest.approx([0.668, 3.806], abs=5e-4)
    alike = pd.concat([a_cohort(REGULAR).assign(group="a"), a_cohort(REGULAR).assign(group="b")])
    assert fit_renewal_groups(alike).p_value == pytest.approx(1.0)


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=1, max_size=6), st.randoms())
@settings(max_examples=15, deadline=None)
def test_any_counts_give_a_falling_survival_whatever_their_order(pairs, random):
    rows = [(place + 1, n, round(share * n)) for place, (n, share) in enumerate(pairs)]
    fit = fit_shifted_beta_geometric(some_counts(*rows))
    survival = fit.survival(range(12))["survival"].to_numpy()
    assert np.isfinite(survival).all()
    assert (np.diff(survival) <= 1e-12).all()
    retention = fit.retention(range(1, 12))["retention"].to_numpy()
    assert (np.diff(retention) >= -1e-12).all()
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert fit_shifted_beta_geometric(some_counts(*shuffled)).log_likelihood == pytest.approx(fit.log_likelihood)


@pytest.mark.slow
@pytest.mark.parametrize("late_share", [0.0, 0.5])
def test_alpha_and_beta_are_recovered_and_covered(late_share):
    truth, n_worlds, inside, estimates = (0.7, 2.5), 200, 0, []
    for seed in range(n_worlds):
        fit = fit_shifted_beta_geometric(a_mixture(1500, *truth, seed=seed, late_share=late_share))
        limits = profile_limits(fit)
        inside += (limits["lower"] <= truth) & (truth <= limits["upper"])
        estimates.append(fit.params["estimate"].to_numpy())
    assert np.median(estimates, axis=0) == pytest.approx(truth, rel=0.06)
    # 95 % of 200 is 190; four standard errors are 12.
    assert (inside >= 178).all()
