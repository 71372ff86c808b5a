"""Every adjustment and degree of freedom that the satisfaction page promises, with R's number."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.pillars.satisfaction.importance import _measure_gaps
from crm_research.pillars.satisfaction.means import _changes, compare_waves, mean_interval

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # R: qnorm(.9)


def test_the_mean_has_students_interval_with_one_degree_less_than_answers():
    found = mean_interval(np.array([7.0, 9, 4, 8, 6, 10]), 0, 10, 0.8)
    # R: t.test(c(7, 9, 4, 8, 6, 10), conf.level = .8)$conf.int
    assert [float(part) for part in found] == pytest.approx([22 / 3, 6.03172594761, 8.63494071905])
    # All nine of ten alike: the exact limit of none in three, towards each end of the scale.
    alike = mean_interval(np.array([9.0, 9, 9]), 0, 10, 0.8)
    others = 1 - 0.1 ** (1 / 3)  # R: binom.test(0, 3, conf.level = .8)$conf.int[2]
    assert [float(part) for part in alike] == pytest.approx([9, 9 - 9 * others, 9 + others])


def test_waves_of_strangers_are_compared_by_welch_and_of_the_same_people_in_pairs():
    # R: t.test(c(7, 9, 6, 9, 10, 4, 8), c(3, 5, 4, 8, 6), conf.level = .8)
    before, now = pd.Series([3.0, 5, 4, 8, 6]), pd.Series([7.0, 9, 6, 9, 10, 4, 8])
    found = compare_waves(before, now, pd.Series(list("abcde")), pd.Series(list("fghijkl")), 0.8)
    assert found == pytest.approx(
        {
            "n_before": 5, "n_now": 7, "n_both": 0, "change": 2.371428571429, "lower": 0.765531998131,
            "upper": 3.97732514473, "p_value": 0.0712617079125, "std_error": 1.16286065286,
        }
    )  # fmt: skip
    # R: t.test(c(5, 7, 6, 9, 8), c(3, 5, 6, 8, 4), paired = TRUE, conf.level = .8)
    who = pd.Series(list("abcde"))
    same = compare_waves(pd.Series([3.0, 5, 6, 8, 4]), pd.Series([5.0, 7, 6, 9, 8]), who, who, 0.8)
    assert same["n_both"] == 5
    assert [same["change"], same["lower"], same["upper"], same["p_value"]] == pytest.approx(
        [1.8, 0.782986012546, 2.81701398745, 0.0533382610457]
    )


def test_some_in_both_waves_lie_between():
    before, now = pd.Series([3.0, 5, 4, 8, 6]), pd.Series([7.0, 9, 6, 9, 10, 4, 8])
    found = compare_waves(before, now, pd.Series(list("abcde")), pd.Series(list("abchijk")), 0.8)
    # Three stand in both: covariance of (3, 5, 4) and (7, 9, 6) is 1; variances 3.7 / 5 and 4.23810 / 7.
    parts = 3.7 / 5, float(now.var()) / 7
    error = np.sqrt(sum(parts) - 2 * 1.0 * 3 / 35)
    welch = sum(parts) ** 2 / (parts[0] ** 2 / 4 + parts[1] ** 2 / 6)
    freedom = 0.5 * 2 + 0.5 * welch
    assert found["n_both"] == 3
    assert found["std_error"] == pytest.approx(error)
    assert found["upper"] - found["change"] == pytest.approx(stats.t.ppf(0.9, freedom) * error)
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(found["change"] / error, freedom))


def test_changes_of_all_items_are_adjusted_by_holm():
    rng = np.random.default_rng(2)
    answers = pd.DataFrame(rng.integers(0, 11, (60, 3)).astype(float), columns=["a", "b", "c"])
    answers["wave"], answers["customer_id"] = [1] * 30 + [2] * 30, [str(i) for i in range(60)]
    answers.loc[answers["wave"] == 2, "b"] += 3
    found = _changes(SimpleNamespace(answers=answers, names=["a", "b", "c"]), 2, 1, 0.8)
    p = found["p_value"].to_numpy()
    order = np.argsort(p)
    holm = np.maximum.accumulate(p[order] * [3, 2, 1]).clip(max=1)
    assert found["p_adjusted"].to_numpy()[order].tolist() == pytest.approx(holm.tolist())
    # Found four times of five: qnorm(.9) + qnorm(.8) = 1.281552 + .841621 errors.
    first, last = answers.loc[answers["wave"] == 1, "a"], answers.loc[answers["wave"] == 2, "a"]
    error = np.sqrt(first.var() / 30 + last.var() / 30)
    assert found["detectable"][0] == pytest.approx((Z + 0.8416212336) * error)


def test_gaps_between_what_was_expected_and_lived_have_students_interval_and_holms_values():
    scaled = pd.DataFrame(
        {
            "wish": [1.0, 4, 2, 3, 5, 1],
            "have": [3.0, 3, 5, 3, 7, 5],
            "hope": [4.0, 4, 5, 6, 3, 2],
            "gets": [5.0, 6, 6, 8, 4, 5],
        }
    )
    found = _measure_gaps(scaled, SimpleNamespace(pairs={"wish": "have", "hope": "gets"}), 0.8)
    # R: t.test(c(2, -1, 3, 0, 2, 4), conf.level = .8)
    row = found.iloc[0]
    assert row[["gap", "lower", "upper", "p_value"]].tolist() == pytest.approx(
        [1.66666666667, 0.544822184823, 2.78851114851, 0.0798301263256]
    )
    assert row["n"] == 6
    other = float(stats.ttest_1samp([1.0, 2, 1, 2, 1, 3], 0).pvalue)
    assert found["p_adjusted"].tolist() == pytest.approx([0.0798301263256, 2 * other])
    assert found[["expectation", "experience"]].to_numpy().tolist() == [["wish", "have"], ["hope", "gets"]]
