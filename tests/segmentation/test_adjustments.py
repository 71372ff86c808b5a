"""Every adjustment, level and degree of freedom that the segmentation page promises, with its exact number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import silhouette_samples

from crm_research.pillars.segmentation.describe.descriptors import _add_intervals, _adjust, correct_v
from crm_research.pillars.segmentation.describe.measure import compare_means, compare_ratio
from crm_research.pillars.segmentation.evidence.null_tests import _compare
from crm_research.pillars.segmentation.evidence.number_of_groups import measure_silhouette
from crm_research.pillars.segmentation.rfm.changes import NAMES, NO_PURCHASE, _sum_changes, paired_change
from crm_research.pillars.segmentation.use.holdout import _adjust as _adjust_gains
from crm_research.pillars.segmentation.use.treatment import _sum_segments
from crm_research.stats.intervals import newcombe_difference, wilson_share
from crm_research.stats.skewed import skewed_interval, skewed_p_value

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

MEMBERS, OTHERS = np.array([5.0, 7, 9, 6, 8]), np.array([4.0, 3, 6, 5, 2, 4, 4])


def told(interval):
    return [float(np.squeeze(part)) for part in interval]


def test_differences_of_means_are_hedges_g_of_the_pooled_spread():
    # R: sp <- sqrt((4 var(m) + 6 var(o)) / 10); g <- (mean(m) - mean(o)) / sp * (1 - 3 / 39);
    # g +- qnorm(.9) sqrt(12 / 35 + g^2 / 24); the ratio on its logarithm with var / (n mean^2) of both.
    found = compare_means(MEMBERS, OTHERS, confidence=0.8)
    assert told(found) == pytest.approx([1.95814185559, 1.04957651494, 2.86670719624])
    ratio = compare_ratio(MEMBERS, OTHERS, confidence=0.8)
    assert told(ratio) == pytest.approx([1.75, 1.42852204589, 2.14382410744])


def test_descriptors_are_adjusted_by_holm_and_their_intervals_by_bonferroni():
    tests = [
        {"descriptor": name, "what": name, "n": 9, "known_share": 1.0, "effect": effect, "p_value": p}
        for name, effect, p in (("age", 0.2, 0.01), ("plan", 0.5, 0.04), ("channel", 0.1, 0.03))
    ]
    found = _adjust(tests)
    assert found["descriptor"].tolist() == ["plan", "age", "channel"]
    assert found["p_adjusted"].tolist() == pytest.approx([0.06, 0.03, 0.06])  # R: p.adjust(c(.04, .01, .03), "holm")
    share = {"segment": "A", "descriptor": "plan", "what": "plan", "level": "x", "n_known": 50}
    mean = share | {"level": "mean", "n_known": 5, "members": MEMBERS, "others": OTHERS}
    share |= {"hits": 20, "other_hits": 9, "other_n": 60}
    both = _add_intervals([share, mean], 0.8)
    # Two rows at 80 %: each at 90 %.
    wide = newcombe_difference(20, 50, 9, 60, confidence=0.9)
    assert both[["difference", "lower", "upper"]].iloc[0].tolist() == pytest.approx(told(wide))
    wide = compare_means(MEMBERS, OTHERS, confidence=0.9)
    assert both[["difference", "lower", "upper"]].iloc[1].tolist() == pytest.approx(told(wide))
    assert both[["share", "share_others"]].iloc[0].tolist() == pytest.approx([0.4, 0.15])


def test_cramers_v_is_corrected_for_bias():
    # Chi-squared 30 of 100 in 3 by 4: .3 - 6 / 99; rows 3 - 4 / 99, columns 4 - 9 / 99; over rows less 1.
    assert correct_v(30, 100, 3, 4) == pytest.approx(np.sqrt((0.3 - 6 / 99) / (2 - 4 / 99)))
    assert correct_v(30, 100, 4, 3) == pytest.approx(correct_v(30, 100, 3, 4))
    assert correct_v(6, 100, 3, 4) == 0.0
    assert np.isnan([correct_v(30, 100, 1, 4), correct_v(30, 1, 3, 4)]).all()


def test_gains_of_segments_hold_together():
    gains = pd.DataFrame(
        {
            "estimate": [2.0, -0.2, np.nan], "std_error": [0.5, 0.4, np.nan], "skewness": [0.3, -0.1, np.nan],
            "df": [40.0, 30, np.nan],
        }
    )  # fmt: skip
    found = _adjust_gains(gains, confidence=0.8)
    estimate, error, tilt, df = (gains[name].to_numpy()[:2] for name in ("estimate", "std_error", "skewness", "df"))
    alone, both = (skewed_interval(estimate, error, tilt, df, confidence=level) for level in (0.8, 0.9))
    assert found["lower"].tolist()[:2] == pytest.approx(alone.lower.tolist())
    assert found["upper"].tolist()[:2] == pytest.approx(alone.upper.tolist())
    assert found["lower_all"].tolist()[:2] == pytest.approx(both.lower.tolist())
    assert found["upper_all"].tolist()[:2] == pytest.approx(both.upper.tolist())
    p = skewed_p_value(estimate, error, tilt, df)
    assert found["p_adjusted"].tolist()[:2] == pytest.approx([2 * p[0], p[1]])
    assert found["finding"].tolist() == ["better", "open", "not known"]


def test_changes_of_groups_hold_for_all_groups_at_once():
    # 12 gained and 5 lost of 200 (R: (13 - 6) / 202 +- z sqrt((19 / 202 - (7 / 202)^2) / 202)).
    found = paired_change(12, 5, 200, confidence=0.8)
    half = 1.281551566 * np.sqrt((19 / 202 - (7 / 202) ** 2) / 202)
    assert told(found) == pytest.approx([0.035, 7 / 202 - half, 7 / 202 + half])
    names = [*NAMES, NO_PURCHASE]
    moves = pd.DataFrame(
        {
            "before": [names[0], names[0], names[1], names[2]],
            "now": [names[0], names[1], names[1], names[0]],
            "n_customers": [100, 5, 83, 12],
        }
    )
    table = _sum_changes(moves, confidence=0.8).set_index("group")
    wide = paired_change(12, 5, 200, confidence=1 - 0.2 / len(names))
    row = table.loc[names[0]]
    assert row[["n_before", "n_now", "n_stayed", "n_gained", "n_lost"]].tolist() == [105, 112, 100, 12, 5]
    assert row[["change_share", "lower", "upper"]].tolist() == pytest.approx(told(wide))


def test_shares_of_the_best_customers_hold_for_all_segments_at_once():
    frame = pd.DataFrame({"segment": ["A"] * 4 + ["B"] * 6, "value": np.arange(10.0)})
    frame["class"] = ["other"] * 10
    from crm_research.pillars.segmentation.use.treatment import STRATEGIC

    frame.loc[[0, 5, 6], "class"] = STRATEGIC
    found = _sum_segments(frame, ["A", "B"], 0.8)
    for place, (hits, n) in enumerate(((1, 4), (2, 6))):
        wide = wilson_share(hits, n, confidence=0.9)
        assert found[["strategic_share", "lower", "upper"]].iloc[place].tolist() == pytest.approx(told(wide))
    assert found["value_share"].tolist() == pytest.approx([6 / 45, 39 / 45])


def test_the_error_of_a_silhouette_and_the_spread_of_the_nulls_lose_one_degree():
    points = np.array([[0.0, 0], [1, 0], [0, 2], [9, 9], [8, 9], [9, 7]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    values = silhouette_samples(points, labels)
    mean, error, n = measure_silhouette(points, labels, seed=1)
    assert (mean, error, n) == pytest.approx((values.mean(), np.sqrt(values.var() * 6 / 5 / 6), 6))
    row = _compare("none", 0.5, 0.2, np.array([[0.1, 0.3], [0.2, 0.4], [0.3, 0.8]]))
    assert row["null_mean"] == pytest.approx(0.2)
    assert row["null_sd"] == pytest.approx(0.1)  # R: sd(c(.1, .2, .3))
    assert row["share_as_high"] == pytest.approx(1 / 4)
    assert (row["null_high"], row["null_border_low"], row["n_draws"]) == (0.3, 0.3, 3)
    assert row["is_emptier"]


def test_a_comparison_of_fewer_than_two_has_no_number():
    for members in (MEMBERS[:1], np.full(3, 4.0)):
        assert np.isnan(told(compare_means(members, np.full(3, 4.0)))).all()
    assert np.isnan(told(compare_ratio(MEMBERS, -OTHERS))).all()
    assert stats.norm.ppf(0.9) == pytest.approx(1.281551566)
