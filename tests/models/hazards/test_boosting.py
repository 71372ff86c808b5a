"""The flexible comparator: chances that are chances, from person-periods that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_cox
from crm_research.models.hazards.boosting import fit_boosting
from crm_research.models.hazards.person_rows import lay_out_periods
from tests.models.hazards.samples import simulated_spells
from tests.models.hazards.test_prediction import true_risk

COVARIATES = ["plan", "fee", "age"]


def lay_out(rows: list[tuple[float, float, bool]], n_most: int = 100) -> pd.DataFrame:
    entry, tenure, ended = (np.array(column) for column in zip(*rows, strict=True))
    found = lay_out_periods(entry.astype(float), tenure.astype(float), ended, unit_days=10.0, n_most=n_most, seed=1)
    frame = pd.DataFrame({"row": found.row, "period": found.period, "ended": found.has_ended, "weight": found.weight})
    return frame.sort_values(["row", "period"], ignore_index=True)


def test_periods_are_those_one_counts_by_hand():
    found = lay_out([(0, 25, True), (0, 25, False), (15, 30, False), (0, 0, True), (0, 10, True)])
    expected = [
        (0, 0, False, 1.0), (0, 1, False, 1.0), (0, 2, True, 1.0),
        (1, 0, False, 1.0), (1, 1, False, 1.0), (1, 2, False, 0.5),
        (2, 1, False, 0.5), (2, 2, False, 1.0),
        (3, 0, True, 1.0), (4, 0, True, 1.0),
    ]  # fmt: skip
    assert [tuple(row) for row in found.itertuples(index=False)] == expected


def test_a_sample_stands_for_all_periods_and_all_ends():
    rng = np.random.default_rng(1)
    tenures = rng.integers(1, 400, 900)
    rows = [(0.0, float(tenure), bool(rng.random() < 0.3)) for tenure in tenures]
    whole, some = lay_out(rows, 10**6), lay_out(rows, 400)
    assert len(some) == 400
    assert some.loc[some["ended"], "weight"].sum() == pytest.approx(whole["ended"].sum(), rel=0.01)
    assert some.loc[~some["ended"], "weight"].sum() == pytest.approx(
        whole.loc[~whole["ended"], "weight"].sum(), rel=0.05
    )
    assert some.groupby("row").size().max() < 10


def test_chances_are_right_on_average_and_order_customers_nearly_as_well_as_the_true_model():
    spells = simulated_spells(4000, seed=5)
    boosted = fit_boosting(spells, COVARIATES, seed=1)
    who = simulated_spells(1000, seed=99).assign(tenure_days=np.linspace(0, 500, 1000))
    found = boosted.risk(who, [10.0, 90.0, 365.0])
    for days in (10.0, 90.0, 365.0):
        truth = true_risk(who, days)
        assert found[days].mean() == pytest.approx(truth.mean(), rel=0.07)
        assert np.corrcoef(found[days], truth)[0, 1] > 0.9
    assert (found[10.0] < found[90.0]).all()
    assert (found[90.0] < found[365.0]).all()


def test_it_finds_what_a_straight_line_cannot():
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, 4000)
    stay, watch = rng.exponential(400 * np.exp(-(x**2))), rng.uniform(100, 900, 4000)
    spells = pd.DataFrame({"x": x, "tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch})
    who = pd.DataFrame({"x": np.linspace(-1.9, 1.9, 200), "tenure_days": 0.0})
    truth = 1 - np.exp(-60 / 400 * np.exp(who["x"] ** 2))
    assert np.corrcoef(fit_boosting(spells, ["x"]).risk(who, [60.0])[60.0], truth)[0, 1] > 0.95
    assert abs(np.corrcoef(fit_cox(spells, ["x"]).risk(who, [60.0])[60.0], truth)[0, 1]) < 0.5


def test_the_same_seed_gives_the_same_chances_and_rows_may_be_cut_in_two():
    spells = simulated_spells(1500, seed=6)
    who = simulated_spells(200, seed=7).assign(tenure_days=30.0)
    first, again = (fit_boosting(spells, COVARIATES, seed=3).risk(who, [90.0]) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    early = spells.assign(entry_days=0.0, customer_id=np.arange(1500))
    cut = early["tenure_days"] > 90
    head = early.assign(tenure_days=early["tenure_days"].clip(upper=90), is_ended=early["is_ended"] & ~cut)
    tail = early.loc[cut].assign(entry_days=90.0)
    halves = fit_boosting(pd.concat([head, tail]), COVARIATES, unit_days=30.0, seed=3)
    assert halves.n_ended == int(spells["is_ended"].sum())
    assert halves.n_periods == fit_boosting(early, COVARIATES, unit_days=30.0, seed=3).n_periods
    assert halves.risk(who, [90.0])[90.0].mean() == pytest.approx(first[90.0].mean(), rel=0.05)


def test_many_periods_are_sampled_and_it_is_said():
    spells = simulated_spells(3000, seed=8)
    some = fit_boosting(spells, COVARIATES, n_periods_at_most=6000, seed=1)
    whole = fit_boosting(spells, COVARIATES, seed=1)
    who = simulated_spells(500, seed=9).assign(tenure_days=60.0)
    assert some.n_periods_used == 6000
    assert some.n_periods == whole.n_periods == whole.n_periods_used
    assert "6,000 of" in some.notes[0]
    assert some.risk(who, [180.0])[180.0].mean() == pytest.approx(whole.risk(who, [180.0])[180.0].mean(), rel=0.05)


def test_missing_and_new_values_get_a_chance_and_far_horizons_none():
    spells = simulated_spells(800, seed=4)
    spells.loc[::7, "fee"] = np.nan
    spells.loc[::11, "plan"] = None
    boosted = fit_boosting(spells, COVARIATES, seed=1)
    who = pd.DataFrame(
        {"plan": ["gold", None, "钻石"], "fee": [20.0, np.nan, 1e12], "age": 40.0, "tenure_days": [0.0, 100.0, 870.0]}
    )
    found = boosted.risk(who, [20.0, 90.0])
    assert found.notna().to_numpy().tolist() == [[True, True], [True, True], [True, False]]
    pd.testing.assert_frame_equal(boosted.risk(who, [20.0, 90.0], n_rows_at_once=1), found)
    assert boosted.risk(who.iloc[:0], [20.0]).shape == (0, 1)


def test_without_covariates_it_is_the_curve_by_tenure():
    spells = simulated_spells(2000, seed=4, months=True)
    boosted = fit_boosting(spells, [], unit_days=30.0, seed=1)
    ours = boosted.risk(pd.DataFrame({"tenure_days": [0.0]}), [300.0]).iloc[0, 0]
    curve = fit_cox(spells, []).risk(pd.DataFrame({"tenure_days": [0.0]}), [300.0]).iloc[0, 0]
    assert ours == pytest.approx(curve, rel=0.05)


def test_trouble_is_told():
    spells = simulated_spells(100, seed=1)
    with pytest.raises(ParameterError, match="'pln'"):
        fit_boosting(spells, ["pln"])
    with pytest.raises(NotEnoughData, match="Boosting"):
        fit_boosting(spells.assign(is_ended=False), COVARIATES)
    with pytest.raises(NotEnoughData, match="first period"):
        fit_boosting(spells.assign(is_ended=True, tenure_days=1.0), COVARIATES)
