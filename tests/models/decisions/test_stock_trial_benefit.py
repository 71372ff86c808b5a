"""Needed retention by its balance, the size of a trial by R, the net benefit by counting and by Kaplan-Meier."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from crm_research.errors import ParameterError
from crm_research.models.decisions import measure_net_benefit, needed_retention, power_of_trial, size_trial


def counts(**changes):
    row = {"n_before": 1000, "n_kept": 800, "n_new": 250, "n_new_kept": 200, "n_running": 1000} | changes
    return pd.DataFrame([row])


def test_a_base_that_kept_its_size_needs_what_it_saw():
    found = needed_retention(counts(), 1000).iloc[0]
    assert found["needed"] == pytest.approx(0.8)  # (1000 - 200) / 1000
    assert found["gap"] == pytest.approx(0.0)
    assert found["n_more_newcomers"] == 0
    assert found["n_newcomers_instead"] == pytest.approx(250)


def test_the_balance_holds_at_the_needed_retention():
    found = needed_retention(counts(n_running=900), 1000).iloc[0]
    assert found["needed"] * 900 + 200 == pytest.approx(1000)
    assert found["n_fewer_leavers"] == pytest.approx((found["needed"] - 0.8) * 900)
    assert found["retention"] * 900 + found["n_newcomers_instead"] * 0.8 == pytest.approx(1000)


def test_what_retention_alone_cannot_hold_is_said_in_newcomers():
    found = needed_retention(counts(n_new=50, n_new_kept=40), 1100).iloc[0]
    assert found["needed"] == pytest.approx(1.06)
    assert found["n_more_newcomers"] == pytest.approx(60 / 0.8)
    assert 1000 + (50 + found["n_more_newcomers"]) * 0.8 == pytest.approx(1100)


def test_without_newcomers_or_a_base_nothing_is_made_up():
    assert needed_retention(counts(n_new=0, n_new_kept=0), 1000).iloc[0]["needed"] == pytest.approx(1.0)
    assert needed_retention(counts(n_running=0), 10).isna().iloc[0]["needed"]
    assert needed_retention(counts(n_before=0, n_kept=0), 1000).isna().iloc[0]["gap"]


def test_the_gap_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    kept, stay = rng.binomial(600, 0.7, 2000), rng.poisson(120, 2000)
    frame = pd.DataFrame({"n_before": 600, "n_kept": kept, "n_new": 300, "n_new_kept": stay, "n_running": 500})
    found = needed_retention(frame, 500)
    truth = (500 - 120) / 500 - 0.7
    inside = (found["gap_lower"] <= truth) & (truth <= found["gap_upper"])
    assert inside.mean() == pytest.approx(0.955, abs=0.015)


def test_rs_example_of_a_trial():
    """R's ``power.prop.test(p1 = .50, p2 = .75, power = .90)``: n = 76.7 in each group."""
    assert size_trial(0.5, 0.75, power=0.9) == pytest.approx(76.7, abs=0.05)
    assert power_of_trial(50, 0.5, 0.75) == pytest.approx(0.740, abs=5e-4)  # its first example


def test_a_trial_of_that_size_sees_the_difference_that_often():
    n = math.ceil(size_trial(0.3, 0.22))
    rng = np.random.default_rng(2)
    first, other = rng.binomial(n, 0.3, 4000) / n, rng.binomial(n, 0.22, 4000) / n
    mean = (first + other) / 2
    seen = np.abs(first - other) > 1.959964 * np.sqrt(2 * mean * (1 - mean) / n)
    assert seen.mean() == pytest.approx(0.8, abs=0.025)
    assert power_of_trial(n, 0.3, 0.22) == pytest.approx(0.8, abs=0.002)


def test_no_difference_needs_a_trial_without_end():
    assert math.isinf(size_trial(0.2, 0.2))
    with pytest.raises(ParameterError):
        size_trial(0.2, 1.2)


def test_net_benefit_by_counting_where_everybody_was_watched():
    risk = np.array([0.9, 0.6, 0.4, 0.2, 0.1])
    outcomes = pd.DataFrame({"tenure_days": [10, 100, 30, 100, 100], "is_ended": [True, False, True, False, False]})
    found = measure_net_benefit(outcomes, risk, horizon_days=100, thresholds=[0.3, 0.5]).set_index("threshold")
    assert found.loc[0.5, "net_benefit"] == pytest.approx(1 / 5 - 1 / 5 * 1)
    assert found.loc[0.3, "net_benefit"] == pytest.approx(2 / 5 - 1 / 5 * 3 / 7)
    assert found.loc[0.3, "treat_all"] == pytest.approx(2 / 5 - 3 / 5 * 3 / 7)
    assert found["n_acted"].tolist() == [3, 2]


def test_net_benefit_with_censoring_is_kaplan_meier_of_those_acted_on():
    rng = np.random.default_rng(8)
    n = 800
    risk = rng.uniform(0.05, 0.6, n)
    stay = rng.exponential(-100 / np.log1p(-risk))
    watch = rng.uniform(20, 160, n)
    outcomes = pd.DataFrame({"tenure_days": np.ceil(np.minimum(stay, watch)), "is_ended": stay <= watch})
    row = measure_net_benefit(outcomes, risk, horizon_days=100, thresholds=[0.25]).iloc[0]
    acted = risk >= 0.25
    peer = KaplanMeierFitter().fit(outcomes["tenure_days"][acted], outcomes["is_ended"][acted])
    stayed, share = float(peer.predict(100)), acted.mean()
    assert row["net_benefit"] == pytest.approx(share * ((1 - stayed) - stayed / 3), abs=1e-12)
    truth = float(np.mean(acted * (risk - (1 - risk) / 3)))
    assert row["lower"] < truth < row["upper"]


def test_the_limits_of_the_net_benefit_hold_as_often_as_they_say():
    rng = np.random.default_rng(9)
    truth, inside = 0.0, []
    truth = float(np.mean(_benefit(rng.uniform(0.05, 0.6, 400_000))))
    for _ in range(300):
        risk = rng.uniform(0.05, 0.6, 300)
        stay, watch = rng.exponential(-100 / np.log1p(-risk)), rng.uniform(40, 200, 300)
        outcomes = pd.DataFrame({"tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch})
        row = measure_net_benefit(outcomes, risk, horizon_days=100, thresholds=[0.3]).iloc[0]
        inside.append(row["lower"] <= truth <= row["upper"])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.035)


def _benefit(risk):
    return (risk >= 0.3) * (risk - (1 - risk) * 3 / 7)


def test_what_was_not_watched_to_the_horizon_is_not_told():
    outcomes = pd.DataFrame({"tenure_days": [10.0, 20.0], "is_ended": [True, False]})
    found = measure_net_benefit(outcomes, np.array([0.5, 0.6]), horizon_days=100, thresholds=[0.2, 0.9])
    assert np.isnan(found.loc[0, "net_benefit"])
    assert found.loc[1, "net_benefit"] == 0.0  # nobody is acted on
    assert np.isnan(
        measure_net_benefit(outcomes.head(0), np.empty(0), horizon_days=9, thresholds=[0.2])["net_benefit"][0]
    )
    with pytest.raises(ParameterError):
        measure_net_benefit(outcomes, np.array([0.5, 0.6]), horizon_days=100, thresholds=[1.0])


def test_the_limits_of_the_needed_retention_by_hand():
    # Seven newcomers stay: exact Poisson limits 2.814363 and 14.422675. Of 230 running, 210 are wanted:
    # (210 - 7) / 230, between (210 - 14.422675) / 230 and (210 - 2.814363) / 230; more newcomers, less is needed.
    row = counts(n_before=240, n_kept=204, n_new=11, n_new_kept=7, n_running=230)
    found = needed_retention(row, 210).iloc[0]
    needed = [found[name] for name in ("needed_lower", "needed", "needed_upper")]
    assert needed == pytest.approx([195.577325 / 230, 203 / 230, 207.185637 / 230], abs=1e-8)
    seen = [found[name] for name in ("retention_lower", "retention", "retention_upper")]
    assert seen == pytest.approx([0.7993305, 0.85, 0.8896417], abs=1e-7)  # R: prop.test(204, 240, correct = FALSE)
    below = math.hypot(needed[1] - needed[0], seen[2] - seen[1])
    above = math.hypot(needed[2] - needed[1], seen[1] - seen[0])
    gap = needed[1] - seen[1]
    assert [found[name] for name in ("gap_lower", "gap", "gap_upper")] == pytest.approx([gap - below, gap, gap + above])
    fewer = [found[name] for name in ("fewer_lower", "n_fewer_leavers", "fewer_upper")]
    assert fewer == pytest.approx([230 * (gap - below), 230 * gap, 230 * (gap + above)])


def test_a_risk_at_the_threshold_is_acted_on_and_one_watched_to_the_horizon_has_stayed():
    outcomes = pd.DataFrame({"tenure_days": [10.0, 100, 30, 101], "is_ended": [True, False, True, True]})
    found = measure_net_benefit(outcomes, np.array([0.5, 0.5, 0.2, 0.7]), horizon_days=100, thresholds=[0.5]).iloc[0]
    assert found["n_acted"] == 3
    assert found["net_benefit"] == pytest.approx(1 / 4 - 2 / 4)  # one of three acted on leaves by day 100, two stay
