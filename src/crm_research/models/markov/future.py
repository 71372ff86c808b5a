"""Where a chain leads: the shares it settles at, and how long customers take to reach a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import ParameterError, offer_names
from crm_research.models.markov.chain import Moves
from crm_research.stats.drawn_limits import share_limits

FloatArray = NDArray[np.float64]

_DRAWS: Final = 2000
_FAR: Final = 1e6


@dataclass(frozen=True, eq=False, kw_only=True)
class SteadyState:
    """The shares at which the states settle, if moves stay as they are and nobody new comes.

    Parameters
    ----------
    table
        Grain: state. Columns ``state``, ``share``, ``lower``, ``upper``.
    is_unique
        False where the chain falls into parts that do not communicate: the shares then depend on the start, and are
        those reached from today's shares.
    absorbing
        States that somebody was in and nobody was seen to leave: whoever gets there stays.
    """

    table: pd.DataFrame
    is_unique: bool
    absorbing: tuple[str, ...]


def estimate_steady_state(
    moves: Moves, *, start: Sequence[float] | None = None, seed: int = 20170101, n_draws: int = _DRAWS
) -> SteadyState:
    """Which share of customers would be in each state in the long run, if moves stayed as they are?

    Parameters
    ----------
    start
        Today's shares, in the order of the states; matters only where the long run is not unique. None: equal shares.

    Notes
    -----
    Limits: draws of every row of the matrix from its posterior (Dirichlet; the counts, and one move in all spread
    evenly over the targets that were seen); on each side the farther of percentiles and a normal law on the log odds
    (`share_limits`). Moves never seen stay impossible.

    References
    ----------
    Kemeny and Snell (1960), Finite Markov Chains, chapters 3 and 4.
    """
    size = len(moves.states)
    begin = np.full(size, 1 / size) if start is None else np.asarray(start, dtype=float) / np.sum(start)
    matrix = moves.matrix
    drawn = _settle(_draw(moves, seed, n_draws), begin)
    shares = _settle(matrix[None], begin)[0]
    lower, upper = share_limits(shares, drawn, confidence=moves.confidence)
    # A state nobody was in is no place where anybody stays.
    stays = np.flatnonzero(np.isclose(np.diag(matrix), 1.0) & (moves.counts.sum(axis=1) > 0))
    return SteadyState(
        table=pd.DataFrame({"state": moves.states, "share": shares, "lower": lower, "upper": upper}),
        is_unique=_count_closed_classes(matrix) == 1,
        absorbing=tuple(moves.states[place] for place in stays),
    )


def estimate_first_passage(moves: Moves, target: str, *, seed: int = 20170101, n_draws: int = _DRAWS) -> pd.DataFrame:
    """How many periods does it take on average to reach a state, from each other?

    Returns
    -------
    pandas.DataFrame
        Grain: state other than the target. Columns ``state``, ``chance`` (to get there at all), ``n_periods`` (mean;
        infinite where the chance is below one), ``lower``, ``upper`` (of the mean).

    Raises
    ------
    ParameterError
        For a target that is no state.

    References
    ----------
    Kemeny and Snell (1960), Finite Markov Chains, 3.2 (fundamental matrix).
    """
    if target not in moves.states:
        raise ParameterError(f"There is no state {target!r}. {offer_names(target, list(moves.states))}")
    place = moves.states.index(target)
    others = [number for number in range(len(moves.states)) if number != place]
    chance = _chance_to_reach(moves.matrix, place)[others]
    mean = _mean_passage(moves.matrix[None], place)[0]
    drawn = _mean_passage(_draw(moves, seed, n_draws), place)
    tail = (1 - moves.confidence) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0, method="nearest")
    certain = chance > 1 - 1e-9
    return pd.DataFrame(
        {
            "state": [moves.states[number] for number in others],
            "chance": chance,
            "n_periods": np.where(certain, mean, np.inf),
            "lower": np.where(certain, lower, np.inf),
            "upper": np.where(certain, upper, np.inf),
        }
    )


def estimate_chance_before(
    moves: Moves, target: str, barrier: str, *, seed: int = 20170101, n_draws: int = _DRAWS
) -> pd.DataFrame:
    """Which share of customers reaches one state before another?

    Returns
    -------
    pandas.DataFrame
        Grain: state other than the two. Columns ``state``, ``chance`` (0 where neither is on the way), ``lower``,
        ``upper`` (percentiles of the draws that `estimate_steady_state` takes).

    Raises
    ------
    ParameterError
        For a state that is none.

    References
    ----------
    Kemeny and Snell (1960), Finite Markov Chains, 3.3 (absorption probabilities).
    """
    for name in (target, barrier):
        if name not in moves.states:
            raise ParameterError(f"There is no state {name!r}. {offer_names(name, list(moves.states))}")
    place, wall = moves.states.index(target), moves.states.index(barrier)
    others = [number for number in range(len(moves.states)) if number not in (place, wall)]
    drawn = _reach_first(_draw(moves, seed, n_draws), others, place)
    tail = (1 - moves.confidence) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return pd.DataFrame(
        {
            "state": [moves.states[number] for number in others],
            "chance": _reach_first(moves.matrix[None], others, place)[0],
            "lower": lower,
            "upper": upper,
        }
    )


def _draw(moves: Moves, seed: int, n_draws: int) -> FloatArray:
    """(n_draws, states, states): rows drawn from their posteriors; moves never seen keep chance 0."""
    rng = np.random.default_rng(seed)
    counts = moves.counts
    drawn = np.zeros((n_draws, *counts.shape))
    for row, seen in enumerate(counts):
        places = np.flatnonzero(seen > 0)
        if not len(places):
            drawn[:, row, row] = 1.0
            continue
        drawn[:, row, places] = rng.dirichlet(seen[places] + 1 / len(places), size=n_draws)
    return drawn


def _settle(matrices: FloatArray, begin: FloatArray) -> FloatArray:
    """Shares in the long run from a start, averaged over a possible cycle, by squaring the lazy chain."""
    size = matrices.shape[-1]
    lazy = (matrices + np.eye(size)) / 2
    for _ in range(60):
        lazy = lazy @ lazy
        lazy = lazy / lazy.sum(axis=-1, keepdims=True)
    return np.asarray(begin @ lazy)


def _count_closed_classes(matrix: FloatArray) -> int:
    size = len(matrix)
    reach = np.linalg.matrix_power((matrix > 0).astype(float) + np.eye(size), size) > 0
    both = reach & reach.T
    is_closed = [not (reach[state] & ~both[state]).any() for state in range(size)]
    return len({tuple(both[state]) for state in range(size) if is_closed[state]})


def _chance_to_reach(matrix: FloatArray, place: int) -> FloatArray:
    """Chance ever to get to a state: the smallest solution of h = P h with h = 1 there."""
    others = [number for number in range(len(matrix)) if number != place]
    can = np.linalg.matrix_power((matrix > 0).astype(float) + np.eye(len(matrix)), len(matrix))[:, place] > 0
    found = np.zeros(len(matrix))
    found[place] = 1.0
    live = [number for number in others if can[number]]
    if live:
        among = matrix[np.ix_(live, live)]
        found[live] = np.linalg.solve(np.eye(len(live)) - among, matrix[live, place])
    return found


def _reach_first(matrices: FloatArray, others: list[int], place: int) -> FloatArray:
    """Chance of getting from each of the others to a state by way of the others alone."""
    among = matrices[:, others][:, :, others]
    system = np.eye(len(others)) * (1 + 1 / _FAR**2) - among
    return np.asarray(np.linalg.solve(system, matrices[:, others][:, :, [place]])[..., 0])


def _mean_passage(matrices: FloatArray, place: int) -> FloatArray:
    size = matrices.shape[-1]
    others = [number for number in range(size) if number != place]
    among = matrices[:, others][:, :, others]
    # A hair of leaving keeps the system solvable where a state cannot be left; such means are far beyond any record.
    system = np.eye(size - 1) * (1 + 1 / _FAR) - among
    return np.asarray(np.linalg.solve(system, np.ones((len(matrices), size - 1, 1)))[..., 0])
