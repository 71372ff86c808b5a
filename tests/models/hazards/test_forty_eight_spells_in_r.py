"""Forty-eight spells with ties, late entry, two regions and two spells a customer: every number as R 4.2 has it.

survival 3.5-3, plan relevelled to b (the largest):

    f <- coxph(Surv(entry_days, tenure_days, is_ended) ~ plan + age, d)
    g <- coxph(... + cluster(customer_id), d); h <- coxph(... + strata(region), d); cox.zph(f); concordance(f)
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.models.hazards import fit_cox, measure_concordance
from crm_research.models.hazards.apart import say_apart, say_limit
from crm_research.models.hazards.newton import invert, maximise, solve
from crm_research.models.hazards.person_rows import lay_out_periods

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

Z = 1.281551566  # qnorm(.9)
SAME = "The ratio may be read as the same at every tenure."


def spells():
    """Laid out by sums, so that R can have the same rows: i from 1 to 48."""
    rows = []
    for i in range(1, 49):
        tenure = 3 + i * 7 % 41
        entry = i * 5 % 7 if i % 3 == 0 else 0
        rows.append(
            {
                "entry_days": float(entry if entry < tenure else 0),
                "tenure_days": float(tenure),
                "is_ended": i % 4 != 0,
                "plan": "abc"[i * 7 % 10 // 4],
                "age": 20.0 + i * 13 % 37,
                "region": "ns"[i % 2],
                "customer_id": f"c{i // 2}",
            }
        )
    return pd.DataFrame(rows)


# How it is made: coefficients, errors, null and largest log likelihood, concordance and its error, Wald of plan,
# cox.zph of plan, age and all.
FITS = {
    "plain": (
        {},
        [-0.045284534708, 0.011089309093, 0.002388536619],
        [0.44772072273, 0.47063286188, 0.01888443012],
        (-102.8943637, -102.8578055),
        (0.4720496894, 0.05732759332),
        0.01296912006,
        [0.3997008604, 1.7358092538, 3.7907110600],
    ),
    "clustered": (
        {"cluster": "customer_id"},
        [-0.045284534708, 0.011089309093, 0.002388536619],
        [0.45791129235, 0.39309034742, 0.01773276314],
        (-102.8943637, -102.8578055),
        (0.4720496894, 0.04411357676),
        0.01297404842,
        [0.3997008604, 1.7358092538, 3.7907110600],
    ),
    "stratified": (
        {"strata": ["region"]},
        [-0.081990122904, 0.050951874287, 0.003948524122],
        [0.4530705558, 0.4779631897, 0.0188166405],
        (-81.38393298, -81.26229233),
        (0.4766584767, 0.06097219703),
        0.0592188465,
        [0.2979560458, 2.4242237037, 4.1922145954],
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_every_column_of_the_fit(name):
    how, coefficients, errors, likelihoods, concordance, wald, zph = FITS[name]
    fit = fit_cox(spells(), ["plan", "age"], confidence=0.8, **how)
    beta, error = np.array(coefficients), np.array(errors)
    terms = pd.DataFrame(
        {
            "covariate": ["plan", "plan", "age"],
            "level": ["a", "c", ""],
            "reference": ["b", "b", ""],
            "hazard_ratio": np.exp(beta),
            "lower": np.exp(beta - Z * error),
            "upper": np.exp(beta + Z * error),
            "coefficient": beta,
            "std_error": error,
            "z": beta / error,
            "p_value": 2 * stats.norm.sf(np.abs(beta / error)),
            "n": [18, 10, 48],
            "n_ended": [14, 7, 36],
        }
    )
    pd.testing.assert_frame_equal(fit.terms, terms, rtol=1e-8)
    tests = pd.DataFrame(
        {
            "covariate": ["plan", "age"],
            "chi_squared": [wald, (beta[2] / error[2]) ** 2],
            "degrees": [2, 1],
            "p_value": [stats.chi2.sf(wald, 2), stats.chi2.sf((beta[2] / error[2]) ** 2, 1)],
        }
    )
    pd.testing.assert_frame_equal(fit.tests, tests, rtol=1e-8)
    assert (fit.null_log_likelihood, fit.log_likelihood) == pytest.approx(likelihoods)
    assert (fit.concordance, fit.concordance_error) == pytest.approx(concordance)
    checked = fit.proportionality
    assert checked["covariate"].tolist() == ["plan", "plan", "plan", "age", "all together"]
    assert checked["level"].tolist() == ["", "a", "c", "", ""]
    assert checked["degrees"].tolist() == [2, 1, 1, 1, 3]
    assert checked["chi_squared"].iloc[[0, 3, 4]].tolist() == pytest.approx(zph)
    assert checked["p_value"].tolist() == pytest.approx(
        stats.chi2.sf(checked["chi_squared"], checked["degrees"]).tolist()
    )
    assert checked["verdict"].tolist() == [SAME] * 4 + [""]
    assert not checked["is_doubtful"].any()
    assert fit.drift.empty
    few = ("Robust errors rest on only 25 clusters and are likely too small.",) if name == "clustered" else ()
    assert fit.notes == few
    robust = ", robust errors by cluster" if name == "clustered" else ""
    assert fit.estimator == "Cox regression, Efron ties" + robust
    assert (fit.n, fit.n_ended, fit.confidence) == (48, 36, 0.8)


def test_a_number_is_told_between_its_quartiles():
    found = fit_cox(spells(), ["plan", "age"], confidence=0.8).contrasts()
    # R: quantile(d$age, c(.25, .75)) is 28.75 and 47.25; 18.5 times the coefficient.
    assert found[["covariate", "level", "reference"]].to_numpy().tolist() == [
        ["plan", "a", "b"], ["plan", "c", "b"], ["age", "47.25", "28.75"],
    ]  # fmt: skip
    beta, error = 18.5 * 0.002388536619, 18.5 * 0.01888443012
    limits = [np.exp(beta), np.exp(beta - Z * error), np.exp(beta + Z * error)]
    assert found.loc[2, ["hazard_ratio", "lower", "upper"]].tolist() == pytest.approx(limits)


def test_chances_to_stay_and_their_limits_are_those_of_survfit():
    # R: summary(survfit(f, newdata = data.frame(plan = c("a", "b", "c"), age = c(30, 45, 50)), conf.int = .8,
    # conf.type = "log-log"), times = c(10, 25))
    fit = fit_cox(spells(), ["plan", "age"], confidence=0.8)
    new = pd.DataFrame({"plan": ["a", "b", "c"], "age": [30.0, 45.0, 50.0], "tenure_days": 0.0, "entry_days": 0.0})
    risk = fit.risk(new, [10, 25])
    assert (1 - risk[10.0]).tolist() == pytest.approx([0.8507005209, 0.8391571945, 0.8357356472])
    assert (1 - risk[25.0]).tolist() == pytest.approx([0.5561415238, 0.5292431790, 0.5214547612])


def test_no_end_with_known_covariates_is_refused_in_words():
    with pytest.raises(
        NotEnoughData, match=r"^Cox regression cannot be worked out here\. No spell with known covariates ended\.$"
    ):
        fit_cox(spells().assign(is_ended=False), ["plan"])


def test_concordance_by_hand():
    # Ends at 1 (score 5) and 3 (score 2), cut off at 3 (score 2) and 4 (score 3): pairs 3 + 2, right 3 + (1/2 + 0).
    score, tenure = np.array([5.0, 2, 2, 3]), np.array([1.0, 3, 3, 4])
    ended = np.array([True, True, False, False])
    found = measure_concordance(score, tenure, ended)
    assert (found.estimate, found.n_pairs) == (pytest.approx(3.5 / 5), 5.0)
    # What each row is in: right 3, 1 + .5, 1 + .5, 1; pairs 3, 3, 2, 2.
    moved = np.array([3, 1.5, 1.5, 1]) - 0.7 * np.array([3, 3, 2, 2])
    assert found.std_error == pytest.approx(np.sqrt((moved**2).sum()) / 5)
    together = measure_concordance(score, tenure, ended, cluster=np.array([0, 1, 1, 2]))
    assert together.std_error == pytest.approx(np.sqrt(moved[0] ** 2 + (moved[1] + moved[2]) ** 2 + moved[3] ** 2) / 5)
    weighted = measure_concordance(score, tenure, ended, end_weight=np.array([2.0, 3, 9, 9]))
    assert (weighted.estimate, weighted.n_pairs) == (pytest.approx((6 + 1.5) / 12), 12.0)
    # The last is met at 3, the tenure of the second end: not at risk then, nor at the first.
    late = measure_concordance(score, tenure, ended, entry=np.array([0.0, 0, 0, 3]))
    assert (late.estimate, late.n_pairs) == (pytest.approx(2.5 / 3), 3.0)
    none = measure_concordance(score, tenure, np.zeros(4, bool))
    assert np.isnan([none.estimate, none.std_error]).all()
    assert none.n_pairs == 0.0


class Parabola:
    def __init__(self, at, power=2):
        self.at, self.power = at, power
        self.log_likelihood = float(-((at - 3.0) ** power).sum())
        self.score = -power * (at - 3.0) ** (power - 1)
        self.information = np.diag(power * (power - 1) * (at - 3.0) ** (power - 2))

    def is_finite(self):
        return True


def test_the_search_arrives_or_says_that_it_did_not():
    asked = []

    def evaluate(at, power=2):
        asked.append(at.copy())
        return Parabola(at, power)

    beta, here, arrived = maximise(evaluate, np.array([1.0, 7.0]))
    assert (beta.tolist(), here.log_likelihood, arrived) == ([3.0, 3.0], 0.0, True)
    # A start with its likelihood known is not asked again; nothing to search is at its top already.
    asked.clear()
    maximise(evaluate, np.array([1.0]), first=Parabola(np.array([1.0])))
    assert asked[0].tolist() == [3.0]
    beta, here, arrived = maximise(evaluate, np.empty(0))
    assert (len(beta), arrived) == (0, True)
    # Of a fourth power each step goes a third of the way: one step leaves it unfinished.
    beta, _, arrived = maximise(lambda at: evaluate(at, 4), np.array([0.0]), n_steps=1)
    assert (beta.tolist(), arrived) == ([pytest.approx(1.0)], False)
    beta, _, arrived = maximise(lambda at: evaluate(at, 4), np.array([0.0]), n_steps=2)
    assert (beta.tolist(), arrived) == ([pytest.approx(3 - 3 * (2 / 3) ** 2)], False)
    beta, _, arrived = maximise(lambda at: evaluate(at, 4), np.array([0.0]))
    assert arrived
    assert beta[0] == pytest.approx(3, abs=0.05)
    half, _, _ = maximise(evaluate, np.array([1.0]), n_steps=1, shorten=lambda step: 0.25)
    assert half.tolist() == [1.5]


def test_a_singular_step_is_the_shortest_and_no_information_is_no_certainty():
    ones = np.ones((2, 2))
    assert solve(ones, np.array([2.0, 2.0])).tolist() == pytest.approx([1.0, 1.0])
    assert solve(np.diag([2.0, 4.0]), np.array([2.0, 2.0])).tolist() == [1.0, 0.5]
    assert invert(np.diag([2.0, 4.0])) == pytest.approx(np.diag([0.5, 0.25]))
    assert np.isnan(invert(ones)).all()
    part = invert(np.diag([4.0, 0.0, 5.0]))
    assert np.diag(part).tolist() == pytest.approx([0.25, np.nan, 0.2], nan_ok=True)
    assert part[0, 2] == 0.0
    assert np.isnan(part[0, 1])
    assert invert(np.empty((0, 0))).shape == (0, 0)
    assert np.isnan(invert(np.zeros((2, 2)))).all()
    mixed = invert(np.array([[4.0, 1.0], [1.0, 9.0]]))
    assert mixed == pytest.approx(np.array([[9, -1], [-1, 4]]) / 35)


def test_person_periods_by_hand():
    # Months of 30 days: from 0 to 70 (ended), from 40 to 60 (cut off), from 10 to 30 (ended).
    found = lay_out_periods(
        np.array([0.0, 40, 10]),
        np.array([70.0, 60, 30]),
        np.array([True, False, True]),
        unit_days=30,
        n_most=100,
        seed=1,
    )
    assert found.n_all == 5
    rows = sorted(zip(found.row, found.period, found.has_ended, found.weight.round(6), strict=True))
    assert rows == [
        (0, 0, False, 1.0), (0, 1, False, 1.0), (0, 2, True, 1.0), (1, 1, False, 0.666667), (2, 0, True, 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "words"),
    [(3.27, "3.2"), (0.327, "0.33"), (31.9, "31"), (1234.0, "1,200"), (0.0, "0"), (1.0, "1"), (9.99, "9.9")],
)
def test_a_limit_is_rounded_towards_one(limit, words):
    assert say_limit(limit) == words


def test_what_is_told_apart_is_said_whole():
    table = pd.DataFrame(
        [
            ("plan", "trial", "basic", True, 3.27, 0.01, 1250, 1249),
            ("plan", "old", "basic", False, 0.327, 0.01, 40, 0),
            ("age", "47.25", "28.75", False, np.nan, 0.2, 48, 36),
        ],
        columns=["covariate", "level", "reference", "is_sooner", "limit", "p_value", "n", "n_ended"],
    )
    end = "It has a baseline of its own, and the other ratios compare within it and within the rest."
    apart = "tells those who left from those who stayed without overlap, so that no finite ratio fits best:"
    first, second, third = say_apart(table, 0.9, is_clustered=False)
    assert first == (
        f"plan = trial (n 1,250, 1,249 ended) {apart} its ratio against basic is at least 3.2 (90 % limit). {end}"
    )
    assert second.endswith(f" (n 40, 0 ended) {apart} its ratio against basic is at most 0.33 (90 % limit). {end}")
    assert third == (
        f"age {apart} how far its ratio (47.25 against 28.75) is from 1 at the least cannot be told. {end}"
    )
    clustered = say_apart(table.head(1), 0.9, is_clustered=True)[0]
    assert "(90 % limit, rows of one cluster taken as independent)" in clustered
