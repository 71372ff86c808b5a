"""Whom to contact: by hand, against worlds whose best list is known, and how often the interval holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from crm_research.errors import ParameterError
from crm_research.models.decisions import Offer, Risks, believe_save_rate, find_best_list, mean_leaving_time

SURE = believe_save_rate(0.3, 0.3, 0.3)
OFFER = Offer(contact_cost=1.0, incentive_cost=10.0, horizon_months=12, value_months=12)


def risks(risk, margin=20.0, error=0.0):
    risk = np.asarray(risk, dtype=float)
    return Risks(
        risk=risk,
        std_error=np.broadcast_to(float(error), risk.shape).copy(),
        margin=np.broadcast_to(np.asarray(margin, dtype=float), risk.shape).copy(),
    )


def test_leavers_of_an_even_danger_leave_when_the_integral_says():
    for risk in (0.05, 0.5, 0.95):
        rate = -np.log1p(-risk)
        mean, _ = integrate.quad(lambda t, rate=rate: t * rate * np.exp(-rate * t), 0, 1)
        assert mean_leaving_time(np.array([risk]))[0] == pytest.approx(mean / risk, rel=1e-9)
    assert mean_leaving_time(np.array([0.0]))[0] == pytest.approx(0.5, abs=1e-5)
    assert mean_leaving_time(np.array([1.0]))[0] < 0.05


def test_one_customer_by_hand():
    worth = float(OFFER.worth(np.array([0.5]), np.array([20.0]))[0])
    leaving = 1 / np.log(2) - 1  # of the horizon, at a risk of one half
    assert worth == pytest.approx(20 * 12 * (1 - leaving))
    found = find_best_list(risks([0.5]), OFFER, SURE, seed=1).customers.iloc[0]
    assert found["expected_profit"] == pytest.approx(0.3 * 0.5 * (worth - 10) - 1 - 0.5 * 10)
    assert found["break_even_save_rate"] == pytest.approx((1 + 0.5 * 10) / (0.5 * (worth - 10)))
    assert found["is_chosen"]
    assert not found["is_loss"]


def test_with_everything_known_the_list_is_the_customers_who_bring_something():
    rng = np.random.default_rng(4)
    world = risks(rng.beta(1, 5, 500), margin=rng.gamma(4, 5, 500))
    profit = 0.3 * OFFER.gain(world.risk, world.margin) - OFFER.cost(world.risk, world.margin)
    found = find_best_list(world, OFFER, SURE, seed=1)
    assert found.n_best == found.n_lower == found.n_upper == int((profit > 0).sum())
    best = found.strategies.set_index("strategy").loc["best list"]
    assert best["expected"] == pytest.approx(profit[profit > 0].sum())
    assert best["lower"] == pytest.approx(best["upper"])
    by_risk = np.sort(profit[np.argsort(-world.risk)][: found.n_best]).sum()
    assert found.strategies.set_index("strategy").loc["as many by risk alone", "expected"] == pytest.approx(by_risk)
    assert found.curve["expected"].max() == pytest.approx(best["expected"])
    assert found.curve["n"].iloc[[0, -1]].tolist() == [0, 500]


def test_the_riskiest_is_not_the_best_where_margins_differ():
    found = find_best_list(risks([0.9, 0.4], margin=[2.0, 60.0]), OFFER, SURE, seed=1)
    assert found.order.tolist() == [1, 0]
    assert found.customers["is_chosen"].tolist() == [False, True]


def test_the_interval_of_the_profit_holds_as_often_as_it_says():
    rng = np.random.default_rng(7)
    belief = believe_save_rate(0.3, 0.15, 0.48)
    told = risks(rng.beta(1, 5, 400), margin=rng.gamma(4, 5, 400), error=0.25)
    found = find_best_list(told, OFFER, belief, seed=1)
    best = found.strategies.set_index("strategy").loc["best list"]
    chosen, inside, lengths = found.customers["is_chosen"].to_numpy(), [], []
    for save in belief.draw(rng, 1000):
        true = told.shifted(rng.standard_normal())
        profit = save * OFFER.gain(true, told.margin) - OFFER.cost(true, told.margin)
        inside.append(best["lower"] <= profit[chosen].sum() <= best["upper"])
        lengths.append(found.n_lower <= (profit > 0).sum() <= found.n_upper)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.025)
    assert np.mean(lengths) == pytest.approx(0.95, abs=0.03)


def test_losses_are_those_that_no_favourable_turn_mends():
    belief = believe_save_rate(0.3, 0.15, 0.48)
    told = risks(np.linspace(0.001, 0.6, 200), error=0.3)
    found = find_best_list(told, OFFER, belief, seed=1).customers
    bright = told.shifted(1.959964)
    favourable = 0.48 * OFFER.gain(bright, told.margin) - OFFER.cost(bright, told.margin)
    assert found["is_loss"].tolist() == (favourable < 0).tolist()
    assert not (found["is_loss"] & found["is_chosen"]).any()
    assert 0 < found["is_loss"].sum() < 200


def test_contacts_that_wake_sleepers_shorten_the_list():
    told = risks(np.linspace(0.01, 0.6, 100))
    calm = find_best_list(told, OFFER, SURE, seed=1)
    wakes = Offer(contact_cost=1, incentive_cost=10, horizon_months=12, value_months=12, woken_share=0.05)
    assert find_best_list(told, wakes, SURE, seed=1).n_best < calm.n_best


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 1e9), st.floats(0, 100), st.floats(0, 100))
@settings(max_examples=60, deadline=None)
def test_the_best_list_is_never_worse_than_another(chances, margin, contact, incentive):
    offer = Offer(contact_cost=contact, incentive_cost=incentive, horizon_months=6, value_months=24)
    found = find_best_list(risks(chances, margin, 0.2), offer, SURE, seed=1, n_draws=50)
    rows = found.strategies
    assert (rows["behind"] >= -1e-9 * max(1.0, rows["expected"].abs().max())).all()
    assert found.n_lower <= found.n_best <= found.n_upper <= len(chances)
    assert np.isfinite(rows[["expected", "lower", "upper"]].to_numpy()).all()


def test_a_list_of_everybody_is_no_longer_than_everybody():
    # Between two places of the risks' doubt the weights add up to a hair above 15, which was rounded up to 16.
    offer = Offer(contact_cost=0.0, incentive_cost=0.0, horizon_months=6, value_months=24)
    found = find_best_list(risks([0.0] * 15, 1.0, 0.2), offer, SURE, seed=1, n_draws=50)
    assert (found.n_best, found.n_upper) == (15, 15)


def test_nobody_is_worth_it_where_the_offer_costs_more_than_a_customer():
    dear = Offer(contact_cost=1, incentive_cost=1e6, horizon_months=12, value_months=12)
    found = find_best_list(risks([0.1, 0.9]), dear, SURE, seed=1)
    assert found.n_best == found.n_upper == 0
    assert np.isnan(found.break_even)
    assert found.customers["break_even_save_rate"].isna().all()
    assert found.customers["is_loss"].all()


def test_no_customers_make_an_empty_list():
    found = find_best_list(risks([]), OFFER, SURE, seed=1)
    assert found.n_best == 0
    assert found.strategies["expected"].tolist() == [0.0] * 5


def test_the_same_seed_tells_the_same():
    told = risks(np.linspace(0.01, 0.6, 50), error=0.2)
    belief = believe_save_rate(0.3, 0.15, 0.48)
    one, other = (find_best_list(told, OFFER, belief, seed=9) for _ in range(2))
    pd.testing.assert_frame_equal(one.strategies, other.strategies)


def test_the_published_beta_is_found_from_its_mean_and_range():
    low, high = stats.beta.ppf([0.025, 0.975], 6, 14)
    found = believe_save_rate(0.3, low, high)
    assert (found.alpha, found.beta) == (pytest.approx(6, rel=1e-6), pytest.approx(14, rel=1e-6))
    assert found.variance == pytest.approx(0.3 * 0.7 / 21)


@pytest.mark.parametrize("given", [(0.0, 0, 0.1), (0.3, 0.4, 0.5), (0.3, 0.1, 1.2), (np.nan, 0, 1), (0.5, 0.0, 1.0)])
def test_a_save_rate_that_cannot_be_is_refused(given):
    with pytest.raises(ParameterError):
        believe_save_rate(*given)


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact_cost": -1},
        {"incentive_cost": np.nan},
        {"stayers_accept": 2},
        {"horizon_months": 0},
        {"value_months": 3},
    ],
)
def test_an_offer_that_cannot_be_is_refused(wrong):
    right = {"contact_cost": 1.0, "incentive_cost": 1.0, "horizon_months": 6, "value_months": 6}
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Offer(**(right | wrong))


def test_what_a_contact_costs_by_hand():
    # 1.5 + .8 x (a quarter takes 11, and 4 in 100 are woken who would have paid 30 for all 18 months)
    # = 1.5 + .8 x (2.75 + 21.6) = 20.98; the horizon of 6 months has no part in it.
    wakes = Offer(
        contact_cost=1.5, incentive_cost=11, horizon_months=6, value_months=18, stayers_accept=0.25, woken_share=0.04
    )
    assert wakes.cost(np.array([0.2]), np.array([30.0])).tolist() == pytest.approx([20.98])
    # Kept at a risk of one half: 30 x (18 - 6 x (1 / ln 2 - 1)); less the incentive, times the risk.
    worth = 30 * (18 - 6 * (1 / np.log(2) - 1))
    assert wakes.worth(np.array([0.5]), np.array([30.0])).tolist() == pytest.approx([worth])
    assert wakes.gain(np.array([0.5]), np.array([30.0])).tolist() == pytest.approx([0.5 * (worth - 11)])


def test_the_limits_of_one_customer_carry_the_doubt_of_save_rate_and_of_risk():
    belief = believe_save_rate(0.3, 0.15, 0.48)
    known = find_best_list(risks([0.5]), OFFER, belief, seed=1).customers.iloc[0]
    # With the risk known, the profit is a line in the save rate: its error is that of the save rate times the gain.
    gain = float(OFFER.gain(np.array([0.5]), np.array([20.0]))[0])
    half = 1.959964 * np.sqrt(belief.variance) * gain
    assert known["upper"] - known["expected_profit"] == pytest.approx(half)
    assert known["expected_profit"] - known["lower"] == pytest.approx(half)
    # Doubt about the risk comes on top: Var = mean over risks of (var of save x gain^2) + var of the mean profit.
    doubted = find_best_list(risks([0.5], error=0.4), OFFER, belief, seed=1).customers.iloc[0]
    z = np.linspace(-3.5, 3.5, 11)
    weight = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    risk = 1 / (1 + np.exp(-0.4 * z))
    gains, costs = OFFER.gain(risk, np.full(11, 20.0)), OFFER.cost(risk, np.full(11, 20.0))
    profit = belief.mean * gains - costs
    variance = weight @ (profit - weight @ profit) ** 2 + belief.variance * (weight @ gains**2)
    assert doubted["upper"] - doubted["expected_profit"] == pytest.approx(1.959964 * np.sqrt(variance))
