"""The backtest chooses the true shape, and the curve carried on holds the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData
from crm_research.models.parametric import (
    HELD_FLAT,
    SHAPES,
    choose_shape,
    cut_counts,
    expected_tenure,
    extended_curve,
    fit_parametric,
    hide_tenures,
    watched_until,
)
from crm_research.models.parametric.choice import _pick
from crm_research.models.survival import build_risk_table, estimate_restricted_mean, estimate_survival
from tests.models.parametric.worlds import daily_counts
from tests.models.survival.samples import counts

spells = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.booleans()), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(spells, st.integers(1, 45))
def test_what_is_hidden_does_not_reach_the_known_part(rows, cut):
    table = counts(*[(min(entry, stay - 1), stay, ended) for entry, stay, ended in rows])
    known = cut_counts(table, float(cut))
    assert known["tenure_days"].max() <= cut
    left = known["n_ended"].sum() + known["n_censored"].sum()
    assert left == known["n_entered"].sum()
    if not left:
        return
    whole, part = build_risk_table(table), build_risk_table(known)
    days = table.loc[table["n_ended"] > 0, "tenure_days"].to_numpy(dtype=float)
    days = days[days <= cut]
    assert part.at_risk(days).tolist() == whole.at_risk(days).tolist()
    assert part.n_ended.sum() == table.loc[table["tenure_days"] <= cut, "n_ended"].sum()


def test_a_falling_danger_is_told_from_a_constant_one():
    falling = choose_shape(daily_counts(6000, 3, shape=0.6))
    scores = falling.scores.set_index("shape")
    assert falling.is_tested
    assert len(falling.trials) == 3
    assert scores.loc["weibull", "gain"] > 0
    assert scores.loc["weibull", "survival_error"] < 0.5 * scores.loc["exponential", "survival_error"]
    assert scores.loc[HELD_FLAT, "survival_bias"] > 0.05
    assert scores["is_chosen"].sum() == 1
    assert falling.shape != "exponential"
    choice = choose_shape(daily_counts(6000, 3))
    assert choice.shape == "exponential"  # what gains no more than chance does not replace the simplest rule
    constant = choice.scores.set_index("shape")
    assert constant["gain"].max() < 0.01
    assert constant.loc["exponential", "survival_error"] < 0.02


def test_the_log_score_is_the_likelihood_of_what_was_hidden():
    table = daily_counts(800, 1)
    trial = hide_tenures(table)[1]
    fit = fit_parametric(trial.known, shape="exponential")
    rate = (
        trial.known["n_ended"].sum()
        / ((trial.known["n_ended"] + trial.known["n_censored"]) * trial.known["tenure_days"].replace(0, 0.5)).sum()
    )
    assert fit.at(1.0)["hazard"].item() == pytest.approx(rate)
    later = table.loc[table["tenure_days"] > trial.from_days]
    left = later["n_ended"] + later["n_censored"]
    own = (later["n_ended"].sum() * np.log(rate) - rate * (left * (later["tenure_days"] - trial.from_days)).sum()) / (
        left.sum()
    )
    scores = choose_shape(table, trials=[trial]).scores.set_index("shape")
    assert scores.loc["exponential", "log_score"] == pytest.approx(own)


def test_every_column_of_the_trials():
    table = daily_counts(800, 1)
    trials = hide_tenures(table)
    choice = choose_shape(table)
    assert choice.trials.columns.tolist() == [
        "trial", "from_days", "to_days", "n_known_ended", "n_hidden", "n_hidden_ended", "best",
    ]  # fmt: skip
    reach = watched_until(table)
    for place, (trial, share) in enumerate(zip(trials, (0.35, 0.5, 0.65), strict=True)):
        row = choice.trials.iloc[place]
        days = table["tenure_days"]
        cut = days[days <= share * reach].max()
        later = table.loc[days > cut]
        assert row["trial"] == f"tenures beyond {cut:,.0f} days" == trial.label
        assert (row["from_days"], row["to_days"]) == (cut, reach)
        assert row["n_known_ended"] == table.loc[days <= cut, "n_ended"].sum()
        assert row["n_hidden"] == (later["n_ended"] + later["n_censored"]).sum()
        assert row["n_hidden_ended"] == later["n_ended"].sum()
    won = choice.trials["best"].value_counts()
    assert choice.scores.set_index("shape")["n_best"].loc[won.index].tolist() == won.tolist()


@pytest.mark.parametrize(
    ("gain", "error", "expected"), [(0.02, 0.019, "weibull"), (0.02, 0.02, "exponential"), (0.02, 0.021, "exponential")]
)
def test_the_simplest_rule_is_replaced_only_by_more_than_one_standard_error(gain, error, expected):
    table = pd.DataFrame(
        {"log_score": [-1.0 + gain, -1.0], "gain": [gain, 0.0], "gain_error": [error, 0.0]},
        index=["weibull", "exponential"],
    )
    assert _pick(table, "gompertz") == expected
    assert _pick(table.drop(index="exponential"), "gompertz") == "weibull"
    assert _pick(table.assign(log_score=np.nan), "gompertz") == "gompertz"


def test_too_few_to_hide_any_leaves_the_choice_to_aic_and_says_so():
    choice = choose_shape(daily_counts(25, 1))
    assert not choice.is_tested
    assert any("chosen by AIC" in note for note in choice.notes)
    assert choice.scores.loc[choice.scores["is_chosen"], "aic"].item() == choice.scores["aic"].min()
    with pytest.raises(
        NotEnoughData, match=r"^A smooth curve of tenure cannot be worked out here\. No spell has ended yet\.$"
    ):
        choose_shape(counts((30, 0)))


def test_within_what_was_watched_it_is_the_area_under_kaplan_meier():
    table = daily_counts(500, 4)
    fit = fit_parametric(table, shape="weibull")
    found = expected_tenure(table, fit, seam_days=800, horizon_days=600).iloc[0]
    area = estimate_restricted_mean(table, horizon_days=600).iloc[0]
    assert found["expected_days"] == pytest.approx(area["mean_days"])
    assert found["std_error"] == pytest.approx(area["std_error"])
    assert found["beyond_share"] == 0


def test_who_ends_on_the_first_day_counts_in_the_tenure_of_a_new_customer():
    # Five of eight end on day 0, the others after 5, 6 and 6 days: 17 / 8 days; of those who lasted longer 17 / 3.
    table = counts(*[(0, 1)] * 5, (5, 1), (6, 1), (6, 1))
    fit = fit_parametric(table, shape="log_logistic")
    row = expected_tenure(table, fit, seam_days=6, horizon_days=3000).iloc[0]
    assert row["expected_days"] == pytest.approx(17 / 8)
    assert row["expected_days"] == pytest.approx(estimate_restricted_mean(table, horizon_days=6)["mean_days"].item())
    # R: t <- c(0, 0, 0, 0, 0, 5, 6, 6)
    # summary(survfit(Surv(t, rep(1, 8)) ~ 1), rmean = 3000)$table: rmean 2.125, se(rmean) 0.9752804084.
    # By hand, Greenwood: (17/8)^2 5 / (8 x 3) of day 0, (1/4)^2 1 / (3 x 2) of day 5, nothing of day 6.
    assert row["std_error"] == pytest.approx(0.9752804084, abs=1e-10)
    assert row["std_error"] == pytest.approx(((17 / 8) ** 2 * 5 / 24 + (1 / 4) ** 2 / 6) ** 0.5)
    area = estimate_restricted_mean(table, horizon_days=6).iloc[0]
    assert row["std_error"] == pytest.approx(area["std_error"])
    assert row["lower"] < 17 / 8 < row["upper"]


def test_expected_tenure_splits_at_any_tenure():
    table = daily_counts(500, 4)
    fit = fit_parametric(table, shape="weibull")
    options = {"seam_days": 700, "horizon_days": 3000}
    rows = expected_tenure(table, fit, after_days=(0, 200, 700, 1000, 3000, 4000), **options)
    inside = estimate_restricted_mean(table, horizon_days=200)["mean_days"].item()
    still_there = estimate_survival(table).at(200)["survival"].item()
    assert rows["expected_days"][0] == pytest.approx(inside + still_there * rows["expected_days"][1])
    assert rows["expected_days"].iloc[4:].tolist() == [0, 0]
    assert (rows["lower"] <= rows["expected_days"]).all()
    assert (rows["expected_days"] <= rows["upper"]).all()
    curve = extended_curve(table, fit, seam_days=700, days=[700, 1500, 3000])
    assert curve["survival"][0] == pytest.approx(estimate_survival(table).at(700)["survival"].item())
    assert curve["survival"].is_monotonic_decreasing
    assert ((curve["lower"] < curve["survival"]) & (curve["survival"] < curve["upper"])).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_thin_counts_give_a_number_or_nothing(shape):
    for table in (counts((30, 1), (40, 0)), counts(*[(5, 1)] * 3), counts((0, 1), (9, 0)), counts(*[(30, 1)] * 12)):
        fit = fit_parametric(table, shape=shape)
        seam = watched_until(table) or 5.0
        row = expected_tenure(table, fit, seam_days=seam, horizon_days=400).iloc[0]
        assert not row["expected_days"] > 400
        extended_curve(table, fit, seam_days=seam, days=[50, 400])


@pytest.mark.slow
def test_intervals_of_the_expected_tenure_cover_the_truth():
    days = np.linspace(0, 3000, 6001)
    truth = np.trapezoid(np.exp(-((days / 400) ** 0.8)), days)
    hits, n_worlds = np.zeros(2), 120
    for seed in range(n_worlds):
        rng = np.random.default_rng(seed)
        stay, watch = 400 * rng.weibull(0.8, 400), rng.uniform(50, 900, 400)
        table = pd.DataFrame({"exit": np.minimum(stay, watch), "ended": stay <= watch})
        table = counts(*table.itertuples(index=False, name=None))
        for place, shape in enumerate(("weibull", "spline")):
            fit = fit_parametric(table, shape=shape, n_knots=1)
            row = expected_tenure(table, fit, seam_days=watched_until(table), horizon_days=3000).iloc[0]
            hits[place] += row["lower"] <= truth <= row["upper"]
    assert (hits / n_worlds >= 0.87).all()
