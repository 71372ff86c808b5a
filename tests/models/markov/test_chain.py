"""Chains by hand and against simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.markov import (
    check_order,
    check_stability,
    estimate_chance_before,
    estimate_first_passage,
    estimate_moves,
    estimate_steady_state,
)


def moves_of(matrix, states):
    return pd.DataFrame(
        [(a, b, matrix[i][j]) for i, a in enumerate(states) for j, b in enumerate(states)],
        columns=["from_state", "to_state", "n"],
    )


WEATHER = ("rain", "nice", "snow")


def oz():
    # Kemeny and Snell (1960), Finite Markov Chains, the Land of Oz: (1/2, 1/4, 1/4), (1/2, 0, 1/2), (1/4, 1/4, 1/2).
    return estimate_moves(moves_of([[20, 10, 10], [20, 0, 20], [10, 10, 20]], WEATHER), WEATHER)


def test_shares_of_the_land_of_oz():
    assert oz().matrix.tolist() == [[0.5, 0.25, 0.25], [0.5, 0.0, 0.5], [0.25, 0.25, 0.5]]
    row = oz().table.set_index(["from_state", "to_state"]).loc[("rain", "rain")]
    assert (row["n"], row["n_from"]) == (20, 40)
    assert row["lower"] < 0.5 < row["upper"]


def test_the_land_of_oz_settles_at_two_fifths_rain():
    # Kemeny and Snell 4.1: the fixed vector is (2/5, 1/5, 2/5).
    found = estimate_steady_state(oz())
    assert found.table["share"].tolist() == pytest.approx([0.4, 0.2, 0.4])
    assert found.is_unique
    assert found.absorbing == ()
    assert (found.table["lower"] < found.table["share"]).all()


def test_days_until_rain_in_the_land_of_oz():
    # Kemeny and Snell 4.4: mean first passage to rain is 8/3 from nice and 10/3 from snow.
    found = estimate_first_passage(oz(), "rain").set_index("state")
    assert found["n_periods"].round(3).tolist() == [2.667, 3.333]
    assert found["chance"].tolist() == pytest.approx([1.0, 1.0])


def test_a_state_that_nobody_leaves_swallows_everybody():
    states = ("active", "lost")
    moves = estimate_moves(moves_of([[80, 20], [0, 50]], states), states)
    found = estimate_steady_state(moves)
    assert found.table["share"].tolist() == pytest.approx([0.0, 1.0], abs=1e-9)
    assert found.absorbing == ("lost",)
    passage = estimate_first_passage(moves, "lost").iloc[0]
    assert passage["n_periods"] == pytest.approx(5.0, rel=1e-4)
    back = estimate_first_passage(moves, "active").iloc[0]
    assert (back["chance"], back["n_periods"]) == (0.0, np.inf)


def test_two_worlds_that_never_meet_are_said_to_depend_on_the_start():
    states = ("a", "b")
    moves = estimate_moves(moves_of([[5, 0], [0, 5]], states), states)
    found = estimate_steady_state(moves, start=[0.25, 0.75])
    assert not found.is_unique
    assert found.table["share"].tolist() == pytest.approx([0.25, 0.75])


def test_a_chain_that_goes_round_has_even_shares():
    states = ("a", "b")
    assert estimate_steady_state(estimate_moves(moves_of([[0, 5], [5, 0]], states), states)).table[
        "share"
    ].tolist() == pytest.approx([0.5, 0.5])


def test_stability_is_the_test_of_homogeneous_tables():
    tables = np.array([[[30, 10], [5, 25]], [[20, 20], [6, 24]]])
    counts = pd.concat([moves_of(table, ("a", "b")).assign(period=period) for period, table in enumerate(tables)])
    found = check_stability(counts)
    by_state = [chi2_contingency(tables[:, state], correction=False, lambda_="log-likelihood") for state in (0, 1)]
    assert found.chi_squared == pytest.approx(sum(result.statistic for result in by_state))
    assert found.degrees == 2
    assert found.n == tables.sum()


def simulate(n, length, matrix, rng):
    states = np.zeros((n, length), dtype=int)
    cumulative = np.cumsum(matrix, axis=1)
    for step in range(1, length):
        states[:, step] = (rng.random(n)[:, None] > cumulative[states[:, step - 1]]).sum(axis=1)
    return states


def triples(states):
    frame = pd.DataFrame(
        {
            "before_state": states[:, :-2].ravel(),
            "from_state": states[:, 1:-1].ravel(),
            "to_state": states[:, 2:].ravel(),
        }
    )
    return frame.groupby(list(frame.columns)).size().rename("n").reset_index()


@pytest.mark.slow
def test_order_is_accepted_for_a_chain_and_refused_where_memory_is_longer():
    rng = np.random.default_rng(2)
    matrix = np.array([[0.7, 0.3], [0.4, 0.6]])
    chance = [check_order(triples(simulate(200, 10, matrix, rng))).p_value for _ in range(200)]
    assert np.mean(np.array(chance) < 0.05) < 0.10
    mixed = np.vstack([simulate(200, 10, np.array([[0.95, 0.05], [0.3, 0.7]]), rng), simulate(200, 10, matrix, rng)])
    assert check_order(triples(mixed)).p_value < 0.001


def test_limits_of_the_steady_state_cover():
    rng = np.random.default_rng(4)
    matrix = np.array([[0.8, 0.2], [0.3, 0.7]])
    hits = 0
    for _ in range(200):
        counts = np.stack([rng.multinomial(80, row) for row in matrix])
        table = estimate_steady_state(estimate_moves(moves_of(counts, ("a", "b")), ("a", "b")), n_draws=400).table
        hits += table["lower"].iloc[0] <= 0.6 <= table["upper"].iloc[0]
    assert 0.91 <= hits / 200 <= 0.99


def test_nothing_to_count_and_states_nobody_listed():
    with pytest.raises(
        NotEnoughData, match=r"^Moves between states cannot be worked out here\. No customer was seen in two periods\.$"
    ):
        estimate_moves(moves_of([[0]], ("a",)), ("a",))
    with pytest.raises(ValueError, match="not listed: b"):
        estimate_moves(moves_of([[1, 1], [1, 1]], ("a", "b")), ("a",))
    with pytest.raises(ParameterError, match="gone"):
        estimate_first_passage(oz(), "gone")


def test_the_chance_to_reach_one_state_before_another_by_hand():
    # The ruin of a gambler with even chances: from one of two inner states 2/3 and 1/3.
    table = [[1, 0, 0, 0], [50, 0, 50, 0], [0, 50, 0, 50], [0, 0, 0, 1]]
    states = ("ruin", "one", "two", "win")
    found = estimate_chance_before(estimate_moves(moves_of(table, states), states), "win", "ruin").set_index("state")
    assert found["chance"].to_dict() == pytest.approx({"one": 1 / 3, "two": 2 / 3})
    assert (found["lower"] < found["chance"]).all()
    assert (found["chance"] < found["upper"]).all()


def test_a_state_nobody_was_in_holds_nobody():
    states = ("here", "there", "nowhere")
    moves = estimate_moves(moves_of([[8, 2, 0], [3, 7, 0], [0, 0, 0]], states), states)
    assert estimate_steady_state(moves).absorbing == ()


def test_a_long_record_of_few_moves_is_neither_stable_nor_unstable_by_itself():
    # Forty years of months with four moves each, of one chain: about one in twenty is refused, not none.
    rng = np.random.default_rng(7)
    chance = []
    for _ in range(120):
        tables = rng.multinomial(2, [[0.85, 0.12, 0.03], [0.10, 0.85, 0.05]], size=(480, 2))
        period, origin, target = np.indices(tables.shape)
        counts = pd.DataFrame(
            {"period": period.ravel(), "from_state": origin.ravel(), "to_state": target.ravel(), "n": tables.ravel()}
        )
        chance.append(check_stability(counts).p_value)
    refused = np.mean(np.array(chance) < 0.05)
    assert 0.005 < refused < 0.13
    assert 0.3 < np.median(chance) < 0.7
