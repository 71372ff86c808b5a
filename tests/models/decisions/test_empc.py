"""The expected maximum profit: by hand, by brute force over cutoffs, and by integration over save rates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.decisions import expected_maximum_profit


def by_integration(score, left, *, worth=200.0, incentive=10.0, contact=1.0, alpha=6.0, beta=14.0):
    """For each save rate the best of all cutoffs, tried one by one; then the mean over save rates."""
    cuts = [np.inf, *np.unique(score)[::-1]]
    n = len(score)
    leavers = np.array([(left * (score >= cut)).sum() for cut in cuts]) / n
    stayers = np.array([((1 - left) * (score >= cut)).sum() for cut in cuts]) / n

    def profits(rate):
        return (rate * (worth - incentive) - contact) * leavers - (incentive + contact) * stayers

    grid = np.linspace(0, 1, 40_001)
    density = stats.beta.pdf(grid, alpha, beta)
    found = np.array([profits(rate) for rate in grid])
    best = found.argmax(axis=1)
    return (
        integrate.trapezoid(found.max(axis=1) * density, grid),
        integrate.trapezoid((leavers + stayers)[best] * density, grid),
    )


def a_sample(n=300, seed=2):
    rng = np.random.default_rng(seed)
    chance = rng.beta(1, 6, n)
    return np.round(chance, 2), (rng.random(n) < chance).astype(float)


def test_a_table_of_four_customers_by_hand():
    # One leaver first, then three stayers. A save rate g brings (190 g - 1) / 4 by contacting the first alone, and
    # nothing below g = 1 / 190; every further contact costs 11 / 4.
    found = expected_maximum_profit(np.array([0.9, 0.5, 0.4, 0.1]), np.array([1.0, 0.0, 0.0, 0.0]))
    turn = 1 / 190
    chance = 1 - stats.beta.cdf(turn, 6, 14)
    mean = 0.3 * (1 - stats.beta.cdf(turn, 7, 14))
    assert found.profit == pytest.approx((190 * mean - chance) / 4, rel=1e-12)
    assert found.fraction == pytest.approx(chance / 4, rel=1e-12)
    assert found.profit == pytest.approx(14.0, abs=1e-6)  # (190 x 0.3 - 1) / 4: no save rate of the beta is so low


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_closed_form_is_the_integral_over_save_rates_of_the_best_cutoff(seed):
    score, left = a_sample(seed=seed)
    found = expected_maximum_profit(score, left)
    profit, fraction = by_integration(score, left)
    assert found.profit == pytest.approx(profit, rel=1e-5)
    assert found.fraction == pytest.approx(fraction, abs=1e-3)


def test_the_offer_can_be_another():
    score, left = a_sample(seed=5)
    given = {"incentive": 40.0, "contact": 6.0, "alpha": 2.0, "beta": 3.0, "worth": 150.0}
    found = expected_maximum_profit(
        score, left, incentive_cost=40.0, contact_cost=6.0, alpha=2.0, beta=3.0, customer_value=150.0
    )
    profit, fraction = by_integration(score, left, **given)
    assert found.profit == pytest.approx(profit, rel=1e-5)
    assert found.fraction == pytest.approx(fraction, abs=1e-3)


def test_a_weight_is_so_many_customers_alike():
    score, left = a_sample(60)
    times = np.random.default_rng(0).integers(1, 4, 60)
    weighted = expected_maximum_profit(score, left, weight=times.astype(float))
    laid_out = expected_maximum_profit(np.repeat(score, times), np.repeat(left, times))
    assert weighted.profit == pytest.approx(laid_out.profit, rel=1e-12)
    assert weighted.fraction == pytest.approx(laid_out.fraction, rel=1e-12)


def test_better_scores_are_worth_more_and_only_their_order_counts():
    score, left = a_sample(400)
    blind = np.random.default_rng(3).random(400)
    assert expected_maximum_profit(left, left).profit > expected_maximum_profit(score, left).profit
    assert expected_maximum_profit(score, left).profit > expected_maximum_profit(blind, left).profit
    assert expected_maximum_profit(score**3, left).profit == pytest.approx(expected_maximum_profit(score, left).profit)


def test_the_interval_holds_the_estimate_and_comes_again_with_the_seed():
    score, left = a_sample(400)
    first = expected_maximum_profit(score, left, n_resamples=200, seed=4)
    assert first.lower < first.profit < first.upper
    assert first == expected_maximum_profit(score, left, n_resamples=200, seed=4)


def test_trouble_is_told():
    with pytest.raises(
        NotEnoughData, match=r"^The expected maximum profit cannot be worked out here\. All left, or nobody did\.$"
    ):
        expected_maximum_profit(np.array([0.1, 0.2]), np.zeros(2))
    with pytest.raises(ParameterError, match="worth more"):
        expected_maximum_profit(np.array([0.1, 0.2]), np.array([0.0, 1.0]), customer_value=5.0)


@pytest.mark.filterwarnings("error")
def test_a_resample_in_which_nobody_is_drawn_is_left_out():
    # Of two customers a Poisson resample draws nobody in exp(-2), 13.5 %, of draws: 0 / 0, and no profit of nought.
    found = expected_maximum_profit(np.array([0.9, 0.1]), np.array([1.0, 0.0]), n_resamples=400, seed=1)
    assert found.profit == pytest.approx(28.0, abs=1e-6)  # (190 x 0.3 - 1) / 2
    # Leavers alone bring 190 x 0.3 - 1 a head, stayers alone nothing.
    assert (found.lower, found.upper) == (pytest.approx(0.0, abs=1e-6), pytest.approx(56.0, abs=1e-6))
