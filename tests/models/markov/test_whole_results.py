"""Every column of moves and of where they lead, limits as quantiles of the posterior at 80 %, refusals in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.markov import (
    check_order,
    check_stability,
    estimate_chance_before,
    estimate_first_passage,
    estimate_moves,
    estimate_steady_state,
)
from crm_research.models.markov.checks import _pool, _put_together

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

STATES = ("new", "loyal", "gone")
COUNTS = pd.DataFrame(
    [("new", "loyal", 12), ("new", "gone", 3), ("loyal", "new", 4), ("loyal", "loyal", 10), ("loyal", "gone", 2),
     ("new", "new", 5), ("new", "loyal", 8), ("gone", "new", 6), ("gone", "gone", 9)],
    columns=["from_state", "to_state", "n"],
)  # fmt: skip
MATRIX = np.array([[5, 20, 3], [4, 10, 2], [6, 0, 9]])


def drawn(seed, n):
    rng = np.random.default_rng(seed)
    found = np.zeros((n, 3, 3))
    for row, seen in enumerate(MATRIX):
        places = np.flatnonzero(seen)
        found[:, row, places] = rng.dirichlet(seen[places] + 1 / len(places), size=n)
    return found


def test_moves_are_added_up_with_wilsons_limits():
    found = estimate_moves(COUNTS, STATES, confidence=0.8)
    assert found.states == STATES
    assert found.confidence == 0.8
    assert found.counts.tolist() == MATRIX.tolist()
    assert found.matrix.tolist() == (MATRIX / MATRIX.sum(axis=1, keepdims=True)).tolist()
    assert found.table["from_state"].tolist() == ["new"] * 3 + ["loyal"] * 3 + ["gone"] * 3
    assert found.table["to_state"].tolist() == [*STATES] * 3
    assert found.table["n_from"].tolist() == [28] * 3 + [16] * 3 + [15] * 3
    row = found.table.iloc[1]
    # Wilson: (x + z^2 / 2) / (n + z^2) +- z sqrt(x (n - x) / n + z^2 / 4) / (n + z^2)
    z = 1.281551566
    middle, half = (20 + z**2 / 2) / (28 + z**2), z * np.sqrt(20 * 8 / 28 + z**2 / 4) / (28 + z**2)
    assert row[["share", "lower", "upper"]].tolist() == pytest.approx([20 / 28, middle - half, middle + half])
    empty = estimate_moves(COUNTS.query("from_state != 'gone'"), STATES)
    assert empty.table[["share", "lower", "upper"]].iloc[6:].isna().all(axis=None)
    assert empty.matrix[2].tolist() == [0.0, 0.0, 1.0]


def test_the_steady_state_and_its_limits():
    moves = estimate_moves(COUNTS, STATES, confidence=0.8)
    found = estimate_steady_state(moves, seed=7, n_draws=50)
    assert found.is_unique
    assert found.absorbing == ()
    assert found.table["state"].tolist() == list(STATES)

    def settle(matrix):
        system = np.vstack([matrix.T - np.eye(3), np.ones(3)])
        return np.linalg.lstsq(system, np.array([0, 0, 0, 1.0]), rcond=None)[0]

    assert found.table["share"].tolist() == pytest.approx(settle(moves.matrix).tolist())
    draws = np.array([settle(one) for one in drawn(7, 50)])
    low, high = np.quantile(draws, [0.1, 0.9], axis=0)
    # The farther of percentiles and a normal law on the log odds about the share; R: qnorm(.9).
    odds, half = (
        np.log(settle(moves.matrix) / (1 - settle(moves.matrix))),
        1.2815516 * np.log(draws / (1 - draws)).std(0),
    )
    assert found.table["lower"].tolist() == pytest.approx(np.minimum(low, 1 / (1 + np.exp(half - odds))).tolist())
    assert found.table["upper"].tolist() == pytest.approx(np.maximum(high, 1 / (1 + np.exp(-half - odds))).tolist())
    two = estimate_moves(pd.DataFrame({"from_state": ["a", "b"], "to_state": ["a", "b"], "n": [3, 5]}), ["a", "b"])
    parted = estimate_steady_state(two, start=[30, 10])
    assert not parted.is_unique
    assert parted.absorbing == ("a", "b")
    assert parted.table["share"].tolist() == pytest.approx([0.75, 0.25])
    assert estimate_steady_state(two).table["share"].tolist() == pytest.approx([0.5, 0.5])


def test_the_mean_time_to_a_state_and_its_limits():
    moves = estimate_moves(COUNTS, STATES, confidence=0.8)
    found = estimate_first_passage(moves, "gone", seed=7, n_draws=50)

    def passage(matrix):
        return np.linalg.solve(np.eye(2) - matrix[:2, :2], np.ones(2))

    assert found["state"].tolist() == ["new", "loyal"]
    assert found["chance"].tolist() == pytest.approx([1.0, 1.0])
    assert found["n_periods"].tolist() == pytest.approx(passage(moves.matrix).tolist(), rel=1e-4)
    means = np.array([passage(one) for one in drawn(7, 50)])
    low, high = np.quantile(means, [0.1, 0.9], axis=0, method="nearest")
    assert found["lower"].tolist() == pytest.approx(low.tolist(), rel=1e-4)
    assert found["upper"].tolist() == pytest.approx(high.tolist(), rel=1e-4)
    # From b half go to the target and half stay away for ever.
    away = pd.DataFrame(
        [("b", "t", 5), ("b", "x", 5), ("x", "x", 4), ("t", "b", 3)], columns=["from_state", "to_state", "n"]
    )
    lost = estimate_first_passage(estimate_moves(away, ["b", "x", "t"]), "t")
    assert lost["chance"].tolist() == pytest.approx([0.5, 0.0])
    assert lost[["n_periods", "lower", "upper"]].to_numpy().tolist() == [[np.inf] * 3] * 2


def test_the_chance_of_one_before_another_and_its_limits():
    moves = estimate_moves(COUNTS, STATES, confidence=0.8)
    found = estimate_chance_before(moves, "gone", "loyal", seed=7, n_draws=50)
    assert found["state"].tolist() == ["new"]
    # From new: 3 go, 20 become loyal, 5 stay and try again.
    assert found["chance"].tolist() == pytest.approx([3 / 23])
    chance = [one[0, 2] / (1 - one[0, 0]) for one in drawn(7, 50)]
    assert found[["lower", "upper"]].iloc[0].tolist() == pytest.approx(np.quantile(chance, [0.1, 0.9]).tolist())


def test_what_cannot_be_followed_is_refused_in_words():
    moves = estimate_moves(COUNTS, STATES)
    words = r"^There is no state 'los'\. Did you mean 'loyal'\? Known: gone, loyal, new\.$"
    for call in (
        lambda: estimate_first_passage(moves, "los"),
        lambda: estimate_chance_before(moves, "los", "new"),
        lambda: estimate_chance_before(moves, "new", "los"),
    ):
        with pytest.raises(ParameterError, match=words):
            call()
    with pytest.raises(ValueError, match=r"^The counts hold states that are not listed: gone, loyal\.$"):
        estimate_moves(COUNTS, ["new"])
    with pytest.raises(ValueError, match=r"^Counts of moves cannot be negative\.$"):
        estimate_moves(COUNTS.assign(n=-1), STATES)
    with pytest.raises(
        NotEnoughData,
        match=r"^Moves between states cannot be worked out here\. No customer was seen in two periods\.$",
    ):
        estimate_moves(COUNTS.assign(n=0), STATES)


def test_rare_rows_join_their_neighbours():
    table = np.array([[1.0, 2], [4, 1], [3, 3], [1, 0]])
    assert _put_together(table, 6).tolist() == [[5, 3], [4, 3]]
    assert _put_together(table, 99).tolist() == [[9, 6]]
    assert _put_together(table[:0], 5).shape == (0, 2)
    # Columns of 3, 8 and 9 want 10, five for each of two rows: 3 and 8 do together, and 9 is left over and joins them.
    assert _pool(np.array([[5.0, 1, 3], [4, 2, 5]])).tolist() == [[9], [11]]
    assert _pool(np.array([[9.0, 1, 3], [4, 2, 9]])).tolist() == [[4, 9], [11, 4]]


def test_the_likelihood_ratio_is_added_up_over_strata():
    rows = []
    for state, table in (("a", [[30, 20], [25, 40]]), ("b", [[50, 15], [20, 22]])):
        for before, line in zip(("p", "q"), table, strict=True):
            rows += [(before, state, to, n) for to, n in zip(("a", "b"), line, strict=True)]
    counts = pd.DataFrame(rows, columns=["before_state", "from_state", "to_state", "n"])
    found = check_order(counts)
    chi = sum(
        stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
        for table in ([[30, 20], [25, 40]], [[50, 15], [20, 22]])
    )
    assert found.chi_squared == pytest.approx(chi)
    assert (found.degrees, found.n) == (2, 222)
    assert found.p_value == pytest.approx(stats.chi2.sf(chi, 2))
    assert check_stability(counts.rename(columns={"before_state": "period"})) == found
    nothing = check_order(counts.assign(before_state="p"))
    assert (nothing.degrees, nothing.n) == (0, 222)
    assert np.isnan([nothing.chi_squared, nothing.p_value]).all()
