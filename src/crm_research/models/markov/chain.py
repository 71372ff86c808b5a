"""How often do customers move from one state to another within a period?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData
from crm_research.stats.intervals import check_confidence, wilson_share

FloatArray = NDArray[np.float64]
COUNT_COLUMNS = ("from_state", "to_state", "n")


@dataclass(frozen=True, eq=False, kw_only=True)
class Moves:
    """Moves between states from one period to the next.

    Parameters
    ----------
    states
        In their given order.
    table
        Grain: pair of states, all of them. Columns ``from_state``, ``to_state``, ``n`` (moves), ``n_from``, ``share``
        (of those who were in from_state; NaN where nobody was), ``lower``, ``upper`` (Wilson, each on its own).
    """

    states: tuple[str, ...]
    table: pd.DataFrame
    confidence: float

    @property
    def counts(self) -> FloatArray:
        """[i, j]: moves from state i to state j."""
        size = len(self.states)
        return self.table["n"].to_numpy(dtype=np.float64).reshape(size, size)

    @property
    def matrix(self) -> FloatArray:
        """[i, j]: share of those in state i who are in state j a period later; a state nobody was in stays as it is."""
        counts = self.counts
        total = counts.sum(axis=1, keepdims=True)
        return np.where(total > 0, counts / np.where(total > 0, total, 1.0), np.eye(len(counts)))


def estimate_moves(counts: pd.DataFrame, states: Sequence[str], *, confidence: float = 0.95) -> Moves:
    """Of the customers in each state, which share is in which state a period later?

    Parameters
    ----------
    counts
        ``from_state``, ``to_state``, ``n``; pairs may be missing (0) or come in several rows (added up).
    states
        All states, in the order in which they are to be shown.

    Raises
    ------
    NotEnoughData
        Without a single move.
    ValueError
        For a state that is not among `states`, or a negative count.

    Notes
    -----
    Maximum likelihood of a first-order chain. Wilson limits take moves as independent; a customer who is seen over many
    periods makes many of them, so limits are a little narrow where customers differ in ways the states do not show.

    References
    ----------
    Anderson and Goodman (1957), Annals of Mathematical Statistics 28, 89-110.
    """
    check_confidence(confidence)
    table = _square(counts, tuple(states))
    if not table.sum():
        raise NotEnoughData("Moves between states", needed=1, found=0, mend="No customer was seen in two periods.")
    n_from = np.repeat(table.sum(axis=1), len(states))
    seen = wilson_share(table.ravel(), n_from, confidence=confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n_from > 0, table.ravel() / n_from, np.nan)
    return Moves(
        states=tuple(states),
        table=pd.DataFrame(
            {
                "from_state": np.repeat(np.asarray(states, dtype=object), len(states)),
                "to_state": np.tile(np.asarray(states, dtype=object), len(states)),
                "n": table.ravel().astype(np.int64),
                "n_from": n_from.astype(np.int64),
                "share": share,
                "lower": np.where(n_from > 0, seen.lower, np.nan),
                "upper": np.where(n_from > 0, seen.upper, np.nan),
            }
        ),
        confidence=float(confidence),
    )


def _square(counts: pd.DataFrame, states: tuple[str, ...]) -> FloatArray:
    known = set(states)
    strange = (set(counts["from_state"]) | set(counts["to_state"])) - known
    if strange:
        raise ValueError(f"The counts hold states that are not listed: {', '.join(sorted(map(str, strange)))}.")
    if (counts["n"] < 0).any():
        raise ValueError("Counts of moves cannot be negative.")
    place = {state: number for number, state in enumerate(states)}
    table = np.zeros((len(states), len(states)))
    np.add.at(
        table,
        (counts["from_state"].map(place).to_numpy(dtype=int), counts["to_state"].map(place).to_numpy(dtype=int)),
        counts["n"].to_numpy(dtype=float),
    )
    return table
