"""Slope and distances agree with the full regression, with hand-made shifts, and cover what they should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import fit_cox
from crm_research.models.validation import measure_brier, measure_recalibration, measure_uno, read_outcomes
from tests.models.validation.test_card import a_world

DAYS = 120.0


def said(eta, factor=1.0, scale=300.0, days=DAYS):
    return -np.expm1(-days / scale * np.exp(factor * eta))


def cut(outcomes, days=DAYS):
    ended = outcomes["is_ended"] & (outcomes["tenure_days"] <= days)
    return outcomes.assign(tenure_days=outcomes["tenure_days"].clip(upper=days), is_ended=ended)


def test_the_slope_is_coxs_coefficient_and_so_is_its_error():
    outcomes, eta = a_world(1200)
    found = measure_recalibration(read_outcomes(outcomes), said(eta, 1.3), days=DAYS, confidence=0.95).slope
    frame = cut(outcomes).assign(lp=np.log(-np.log1p(-said(eta, 1.3))))
    row = fit_cox(frame, ["lp"]).terms.iloc[0]
    assert found[0] == pytest.approx(row["coefficient"], rel=1e-6)
    assert (found[2] - found[1]) / 2 == pytest.approx(1.959964 * row["std_error"], rel=1e-5)


def test_contracts_of_one_customer_widen_the_limits():
    outcomes, eta = a_world(600)
    twice = pd.concat([outcomes, outcomes], ignore_index=True)
    doubled = np.tile(said(eta), 2)
    alone = measure_recalibration(read_outcomes(twice), doubled, days=DAYS, confidence=0.95).slope
    owners = twice.assign(customer_id=np.tile(np.arange(600), 2).astype(str))
    seen = read_outcomes(owners)
    together = measure_recalibration(seen, doubled, days=DAYS, confidence=0.95).slope
    assert together[0] == alone[0]
    assert (together[2] - together[1]) / (alone[2] - alone[1]) == pytest.approx(np.sqrt(2), rel=0.1)
    # A sum over pairs of equal rows has exactly twice the variance.
    for measure in (
        lambda o: measure_uno(o, np.tile(eta, 2), until_days=DAYS).std_error,
        lambda o: measure_brier(o, 1 - doubled, days=DAYS).std_error,
    ):
        assert measure(seen) == pytest.approx(np.sqrt(2) * measure(read_outcomes(twice)))


def test_a_constant_shift_is_found_as_the_distance_it_is():
    outcomes, eta = a_world(20_000)
    wrong = said(eta, scale=150.0)
    found = measure_recalibration(read_outcomes(outcomes), wrong, days=DAYS, confidence=0.95)
    gap = np.abs(wrong - said(eta))
    assert found.ici[0] == pytest.approx(gap.mean(), abs=0.01)
    assert found.e90[0] == pytest.approx(np.quantile(gap, 0.9), abs=0.015)
    assert found.ici[1] > 0.15
    right = measure_recalibration(read_outcomes(outcomes), said(eta), days=DAYS, confidence=0.95)
    assert right.ici[1] == right.e90[1] == 0.0
    assert right.ici[2] < 0.03


def test_risks_that_hardly_differ_have_a_distance_and_no_slope():
    outcomes, _ = a_world(800)
    seen = read_outcomes(outcomes)
    truth = 1 - float(seen.kaplan_meier(np.array([DAYS]))[0])
    found = measure_recalibration(seen, np.full(800, truth + 0.1), days=DAYS, confidence=0.95)
    assert np.isnan(found.slope).all()
    assert found.ici[0] == pytest.approx(0.1, abs=0.001)
    jitter = truth * (1 + 0.001 * np.random.default_rng(1).normal(size=800))
    assert np.isnan(measure_recalibration(seen, jitter, days=DAYS, confidence=0.95).slope[0])


def test_nobody_ended_by_then():
    outcomes, eta = a_world(300)
    late = outcomes.assign(tenure_days=outcomes["tenure_days"] + DAYS)
    found = measure_recalibration(read_outcomes(late), said(eta), days=DAYS, confidence=0.95)
    assert np.isnan([*found.slope, *found.ici, *found.e90]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "scale"), [(1.0, 300.0), (1.5, 300.0), (1.0, 200.0)])
def test_intervals_cover(factor, scale):
    _, eta = a_world(100_000, seed=999)
    gap = np.abs(said(eta, factor, scale) - said(eta))
    truth = {"slope": 1 / factor, "ici": gap.mean(), "e90": np.quantile(gap, 0.9)}
    hits = dict.fromkeys(truth, 0)
    for seed in range(150):
        outcomes, eta = a_world(800, seed=seed)
        found = measure_recalibration(read_outcomes(outcomes), said(eta, factor, scale), days=DAYS, confidence=0.95)
        for name, true in truth.items():
            _, low, high = getattr(found, name)
            hits[name] += low <= true <= high
    # The slope's interval is exact in the limit; those of the distances promise at least the level.
    assert 0.90 <= hits["slope"] / 150 <= 0.99, hits
    assert min(hits["ici"], hits["e90"]) / 150 >= 0.91, hits


def test_risks_that_part_leavers_from_stayers_leave_the_distances_unknown():
    # The two of highest risk left, and nobody else: no curve is the likeliest, and its information is used up.
    ended = np.arange(30) >= 28
    outcomes = pd.DataFrame({"tenure_days": np.where(ended, np.arange(30) + 40.5, 400.0), "is_ended": ended})
    found = measure_recalibration(read_outcomes(outcomes), np.linspace(0.01, 0.6, 30), days=DAYS, confidence=0.95)
    assert np.isnan([*found.ici, *found.e90]).all()
