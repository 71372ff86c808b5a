"""Where all have ended, nothing is known beyond the longest tenure that anybody could have been watched for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.survival import (
    compare_pairs,
    count_rows,
    estimate_incidence,
    estimate_period_shares,
    estimate_restricted_mean,
    estimate_survival,
    well_watched_counts,
)
from crm_research.models.survival.risk import build_risk_table


def all_ended(*, reach: float | None = None) -> pd.DataFrame:
    """Four spells that ended after 10, 20, 30 and 40 days."""
    return count_rows(pd.Series([10.0, 20.0, 30.0, 40.0]), pd.Series([True] * 4), reach_days=reach)


def test_a_row_without_moves_says_how_long_a_spell_could_have_been_watched():
    assert build_risk_table(all_ended(reach=150)).known_days == 150
    assert build_risk_table(all_ended()).known_days == 40
    # One runs on: beyond what he was watched for nothing is known, whoever began first.
    one_runs = count_rows(pd.Series([10.0, 40.0]), pd.Series([True, False]), reach_days=150)
    assert build_risk_table(one_runs).known_days == 40


def test_nought_is_known_as_far_as_they_could_have_been_seen_and_no_farther():
    curves = estimate_survival(all_ended(reach=150))
    assert curves.sizes.loc[0, ["last_days", "known_days"]].tolist() == [40, 150]
    at = curves.at([40, 150, 151])
    assert at["survival"].tolist()[:2] == [0, 0]
    # The limit before the last end, in R .6653253428:
    # survfit(Surv(c(10, 20, 30, 40), rep(1, 4)) ~ 1, conf.type = "log-log")
    assert at["upper"].tolist()[:2] == pytest.approx([0.6653253] * 2, abs=1e-7)
    assert at.loc[2, ["survival", "lower", "upper", "std_error"]].isna().all()


def test_reasons_are_known_as_far():
    counts = all_ended(reach=150)
    ends = pd.DataFrame({"tenure_days": [10.0, 20.0, 30.0, 40.0], "end_reason": list("aabb"), "n_ended": 1})
    curves = estimate_incidence(counts, ends)
    assert curves.at(150)["incidence"].tolist() == pytest.approx([0.5, 0.5])
    assert curves.at(151)["incidence"].isna().all()
    assert curves.sizes["known_days"].tolist() == [150, 150]


def test_the_mean_is_restricted_to_what_is_known():
    assert estimate_restricted_mean(all_ended(reach=150), horizon_days=365)["horizon_days"].tolist() == [150]
    assert estimate_restricted_mean(all_ended(reach=150), horizon_days=100)["horizon_days"].tolist() == [100]
    assert estimate_restricted_mean(all_ended(), horizon_days=365)["mean_days"].tolist() == [25]


def test_groups_are_compared_where_all_of_them_could_have_been_seen():
    # The new plan has been sold for 60 days and all have left it; the old one for 400.
    new, old = all_ended(reach=60).assign(group="new"), all_ended(reach=400).assign(group="old")
    pair = compare_pairs(pd.concat([new, old]), horizon_days=366).iloc[0]
    assert pair["horizon_days"] == 60
    curves = estimate_survival(pd.concat([new, old])).at(366)
    assert np.isnan(curves["survival"][0])
    assert curves["survival"][1] == 0


def test_a_month_that_nobody_could_have_been_watched_through_is_left_out():
    ends = [31, 62, 92]
    assert estimate_period_shares(all_ended(reach=40), ends_days=ends)["period_index"].tolist() == [0]
    shares = estimate_period_shares(all_ended(reach=62), ends_days=ends)
    assert shares["share"].tolist() == [0.75, 1.0]


def test_counts_that_a_shape_is_fitted_to_keep_it():
    assert build_risk_table(well_watched_counts(all_ended(reach=150))).known_days == 150
    late = count_rows(pd.Series([90.0] * 12), pd.Series([True] * 12), entry_days=pd.Series([30.0] * 12), reach_days=150)
    assert build_risk_table(well_watched_counts(late)).known_days == 150
    assert estimate_survival(late).at([150, 151])["survival"].tolist()[0] == 0
