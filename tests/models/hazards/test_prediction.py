"""Chances of single customers: held to formulas worked out by loops, to lifelines, and to the truth of simulations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import ParameterError
from crm_research.models.hazards import fit_cox, fit_grouped
from crm_research.models.hazards.prediction import forecast_leaving
from tests.models.hazards.samples import simulated_spells

COVARIATES = ["plan", "fee", "age"]


def true_risk(frame: pd.DataFrame, days: float) -> np.ndarray:
    plan = np.select([frame["plan"] == "gold", frame["plan"] == "basic"], [-0.5, 0.4])
    eta = 0.02 * (frame["fee"] - 35) - 0.01 * (frame["age"] - 50) + plan
    return np.asarray(1 - np.exp(-days / 400 * np.exp(eta)))


def standing(n: int = 40) -> pd.DataFrame:
    return simulated_spells(n, seed=99).assign(tenure_days=np.linspace(0, 300, n))


def as_stretches(frame: pd.DataFrame) -> pd.DataFrame:
    """Spells in whole months as counts; who was watched for part of a month only is taken out before it."""
    last = np.where(frame["is_ended"], np.ceil(frame["tenure_days"] / 30), np.floor(frame["tenure_days"] / 30)) - 1
    counts = frame.assign(first_period=0, last_period=last.astype(int), n_at_risk=1, n_ended=frame["is_ended"] * 1)
    return counts.loc[counts["last_period"] >= 0]


def test_chances_are_those_of_lifelines_where_nobody_ends_together():
    from lifelines import CoxPHFitter

    spells = simulated_spells(300, seed=3).sort_values("tenure_days")
    # Every whole day is somebody's tenure: lifelines draws lines between tenures where the curve has steps.
    numbers = spells[["is_ended", "fee", "age"]].assign(tenure_days=np.arange(1.0, 301.0))
    theirs = CoxPHFitter().fit(numbers, "tenure_days", "is_ended", fit_options={"precision": 1e-10})
    who = standing(15).assign(tenure_days=np.arange(5.0, 155.0, 10.0))
    left = theirs.predict_survival_function(who[["fee", "age"]], times=[20.0, 90.0], conditional_after=who.tenure_days)
    ours = forecast_leaving(fit_cox(numbers, ["fee", "age"]), who, [20.0, 90.0])
    np.testing.assert_allclose(ours.risk.to_numpy(), 1 - left.to_numpy().T, rtol=1e-6)


def test_without_covariates_limits_are_nelson_aalens():
    from lifelines import NelsonAalenFitter

    spells = simulated_spells(200, seed=4)
    theirs = NelsonAalenFitter().fit(spells["tenure_days"], spells["is_ended"])
    limits = theirs.confidence_interval_.loc[:300.0].iloc[-1]
    ours = forecast_leaving(fit_cox(spells, []), pd.DataFrame({"tenure_days": [0.0]}), [300.0])
    assert -np.log1p(-ours.lower.iloc[0, 0]) == pytest.approx(limits.iloc[0], rel=1e-9)
    assert -np.log1p(-ours.upper.iloc[0, 0]) == pytest.approx(limits.iloc[1], rel=1e-9)


def test_grouped_without_covariates_has_greenwoods_limits():
    from lifelines import KaplanMeierFitter

    spells = simulated_spells(300, seed=5, months=True)
    counts = spells.assign(
        first_period=0, last_period=(spells["tenure_days"] / 30 - 1).astype(int), n_at_risk=1, n_ended=spells.is_ended
    )
    theirs = KaplanMeierFitter().fit(spells["tenure_days"], spells["is_ended"])
    limits = theirs.confidence_interval_.loc[240.0].to_numpy()
    ours = forecast_leaving(
        fit_grouped(counts, [], unit_days=30.0), pd.DataFrame({"tenure_days": [0.0]}), [240.0], confidence=0.95
    )
    np.testing.assert_allclose([1 - ours.upper.iloc[0, 0], 1 - ours.lower.iloc[0, 0]], limits, rtol=1e-8)


def test_limits_are_the_textbooks_worked_out_by_loops():
    """Andersen and Gill's variance with late entry, no ties, one covariate and another stratum beside it."""
    rng = np.random.default_rng(8)
    spells = pd.DataFrame({"entry_days": rng.choice([0, 20], 60), "x": rng.normal(size=60), "s": ["a", "b"] * 30})
    spells["tenure_days"] = spells["entry_days"] + 1 + rng.permutation(60) * 1.5
    spells["is_ended"] = rng.random(60) < 0.7
    fit = fit_cox(spells, ["x"], strata=["s"])
    who = pd.DataFrame({"x": [1.3, -0.4], "tenure_days": [10.0, 30.0], "s": ["a", "b"]})
    found = forecast_leaving(fit, who, [30.0])
    beta, variance = fit.terms["coefficient"].iloc[0], fit.covariance[0, 0]
    for place, row in who.iterrows():
        own = spells.loc[spells["s"] == row["s"]]
        rise = steps = drift = 0.0
        for _, end in own.loc[own["is_ended"]].iterrows():
            if not row["tenure_days"] < end["tenure_days"] <= row["tenure_days"] + 30:
                continue
            entered = (own["entry_days"] < end["tenure_days"]) | (own["entry_days"] == 0)
            at_risk = own.loc[entered & (own["tenure_days"] >= end["tenure_days"])]
            weight = np.exp(beta * at_risk["x"])
            rise += 1 / weight.sum()
            steps += 1 / weight.sum() ** 2
            drift += (row["x"] - (weight * at_risk["x"]).sum() / weight.sum()) / weight.sum()
        height = rise * np.exp(beta * row["x"])
        error = np.sqrt(steps + drift**2 * variance) / rise
        assert found.risk.iloc[place, 0] == pytest.approx(1 - np.exp(-height), rel=1e-9)
        assert found.lower.iloc[place, 0] == pytest.approx(1 - np.exp(-height * np.exp(-1.959964 * error)), rel=1e-6)
        assert found.upper.iloc[place, 0] == pytest.approx(1 - np.exp(-height * np.exp(1.959964 * error)), rel=1e-6)


def test_short_periods_give_the_limits_of_cox():
    spells = simulated_spells(3000, seed=6).assign(tenure_days=lambda f: np.ceil(f["tenure_days"]))
    counts = spells.assign(
        first_period=0, last_period=spells["tenure_days"].astype(int) - 1, n_at_risk=1, n_ended=spells["is_ended"] * 1
    )
    who = standing(20).assign(tenure_days=lambda f: np.floor(f["tenure_days"]))
    cox = forecast_leaving(fit_cox(spells, COVARIATES), who, [200.0])
    grouped = forecast_leaving(fit_grouped(counts, COVARIATES), who, [200.0])
    for name in ("risk", "lower", "upper"):
        np.testing.assert_allclose(getattr(grouped, name), getattr(cox, name), rtol=0.01)
    np.testing.assert_allclose(grouped.totals["model_error"], cox.totals["model_error"], rtol=0.01)


def test_the_error_of_a_sum_is_that_of_its_only_row_and_adds_up_for_twins():
    fit, who = fit_cox(simulated_spells(400, seed=7), COVARIATES), standing(1)
    alone = forecast_leaving(fit, who, [90.0])
    risk = alone.risk.iloc[0, 0]
    height = -np.log1p(-risk)
    error = np.log(-np.log1p(-alone.upper.iloc[0, 0]) / height) / 1.959964
    assert alone.totals["model_error"].iloc[0] == pytest.approx((1 - risk) * height * error, rel=1e-6)
    twins = forecast_leaving(fit, pd.concat([who, who]), [90.0])
    assert twins.totals["model_error"].iloc[0] == pytest.approx(2 * alone.totals["model_error"].iloc[0], rel=1e-9)
    assert twins.totals["chance_error"].iloc[0] == pytest.approx(np.sqrt(2 * risk * (1 - risk)), rel=1e-9)
    assert twins.totals["expected"].iloc[0] == pytest.approx(2 * risk, rel=1e-12)


@pytest.mark.slow
def test_the_error_of_a_sum_is_what_repeating_the_study_shows():
    who = standing(60)
    sums, errors = [], []
    for seed in range(60):
        total = forecast_leaving(fit_cox(simulated_spells(300, seed=seed), COVARIATES), who, [180.0]).totals.iloc[0]
        sums.append(total["expected"])
        errors.append(total["model_error"])
    assert np.std(sums) == pytest.approx(np.mean(errors), rel=0.25)
    assert np.mean(sums) == pytest.approx(true_risk(who, 180.0).sum(), rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cox", "grouped"])
def test_limits_hold_the_truth_as_often_as_they_say(model):
    who = standing().assign(tenure_days=lambda f: np.floor(f["tenure_days"] / 30) * 30)
    held = []
    for seed in range(150):
        spells = simulated_spells(400, seed=1000 + seed)
        if model == "cox":
            fit = fit_cox(spells, COVARIATES)
        else:
            fit = fit_grouped(as_stretches(spells), COVARIATES, unit_days=30.0)
        found = forecast_leaving(fit, who, [90.0, 360.0])
        for days in (90.0, 360.0):
            truth = true_risk(who, days)
            held.append(((found.lower[days] <= truth) & (truth <= found.upper[days])).mean())
    assert 0.92 <= np.mean(held) <= 0.97


def test_nothing_is_said_beyond_the_tenures_watched_or_of_the_unknown_and_both_are_counted():
    spells = simulated_spells(500, seed=2)
    last = spells["tenure_days"].max()
    who = standing(4).assign(tenure_days=[0.0, last - 50, last - 5, 10.0])
    who.loc[3, "fee"] = np.nan
    found = forecast_leaving(fit_cox(spells, COVARIATES), who, [30.0, 90.0])
    assert found.risk.notna().to_numpy().tolist() == [[True, True], [True, False], [False, False], [False, False]]
    assert found.totals["n_judged"].tolist() == [2, 1]
    assert found.totals["n_beyond"].tolist() == [1, 2]
    assert found.totals["n_unknown"].tolist() == [1, 1]
    assert found.remaining_days.notna().tolist() == [True, False, False, False]
    assert found.totals["expected"].iloc[1] == pytest.approx(found.risk.iloc[0, 1])


def test_a_stratum_never_seen_is_unknown():
    spells = simulated_spells(300, seed=2)
    who = standing(3).assign(plan=["gold", "basic", "new"])
    found = forecast_leaving(fit_cox(spells, ["fee"], strata=["plan"]), who, [30.0])
    assert found.risk[30.0].notna().tolist() == [True, True, False]
    assert found.totals["n_unknown"].iloc[0] == 1


def test_what_is_the_same_throughout_each_stratum_gets_no_ratio_and_moves_no_chance():
    spells = simulated_spells(400, seed=12).assign(twin=lambda f: f["plan"].str.upper())
    fit = fit_cox(spells, ["twin", "fee"], strata=["plan"])
    assert fit.terms.set_index("covariate")["coefficient"].isna().to_dict() == {"twin": True, "fee": False}
    assert any("the same throughout each stratum" in note for note in fit.notes)
    who = standing(10).assign(twin=lambda f: f["plan"].str.upper())
    plain = forecast_leaving(fit_cox(spells, ["fee"], strata=["plan"]), who, [90.0])
    found = forecast_leaving(fit, who, [90.0])
    for name in ("risk", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(plain, name), rtol=1e-8)


def test_where_nobody_ended_the_chance_is_nought_and_has_no_limits():
    spells = pd.DataFrame({"tenure_days": [5.0, 6.0, 50.0, 60.0], "is_ended": [True, True, False, True]})
    found = forecast_leaving(fit_cox(spells, []), pd.DataFrame({"tenure_days": [10.0]}), [20.0])
    assert found.risk.iloc[0, 0] == 0.0
    assert np.isnan([found.lower.iloc[0, 0], found.upper.iloc[0, 0]]).all()
    assert found.remaining_days.iloc[0] == pytest.approx(20.0)


def test_further_tenure_is_the_area_under_the_chance_to_stay():
    spells = simulated_spells(400, seed=9).assign(tenure_days=lambda f: np.ceil(f["tenure_days"]))
    fit, who, days = fit_cox(spells, COVARIATES), standing(10), 365.0
    found = forecast_leaving(fit, who, [days])
    # The chance to stay is a step function of whole days; its area is the sum over the days' beginnings.
    fine = np.arange(0.0, days, 1.0) + 0.5
    rise = np.stack([fit.cumulative_hazard(np.floor(who["tenure_days"].to_numpy()) + day) for day in fine])
    rise -= fit.cumulative_hazard(np.floor(who["tenure_days"].to_numpy()))
    exact = np.exp(-rise * np.exp(fit.score(who))).sum(axis=0)
    now = forecast_leaving(fit, who.assign(tenure_days=np.floor(who["tenure_days"])), [days])
    gap = np.abs(now.remaining_days.to_numpy() - exact)
    assert (gap <= days / 120 * now.risk[days]).all()
    assert gap.max() < 0.5
    assert found.remaining_days.between(0, days).all()


def test_everybody_ended_leaves_no_doubt_that_is_not_a_number():
    counts = pd.DataFrame({"first_period": [0, 0], "last_period": [0, 1], "n_at_risk": [3, 2], "n_ended": [3, 2]})
    found = forecast_leaving(fit_grouped(counts, []), pd.DataFrame({"tenure_days": [0.0, 1.0]}), [1.0])
    assert found.risk[1.0].tolist() == pytest.approx([0.6, 1.0])
    assert found.lower[1.0].iloc[0] < 0.6 < found.upper[1.0].iloc[0]


def test_nobody_and_no_horizon():
    fit = fit_cox(simulated_spells(100, seed=1), COVARIATES)
    found = forecast_leaving(fit, standing(3).iloc[:0], [30.0])
    assert len(found.risk) == 0
    assert found.totals["n_judged"].tolist() == [0]
    assert np.isnan(found.totals["expected"].iloc[0])
    for horizons in ([], [0.0], [30.0, -1.0], [np.nan]):
        with pytest.raises(ParameterError, match="above 0"):
            forecast_leaving(fit, standing(3), horizons)


FIT = fit_cox(simulated_spells(300, seed=11), COVARIATES, strata=[])


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(12)), st.integers(1, 13))
def test_neither_the_order_of_rows_nor_the_size_of_blocks_matters(order, n_at_once):
    who = standing(12)
    whole = forecast_leaving(FIT, who, [30.0, 365.0])
    mixed = forecast_leaving(FIT, who.iloc[list(order)], [30.0, 365.0], n_rows_at_once=n_at_once)
    for name in ("risk", "lower", "upper"):
        np.testing.assert_allclose(getattr(mixed, name).loc[who.index], getattr(whole, name), rtol=1e-9)
    np.testing.assert_allclose(mixed.totals, whole.totals, rtol=1e-9)
    assert (whole.lower <= whole.risk).to_numpy().all()
    assert (whole.risk <= whole.upper).to_numpy().all()
    assert (whole.risk[30.0] <= whole.risk[365.0]).all()
