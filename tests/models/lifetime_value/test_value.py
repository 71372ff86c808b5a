"""Lifetime value against closed forms, sums and what cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.btyd import fit_bg_nbd, fit_mbg_cnbd, fit_mbg_nbd, fit_pareto_nbd
from crm_research.models.lifetime_value import (
    add_totals,
    check_yearly_rate,
    choose_spend,
    compare_forecasts,
    credit_spend,
    look_forward,
    margin_multiple,
    score_forecast,
    value_contracts,
    value_orders,
)
from crm_research.models.lifetime_value.totals import outcome_limits, total_limits
from crm_research.models.parametric import fit_parametric
from tests.models.lifetime_value.worlds import a_world

YEAR = 365.25


@pytest.fixture(scope="module")
def world():
    return a_world(600, 3)


@pytest.fixture(scope="module")
def pareto(world):
    return fit_pareto_nbd(world.rows)


@pytest.fixture(scope="module")
def spend(world):
    return choose_spend(world.rows)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.10, ["1.20", "1.75", "2.67", "4.50"]),
        (0.12, ["1.15", "1.67", "2.50", "4.09"]),
        (0.14, ["1.11", "1.59", "2.35", "3.75"]),
    ],
)
def test_margin_multiples_are_the_published_ones(rate, expected):
    # Gupta and Lehmann (2003), table of margin multiples at retention .6 to .9.
    assert [f"{margin_multiple(kept, rate):.2f}" for kept in (0.6, 0.7, 0.8, 0.9)] == expected


def test_who_stays_for_ever_undiscounted_is_worth_without_end():
    assert margin_multiple(1.0, 0.0) == np.inf
    assert margin_multiple(0.0, 0.1) == 0.0
    with pytest.raises(ParameterError, match="share from 0 to 1"):
        margin_multiple(1.2, 0.1)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (12, "If 12 % is meant, give 0.12"),
        (1.0, "would be 100 % a year"),
        (-0.1, "0 or more"),
        (np.nan, "0 or more"),
        (True, "0 or more"),
    ],
)
def test_a_rate_that_looks_like_a_percentage_is_asked_back(rate, said):
    with pytest.raises(ParameterError, match=said):
        check_yearly_rate(rate, "The discount rate")
    assert check_yearly_rate(0.99, "The discount rate") == 0.99


def test_purchases_for_ever_are_those_of_the_closed_form(pareto):
    # Fader, Hardie and Lee (2005b), equation 2: DERT of the Pareto/NBD by Tricomi's function, written out here anew.
    known = pd.DataFrame(
        {"frequency": [0, 3, 12], "recency_days": [0.0, 200.0, 390.0], "age_days": [300.0, 300.0, 400.0]}
    )
    history = pareto.history(known)
    r, alpha, s, beta = np.exp(pareto.log_params)
    by_week = np.log(1.15) / YEAR * 7
    ahead = look_forward(pareto, history, horizon_days=None, rate=0.15)
    alive = pareto.probability_alive(known)["probability_alive"].to_numpy()
    grown = by_week * (beta + history.age)
    lasting = (beta + history.age) * special.hyperu(1.0, 2.0 - s, grown)
    dert = alive * (r + history.frequency) / (alpha + history.age) * lasting
    np.testing.assert_allclose(ahead.purchases, dert, rtol=1e-5)


def test_a_horizon_that_grows_comes_near_to_for_ever(pareto, world):
    history = pareto.history(world.rows.head(20))
    for_ever = look_forward(pareto, history, horizon_days=None, rate=0.15).purchases
    long = look_forward(pareto, history, horizon_days=60 * YEAR, rate=0.15).purchases
    np.testing.assert_allclose(long, for_ever, rtol=5e-3)
    with pytest.raises(ParameterError, match="give a horizon"):
        look_forward(pareto, history, horizon_days=None, rate=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("fitter", [fit_pareto_nbd, fit_bg_nbd, fit_mbg_nbd])
def test_undiscounted_purchases_and_their_variance_are_those_of_drawn_futures(fitter, world):
    fit = fitter(world.rows)
    one = fit.history(pd.DataFrame({"frequency": [4], "recency_days": [250.0], "age_days": [300.0]}))
    ahead = look_forward(fit, one, horizon_days=700.0, rate=0.0)
    n = 60_000
    many = type(one)(*(np.repeat(column, n) for column in one))
    drawn = fit.family.draw_future(np.exp(fit.log_params), many, np.full(n, 100.0), np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(ahead.purchases[0], abs=4 * drawn.std() / np.sqrt(n))
    assert drawn.var() == pytest.approx(ahead.variance[0], rel=0.03)
    assert (drawn == 0).mean() == pytest.approx(ahead.none[0], abs=0.008)


@pytest.mark.slow
def test_discounting_by_parts_is_discounting_purchase_by_purchase(pareto):
    one = pareto.history(pd.DataFrame({"frequency": [4], "recency_days": [250.0], "age_days": [300.0]}))
    ahead = look_forward(pareto, one, horizon_days=3 * YEAR, rate=0.2)
    weeks, by_week = np.linspace(0, 3 * YEAR / 7, 4001), np.log(1.2) / YEAR * 7
    middle = (weeks[1:] + weeks[:-1]) / 2
    for counted, ask, weight in (
        (ahead.purchases, "purchases_if_alive", np.exp(-by_week * middle)),
        (ahead.squares, "purchases_if_alive", np.exp(-2 * by_week * middle)),
        (ahead.pairs, "pairs_if_alive", np.exp(-by_week * middle) * -np.expm1(-by_week * middle) / (by_week * middle)),
    ):
        params = np.exp(pareto.log_params)
        until = np.array([getattr(pareto.family, ask)(params, one, np.array([week]))[0] for week in weeks])
        alive = pareto.family.probability_alive(params, one)[0]
        assert counted[0] == pytest.approx(alive * float(np.diff(until) @ weight), rel=1e-5), ask


def test_a_regular_buyers_model_is_refused(world):
    fit = fit_mbg_cnbd(world.rows, mean_log_gap=3.0, k=2)
    with pytest.raises(ParameterError, match="MBG/CNBD-2 model cannot tell"):
        look_forward(fit, fit.history(world.rows.head(3)), horizon_days=365, rate=0.1)


@pytest.mark.slow
def test_customers_add_up_to_groups_and_groups_to_the_firm(world, pareto, spend):
    value = value_orders(pareto, spend, world.rows, horizon_days=365, rate=0.1, margin=0.4)
    firm, cohorts = value.total(), value.total(world.cohort)
    assert firm["expected"].iloc[0] == pytest.approx(value.expected.sum(), rel=1e-12)
    assert cohorts["expected"].sum() == pytest.approx(value.expected.sum(), rel=1e-12)
    assert cohorts["of_outcome"].sum() == pytest.approx(firm["of_outcome"].iloc[0], rel=1e-12)
    assert cohorts["n_customers"].sum() == 600
    # What all share does not average out: standard errors of cohorts add up to no less than that of the firm.
    assert np.sqrt(cohorts["of_params"]).sum() >= np.sqrt(firm["of_params"].iloc[0])
    row = firm.iloc[0]
    assert row["outcome_lower"] < row["lower"] < row["expected"] < row["upper"] < row["outcome_upper"]


def test_customers_with_counts_are_valued_as_the_rows_they_stand_for(world, pareto, spend):
    some = world.rows.head(50)
    twice = value_orders(pareto, spend, some.assign(n_customers=2), horizon_days=365, rate=0.1).total()
    apart = value_orders(pareto, spend, pd.concat([some, some]), horizon_days=365, rate=0.1).total()
    pd.testing.assert_frame_equal(twice, apart, rtol=1e-9)


def test_the_margin_scales_the_value_and_its_limits(world, pareto, spend):
    whole, part = (
        value_orders(pareto, spend, world.rows, horizon_days=365, rate=0.1, margin=margin).total().iloc[0]
        for margin in (1.0, 0.3)
    )
    for name in ("expected", "lower", "upper", "outcome_lower", "outcome_upper"):
        assert part[name] == pytest.approx(0.3 * whole[name], rel=1e-6), name


def test_slopes_from_a_part_of_the_histories_are_those_of_all(monkeypatch, world, pareto, spend):
    whole = value_orders(pareto, spend, world.rows, horizon_days=365, rate=0.1).total()["of_params"].iloc[0]
    monkeypatch.setattr("crm_research.models.lifetime_value.orders._MOST_SLOPED", 250)
    part = value_orders(pareto, spend, world.rows, horizon_days=365, rate=0.1).total()["of_params"].iloc[0]
    assert part == pytest.approx(whole, rel=0.15)


def test_independent_amounts_take_the_gamma_gamma_model(spend):
    assert spend.name == "Gamma-Gamma"
    assert spend.reason == ""
    lower, upper = spend.elasticity_limits
    assert lower < 0 < upper


@pytest.mark.slow
def test_frequent_buyers_who_spend_more_take_the_fallback_which_says_why():
    found = choose_spend(a_world(1_500, 3, elasticity=0.4).rows)
    assert (found.name, found.reason) == ("credibility by frequency", "dependent")
    assert found.elasticity_limits[0] > 0.05
    assert found.classes["mean"].iloc[-1] > 1.5 * found.classes["mean"].iloc[0]


def test_customers_who_cost_more_than_they_bring_take_the_fallback():
    found = choose_spend(a_world(600, 3, shift=14.0).rows)
    assert (found.name, found.reason, found.is_signed) == ("credibility by frequency", "negative", True)


@pytest.mark.slow
def test_credibility_believes_a_customer_as_far_as_the_gamma_gamma_model_does():
    # In its own world: k = (q - 1) / p and the squares agree, so that both draw an own mean as far to that of all.
    rows = a_world(30_000, 1).rows
    x = np.array([0.0, 1.0, 3.0, 10.0])
    mine, theirs = credit_spend(rows), choose_spend(rows)
    assert theirs.name == "Gamma-Gamma"
    by, other = mine.read(mine.params, x), theirs.read(theirs.params, x)
    np.testing.assert_allclose(by.slope[1:] * x[1:], other.slope[1:] * x[1:], rtol=0.12)
    np.testing.assert_allclose(by.base + by.slope * x * 19, other.base + other.slope * x * 19, rtol=0.06)
    np.testing.assert_allclose(by.inflation, other.inflation, rtol=0.06)
    np.testing.assert_allclose(by.noise, other.noise, rtol=0.12)


def test_nobody_who_bought_again_has_no_value():
    rows = pd.DataFrame({"frequency": [0.0] * 20, "spent": 0.0, "squared": 0.0})
    with pytest.raises(NotEnoughData, match="bought again"):
        choose_spend(rows)


def test_all_amounts_alike_are_valued_all_the_same(world, pareto):
    rows = world.rows.assign(spent=world.rows["frequency"] * 10.0, squared=world.rows["frequency"] * 100.0)
    value = value_orders(pareto, choose_spend(rows), rows, horizon_days=365, rate=0.0)
    ahead = look_forward(pareto, pareto.history(rows), horizon_days=365, rate=0.0)
    np.testing.assert_allclose(value.expected, ahead.purchases * 10.0, rtol=1e-3)


def test_where_nothing_is_likely_the_limits_are_one_sided():
    # exponential outcome (gamma of shape 1) of mean 10 with the chance .5, else nothing: second moment .5 * 200
    expected, variance, none = np.array([5.0]), np.array([100.0 - 25.0]), np.array([0.5])
    lower, upper = outcome_limits(expected, variance, none, 0.95)
    assert lower[0] == 0.0
    assert upper[0] == pytest.approx(-10 * np.log(0.05 / 0.5), rel=1e-9)
    lower, upper = outcome_limits(expected, variance, np.array([0.0]) + 0.96, 0.95)
    assert (lower[0], upper[0]) == (0.0, 0.0)
    lower, upper = outcome_limits(np.array([10.0]), np.array([100.0]), np.zeros(1), 0.95)
    assert lower[0] == pytest.approx(-10 * np.log(0.975), rel=1e-9)
    assert upper[0] == pytest.approx(-10 * np.log(0.025), rel=1e-9)


def test_an_outcome_that_may_be_a_loss_has_limits_on_both_sides():
    lower, upper = outcome_limits(np.array([-1.0]), np.array([4.0]), np.zeros(1), 0.95, is_signed=True)
    assert lower[0] == pytest.approx(-1 - 2 * 1.959964, abs=1e-5)
    assert upper[0] == pytest.approx(-1 + 2 * 1.959964, abs=1e-5)


def test_contracts_that_end_at_one_rate_bring_what_the_closed_form_says():
    rng = np.random.default_rng(2)
    tenure = rng.exponential(800.0, 400)
    seen = np.ceil(np.minimum(tenure, 900.0))
    spells = pd.DataFrame({"tenure_days": seen, "is_ended": tenure < 900.0})
    fit = fit_parametric(spells, shape="exponential")
    hazard = float(fit.at(1.0)["hazard"].iloc[0])
    by_day = np.log(1.1) / YEAR
    rows = pd.DataFrame({"tenure_days": [10.0, 700.0], "fee": [20.0, 50.0]})
    for horizon in (2 * YEAR, None):
        value = value_contracts(fit, rows, horizon_days=horizon, rate=0.1, margin=0.5)
        total = hazard + by_day
        days = (1 - np.exp(-total * horizon)) / total if horizon else 1 / total
        np.testing.assert_allclose(value.expected, np.array([10.0, 25.0]) * days / (YEAR / 12), rtol=1e-6)
        if horizon is None:
            square = 2 / by_day * (1 / total - 1 / (hazard + 2 * by_day))
            spread = np.sqrt(square - days**2) / (YEAR / 12)
            np.testing.assert_allclose(np.sqrt(value.variance), np.array([10.0, 25.0]) * spread, rtol=1e-5)
            # The delta method on one rate: its logarithm has the variance 1 / ends.
            slope = hazard / total * value.expected.sum()
            n_ended = int(spells["is_ended"].sum())
            assert np.sqrt(value.total()["of_params"].iloc[0]) == pytest.approx(slope / np.sqrt(n_ended), rel=1e-3)


def test_totals_of_both_kinds_add_up(world, pareto, spend):
    one = value_orders(pareto, spend, world.rows, horizon_days=365, rate=0.1).total()
    both = add_totals([one, one], confidence=0.95)
    assert both["expected"].iloc[0] == pytest.approx(2 * one["expected"].iloc[0])
    assert both["of_outcome"].iloc[0] == pytest.approx(2 * one["of_outcome"].iloc[0])


def test_a_forecast_that_comes_true_misses_nothing():
    came = np.array([0.0, 5.0, 1.0, 20.0, 3.0, 0.0, 2.0, 8.0, 1.0, 10.0])
    found = score_forecast(came, came)
    assert (found["total_error"], found["rmse"], found["regret"], found["rank_correlation"]) == (0.0, 0.0, 0.0, 1.0)
    assert found["captured"] == found["capturable"] == 20 / 50


def test_a_forecast_that_tells_nobody_apart_finds_a_tenth():
    came = np.array([0.0, 5.0, 1.0, 20.0, 3.0, 0.0, 2.0, 8.0, 1.0, 10.0])
    found = score_forecast(np.full(10, 6.0), came)
    assert found["captured"] == pytest.approx(0.1)
    assert found["regret"] == pytest.approx(0.3)
    assert found["total_error"] == pytest.approx(0.2)
    assert np.isnan(found["rank_correlation"])


def test_nothing_that_came_scores_no_share():
    found = score_forecast(np.ones(4), np.zeros(4))
    assert np.isnan(found["total_error"])
    assert np.isnan(found["captured"])
    assert found["rmse"] == 1.0


def test_the_best_of_forecasts_that_are_alike_is_no_winner():
    rng = np.random.default_rng(1)
    losses = {name: rng.exponential(10.0, 400) for name in ("a", "b", "c")}
    table = compare_forecasts(losses)
    assert table["loss"].is_monotonic_increasing
    assert not table["is_clearly_worse"].any()
    worse = compare_forecasts({**losses, "d": losses["a"] + 5.0})
    assert worse.set_index("forecast")["is_clearly_worse"].to_dict()["d"]


@pytest.mark.slow
def test_who_is_the_best_is_a_test_of_many():
    # In worlds where six forecasts are equally good, hardly one in twenty may have a clear winner over any other.
    rng, n_false = np.random.default_rng(4), 0
    for _ in range(60):
        n_false += bool(compare_forecasts({str(k): rng.normal(10, 3, 200) for k in range(6)})["is_clearly_worse"].any())
    assert n_false <= 7


def test_what_is_never_a_loss_is_not_expected_to_be_one():
    held = total_limits(np.array([5.0, 0.0]), np.array([16.0, 1.0]), np.array([4.0, 1.0]), confidence=0.95)
    assert held["lower"].tolist() == [0.0, 0.0]
    assert held["upper"].tolist() == pytest.approx([5.0 + 1.959964 * 4, 1.959964])
    signed = total_limits(np.array([5.0]), np.array([16.0]), np.array([4.0]), confidence=0.95, is_signed=True)
    assert signed["lower"].tolist() == pytest.approx([5.0 - 1.959964 * 4])


def test_gifts_among_purchases_make_no_loss_possible():
    rows = pd.DataFrame({"frequency": [1, 2, 3] * 5, "spent": [0.0, 5.0, 9.0] * 5, "squared": [0.0, 13.0, 30.0] * 5})
    gifts = choose_spend(rows)
    assert (gifts.reason, gifts.is_signed) == ("negative", False)
    losses = choose_spend(rows.assign(spent=rows["spent"] - 1.0))
    assert (losses.reason, losses.is_signed) == ("negative", True)
