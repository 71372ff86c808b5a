"""What a fitted model says of customers, and how it fails on input that cannot carry it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import ContractViolation, NotEnoughData, ParameterError
from crm_research.models.btyd import fit_bg_bb, fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from tests.models.btyd.published import donations
from tests.models.btyd.worlds import a_bg_nbd_world, a_pareto_nbd_world, tossing_buyers

FITS = [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd]
BY_NAME = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd}


def customers(*rows: tuple[float, float, float], **extra) -> pd.DataFrame:
    """Customers from (frequency, recency_days, age_days)."""
    return pd.DataFrame(rows, columns=["frequency", "recency_days", "age_days"]).assign(**extra)


@pytest.fixture(scope="module")
def world():
    return a_bg_nbd_world(1500, seed=4)


@pytest.fixture(scope="module")
def fitted(world):
    # The Pareto/NBD gets customers of its own: those of the BG/NBD differ too little in dropout to determine it.
    return {"BG/NBD": fit_bg_nbd(world), "MBG/NBD": fit_mbg_nbd(world), "Pareto/NBD": fit_pareto_nbd(pareto_world())}


def pareto_world():
    return a_pareto_nbd_world(1500, seed=4)


@pytest.mark.parametrize("model", BY_NAME)
def test_a_fit_states_what_it_stands_on(fitted, world, model):
    found = fitted[model]
    customers_of_it = pareto_world() if model == "Pareto/NBD" else world
    assert found.model == model
    assert found.is_converged
    assert found.notes == ()
    assert found.n_customers == 1500
    assert found.n_repeaters == (customers_of_it["frequency"] > 0).sum()
    assert list(found.params.columns) == ["name", "estimate", "se", "lower", "upper"]
    assert (found.params["lower"] < found.params["estimate"]).all()
    assert (found.params["estimate"] < found.params["upper"]).all()


@pytest.mark.parametrize("fit", FITS)
def test_patterns_with_counts_fit_as_the_customers_they_stand_for(world, fit):
    world = pareto_world() if fit is fit_pareto_nbd else world
    rounded = world.round({"recency_days": -1, "age_days": -1})
    rounded = rounded[(rounded["frequency"] == 0) | (rounded["recency_days"] > 0)]
    counted = rounded.groupby(list(rounded), as_index=False).size().rename(columns={"size": "n_customers"})
    assert len(counted) < len(rounded)
    by_pattern, by_customer = fit(counted), fit(rounded.sample(frac=1, random_state=1))
    np.testing.assert_allclose(by_pattern.params["estimate"], by_customer.params["estimate"], rtol=1e-9)
    assert by_pattern.log_likelihood == pytest.approx(by_customer.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("fit", FITS)
def test_the_unit_of_time_scales_alpha_and_beta_alone(world, fit):
    world = pareto_world() if fit is fit_pareto_nbd else world
    weekly, daily = fit(world), fit(world, time_unit_days=1.0)
    ratio = dict(zip(weekly.params["name"], daily.params["estimate"] / weekly.params["estimate"], strict=True))
    in_time = {"alpha"} if fit is not fit_pareto_nbd else {"alpha", "beta"}
    assert ratio == pytest.approx({name: 7.0 if name in in_time else 1.0 for name in ratio}, rel=1e-9)
    n_repeats = world["frequency"].sum()
    assert weekly.log_likelihood - daily.log_likelihood == pytest.approx(n_repeats * np.log(7), rel=1e-9)
    for method in ("probability_alive", "expected_purchases"):
        arguments = (world,) if method == "probability_alive" else (world, 90)
        pd.testing.assert_frame_equal(getattr(weekly, method)(*arguments), getattr(daily, method)(*arguments))


@pytest.mark.parametrize("model", BY_NAME)
@settings(max_examples=60, deadline=None)
@given(
    frequency=st.integers(0, 400),
    age=st.floats(1.0, 4_000.0),
    share=st.floats(0.01, 0.99),
    silence=st.floats(1.0, 3_000.0),
)
def test_the_chance_to_be_alive_is_a_chance_and_falls_with_silence(fitted, model, frequency, age, share, silence):
    recency = age * share if frequency else 0.0
    now, later = customers((frequency, recency, age), (frequency, recency, age + silence)).pipe(
        lambda frame: fitted[model].probability_alive(frame)["probability_alive"]
    )
    assert 0.0 <= later <= now <= 1.0
    if model == "BG/NBD" and frequency == 0:
        assert now == later == 1.0
    elif now > 1e-300:
        assert later < now


@pytest.mark.parametrize("model", BY_NAME)
@settings(max_examples=40, deadline=None)
@given(frequency=st.integers(0, 200), age=st.floats(1.0, 2_000.0), share=st.floats(0.01, 1.0))
def test_expected_purchases_grow_with_the_horizon_from_nothing(fitted, model, frequency, age, share):
    one = customers((frequency, age * share if frequency else 0.0, age))
    path = [fitted[model].expected_purchases(one, days)["expected_purchases"].iloc[0] for days in (0, 7, 30, 365, 9999)]
    assert path[0] == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.diff(path) >= -1e-12)


@pytest.mark.parametrize("model", BY_NAME)
def test_expectations_of_all_customers_continue_the_unconditional_curve(fitted, world, model):
    # Under the model, what customers did and will do must together be what it expects of new customers.
    fit = fitted[model]
    rng = np.random.default_rng(8)
    drawn = fit.family.draw_history(np.exp(fit.log_params), np.full(60_000, 30.0), rng)
    frame = (
        customers(*[])
        .reindex(range(60_000))
        .assign(frequency=drawn.frequency, recency_days=drawn.recency * 7, age_days=drawn.age * 7)
    )
    future = fit.expected_purchases(frame, 140)["expected_purchases"].mean()
    until_then, until_end = fit.expected_repeats([210, 350])
    assert drawn.frequency.mean() == pytest.approx(until_then, rel=0.03)
    assert future == pytest.approx(until_end - until_then, rel=0.03)


@pytest.mark.parametrize("model", BY_NAME)
def test_drawn_futures_have_the_expected_mean(fitted, world, model):
    fit = fitted[model]
    history, horizon = fit.history(world), np.full(len(world), 26.0)
    rng = np.random.default_rng(2)
    futures = [fit.family.draw_future(np.exp(fit.log_params), history, horizon, rng).mean() for _ in range(60)]
    expected = fit.expected_purchases(world, 26 * 7)["expected_purchases"].mean()
    assert np.mean(futures) == pytest.approx(expected, abs=4 * np.std(futures) / np.sqrt(60))


@pytest.mark.parametrize("model", BY_NAME)
def test_intervals_hold_the_estimate_and_widen_with_the_outcome(fitted, world, model):
    some = world.head(40)
    alive = fitted[model].probability_alive(some, confidence=0.9)
    assert ((alive["lower"] <= alive["probability_alive"]) & (alive["probability_alive"] <= alive["upper"])).all()
    mean = fitted[model].expected_purchases(some, 180, confidence=0.9)
    outcome = fitted[model].expected_purchases(some, 180, confidence=0.9, is_outcome=True)
    assert ((mean["lower"] <= mean["expected_purchases"]) & (mean["expected_purchases"] <= mean["upper"])).all()
    assert (outcome["upper"] - outcome["lower"]).sum() > 3 * (mean["upper"] - mean["lower"]).sum()
    assert (outcome[["lower", "upper"]] % 1 == 0).all(axis=None)
    again = fitted[model].expected_purchases(some, 180, confidence=0.9, is_outcome=True)
    pd.testing.assert_frame_equal(outcome, again)


def test_scores_keep_the_index_of_the_customers(fitted):
    frame = customers((0, 0, 10), (2, 5, 10)).set_index(pd.Index(["王伟", "b"], name="customer_id"))
    assert list(fitted["BG/NBD"].probability_alive(frame, confidence=0.95).index) == ["王伟", "b"]


def test_frequency_counts_are_those_of_the_fitted_customers(fitted, world):
    for name, of_it in (("BG/NBD", world), ("Pareto/NBD", pareto_world())):
        counts = fitted[name].expected_frequency_counts(4)
        assert counts["frequency"].tolist() == [0, 1, 2, 3, 4]
        assert counts["is_open"].tolist() == [False] * 4 + [True]
        assert counts["n_customers"].tolist() == of_it["frequency"].clip(upper=4).value_counts().sort_index().tolist()
        assert counts["expected_customers"].sum() == pytest.approx(len(of_it))
        # The model is true here, so what it expects lies within chance of what there is.
        gap = counts["expected_customers"] - counts["n_customers"]
        assert (gap**2 / counts["expected_customers"]).sum() < 15


def test_tracking_adds_up_the_curves_of_all_customers(fitted):
    births = pd.DataFrame({"born_days": [0, 10], "n_customers": [3, 2]})
    fit = fitted["BG/NBD"]
    track = fit.expected_tracking(births, [5, 30])
    one = fit.expected_repeats
    assert track["expected_repeats"].tolist() == pytest.approx([3 * one(5)[0], 3 * one(30)[0] + 2 * one(20)[0]])


def test_donors_are_followed_in_periods():
    fit = fit_bg_bb(donations())
    donors = pd.DataFrame({"frequency": [6, 0], "recency_periods": [6, 0], "age_periods": [6, 6]})
    alive = fit.probability_alive(donors)["probability_alive"]
    # Fader, Hardie and Shang (2010), table 5: alive in 2002 after a gift every year .93, after none .11.
    assert alive.round(2).tolist() == [0.93, 0.11]
    expected = fit.expected_purchases(donors, 5, confidence=0.95)
    assert expected["expected_purchases"].round(2).tolist() == [3.75, 0.07]


# What cannot be fitted, and what is fitted but must not be believed.


def test_nobody_repeats():
    with pytest.raises(NotEnoughData, match="bought again"):
        fit_bg_nbd(customers(*[(0, 0, age) for age in range(10, 60)]))


def test_one_customer():
    with pytest.raises(NotEnoughData, match="customers"):
        fit_pareto_nbd(customers((3, 20, 30)))


def test_nobody_at_all():
    with pytest.raises(
        NotEnoughData,
        match=r"^A buy\-till\-you\-die model cannot be worked out here\. The table of patterns has no rows\.$",
    ):
        fit_mbg_nbd(customers())


def test_all_customers_alike():
    with pytest.raises(NotEnoughData, match="distinct"):
        fit_bg_nbd(customers((2, 20, 30), n_customers=5000))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([(1, 40, 30)], "is not above age_days"),
        ([(-1, 0, 30)], "at least 0"),
        ([(1.5, 10, 30)], "whole number"),
        ([(1, -2, 30)], "at least 0"),
        ([(1, float("nan"), 30)], "finite"),
        ([(1, 2, float("inf"))], "finite"),
        ([(0, 5, 30)], "is 0 where frequency is 0"),
    ],
)
def test_contradictory_patterns_are_refused_by_name(fit, rows, rule):
    with pytest.raises(ContractViolation, match=rule):
        fit(customers(*rows, *[(1, 5, 30)] * 20))


def test_a_missing_column_is_named():
    with pytest.raises(ContractViolation, match="recency_days"):
        fit_bg_nbd(pd.DataFrame({"frequency": [1], "age_days": [3]}))


def test_words_where_numbers_belong_are_refused():
    with pytest.raises(ContractViolation, match="frequency"):
        fit_bg_nbd(customers(("two", 5, 30)))


def test_a_donor_cannot_give_more_often_than_asked():
    with pytest.raises(ContractViolation, match="recency_periods"):
        fit_bg_bb(pd.DataFrame({"frequency": [4], "recency_periods": [3], "age_periods": [6]}))


@pytest.mark.parametrize("unit", [0, -7, float("nan"), float("inf")])
def test_an_impossible_unit_of_time_is_refused(world, unit):
    with pytest.raises(ParameterError, match="time_unit_days"):
        fit_bg_nbd(world, time_unit_days=unit)


def test_impossible_options_are_refused(fitted, world):
    with pytest.raises(ParameterError, match="confidence"):
        fit_bg_nbd(world, confidence=95)
    with pytest.raises(ParameterError):
        fitted["BG/NBD"].expected_purchases(world, -1)
    with pytest.raises(ParameterError):
        fitted["BG/NBD"].probability_alive(world, confidence=0.95, n_draws=1)
    with pytest.raises(ParameterError, match="alpha"):
        fitted["BG/NBD"].estimate("aplha")


@pytest.mark.parametrize("fit", FITS)
def test_customers_who_all_keep_buying_alike_give_no_dropout_to_estimate(fit):
    # Everybody buys about as often, until yesterday: nothing speaks for dropout or for differences in rate.
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"frequency": rng.poisson(10, 400) + 1, "recency_days": 299.0, "age_days": 300.0})
    found = fit(frame)
    assert found.limit.words == ("everybody buys at the same rate", "nobody drops out")
    assert "nobody drops out" in " ".join(found.notes)
    # What is left is one Poisson rate: purchases by weeks watched.
    rate = found.params.set_index("name").loc["r / alpha"]
    repeats, weeks = frame["frequency"].sum(), frame["age_days"].sum() / 7
    assert rate["estimate"] == pytest.approx(repeats / weeks, rel=1e-6)
    assert rate["se"] == pytest.approx(np.sqrt(repeats) / weeks, rel=1e-3)
    assert found.params["se"].notna().sum() == 1
    assert (found.probability_alive(frame)["probability_alive"] > 1 - 1e-6).all()
    expected = found.expected_purchases(frame, 70, confidence=0.95)
    np.testing.assert_allclose(expected["expected_purchases"], 10 * repeats / weeks, rtol=2e-3)
    assert (expected["lower"] < expected["upper"]).all()


@pytest.mark.parametrize("fit", FITS)
def test_a_fit_at_the_edge_still_scores_without_nonsense(fit):
    # Everybody buys at one pace and drops out with one chance: shape parameters run away.
    rng = np.random.default_rng(1)
    n = 800
    frame = tossing_buyers(
        n, rate=np.full(n, 0.5), dropout=np.full(n, 0.7), age_days=np.full(n, 200.0), rng=rng, is_first_tossed=True
    )
    found = fit(frame)
    # The BG/NBD, in which nobody leaves after the first purchase, takes the quick leavers for slow buyers.
    if fit is fit_mbg_nbd:
        assert found.limit.words == (
            "everybody buys at the same rate",
            "everybody drops out with the same chance after a purchase",
        )
        kept = found.params.set_index("name")["estimate"]
        assert kept["r / alpha"] == pytest.approx(3.5, rel=0.1)
        assert kept["a / b"] == pytest.approx(0.7 / 0.3, rel=0.15)
    scores = found.expected_purchases(frame, 100)["expected_purchases"]
    assert np.all(np.isfinite(scores))
    assert np.all(scores >= 0)


@pytest.mark.parametrize("fit", FITS)
def test_purchases_all_at_one_moment_are_fitted_but_named(fit):
    found = fit(pd.concat([pareto_world(), customers((1, 0, 100), (2, 0, 100), n_customers=2)]).fillna(1))
    assert any(note.startswith("4 customers made all their purchases at one moment") for note in found.notes)


@pytest.mark.parametrize("fit", FITS)
def test_huge_numbers_and_age_zero_are_survived(fit):
    rows = [(0, 0, 0), (0, 0, 20_000), (5_000, 19_999, 20_000), (1, 1e-6, 20_000)]
    found = fit(pd.concat([a_pareto_nbd_world(300, seed=2), customers(*rows)]))
    scores = found.expected_purchases(customers(*rows), 1e6)["expected_purchases"]
    assert np.all(np.isfinite(scores))
    assert np.all(scores >= 0)
