"""The records of a world lead back to what the world was drawn from.

Fast tests hold 2,000 customers to intervals of four standard errors; slow ones 200,000 to stated tolerances, and count
how often 95 % intervals cover the truth over repeated small worlds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.simulate import Reason, World, WorldSettings, simulate_world
from crm_research.simulate.hazards import cumulative_hazard
from tests.simulate.reading import read_parameters, read_table, read_truth

SIZES = [2_000, pytest.param(200_000, marks=pytest.mark.slow)]
_DAY = pd.Timedelta(days=1)
_BETA = {"plan=plus": -0.4, "plan=flex": 0.6, "payment=debit": -0.5, "region=north": 0.3, "age_decades": -0.15}
_REASONS = (Reason(name="price", scale_days=1_200.0, shape=1.3), Reason(name="moved", scale_days=2_500.0))


def _world(folder: Path, make: Any = WorldSettings, **settings: Any) -> World:
    return simulate_world(make(**settings), folder / "world")


def _contract_world(folder: Path, n: int, **settings: Any) -> World:
    """Everyone has a contract, of which nothing changes, and only what is stated has an effect."""
    plain = {"contract_share": 1.0, "more_contracts": 0.0, "state_changes": 0.0, "complaints": 0.0}
    plain |= {"reasons": _REASONS, "seed": 21, "n_campaigns": 0, "survey_share": 0.0, "rate_scale_days": 5_000.0}
    return _world(folder, WorldSettings.without_effects, n_customers=n, **{**plain, **settings})


def _spells(world: World) -> pd.DataFrame:
    """Contracts with entry, exit, event and the covariates by which the world was drawn."""
    contracts, end = read_table(world, "contracts"), pd.Timestamp(world.settings.end)
    customers = read_table(world, "customers").set_index("customer_id")
    started_at = contracts["started_at"]
    age = contracts["customer_id"].map(customers["age"])
    region = contracts["customer_id"].map(customers["region"])
    return pd.DataFrame(
        {
            "contract_id": contracts["contract_id"],
            "entry": (contracts["observed_from"].fillna(started_at) - started_at) / _DAY,
            "exit": (contracts["ended_at"].fillna(end) - started_at) / _DAY,
            "is_ended": contracts["ended_at"].notna().to_numpy(),
            "reason": contracts["end_reason"],
            "plan=plus": (contracts["plan"] == "plus").astype(float),
            "plan=flex": (contracts["plan"] == "flex").astype(float),
            "payment=debit": (contracts["payment"] == "debit").astype(float),
            "region=north": (region == "north").astype(float),
            "age_decades": ((age - 45.0) / 10.0).fillna(0.0),
            "log_fee": np.log(contracts["fee"] / 20.0),
        }
    ).query("exit > entry")


def _nelson_aalen(spells: pd.DataFrame, is_event: pd.Series, at_days: float) -> tuple[float, float]:
    """Cumulative hazard with its standard error; events at one instant are too rare to matter."""
    times = np.sort(spells.loc[is_event & (spells["exit"] <= at_days), "exit"].to_numpy())
    entered = np.searchsorted(np.sort(spells["entry"].to_numpy()), times, side="left")
    left = np.searchsorted(np.sort(spells["exit"].to_numpy()), times, side="left")
    n_at_risk = entered - left
    return float((1.0 / n_at_risk).sum()), float(np.sqrt((1.0 / n_at_risk**2).sum()))


@pytest.mark.parametrize("n", SIZES)
def test_the_cumulative_hazard_of_each_reason_is_recovered_from_truncated_and_censored_contracts(
    tmp_path: Path, n: int
) -> None:
    world = _contract_world(tmp_path, n, existing_share=0.4)
    spells = _spells(world)
    assert (spells["entry"] > 0).mean() > 0.1
    for reason in _REASONS:
        for at_days in (120.0, 365.0, 730.0):
            found, error = _nelson_aalen(spells, spells["reason"] == reason.name, at_days)
            truth = float(cumulative_hazard(reason, np.array(at_days)))
            assert abs(found - truth) < 4 * error, (reason.name, at_days)
            assert n < 100_000 or found == pytest.approx(truth, rel=0.05), (reason.name, at_days)


def test_leaving_out_the_truncation_would_be_noticed(tmp_path: Path) -> None:
    spells = _spells(_contract_world(tmp_path, 2_000, existing_share=0.4))
    naive, error = _nelson_aalen(spells.assign(entry=0.0), spells["is_ended"], 365.0)
    truth = sum(float(cumulative_hazard(reason, np.array(365.0))) for reason in _REASONS)
    assert naive < truth - 4 * error


def _fit_cox(spells: pd.DataFrame, covariates: list[str]) -> pd.DataFrame:
    from lifelines import CoxPHFitter

    # Entries make lifelines many times slower, so large worlds have none.
    entry = ["entry"] if (spells["entry"] > 0).any() else []
    frame = spells[[*entry, "exit", "is_ended", *covariates]].astype(float)
    fitted = CoxPHFitter().fit(frame, duration_col="exit", event_col="is_ended", entry_col=entry[0] if entry else None)
    return fitted.summary[["coef", "se(coef)"]]


@pytest.mark.parametrize("n", SIZES)
def test_log_hazard_ratios_are_recovered_by_cox(tmp_path: Path, n: int) -> None:
    existing_share = 0.25 if n < 100_000 else 0.0
    spells = _spells(_contract_world(tmp_path, n, effects=_BETA, existing_share=existing_share))
    fitted = _fit_cox(spells, list(_BETA))
    for name, truth in _BETA.items():
        found, error = fitted.loc[name]
        assert abs(found - truth) < 4 * error, name
        assert n < 100_000 or abs(found - truth) < 0.03, name


def test_an_effect_on_one_reason_leaves_the_others_alone(tmp_path: Path) -> None:
    world = _contract_world(tmp_path, 4_000, reason_effects={"price": {"log_fee": 0.8}})
    spells = _spells(world)
    for reason, truth in (("price", 0.8), ("moved", 0.0)):
        of_reason = spells.assign(is_ended=spells["reason"] == reason)
        found, error = _fit_cox(of_reason, ["log_fee"]).loc["log_fee"]
        assert abs(found - truth) < 4 * error, reason


@pytest.mark.slow
def test_changes_of_plan_and_fee_act_from_the_day_they_come(tmp_path: Path) -> None:
    from lifelines import CoxTimeVaryingFitter

    truth = {"plan=flex": 0.9, "log_fee": 0.8}
    world = _contract_world(tmp_path, 3_000, effects=truth, state_changes=1.5, existing_share=0.0)
    states = read_table(world, "contract_states")
    spells = _spells(world).set_index("contract_id")
    started_at = read_table(world, "contracts").set_index("contract_id")["started_at"]
    begin = (states["valid_from"] - states["contract_id"].map(started_at)) / _DAY
    until = (states["valid_to"] - states["contract_id"].map(started_at)) / _DAY
    last_exit = states["contract_id"].map(spells["exit"])
    frame = pd.DataFrame(
        {
            "id": states["contract_id"].astype("category").cat.codes,
            "start": begin,
            "stop": until.fillna(last_exit),
            "event": (until.fillna(last_exit) == last_exit) & states["contract_id"].map(spells["is_ended"]),
            "plan=flex": (states["plan"] == "flex").astype(float),
            "plan=plus": (states["plan"] == "plus").astype(float),
            "log_fee": np.log(states["fee"] / 20.0),
        }
    ).query("stop > start")
    fitted = CoxTimeVaryingFitter().fit(
        frame.astype(float), id_col="id", event_col="event", start_col="start", stop_col="stop"
    )
    for name, value in truth.items():
        found, error = fitted.summary.loc[name, ["coef", "se(coef)"]]
        assert abs(found - value) < 4 * error, name


def test_customers_leave_sooner_while_a_complaint_is_settled_too_slowly(tmp_path: Path) -> None:
    effect = 1.2
    world = _contract_world(
        tmp_path, 4_000, effects={"slow_complaint": effect}, complaints=1.0, delay_days=15.0, existing_share=0.0,
        reasons=(Reason(name="service", scale_days=900.0),),
    )  # fmt: skip
    contacts, settings = read_table(world, "contacts"), world.settings
    end = pd.Timestamp(settings.end)
    contracts = read_table(world, "contracts").assign(exit=lambda rows: rows["ended_at"].fillna(end))
    complaints = contacts[contacts["kind"] == "complaint"]
    closed_at = complaints["closed_at"].fillna(end + 60 * _DAY)
    is_slow = closed_at - complaints["opened_at"] > settings.patience_days * _DAY
    spells = pd.DataFrame(
        {
            "customer_id": complaints["customer_id"],
            "begin": complaints["opened_at"] + settings.patience_days * _DAY,
            "end": closed_at + 60 * _DAY,
        }
    )[is_slow]
    both = spells.merge(contracts, on="customer_id").query("end > started_at").sort_values(["contract_id", "begin"])
    # Each contract's first slow complaint, until the next one comes on top.
    another = both.groupby("contract_id")["begin"].shift(-1).fillna(end)
    begin, until = both[["begin", "started_at"]].max(axis=1), both[["end", "exit"]].min(axis=1)
    until = pd.concat([until, another], axis=1).min(axis=1)
    counts = ~both.duplicated("contract_id") & (until > begin)
    days_slow = ((until - begin) / _DAY)[counts].sum()
    n_left = int((both["ended_at"] == until)[counts].sum())
    assert n_left > 100
    assert abs(np.log(n_left / days_slow * 900.0) - effect) < 4 / np.sqrt(n_left)


@pytest.mark.slow
def test_intervals_of_log_hazard_ratios_cover_the_truth_about_95_times_in_100(tmp_path: Path) -> None:
    covered = []
    for seed in range(150):
        world = _contract_world(tmp_path / str(seed), 500, effects=_BETA, seed=seed, existing_share=0.0)
        fitted = _fit_cox(_spells(world), list(_BETA))
        away = (fitted["coef"] - pd.Series(_BETA)).abs() / fitted["se(coef)"]
        covered += (away < 1.96).tolist()
    # 750 intervals: 0.95 has a standard error of 0.008, and a little more since five come from one world.
    assert 0.92 < np.mean(covered) < 0.975


_R, _ALPHA, _S, _BETA_DAYS = 0.8, 60.0, 2.5, 900.0


def _pareto_world(folder: Path, n: int, **settings: Any) -> World:
    make = WorldSettings.pareto_nbd
    rates = {"r": _R, "alpha_days": _ALPHA, "s": _S, "beta_days": _BETA_DAYS}
    rest = {"contract_share": 0.0, "survey_share": 0.0, "intake_days": 1e-3, "seed": 31}
    return _world(folder, make, n_customers=n, **rates, **{**rest, **settings})


@pytest.mark.parametrize("n", SIZES)
def test_repeat_purchases_have_the_moments_of_pareto_nbd(tmp_path: Path, n: int) -> None:
    world = _pareto_world(tmp_path, n)
    orders = read_table(world, "orders")
    first = pd.Timestamp(world.settings.start)
    assert orders["customer_id"].nunique() == n
    for days in (180.0, 500.0, 1_000.0):
        until = orders[orders["ordered_at"] <= first + days * _DAY]
        repeats = until["customer_id"].value_counts() - 1
        # Schmittlein, Morrison and Colombo (1987), equation 17: the mean number of purchases in (0, t].
        expected = _R * _BETA_DAYS / (_ALPHA * (_S - 1)) * (1 - (_BETA_DAYS / (_BETA_DAYS + days)) ** (_S - 1))
        assert abs(repeats.mean() - expected) < 4 * repeats.std() / np.sqrt(n), days
        assert n < 100_000 or repeats.mean() == pytest.approx(expected, rel=0.02), days


@pytest.mark.parametrize("n", SIZES)
def test_true_rates_are_gamma_and_lifetimes_are_pareto(tmp_path: Path, n: int) -> None:
    truth = read_truth(_pareto_world(tmp_path, n), "customers")
    assert stats.kstest(truth["order_rate"], "gamma", args=(_R, 0, 1 / _ALPHA)).pvalue > 0.001
    assert stats.kstest(truth["dropout_rate"], "gamma", args=(_S, 0, 1 / _BETA_DAYS)).pvalue > 0.001
    assert stats.kstest(truth["lifetime_days"], "lomax", args=(_S, 0, _BETA_DAYS)).pvalue > 0.001


def test_nobody_buys_after_dropping_out(tmp_path: Path) -> None:
    world = _pareto_world(tmp_path, 2_000)
    dropped_out_at = read_truth(world, "customers").set_index("customer_id")["dropped_out_at"]
    orders = read_table(world, "orders")
    limit = orders["customer_id"].map(dropped_out_at)
    assert (limit.isna() | (orders["ordered_at"] <= limit)).all()


@pytest.mark.parametrize("stages", [1, 3])
def test_gaps_between_purchases_are_erlang_of_the_stated_regularity(tmp_path: Path, stages: int) -> None:
    world = _world(
        tmp_path, WorldSettings.without_effects, n_customers=500, regularity=stages, dropout_shape=0.0, seed=41,
        rate_shape=20.0, rate_scale_days=200.0, existing_share=0.0, intake_days=1e-3, cancel_rate=0.0, return_rate=0.0,
        n_campaigns=0,
    )  # fmt: skip
    orders = read_table(world, "orders").sort_values(["customer_id", "ordered_at"])
    rates = read_truth(world, "customers").set_index("customer_id")["order_rate"]
    gaps = orders.groupby("customer_id")["ordered_at"].diff() / _DAY
    # The first gaps of everyone: later ones are cut off at the end of the records.
    is_early = orders.groupby("customer_id").cumcount().between(1, 10)
    scaled = (gaps * orders["customer_id"].map(rates))[is_early]
    assert orders["customer_id"].value_counts().min() > 25
    assert stats.kstest(scaled, "gamma", args=(stages, 0, 1 / stages)).pvalue > 0.001


@pytest.mark.parametrize("n", SIZES)
def test_spend_is_gamma_gamma_and_independent_of_the_number_of_orders(tmp_path: Path, n: int) -> None:
    world = _pareto_world(tmp_path, n, business_share=0.0, spend_spread=6.0)
    orders, truth = read_table(world, "orders"), read_truth(world, "customers").set_index("customer_id")
    settings = world.settings
    mean = settings.spend_shape * settings.spend_scale / (settings.spend_spread - 1)
    first = orders.drop_duplicates("customer_id")["revenue"]
    assert abs(first.mean() - mean) < 4 * first.std() / np.sqrt(n)
    around = orders["revenue"] / orders["customer_id"].map(truth["mean_spend"])
    assert abs(around.mean() - 1) < 4 * around.std() / np.sqrt(len(around))
    assert around.var() == pytest.approx(1 / settings.spend_shape, rel=0.1)
    n_orders = orders["customer_id"].value_counts().reindex(truth.index)
    assert abs(stats.spearmanr(n_orders, truth["mean_spend"]).statistic) < 4 / np.sqrt(n)


def _campaign_difference(world: World) -> tuple[float, float, float]:
    """Purchases per target within the window, addressed minus control: found, standard error, and the truth."""
    targets = read_table(world, "campaign_targets").merge(read_truth(world, "campaign_targets"))
    orders = read_table(world, "orders")
    both = targets.reset_index().merge(orders, on="customer_id")
    since = both["ordered_at"] - both["targeted_at"]
    is_within = (since >= 0 * _DAY) & (since < world.settings.campaign_days * _DAY)
    bought = both[is_within & (both["kind"] != "return")]["index"].value_counts().reindex(targets.index, fill_value=0)
    addressed, control = bought[~targets["is_control"]], bought[targets["is_control"]]
    error = np.sqrt(addressed.var() / len(addressed) + control.var() / len(control))
    truth = targets.loc[~targets["is_control"], "expected_extra_orders"].mean()
    return addressed.mean() - control.mean(), error, truth


def _campaign_world(folder: Path, n: int, effect: float, seed: int = 51) -> World:
    return _world(
        folder, n_customers=n, n_campaigns=3, campaign_effect=effect, target_share=0.8, control_share=0.5, seed=seed,
        contract_share=0.0, survey_share=0.0, existing_share=0.8,
    )  # fmt: skip


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_a_campaigns_effect_is_the_difference_to_its_control(tmp_path: Path, n: int, effect: float) -> None:
    found, error, truth = _campaign_difference(_campaign_world(tmp_path, n, effect))
    assert (truth > 0) == (effect > 0)
    assert abs(found - truth) < 4 * error
    if effect:
        assert found > 2 * error


@pytest.mark.slow
def test_intervals_of_the_campaigns_effect_cover_the_truth_about_95_times_in_100(tmp_path: Path) -> None:
    covered = []
    for seed in range(150):
        found, error, truth = _campaign_difference(_campaign_world(tmp_path / str(seed), 400, 0.5, seed))
        covered.append(abs(found - truth) < 1.96 * error)
    # 150 intervals: 0.95 has a standard error of 0.018.
    assert np.mean(covered) > 0.89


@pytest.mark.parametrize("n", SIZES)
def test_answers_follow_the_true_attitude_with_the_stated_loading(tmp_path: Path, n: int) -> None:
    world = _world(tmp_path, n_customers=n, survey_share=1.0, response_rate=0.5, seed=61)
    answers = read_table(world, "surveys").dropna(subset=["score", "customer_id"])
    truth = read_truth(world, "customers").set_index("customer_id")
    for item in read_parameters(world)["attitudes"]["items"]:
        of_item = answers[answers["item"] == item["name"]].drop_duplicates("customer_id")
        trait = of_item["customer_id"].map(truth[item["trait"]])
        raw_sd = of_item["score"].std()
        # Rounding and the scale's ends move mean and correlation a little, so a fixed tolerance stands beside 4 errors.
        assert abs(of_item["score"].mean() - item["middle"]) < 0.12 + 4 * raw_sd / np.sqrt(len(of_item)), item["name"]
        found = np.corrcoef(of_item["score"], trait)[0, 1]
        assert abs(found - item["loading"]) < 0.04 + 4 * (1 - found**2) / np.sqrt(len(of_item)), item["name"]
    assert abs(truth["quality"].corr(truth["satisfaction"]) - 0.7) < 4 * 0.51 / np.sqrt(n)
    assert abs(truth["satisfaction"].corr(truth["attitude"]) - 0.6) < 4 * 0.64 / np.sqrt(n)


def test_who_answers_can_be_made_to_depend_on_attitude(tmp_path: Path) -> None:
    world = _world(tmp_path, n_customers=2_000, survey_share=1.0, response_by_attitude=1.5, seed=61)
    truth = read_truth(world, "customers").set_index("customer_id")["attitude"]
    answered = read_table(world, "surveys")["customer_id"].dropna().unique()
    assert truth[answered].mean() > truth.mean() + 0.2


def test_invoices_are_paid_late_as_often_as_credit_quality_says(tmp_path: Path) -> None:
    world = _world(tmp_path, n_customers=2_000, business_share=1.0, seed=71, contract_share=0.0, survey_share=0.0)
    invoices = read_table(world, "invoices")
    settled = invoices[invoices["issued_at"] < pd.Timestamp(world.settings.end) - 300 * _DAY]
    rate = settled["customer_id"].map(read_truth(world, "customers").set_index("customer_id")["late_payment_rate"])
    is_late = settled["paid_at"].isna() | (settled["paid_at"] > settled["due_at"])
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 1.0)):
        chosen = rate.between(low, high)
        error = np.sqrt((rate[chosen] * (1 - rate[chosen])).sum()) / chosen.sum()
        # Bills that are never paid are late too, and come on top.
        assert -4 * error < is_late[chosen].mean() - rate[chosen].mean() < 0.03 + 4 * error


def test_segments_differ_as_far_as_they_are_separated(tmp_path: Path) -> None:
    spread = {}
    for separation in (0.0, 0.5, 1.0):
        truth = read_truth(
            _world(tmp_path / str(separation), n_customers=2_000, separation=separation, seed=81), "customers"
        )
        logs = np.log(truth[["order_rate", "mean_spend", "discount_rate"]])
        spread[separation] = logs.groupby(truth["segment"]).mean().std().mean()
        shares = truth["segment"].value_counts(normalize=True)
        assert shares["regulars"] == pytest.approx(0.28, abs=0.04)
    assert spread[0.0] < 0.06 < spread[0.5] < spread[1.0]


def test_in_a_null_world_leaving_has_nothing_to_do_with_covariates(tmp_path: Path) -> None:
    fitted = _fit_cox(_spells(_contract_world(tmp_path, 2_000)), list(_BETA))
    assert (fitted["coef"].abs() < 4 * fitted["se(coef)"]).all()
