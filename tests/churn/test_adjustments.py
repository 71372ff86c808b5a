"""Families of tests and intervals on the churn page, with the exact number of each adjustment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.models.survival import count_rows, estimate_survival
from crm_research.pillars.churn.curves.rule import compare_constant_rate
from crm_research.pillars.churn.drivers.tables import _adjusted
from crm_research.pillars.churn.reasons.measure import _compare_reasons

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_a_rule_is_held_against_limits_of_all_the_tenures_compared():
    rng = np.random.default_rng(8)
    stay = np.ceil(rng.exponential(300, 200))
    counts = count_rows(pd.Series(np.minimum(stay, 800.0)), pd.Series(stay <= 800))
    found = compare_constant_rate(counts, estimate_survival(counts, confidence=0.8), confidence=0.8)
    n = len(found.compared)
    assert n > 2
    together = estimate_survival(counts, confidence=1 - 0.2 / n)
    alone = estimate_survival(counts, confidence=0.8)
    from crm_research.vocabulary import days_in_months

    days = [float(days_in_months(int(months))) for months in found.compared["months"]]
    wide, narrow = together.at(days), alone.at(days)
    assert found.compared["lower"].tolist() == pytest.approx(narrow["lower"].tolist())
    inside = (found.compared["rule"] >= wide["lower"]) & (found.compared["rule"] <= wide["upper"])
    assert found.compared["rule_is_within"].tolist() == inside.tolist()
    # R: poisson.test(ends, months watched, conf.level = .8)
    ends, months = int((stay <= 800).sum()), np.minimum(stay, 800).sum() / 30.4375
    assert found.monthly_rate == pytest.approx(ends / months)
    assert found.lower == pytest.approx(stats.chi2.ppf(0.1, 2 * ends) / 2 / months)
    assert found.upper == pytest.approx(stats.chi2.ppf(0.9, 2 * ends + 2) / 2 / months)


def test_each_covariate_and_period_counts_once_in_holms_family():
    terms = pd.DataFrame(
        {
            "covariate": ["plan", "plan", "age", "region", "age"],
            "period": ["", "", "early", "", "late"],
            "p_value": [0.3, 0.004, 0.01, 0.5, 0.04],
            "p_whole": [0.02, 0.02, 0.01, 0.5, 0.04],
        }
    )
    # Four wholes: .01 x 4, .02 x 3, .04 x 2, .5 (R: p.adjust(c(.02, .01, .5, .04), "holm")). Of the plan's two levels
    # one has .004 x 2, less than its whole, and one .3, more.
    assert _adjusted(terms).tolist() == pytest.approx([0.3, 0.06, 0.04, 0.5, 0.08])


class Fits:
    """As much of fits by reason as the comparison of reasons reads."""

    def __init__(self, table):
        self.table = table

    def contrasts(self):
        return self.table


def test_reasons_are_compared_by_cochrans_q_and_adjusted_by_holm():
    from crm_research.pillars.churn.reasons.measure import _COMPARISON, CAUSE_SPECIFIC

    z = 1.281551566
    rows = []
    for covariate, ratios in (("plan", [(2.0, 0.2), (0.8, 0.3), (1.1, 0.25)]), ("age", [(1.5, 0.1), (1.4, 0.2)])):
        for ratio, error in ratios:
            rows.append(
                dict.fromkeys(_COMPARISON, covariate)
                | {"hazard": CAUSE_SPECIFIC, "hazard_ratio": ratio}
                | {"lower": ratio * np.exp(-z * error), "upper": ratio * np.exp(z * error)}
            )
    found = _compare_reasons(Fits(pd.DataFrame(rows)), 0.8)
    expected = []
    for ratios in ([(2.0, 0.2), (0.8, 0.3), (1.1, 0.25)], [(1.5, 0.1), (1.4, 0.2)]):
        log, weight = np.log([r for r, _ in ratios]), np.array([1 / e**2 for _, e in ratios])
        expected.append(weight @ (log - weight @ log / weight.sum()) ** 2)
    assert found["chi_squared"].tolist() == pytest.approx(expected)
    assert found["n_reasons"].tolist() == [3, 2]
    p = [stats.chi2.sf(expected[0], 2), stats.chi2.sf(expected[1], 1)]
    assert p[0] < p[1]
    assert found["p_value"].tolist() == pytest.approx([2 * p[0], max(2 * p[0], p[1])])
