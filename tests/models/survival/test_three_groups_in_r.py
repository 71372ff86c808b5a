"""Twenty-seven contracts of three plans, every number as R 4.2 has it, at a level of 80 %: survival 3.5, cmprsk 2.2.

f <- survfit(Surv(t, e != "0") ~ 1, conf.type = "log-log", conf.int = .8)     # for each plan
summary(f, rmean = 45); survdiff(...); survfit(Surv(t, factor(e)) ~ 1); cuminc(t, e, g)
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.models.survival import (
    compare_groups,
    compare_incidence,
    compare_pairs,
    count_rows,
    estimate_cumulative_hazard,
    estimate_incidence,
    estimate_restricted_mean,
    estimate_smooth_hazard,
    estimate_survival,
)
from crm_research.models.survival.late_entry import well_watched_counts

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # qnorm(.9)
SPELLS = {
    "a": [(5, "x"), (8, "y"), (8, ""), (12, "x"), (20, "x"), (20, "y"), (33, ""), (41, "y"), (55, ""), (60, "")],
    "b": [(3, "y"), (9, "x"), (14, "x"), (14, "x"), (18, ""), (25, "y"), (30, "x"), (47, "x"), (58, "")],
    "c": [(7, "x"), (16, ""), (26, "y"), (39, "x"), (51, ""), (62, "y"), (70, ""), (75, "")],
}
# time, at risk, ended, survival, its error, lower, upper, cumulative hazard, its error
CURVES = {
    "a": [
        (5, 10, 1, 0.9, 0.09486832981, 0.6840274032, 0.9711917028, 0.1, 0.1),
        (8, 9, 1, 0.8, 0.12649110641, 0.5750521943, 0.9139368968, 0.2111111111, 0.1494847116),
        (12, 7, 1, 0.6857142857, 0.15149401743, 0.4497458264, 0.8368209362, 0.353968254, 0.2067700227),
        (20, 6, 2, 0.4571428571, 0.16617809829, 0.2418624532, 0.6494210021, 0.6873015873, 0.313543295),
        (41, 3, 1, 0.3047619048, 0.16659344034, 0.1173469917, 0.5173948222, 1.0206349206, 0.4576248561),
    ],
    "b": [
        (3, 9, 1, 0.8888888889, 0.1047565602, 0.65403435071, 0.9678549102, 0.1111111111, 0.1111111111),
        (9, 8, 1, 0.7777777778, 0.1385799032, 0.53608613409, 0.903658415, 0.2361111111, 0.1672443691),
        (14, 7, 2, 0.5555555556, 0.165634665, 0.32433627475, 0.7357688545, 0.5218253968, 0.2622727694),
        (25, 4, 1, 0.4166666667, 0.1729152722, 0.20044747345, 0.6207160367, 0.7718253968, 0.3623354876),
        (30, 3, 1, 0.2777777778, 0.1617060111, 0.10092822172, 0.4889683274, 1.1051587302, 0.4923394324),
        (47, 2, 1, 0.1388888889, 0.1272095524, 0.02794181564, 0.3364629769, 1.6051587302, 0.7017108497),
    ],
    "c": [
        (7, 8, 1, 0.875, 0.1169267933, 0.6178754675, 0.9636435032, 0.125, 0.125),
        (26, 6, 1, 0.7291666667, 0.1649762364, 0.4533964709, 0.8815050049, 0.2916666667, 0.2083333333),
        (39, 5, 1, 0.5833333333, 0.1855609613, 0.3171695928, 0.7764728801, 0.4916666667, 0.2887953909),
        (62, 3, 1, 0.3888888889, 0.2012691215, 0.148639386, 0.6262893043, 0.825, 0.4410372874),
    ],
}
# time, incidence of x and of y, their errors: at the last end of each plan
INCIDENCES = {
    "a": [(20, 0.3285714286, 0.2142857143, 0.15618446147, 0.13504129592),
          (41, 0.3285714286, 0.3666666667, 0.15618446147, 0.17213917975)],
    "b": [(14, 0.3333333333, 0.1111111111, 0.1571348403, 0.1047565602),
          (47, 0.6111111111, 0.25, 0.1739656873, 0.1540352293)],
    "c": [(39, 0.2708333333, 0.1458333333, 0.1649762364, 0.1345458109),
          (62, 0.2708333333, 0.3402777778, 0.1649762364, 0.196709893)],
}  # fmt: skip


def plans(*names):
    rows = pd.DataFrame([(name, day, why) for name in names for day, why in SPELLS[name]], columns=["g", "t", "e"])
    counts = count_rows(rows["t"].astype(float), rows["e"] != "", group=rows["g"])
    ends = rows.loc[rows["e"] != ""].groupby(["g", "t", "e"], as_index=False).size()
    return counts, ends.set_axis(["group", "tenure_days", "end_reason", "n_ended"], axis=1)


def test_curves_limits_and_numbers_at_risk():
    found = estimate_survival(plans("a", "b", "c")[0], confidence=0.8)
    assert found.confidence == 0.8
    assert found.groups == ["a", "b", "c"]
    columns = ["tenure_days", "n_at_risk", "n_ended", "survival", "std_error", "lower", "upper"]
    for name, rows in CURVES.items():
        own = found.curves.loc[(found.curves["group"] == name) & (found.curves["n_ended"] > 0)]
        np.testing.assert_allclose(own[columns].to_numpy(dtype=float), [row[:7] for row in rows], rtol=2e-9)
    sizes = found.sizes.set_index("group")
    assert sizes.columns.tolist() == [
        "n", "n_ended", "n_censored", "first_days", "n_before", "last_days", "known_days", "last_end_days",
        "n_beyond",
    ]  # fmt: skip
    assert sizes.loc["a"].tolist() == [10, 6, 4, 0.0, 0, 60.0, 60.0, 41.0, 0]
    assert sizes.loc["b"].tolist() == [9, 7, 2, 0.0, 0, 58.0, 58.0, 47.0, 0]
    assert sizes.loc["c"].tolist() == [8, 4, 4, 0.0, 0, 75.0, 75.0, 62.0, 0]


def test_medians_and_quarters_with_their_limits():
    found = estimate_survival(plans("a", "b", "c")[0], confidence=0.8)
    expected = [["a", 20.0, 12.0, np.nan], ["b", 25.0, 14.0, 30.0], ["c", 62.0, 26.0, np.nan]]
    median = pd.DataFrame(expected, columns=["group", "median_days", "lower", "upper"])
    pd.testing.assert_frame_equal(found.medians, median)
    # R gives c a lower limit of 7; eight of eight still there have an exact one of .1 ^ (1 / 8) = .7499 from day 0 on.
    quarter = [["a", 12.0, 5.0, 20.0], ["b", 14.0, 3.0, 14.0], ["c", 26.0, 0.0, 62.0]]
    pd.testing.assert_frame_equal(
        found.quantile(0.25), pd.DataFrame(quarter, columns=["group", "days", "lower", "upper"])
    )


def test_a_curve_is_read_at_before_and_after_a_tenure():
    found = estimate_survival(plans("a")[0], confidence=0.8).at([7.9, 8, 60, 60.1])
    assert found.columns.tolist() == [
        "group", "tenure_days", "survival", "lower", "upper", "std_error", "n_at_risk",
    ]  # fmt: skip
    assert found["survival"].tolist() == pytest.approx([0.9, 0.8, 0.3047619048, np.nan], nan_ok=True)
    assert found["lower"].tolist() == pytest.approx([0.6840274032, 0.5750521943, 0.1173469917, np.nan], nan_ok=True)
    assert found["n_at_risk"].tolist() == [9, 9, 1, 0]
    assert found["tenure_days"].tolist() == [7.9, 8.0, 60.0, 60.1]
    assert found["group"].tolist() == ["a"] * 4


def test_before_the_first_end_the_lower_limit_is_exact_and_after_the_last_the_upper_is_kept():
    spells = pd.DataFrame({"t": [2.0, 4, 4, 6, 9], "e": [False, True, False, True, True]})
    found = estimate_survival(count_rows(spells["t"], spells["e"]), confidence=0.8).curves
    assert found["survival"].tolist() == pytest.approx([1.0, 1.0, 0.75, 0.375, 0.0])
    # R: binom.test(5, 5, conf.level = .8)$conf.int[1] = .1 ^ (1 / 5); at the end 1 - .1 ^ 1, or the limit before.
    assert found["lower"][[0, 1]].tolist() == pytest.approx([0.1 ** (1 / 5)] * 2)
    assert found["upper"][[0, 1]].tolist() == [1.0, 1.0]
    # R: summary(survfit(Surv(c(2,4,4,6,9), c(0,1,0,1,1)) ~ 1, conf.type = "log-log", conf.int = .8))
    greenwood = 1 / (4 * 3) + 1 / (2 * 1)
    spread = np.exp(Z * np.sqrt(greenwood) / -np.log(0.375))
    assert found["lower"].tolist()[3:] == pytest.approx([0.375**spread, 0.0])
    assert found["upper"].tolist()[3:] == pytest.approx([0.375 ** (1 / spread)] * 2)


def test_cumulative_hazards():
    found = estimate_cumulative_hazard(plans("a", "b", "c")[0], confidence=0.8)
    assert found.columns.tolist() == [
        "group", "tenure_days", "cumulative_hazard", "lower", "upper", "std_error", "n_at_risk",
    ]  # fmt: skip
    for name, rows in CURVES.items():
        own = found.loc[found["group"] == name].set_index("tenure_days")
        for day, at_risk, *_, total, error in rows:
            factor = np.exp(Z * error / total)
            expected = [total, total / factor, total * factor, error, at_risk]
            assert own.loc[day].tolist()[1:] == pytest.approx(expected, rel=1e-8)


def test_restricted_means():
    found = estimate_restricted_mean(plans("a", "b", "c")[0], horizon_days=45, confidence=0.8).set_index("group")
    # R: summary(f, rmean = 45)$table; limits on the logit of the part of 45 days that is stayed.
    for name, mean, error, n in (
        ("a", 27.20476190, 5.205172780, 10), ("b", 24.58333333, 5.105427849, 9), ("c", 36.60416667, 4.677382987, 8),
    ):  # fmt: skip
        share = mean / 45
        turn = Z * error / 45 / (share * (1 - share))
        limits = [45 / (1 + (1 - share) / share * np.exp(side * turn)) for side in (1, -1)]
        expected = [0.0, 45.0, mean, *limits, error, n]
        assert found.loc[name].tolist() == pytest.approx(expected, rel=1e-8)
    assert found.columns.tolist() == [
        "from_days", "horizon_days", "mean_days", "lower", "upper", "std_error", "n",
    ]  # fmt: skip


def test_the_log_rank_test_of_three():
    found = compare_groups(plans("a", "b", "c")[0])
    assert found.chi_squared == pytest.approx(2.961246136)
    assert found.degrees == 2
    assert found.p_value == pytest.approx(stats.chi2.sf(2.961246136, 2))
    expected = pd.DataFrame(
        {
            "group": ["a", "b", "c"],
            "n": [10, 9, 8],
            "n_ended": [6, 7, 4],
            "n_expected": [5.301574167, 4.630034410, 7.068391423],
        }
    )
    pd.testing.assert_frame_equal(found.expected, expected, rtol=1e-9)


@pytest.mark.parametrize("n_families", [1, 4])
def test_pairs_are_adjusted_by_holm_and_widened_by_bonferroni(n_families):
    found = compare_pairs(plans("a", "b", "c")[0], horizon_days=45, n_families=n_families, confidence=0.8)
    assert found.columns.tolist() == [
        "group", "other_group", "from_days", "horizon_days", "survival", "other_survival", "survival_gap", "gap_lower",
        "gap_upper", "mean_gap_days", "mean_gap_lower", "mean_gap_upper", "chi_squared", "p_value", "p_adjusted",
    ]  # fmt: skip
    assert found[["group", "other_group"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert found["chi_squared"].tolist() == pytest.approx([0.244639281, 1.255365907, 3.148352467])
    p = [0.6208752786, 0.2625300874, 0.07600366571]
    assert found["p_value"].tolist() == pytest.approx(p)
    holm = np.array([p[0], 2 * p[1], 3 * p[2]])
    holm[0] = max(holm[0], holm[1])  # never falling
    assert found["p_adjusted"].tolist() == pytest.approx(np.minimum(n_families * holm, 1.0).tolist())
    assert found["from_days"].tolist() == [0.0] * 3
    assert found["horizon_days"].tolist() == [45.0] * 3
    if n_families == 1:
        # R: summary(survfit(..., conf.int = 1 - .2 / 3), times = 45)
        level = {
            "a": (0.3047619048, 0.06313299487, 0.5998446071),
            "b": (0.2777777778, 0.0524575802, 0.5731401645),
            "c": (0.5833333333, 0.2037447168, 0.8330902393),
        }
        for _, row in found.iterrows():
            one, other = level[row["group"]], level[row["other_group"]]
            gap = one[0] - other[0]
            down, up = np.hypot(one[0] - one[1], other[2] - other[0]), np.hypot(one[2] - one[0], other[0] - other[1])
            assert row[["survival", "other_survival"]].tolist() == pytest.approx([one[0], other[0]])
            assert row[["survival_gap", "gap_lower", "gap_upper"]].tolist() == pytest.approx(
                [gap, gap - down, gap + up]
            )
    alone = estimate_restricted_mean(
        plans("a", "b", "c")[0], horizon_days=45, confidence=1 - 0.2 / 3 / n_families
    ).set_index("group")
    for _, row in found.iterrows():
        one, other = alone.loc[row["group"]], alone.loc[row["other_group"]]
        gap = one["mean_days"] - other["mean_days"]
        down = np.hypot(one["mean_days"] - one["lower"], other["upper"] - other["mean_days"])
        up = np.hypot(one["upper"] - one["mean_days"], other["mean_days"] - other["lower"])
        told = row[["mean_gap_days", "mean_gap_lower", "mean_gap_upper"]].tolist()
        assert told == pytest.approx([gap, gap - down, gap + up])


def test_incidences_of_two_reasons():
    counts, ends = plans("a", "b", "c")
    found = estimate_incidence(counts, ends, confidence=0.8)
    assert found.confidence == 0.8
    curves = found.curves.set_index(["group", "reason", "tenure_days"])
    for name, rows in INCIDENCES.items():
        for day, *told in rows:
            for place, reason in enumerate(("x", "y")):
                share, error = told[place], told[2 + place]
                spread = np.exp(Z * error / (share * -np.log(share)))
                own = curves.loc[(name, reason, float(day))]
                assert own[["incidence", "std_error"]].tolist() == pytest.approx([share, error], rel=1e-8)
                assert own[["lower", "upper"]].tolist() == pytest.approx([share**spread, share ** (1 / spread)])
    assert curves.loc[("a", "y", 5.0), ["incidence", "lower"]].tolist() == [0.0, 0.0]
    # Nobody of ten has left for y yet: R: binom.test(0, 10, conf.level = .8)$conf.int[2] = 1 - .1 ^ (1 / 10)
    upper = curves.loc[("a", "y"), "upper"]
    assert upper[5.0] == pytest.approx(min(1 - 0.1 ** (1 / 10), upper.min()))
    assert curves.loc[("b", "x", 14.0), ["n_ended", "n_at_risk"]].tolist() == [2, 7]
    sizes = [
        ["a", "x", 10, 3, 0.0, 60.0, 60.0], ["a", "y", 10, 3, 0.0, 60.0, 60.0], ["b", "x", 9, 5, 0.0, 58.0, 58.0],
        ["b", "y", 9, 2, 0.0, 58.0, 58.0], ["c", "x", 8, 2, 0.0, 75.0, 75.0], ["c", "y", 8, 2, 0.0, 75.0, 75.0],
    ]  # fmt: skip
    columns = ["group", "reason", "n", "n_ended", "first_days", "last_days", "known_days"]
    pd.testing.assert_frame_equal(found.sizes, pd.DataFrame(sizes, columns=columns))
    at = found.at(25).set_index(["group", "reason"])
    assert at.columns.tolist() == ["tenure_days", "incidence", "lower", "upper", "std_error"]
    assert at["tenure_days"].tolist() == [25.0] * 6
    assert at["incidence"].tolist() == pytest.approx(
        [0.3285714286, 0.2142857143, 0.3333333333, 0.25, 0.125, 0.0], abs=1e-9
    )
    assert found.at(58.5).set_index(["group", "reason"])["incidence"].isna().tolist() == [
        False, False, True, True, False, False,
    ]  # fmt: skip
    assert found.at(58)["incidence"].notna().all()
    assert found.at(-1)["incidence"].isna().all()


def test_grays_test_of_each_reason_is_adjusted_by_holm():
    found = compare_incidence(*plans("a", "b", "c"))
    tests = found.tests.set_index("reason")
    assert tests["chi_squared"].tolist() == pytest.approx([1.530357374, 0.854067771])
    assert tests["degrees"].tolist() == [2, 2]
    assert tests["p_value"].tolist() == pytest.approx([0.4652507892, 0.6524414436])
    assert tests["p_adjusted"].tolist() == pytest.approx([0.9305015784, 0.9305015784])
    assert tests["n_ended"].tolist() == [10, 7]
    expected = found.expected
    assert expected[["reason", "group", "n", "n_ended"]].to_numpy().tolist() == [
        ["x", "a", 10, 3], ["x", "b", 9, 5], ["x", "c", 8, 2], ["y", "a", 10, 3], ["y", "b", 9, 2], ["y", "c", 8, 2],
    ]  # fmt: skip
    assert expected.groupby("reason")["n_expected"].sum().tolist() == pytest.approx([10, 7])


def test_what_cannot_be_compared_is_refused_in_words():
    counts, ends = plans("a", "b")
    one, own = plans("a")
    for call in (
        lambda: compare_groups(one),
        lambda: compare_pairs(one, horizon_days=45),
        lambda: compare_incidence(one, own),
    ):
        with pytest.raises(
            NotEnoughData, match=r"^A comparison of groups needs at least 2 groups; found 1\. Name a group column\.$"
        ):
            call()
    with pytest.raises(
        ValueError, match=r"^Ends by reason do not add up to all ends in group 'b': every end needs a reason\.$"
    ):
        estimate_incidence(counts, ends.query("group == 'a' or tenure_days > 3"))
    with pytest.raises(
        ValueError, match=r"^Ends by reason do not add up to all ends of each group: every end needs a reason\.$"
    ):
        compare_incidence(counts, ends.query("group == 'a' or tenure_days > 3"))
    for wrong in ({"group": "z"}, {"tenure_days": 11.0}):
        first = ends.index == 0
        with pytest.raises(
            ValueError, match=r"^Ends by reason name a group or tenure at which the counts have no end\.$"
        ):
            compare_incidence(counts, ends.assign(**{k: ends[k].where(~first, v) for k, v in wrong.items()}))


def test_a_smoothed_hazard_by_its_kernel_and_groups_one_below_the_other():
    found = estimate_smooth_hazard(
        plans("a", "b")[0], horizon_days=50, bandwidth_days=15, per_days=10, n_points=3, confidence=0.8
    )
    assert found.index.tolist() == list(range(6))
    assert found["group"].tolist() == ["a"] * 3 + ["b"] * 3
    assert found["tenure_days"].tolist() == [0.0, 25.0, 50.0] * 2
    assert found["bandwidth_days"].tolist() == [15.0] * 6
    # At 25 within 15 days: ends at 12 (1 of 7) and 20 (2 of 6); Epanechnikov .75 (1 - u^2) / 15.
    weight = 0.75 * (1 - (np.array([13, 5]) / 15) ** 2) / 15
    hazard = weight @ np.array([1 / 7, 2 / 6])
    error = np.sqrt(weight**2 @ np.array([1 / 49, 2 / 36]))
    factor = np.exp(Z * error / hazard)
    row = found.iloc[1]
    assert row[["hazard", "lower", "upper"]].tolist() == pytest.approx(
        [10 * hazard, 10 * hazard / factor, 10 * hazard * factor]
    )
    # At 0 only half of the window lies within the records: its mass is one half.
    start = 0.75 * (1 - (np.array([5, 8, 12]) / 15) ** 2) / 15 @ np.array([1 / 10, 1 / 9, 1 / 7]) / 0.5
    assert found["hazard"].iloc[0] == pytest.approx(10 * start)


def test_spells_met_within_the_first_day_are_at_risk_from_then_on():
    # Tenures in years: eleven met at .5; nobody else is watched, so the curve begins there.
    spells = pd.DataFrame({"t": np.arange(1.0, 12.0), "e": True})
    counts = count_rows(spells["t"], spells["e"], entry_days=pd.Series(np.full(11, 0.5)))
    found = estimate_survival(counts)
    assert found.sizes["first_days"].tolist() == [0.5]
    assert found.curves.query("n_ended > 0")["n_at_risk"].tolist() == list(range(11, 0, -1))


def test_the_well_watched_part_as_counts():
    found = well_watched_counts(plans("a")[0])
    expected = pd.DataFrame(
        {
            "tenure_days": [0.0, 5, 8, 12, 20, 33, 41, 55, 60],
            "n_entered": [10, 0, 0, 0, 0, 0, 0, 0, 0],
            "n_ended": [0, 1, 1, 1, 2, 0, 1, 0, 0],
            "n_censored": [0, 0, 1, 0, 0, 1, 0, 1, 1],
        }
    )
    pd.testing.assert_frame_equal(found, expected)
