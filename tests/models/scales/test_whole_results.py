"""What is said of answers, word for word; coefficients and their limits by hand; the jackknife of alpha at 80 %."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.scales.alpha_limits import limit_alpha
from crm_research.models.scales.coefficients import alpha_of, ave_of, htmt_of, rho_a_of, rho_c_of
from crm_research.models.scales.one_factor import load_on_one_factor
from crm_research.models.scales.reading import fill_with_means, read_answers, standardise, to_numbers
from crm_research.models.scales.reliability import assess_scale, judge

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

ANSWERS = pd.DataFrame(
    {
        "a": [1.0, 2, 3, 4, 5, np.nan, 2, 4],
        "b": [2.0, 2, np.nan, 5, 4, np.nan, 1, 5],
        "c": [1.0, 3, 3, 4, np.nan, 2, 2, np.inf],
        "d": [7.0] * 8,
        "e": [np.nan] * 8,
        "w": [1.0, 1, 2, 1, 0, 1, np.nan, 3],
        "who": ["u", "v", "u", None, "x", "y", "z", "v"],
    }
)


def test_answers_are_filled_and_everything_left_out_is_said():
    found = read_answers(ANSWERS, ["a", "b", "c", "d", "e"], what="It", fewest=3, weights="w", cluster="who")
    assert found.items == ("a", "b", "c", "d")
    # The fifth has no weight, the seventh none that is known; the sixth answered two of the four that anybody answered.
    assert found.kept.tolist() == [True, True, True, True, False, True, False, True]
    mean_a, mean_b = (1 + 2 + 6 + 4 + 12) / 8, (2 + 2 + 5 + 15) / 6
    mean_c = (1 + 3 + 6 + 4 + 2) / 6
    scores = [
        [1, 2, 1, 7], [2, 2, 3, 7], [3, mean_b, 3, 7], [4, 5, 4, 7], [mean_a, mean_b, 2, 7], [4, 5, mean_c, 7],
    ]  # fmt: skip
    np.testing.assert_allclose(found.scores, scores)
    assert found.weight.tolist() == [1, 1, 2, 1, 1, 3]
    assert found.owner.tolist() == [0, 1, 0, 3, 2, 1]
    assert found.n_owners == 4
    assert found.n_effective == pytest.approx(9**2 / 17)
    assert found.n_filled == 4
    assert found.constant == ("e", "d")
    assert found.notes == (
        "Nobody answered e; left out.",
        "2 of 8 respondents answered less than half of the items (or have no weight) and were left out.",
        "4 missing answers (16.7 %) were filled with the item's mean.",
        "More than 15 % of the answers to a, b, c are missing.",
        "Everybody answered d alike; these items say nothing and were left out.",
        "Only 4 customers stand behind these answers: limits from drawing so few are too narrow.",
    )


def test_columns_of_a_kind_that_knows_empty_cells_are_read_alike():
    frame = ANSWERS.assign(c=ANSWERS["c"].replace(np.inf, np.nan))
    names = ["a", "b", "c", "d", "e"]
    plain, other = (
        read_answers(given, names, what="It", fewest=3, weights="w", cluster="who")
        for given in (frame, frame.convert_dtypes())
    )
    assert other.scores.tolist() == plain.scores.tolist()
    assert other.weight.tolist() == plain.weight.tolist()
    assert other.owner.tolist() == plain.owner.tolist()
    assert other.notes == plain.notes


def test_without_filling_whoever_lacks_an_answer_is_left_out():
    found = read_answers(ANSWERS, ["a", "b", "c"], what="It", fewest=3, is_filled=False)
    assert found.kept.tolist() == [True, True, False, True, False, False, True, False]
    assert found.notes == ("4 of 8 respondents lack an answer (or have no weight) and were left out.",)
    assert found.n_filled == 0
    assert found.owner.tolist() == [0, 1, 2, 3]
    assert found.weight.tolist() == [1.0] * 4
    with pytest.raises(NotEnoughData, match=r"^It needs at least 5 usable respondents; found 4\.$"):
        read_answers(ANSWERS, ["a", "b", "c"], what="It", fewest=5, is_filled=False)
    with pytest.raises(
        ParameterError, match=r"^The answers have no column 'aa'\. Did you mean 'a'\? Known: a, b, c, d, e, w, who\.$"
    ):
        read_answers(ANSWERS, ["a", "aa"], what="It", fewest=3)
    one = read_answers(ANSWERS.assign(who="u"), ["a", "d"], what="It", fewest=3, cluster="who")
    assert one.notes[-1] == "All answers come from one customer: there are no limits to be had."
    many = pd.DataFrame({"a": np.arange(30.0), "who": [str(i) for i in range(30)]})
    assert read_answers(many, ["a"], what="It", fewest=3, cluster="who").notes == ()
    assert read_answers(many.head(29), ["a"], what="It", fewest=3, cluster="who").notes == (
        "Only 29 customers stand behind these answers: limits from drawing so few are too narrow.",
    )


def test_half_of_the_answers_are_enough_and_fifteen_of_a_hundred_gaps_are_not_much():
    half = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, np.nan, 1]})
    assert read_answers(half, ["a", "b"], what="It", fewest=3).kept.all()
    gaps = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0)})
    gaps.loc[:2, "b"] = np.nan
    assert len(read_answers(gaps, ["a", "b"], what="It", fewest=3).notes) == 1
    gaps.loc[3, "b"] = np.nan
    assert read_answers(gaps, ["a", "b"], what="It", fewest=3).notes[-1] == (
        "More than 15 % of the answers to b are missing."
    )


def test_answers_become_numbers_of_mean_nought_and_spread_one():
    assert to_numbers(pd.DataFrame({"a": ["3", "x", "inf"]}), ["a"])[:, 0].tolist() == pytest.approx(
        [3, np.nan, np.nan], nan_ok=True
    )
    found = standardise(np.array([[1.0, 5], [3, 5], [3, 5]]), np.array([2.0, 1, 1]))
    assert found.tolist() == [[-1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    filled = fill_with_means(np.array([[1.0, np.nan], [np.nan, np.nan], [4, np.nan]]), np.array([1.0, 1, 3]))
    assert filled.tolist() == [[1.0, 0.0], [3.25, 0.0], [4.0, 0.0]]


def test_coefficients_by_hand():
    covariance = np.array([[4.0, 1, 2], [1, 9, 3], [2, 3, 5]])
    assert alpha_of(covariance) == pytest.approx(1.5 * (1 - 18 / 30))
    correlations, weights = np.array([[1.0, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]]), np.array([0.5, 0.4, 0.3])
    # Equation 3: (w'w)^2 w'(S - diag S) w / w'(ww' - diag ww') w
    size = 0.25 + 0.16 + 0.09
    off = 2 * (0.5 * 0.4 * 0.5 + 0.5 * 0.3 * 0.4 + 0.4 * 0.3 * 0.3)
    assert rho_a_of(correlations, weights) == pytest.approx(size**2 * off / (size**2 - 0.0625 - 0.0256 - 0.0081))
    loadings = np.array([0.9, 0.6, -0.2])
    assert rho_c_of(loadings) == pytest.approx(1.69 / (1.69 + 3 - 1.21))
    assert ave_of(loadings) == pytest.approx(1.21 / 3)
    four = np.array([[1.0, 0.6, 0.2, -0.3], [0.6, 1, 0.1, 0.4], [0.2, 0.1, 1, 0.5], [-0.3, 0.4, 0.5, 1]])
    assert htmt_of(four, np.array([0, 1]), np.array([2, 3])) == pytest.approx(0.25 / np.sqrt(0.6 * 0.5))
    assert htmt_of(four, np.array([0]), np.array([2, 3])) == pytest.approx(0.25 / np.sqrt(0.5))
    for nothing in (alpha_of(np.eye(1)), rho_a_of(np.eye(1), np.ones(1)), rho_c_of(np.ones(1)), ave_of(np.ones(1))):
        assert np.isnan(nothing)


def test_loadings_of_one_factor_by_hand():
    # Three items determine their loadings: sqrt(r12 r13 / r23) and so on.
    found = load_on_one_factor(np.array([[[1, 0.48, 0.4], [0.48, 1, 0.3], [0.4, 0.3, 1]]]))
    assert found[0].tolist() == pytest.approx([0.8, 0.6, 0.5], abs=1e-4)
    turned = load_on_one_factor(np.array([[[1, 0.48, -0.4], [0.48, 1, -0.3], [-0.4, -0.3, 1]]]))
    assert turned[0].tolist() == pytest.approx([0.8, 0.6, -0.5], abs=1e-4)
    two = load_on_one_factor(np.array([[[1, 0.49], [0.49, 1]], [[1, -0.36], [-0.36, 1]]]))
    assert two.tolist() == [[pytest.approx(0.7)] * 2, pytest.approx([-0.6, 0.6])] or two.tolist() == [
        [pytest.approx(0.7)] * 2,
        pytest.approx([0.6, -0.6]),
    ]


def test_limits_of_alpha_are_the_jackknife_with_students_t_at_its_level():
    rng = np.random.default_rng(1)
    base = rng.normal(size=(9, 1))
    values, weight = base + rng.normal(size=(9, 3)), np.array([1.0, 2, 1, 1, 3, 1, 1, 1, 1])
    owner = np.array([0, 0, 1, 2, 3, 4, 5, 6, 6])

    def log_error(kept):
        return np.log(1 - alpha_of(np.cov(values[kept].T, aweights=weight[kept], ddof=0)))

    whole, without = log_error(np.ones(9, bool)), np.array([log_error(owner != who) for who in range(7)])
    half = stats.t.ppf(0.9, 6) * np.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum())
    lower, upper = limit_alpha(values, weight, owner, confidence=0.8)
    assert (lower, upper) == pytest.approx((1 - np.exp(whole + half), 1 - np.exp(whole - half)))
    for held, n_items in ((owner < 2, 3), (owner < 9, 1)):
        assert np.isnan(limit_alpha(values[held][:, :n_items], weight[held], owner[held], confidence=0.8)).all()
    assert np.isfinite(limit_alpha(values[owner < 3], weight[owner < 3], owner[owner < 3], confidence=0.8)).all()


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "verdict"),
    [
        (0.8, 0.7, 0.9, "met"),
        (0.6, 0.5, 0.7, "unclear"),
        (0.6, 0.5, 0.699, "not met"),
        (0.8, 0.699, 0.9, "unclear"),
        (0.8, np.nan, 0.9, "unclear"),
        (0.8, 0.75, np.nan, "unclear"),
        (np.nan, 0.8, 0.9, ""),
    ],
)
def test_a_verdict_is_the_interval_beside_its_convention(estimate, lower, upper, verdict):
    assert judge(estimate, lower, upper, 0.7) == verdict


def test_every_column_of_a_scale():
    rng = np.random.default_rng(4)
    base = rng.normal(size=(60, 1))
    frame = pd.DataFrame(base + 0.7 * rng.normal(size=(60, 3)) + 3, columns=["p", "q", "r"]).assign(
        w=[1.0, 2.0, 3.0] * 20
    )
    found = assess_scale(frame, ["p", "q", "r"], weights="w", n_bootstraps=40, confidence=0.8, seed=2)
    covariance = np.cov(frame[["p", "q", "r"]].T, aweights=frame["w"], ddof=0)
    items = found.items.set_index("item")
    assert items["mean"].tolist() == pytest.approx(
        np.average(frame[["p", "q", "r"]], axis=0, weights=frame["w"]).tolist()
    )
    assert items["std_dev"].tolist() == pytest.approx(np.sqrt(np.diag(covariance)).tolist())
    for place, rest in enumerate(([1, 2], [0, 2], [0, 1])):
        others = covariance[np.ix_(rest, rest)]
        with_rest = covariance[place, rest].sum() / np.sqrt(covariance[place, place] * others.sum())
        assert items["item_rest"].iloc[place] == pytest.approx(with_rest)
        assert items["alpha_if_dropped"].iloc[place] == pytest.approx(alpha_of(others))
    rows = found.coefficients.set_index("coefficient")
    assert rows.index.tolist() == ["alpha", "rho_a", "rho_c", "ave"]
    assert found.estimate("alpha") == pytest.approx(alpha_of(covariance))
    limits = limit_alpha(frame[["p", "q", "r"]].to_numpy(), frame["w"].to_numpy(), np.arange(60), confidence=0.8)
    assert rows.loc["alpha", ["lower", "upper"]].tolist() == pytest.approx(limits)
    correlation = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    loadings = load_on_one_factor(correlation[None])[0]
    assert items["loading"].tolist() == pytest.approx(loadings.tolist())
    assert rows.loc["rho_c", "estimate"] == pytest.approx(rho_c_of(loadings))
    assert rows.loc["ave", "estimate"] == pytest.approx(ave_of(loadings))
    assert found.second_eigenvalue == pytest.approx(np.linalg.eigvalsh(correlation)[1])
    assert (found.n, found.n_bootstraps, found.confidence) == (60, 40, 0.8)
    assert found.n_effective == pytest.approx(120**2 / (20 * 14))
    assert np.isnan(found.alpha_if_turned)
    assert found.estimator == (
        "alpha from covariances, jackknife of log(1 - alpha) over customers; rho_A, rho_c and AVE from one common "
        "factor, bootstrap percentiles"
    )


def test_doubts_about_a_scale_are_said_whole():
    rng = np.random.default_rng(4)
    base = rng.normal(size=(60, 1))
    frame = pd.DataFrame(base + 0.3 * rng.normal(size=(60, 3)), columns=["p", "q", "r"])
    turned = assess_scale(frame.assign(r=-frame["r"]), ["p", "q", "r"], n_bootstraps=30)
    alpha = alpha_of(np.cov(frame.T, ddof=0))
    assert turned.alpha_if_turned == pytest.approx(alpha)
    assert turned.items["is_reversed"].tolist() == [False, False, True]
    assert (
        f"Reversed against the other items: r. Turn the scale round if this was asked in reverse (alpha would be "
        f"{alpha:.2f})."
    ) in turned.notes
    copies = assess_scale(frame.assign(q=frame["p"], r=frame["p"]), ["p", "q", "r"], n_bootstraps=30)
    assert "The items are copies of one another: so perfect a scale asks one thing several times." in copies.notes
    single = assess_scale(frame, ["p"], n_bootstraps=30)
    assert "A single item has no reliability that its answers could tell." in single.notes
    assert single.coefficients["verdict"].tolist() == [""] * 4
    two = np.concatenate(
        [base + 0.1 * rng.normal(size=(60, 2)), rng.normal(size=(60, 1)) + 0.1 * rng.normal(size=(60, 2))], axis=1
    )
    split = assess_scale(pd.DataFrame(two, columns=list("pqrs")), list("pqrs"), n_bootstraps=30)
    assert "The second eigenvalue is above 1: these items may hold more than one thing (a convention)." in split.notes
    with pytest.raises(ParameterError, match=r"^Name at least one item of the scale\.$"):
        assess_scale(frame, [])
    with pytest.raises(
        NotEnoughData,
        match=r"^The quality of a scale needs items that differ; found none\. Everybody answered every item "
        r"alike; such answers cannot tell how well it measures\.$",
    ):
        assess_scale(frame.assign(p=1.0), ["p"])
    with pytest.raises(NotEnoughData, match=r"^The quality of a scale needs at least 5 usable respondents; found 4\.$"):
        assess_scale(frame.head(4), ["p", "q"])
