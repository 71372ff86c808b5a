"""Kaplan-Meier from counts: published digits, lifelines, and the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from crm_research.errors import NotEnoughData
from crm_research.models.survival import count_rows, estimate_survival
from tests.models.survival.samples import a_world, counts, remission

spells = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60)


def test_remission_under_6_mp_as_published():
    # Klein and Moeschberger (2003), Survival Analysis, table 4.1A: weeks, survival, standard error (Greenwood).
    curve = estimate_survival(remission()).at([6.0, 7, 10, 13, 16, 22, 23]).query("group == '6-MP'")
    assert curve["survival"].round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve["std_error"].round(4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert curve["n_at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]


def test_median_remission_with_its_interval():
    # Medians 23 and 8 weeks: Klein and Moeschberger (2003), section 4.5; log-log limits as R's survfit prints them.
    medians = estimate_survival(remission()).medians.set_index("group")
    assert medians.loc["placebo"].tolist() == [8.0, 4.0, 11.0]
    assert medians.loc["6-MP", ["median_days", "lower"]].tolist() == [23.0, 13.0]
    assert np.isnan(medians.loc["6-MP", "upper"])  # the upper limit never falls to one half


@pytest.mark.parametrize("late", [False, True])
def test_curves_agree_with_lifelines(late):
    world = a_world(600, seed=11, late=late)
    own = estimate_survival(count_rows(world["exit"], world["cause"] > 0, entry_days=world["entry"])).curves
    peer = KaplanMeierFitter().fit(world["exit"], world["cause"] > 0, entry=world["entry"] if late else None)
    after = own.loc[(own["n_ended"] > 0) & (own["survival"] > 0)]
    assert np.allclose(after["survival"], peer.survival_function_at_times(after["tenure_days"]), rtol=0, atol=1e-10)
    limits = peer.confidence_interval_.reindex(after["tenure_days"]).to_numpy()
    assert np.allclose(after[["lower", "upper"]], limits, rtol=0, atol=1e-10)
    assert (
        float(
            estimate_survival(count_rows(world["exit"], world["cause"] > 0, entry_days=world["entry"]))
            .medians["median_days"]
            .iloc[0]
        )
        == peer.median_survival_time_
    )


def test_late_entry_by_hand():
    # One from the start ends at 10; one met at 5 ends at 8; one met at 9 is censored at 20.
    curve = estimate_survival(counts((0, 10, 1), (5, 8, 1), (9, 20, 0))).at([8.0, 10.0])
    assert curve["n_at_risk"].tolist() == [2, 2]
    assert curve["survival"].tolist() == [0.5, 0.25]


def test_somebody_met_on_the_day_another_ends_was_not_at_risk_that_day():
    assert estimate_survival(counts((0, 8, 1), (0, 9, 0), (8, 12, 0))).at(8)["n_at_risk"].item() == 2


def test_nobody_has_left_yet_is_not_certainty():
    found = estimate_survival(counts(*[(100, 0)] * 10)).at(50).iloc[0]
    assert found["survival"] == 1.0
    assert found["lower"] == pytest.approx(0.025 ** (1 / 10))  # the exact limit for 10 of 10


def test_everybody_left_on_the_first_day():
    result = estimate_survival(counts(*[(0, 1)] * 20, reach=366))
    assert result.medians["median_days"].tolist() == [0.0]
    row = result.at(365.25).iloc[0]
    assert (row["survival"], row["lower"], row["n_at_risk"]) == (0.0, 0.0, 0)
    assert row["upper"] == pytest.approx(1 - 0.025 ** (1 / 20))


def test_one_contract_still_running():
    result = estimate_survival(counts((30, 0)))
    assert np.isnan(result.medians["median_days"].item())
    assert np.isnan(result.at(365.25)["survival"].item())  # nobody was watched that long
    assert result.at(30)["survival"].item() == 1.0


def test_no_contract_at_all():
    with pytest.raises(NotEnoughData, match=r"^A survival curve cannot be worked out here\. No spell"):
        estimate_survival(counts())


def test_counts_that_do_not_fit_together_are_refused():
    wrong = pd.DataFrame({"tenure_days": [5.0], "n_entered": [1], "n_ended": [1], "n_censored": [0]})
    with pytest.raises(ValueError, match="more spells leave"):
        estimate_survival(wrong)
    with pytest.raises(ValueError, match="not negative"):
        estimate_survival(wrong.assign(tenure_days=-1.0))


@settings(deadline=None)
@given(spells)
def test_survival_never_rises_and_limits_hold_it(rows):
    curve = estimate_survival(counts(*rows)).curves
    assert (curve["survival"].diff().dropna() <= 0).all()
    assert (curve["lower"] <= curve["survival"] + 1e-12).all()
    assert (curve["survival"] <= curve["upper"] + 1e-12).all()
    assert curve[["survival", "lower", "upper"]].notna().all(axis=None)


@settings(deadline=None)
@given(spells, st.randoms())
@pytest.mark.slow
def test_the_order_of_records_and_the_split_of_counts_do_not_matter(rows, chance):
    table = counts(*rows)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    doubled = pd.concat([counts(*shuffled[:3]), counts(*shuffled[3:])]) if len(rows) > 3 else counts(*shuffled)
    pd.testing.assert_frame_equal(estimate_survival(table).curves, estimate_survival(doubled).curves)


@pytest.mark.slow
@settings(deadline=None)
@given(spells)
def test_in_weeks_or_in_days_the_curve_is_the_same(rows):
    days, weeks = counts(*rows), counts(*rows)
    weeks["tenure_days"] *= 7
    assert estimate_survival(days).curves["survival"].tolist() == estimate_survival(weeks).curves["survival"].tolist()


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(0, 3))
def test_ninety_five_percent_intervals_cover_about_ninety_five_percent(block):
    rng = np.random.default_rng(block)
    hits = 0
    for _ in range(400):
        stay, watch = rng.exponential(100, 80), rng.uniform(30, 300, 80)
        table = count_rows(pd.Series(np.minimum(stay, watch)), pd.Series(stay <= watch))
        found = estimate_survival(table).at(70).iloc[0]
        hits += found["lower"] <= np.exp(-0.7) <= found["upper"]
    assert 0.92 <= hits / 400 <= 0.98
