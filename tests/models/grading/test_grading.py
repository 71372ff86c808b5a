"""Weights, closeness to the best, and places under doubtful weights, against published numbers and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.grading import (
    closeness,
    rank_under_doubt,
    read_measures,
    weigh_by_comparison,
    weigh_by_entropy,
)

# Saaty (2008), "Decision making with the analytic hierarchy process", table 3: drinks consumed in the United States.
DRINKS = {
    ("coffee", "wine"): 9, ("coffee", "tea"): 5, ("coffee", "beer"): 2, ("coffee", "soda"): 1, ("coffee", "milk"): 1,
    ("coffee", "water"): 1 / 2, ("wine", "tea"): 1 / 3, ("wine", "beer"): 1 / 9, ("wine", "soda"): 1 / 9,
    ("wine", "milk"): 1 / 9, ("wine", "water"): 1 / 9, ("tea", "beer"): 1 / 3, ("tea", "soda"): 1 / 4,
    ("tea", "milk"): 1 / 3, ("tea", "water"): 1 / 9, ("beer", "soda"): 1 / 2, ("beer", "milk"): 1,
    ("beer", "water"): 1 / 3, ("soda", "milk"): 2, ("soda", "water"): 1 / 2, ("milk", "water"): 1 / 3,
}  # fmt: skip
LEADER = {
    ("experience", "education"): 4, ("experience", "charisma"): 3, ("experience", "age"): 7,
    ("education", "charisma"): 1 / 3, ("education", "age"): 3, ("charisma", "age"): 5,
}  # fmt: skip


def frame(rows, names="abcdefg"):
    return pd.DataFrame(rows, columns=list(names[: len(rows[0])]), dtype=float)


def test_the_published_drinks():
    found = weigh_by_comparison(DRINKS)
    assert found.weights.round(3).to_dict() == {
        "coffee": 0.177, "wine": 0.019, "tea": 0.042, "beer": 0.116, "soda": 0.190, "milk": 0.129, "water": 0.327,
    }  # fmt: skip
    assert round(found.consistency_ratio, 3) == 0.022
    assert found.is_consistent


def test_the_published_leader():
    found = weigh_by_comparison(LEADER)
    assert found.weights.round(3).to_dict() == {
        "experience": 0.548, "education": 0.127, "charisma": 0.270, "age": 0.056,
    }  # fmt: skip
    assert round(found.consistency_ratio, 3) == 0.044
    candidates = {
        "experience": {("Moll", "Nell"): 1 / 4, ("Moll", "Sue"): 4, ("Nell", "Sue"): 9},
        "education": {("Moll", "Nell"): 3, ("Moll", "Sue"): 1 / 5, ("Nell", "Sue"): 1 / 7},
        "charisma": {("Moll", "Nell"): 5, ("Moll", "Sue"): 9, ("Nell", "Sue"): 4},
        "age": {("Moll", "Nell"): 1 / 3, ("Moll", "Sue"): 5, ("Nell", "Sue"): 9},
    }
    marks = pd.DataFrame({name: weigh_by_comparison(pairs).weights for name, pairs in candidates.items()})
    whole = marks @ found.weights[marks.columns]
    # Published to three digits from rounded parts.
    assert whole.to_dict() == pytest.approx({"Moll": 0.358, "Nell": 0.493, "Sue": 0.150}, abs=1e-3)


@given(st.lists(st.floats(0.5, 4.0), min_size=3, max_size=7))
def test_judgements_that_agree_give_back_their_weights(weights):
    names = [f"c{number}" for number in range(len(weights))]
    pairs = {(a, b): weights[i] / weights[j] for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
    found = weigh_by_comparison(pairs)
    assert found.weights.to_numpy() == pytest.approx(np.array(weights) / sum(weights), rel=1e-6)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert (found.pairs["off"] < 1 + 1e-6).all()


def test_a_circle_of_judgements_is_refused_as_contradiction_and_its_worst_pair_named():
    found = weigh_by_comparison(
        {("a", "b"): 5, ("b", "c"): 5, ("a", "c"): 1 / 5, ("d", "a"): 1, ("d", "b"): 1, ("d", "c"): 1}
    )
    assert found.consistency_ratio > 0.5
    assert not found.is_consistent
    assert found.pairs.loc[0, "off"] > found.pairs["off"].iloc[-1]
    assert found.weights[["a", "b"]].tolist() == pytest.approx([found.weights["c"]] * 2)


def test_two_criteria_cannot_contradict_each_other():
    found = weigh_by_comparison({("margin", "volume"): 3})
    assert found.weights.to_dict() == pytest.approx({"margin": 0.75, "volume": 0.25})
    assert found.consistency_ratio == 0


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({("a", "b"): 2, ("b", "c"): 2}, r"The comparison of 'a' with 'c' is missing. Judge every pair once."),
        ({("a", "b"): 2, ("c", "d"): 2}, r"'a' with 'c' and 3 further pairs are missing"),
        ({("a", "b"): 2, ("b", "a"): 0.5}, r"'a' and 'b'|'b' and 'a' are compared twice"),
        ({("a", "b"): 10}, r"'a' is judged 10 times as important as 'b': give a number from 1/9 .far less. over 1"),
        ({("a", "b"): float("nan")}, "judged nan times"),
        ({("a", "a"): 1, ("a", "b"): 1}, "'a' is compared with itself"),
        ({}, "at least two must be named"),
        ({(str(i), str(j)): 1 for i in range(16) for j in range(i)}, "16 criteria .* 15 are the most"),
    ],
)
def test_judgements_that_are_none_are_asked_back(pairs, said):
    with pytest.raises(ParameterError, match=said):
        weigh_by_comparison(pairs)


def test_entropy_weighs_what_parts_customers():
    values = frame([[0, 5, 10, 7], [1, 5, 20, 7], [0, 5, 30, 7], [0, 6, 40, 7]])
    found = weigh_by_entropy(values)
    # One of four has all of a, and of b: their entropy is 0. Of c the shares are 0, 1, 2 and 3 sixths; d tells nothing.
    shares = np.array([1, 2, 3]) / 6
    left = 1 + (shares * np.log(shares)).sum() / np.log(4)
    assert found.to_dict() == pytest.approx(
        {"a": 1 / (2 + left), "b": 1 / (2 + left), "c": left / (2 + left), "d": 0.0}
    )


def test_entropy_does_not_mind_units_losses_or_order():
    values = frame(np.random.default_rng(5).normal(size=(60, 3)))
    found = weigh_by_entropy(values)
    moved = weigh_by_entropy((values * [3.0, 0.01, 700.0] - [5.0, 0.0, 1e4]).iloc[::-1])
    assert moved.to_numpy() == pytest.approx(found.to_numpy())
    assert found.sum() == pytest.approx(1)


def test_entropy_of_nothing_that_differs_is_refused():
    with pytest.raises(NotEnoughData, match="needs criteria in which customers differ; found none"):
        weigh_by_entropy(frame([[1, 2], [1, 2]]))
    with pytest.raises(NotEnoughData, match="needs at least 2 customers; found 1"):
        weigh_by_entropy(frame([[1, 2]]))


# Tzeng and Huang (2011), chapter 5; Papathanasiou and Ploskas (2018), "Multiple Criteria Decision Aid", chapter 1.
@pytest.mark.parametrize(
    ("rows", "weights", "published"),
    [
        ([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3], [0.5037, 0.6581, 0.7482, 0.3340]),
        (
            [[8, 7, 2, 1], [5, 3, 7, 5], [7, 5, 6, 4], [9, 9, 7, 3], [11, 10, 3, 7], [6, 9, 5, 4]],
            [0.4, 0.3, 0.1, 0.2],
            [0.3872, 0.3272, 0.3907, 0.6147, 0.8685, 0.4928],
        ),
    ],
)
def test_the_published_closeness(rows, weights, published):
    values = frame(rows)
    found = closeness(values, read_measures(values), dict(zip(values.columns, weights, strict=True)))
    assert found.round(4).tolist() == published
    twice = closeness(values, read_measures(values), {name: 2 * one for name, one in zip(values, weights, strict=True)})
    assert twice == pytest.approx(found)


def test_the_best_of_everything_is_one_the_worst_none_and_a_cost_turns_round():
    values = frame([[1, 9], [2, 4], [3, 1]])
    measures = read_measures(values, costs=["b"])
    assert [measure.more_is_better for measure in measures] == [True, False]
    found = closeness(values, measures, {"a": 0.2, "b": 0.8})
    assert found[[0, 2]].tolist() == [0.0, 1.0]
    # By hand: lengths sqrt(14) and sqrt(98); the middle lies 1 from both ends in a, 5 and 3 in b.
    far = np.hypot(0.2 / np.sqrt(14), 0.8 * 5 / np.sqrt(98))
    off = np.hypot(0.2 / np.sqrt(14), 0.8 * 3 / np.sqrt(98))
    assert found[1] == pytest.approx(far / (far + off))


def test_a_part_of_the_customers_is_graded_as_in_the_whole():
    values = frame(np.random.default_rng(2).gamma(2.0, size=(40, 3)))
    measures = read_measures(values)
    weights = {"a": 1, "b": 2, "c": 0}
    whole = closeness(values, measures, weights)
    assert closeness(values.iloc[[7, 3]], measures, weights) == pytest.approx(whole[[7, 3]])


def test_customers_all_alike_have_no_closeness_and_no_places():
    values = frame([[0, 3], [0, 3]])
    assert np.isnan(closeness(values, read_measures(values), {"a": 1, "b": 1})).all()
    with pytest.raises(NotEnoughData, match="needs criteria that weigh and in which customers differ; found none"):
        rank_under_doubt(values, read_measures(values), {"a": 1, "b": 1}, n_top=1)


@pytest.mark.parametrize("weights", [{"a": 0, "b": 0}, {"a": -1, "b": 2}, {"a": np.nan, "b": 1}])
def test_weights_that_are_none_are_asked_back(weights):
    values = frame([[1, 2], [2, 1]])
    with pytest.raises(ParameterError, match="0 or more, and not all of them 0"):
        closeness(values, read_measures(values), weights)


def test_a_criterion_without_a_weight_and_a_cost_that_is_none_are_named():
    values = frame([[1, 2], [2, 1]])
    with pytest.raises(ParameterError, match="'b' has no weight"):
        closeness(values, read_measures(values), {"a": 1})
    with pytest.raises(ParameterError, match="'z' is said to be a cost"):
        read_measures(values, costs=["z"])


def test_who_is_best_in_all_is_first_whatever_the_weights_and_who_is_best_in_one_only_sometimes():
    values = frame([[9, 9, 9], [8, 1, 1], [1, 8, 1], [0, 0, 0]])
    found = rank_under_doubt(values, read_measures(values), {"a": 1, "b": 1, "c": 1}, n_top=2, n_draws=400)
    places = found.places
    assert places["place"].tolist() == [1.0, 2.5, 2.5, 4.0]
    assert places.loc[[0, 3], ["lower", "upper", "top_share"]].to_numpy().tolist() == [[1, 1, 1], [4, 4, 0]]
    assert (places.loc[1, "lower"], places.loc[1, "upper"]) == (2, 3)
    # By symmetry each of the two is second in half of the draws.
    assert places.loc[1, "top_share"] == pytest.approx(0.5, abs=0.08)
    assert places.loc[1, "top_share"] + places.loc[2, "top_share"] == pytest.approx(1)


def test_small_doubt_moves_places_less_than_any_weights_at_all():
    values = frame(np.random.default_rng(8).gamma(2.0, size=(30, 4)))
    given = dict(zip("abcd", (0.4, 0.3, 0.2, 0.1), strict=True))
    widths = [
        (one.places["upper"] - one.places["lower"]).mean()
        for one in (
            rank_under_doubt(values, read_measures(values), given, n_top=5, spread=spread)
            for spread in (0.01, 0.1, None)
        )
    ]
    assert widths[0] < widths[1] < widths[2]


def test_drawn_weights_stray_as_was_said():
    from crm_research.models.grading.ranks import _draw_weights

    drawn = _draw_weights(np.array([0.5, 0.5, 0.0]), 0.08, 20_000, np.random.default_rng(1))
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.003)
    assert drawn[:, 0].std() == pytest.approx(0.08, abs=0.002)
    assert (drawn[:, 2] == 0).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n_top": 0}, "n_top must be from 1 to the 2 customers"),
        ({"n_top": 3}, "n_top must be from 1"),
        ({"n_top": 1, "spread": 0.5}, "above 0 and below .5; not 0.5"),
        ({"n_top": 1, "confidence": 1}, "confidence must be between 0 and 1; not 1"),
        ({"n_top": 1, "n_draws": 20_000_000}, "too many places to hold"),
    ],
)
def test_what_cannot_be_ranked_is_asked_back(asked, said):
    values = frame([[1, 2], [2, 1]])
    with pytest.raises(ParameterError, match=said):
        rank_under_doubt(values, read_measures(values), {"a": 1, "b": 1}, **asked)
