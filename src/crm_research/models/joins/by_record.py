"""Groups of many records that are all alike: drawn record by record, since whole draws of their pairs contradict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Keys = npt.NDArray[np.uint64]

# Every record is asked so often whom it goes with, the others held where they are.
_ROUNDS: Final = 12
# Log odds of what is certain, and of what can never be; no sum of the first outweighs one of the second.
_CERTAIN: Final = 30.0
_NEVER: Final = -1e9
_LEAST_LOT: Final = 1e-300


@dataclass(frozen=True, eq=False, kw_only=True)
class Ties:
    """Pairs between records of draws.

    Parameters
    ----------
    left, right
        The two of each pair, as places among the records.
    chance
        That the two are one; nought where they can never be.
    key
        A number that tells the pair from the others, in every draw the same.
    draw, area
        Which draw each is of, and which records of it hang together by pairs.
    """

    left: Ints
    right: Ints
    chance: Floats
    key: Keys
    draw: Ints
    area: Ints


def draw_by_record(own: Ints, is_asked: Flags, ties: Ties, lots: Callable[[Keys, Ints, Ints], Floats]) -> Ints:
    """With whom is each of these records one, given all pairs?

    Parameters
    ----------
    own
        Of each record the group that it is in: one of the group's records.
    is_asked
        Records that are drawn; the others stay together as they are.
    lots
        Numbers from 0 to 1 by key, draw and round.

    Returns
    -------
    numpy.ndarray
        Of each record its group. A record that has no pair with a group never joins it.

    Notes
    -----
    Gibbs: a record goes to a group by the product of the odds of its pairs with it, or stays alone by 1. In the long
    run groupings come about by the product of p over pairs within groups and 1 - p over the others. Begins with each
    record alone.
    """
    own = own.copy()
    asked = np.flatnonzero(is_asked)
    own[asked] = asked
    start, order, other = _by_end(len(own), ties)
    log_odds = np.where(ties.chance > 0, np.clip(_log_odds(ties.chance), -_CERTAIN, _CERTAIN), _NEVER)[order]
    key = np.zeros(len(own), dtype=np.uint64)
    draw, area = np.zeros(len(own), dtype=np.int64), np.zeros(len(own), dtype=np.int64)
    with np.errstate(over="ignore"):
        for side in (ties.left, ties.right):
            np.add.at(key, side, ties.key)
            draw[side], area[side] = ties.draw, ties.area
    for turn in range(_ROUNDS):
        for records in _one_of_each(asked, area[asked]):
            _move(own, records, start, other, log_odds, key, draw, turn, lots)
    return own


def _log_odds(chance: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(chance) - np.log1p(-chance))


def _by_end(n: int, ties: Ties) -> tuple[Ints, Ints, Ints]:
    """Pairs by each of their ends: where those of a record begin, which pair each is, and who is at its other end."""
    end, other = np.append(ties.left, ties.right), np.append(ties.right, ties.left)
    order = np.lexsort((other, end))
    start = np.searchsorted(end[order], np.arange(n + 1))
    return start, order % max(len(ties.left), 1), other[order]


def _one_of_each(records: Ints, area: Ints) -> list[Ints]:
    """Of each area its first record, then the second of each ..., so that those moved at once do not touch."""
    order = np.lexsort((records, area))
    begins = np.flatnonzero(np.append(True, np.diff(area[order]) != 0))
    nth = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    return [np.sort(records[order[nth == place]]) for place in range(int(nth.max(initial=-1)) + 1)]


def _move(
    own: Ints,
    records: Ints,
    start: Ints,
    other: Ints,
    log_odds: Floats,
    key: Keys,
    draw: Ints,
    turn: int,
    lots: Callable[[Keys, Ints, Ints], Floats],
) -> None:
    """Each of these records goes to one of the groups that it has pairs with, or alone."""
    _leave(own, records)
    n_pairs = start[records + 1] - start[records]
    begins = np.cumsum(n_pairs) - n_pairs
    at = np.repeat(start[records] - begins, n_pairs) + np.arange(int(n_pairs.sum()))
    of, group = np.repeat(np.arange(len(records)), n_pairs), own[other[at]]
    # A group is of one draw and area, of which one record is asked at a time.
    weight = np.bincount(group, weights=log_odds[at], minlength=len(own))
    turns = np.full(len(at), turn)
    with np.errstate(over="ignore"):
        name = key[records[of]] * np.uint64(3) + key[group]
    score = weight[group] + _noise(lots(name, draw[records[of]], turns))
    best = np.maximum.reduceat(score, begins)
    alone = _noise(lots(key[records], draw[records], np.full(len(records), turn)))
    is_best = score >= best[of]
    _, first = np.unique(of[is_best], return_index=True)
    chosen = group[is_best][first]
    own[records] = np.where(best > alone, chosen, records)


def _leave(own: Ints, records: Ints) -> None:
    """Each of these records stands alone; a group that bore its name takes that of another of its records."""
    held = own[records]
    own[records] = len(own)
    renamed = np.full(len(own) + 1, len(own), dtype=np.int64)
    is_lost = np.zeros(len(own) + 1, dtype=bool)
    is_lost[records[held == records]] = True
    rest = np.flatnonzero(is_lost[own])
    np.minimum.at(renamed, own[rest], rest)
    own[rest] = renamed[own[rest]]
    own[records] = records


def _noise(lots: Floats) -> Floats:
    """Gumbel's, so that the greatest sum is drawn in proportion to weights."""
    return np.asarray(-np.log(-np.log(np.clip(lots, _LEAST_LOT, 1 - 2.0**-53))))
