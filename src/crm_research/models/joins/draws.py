"""Draws of whose each record is, from the probabilities of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.models.joins.by_record import Ties, draw_by_record
from crm_research.stats.bonds import first_together

if TYPE_CHECKING:
    from crm_research.models.joins.by_record import Flags, Floats, Ints, Keys

# A draw that contradicts itself is made again, where it does, so many times; groups of so many pairs fewer times.
_MOST_TRIES: Final = 20
_FEWER_TRIES: Final = 3
_MANY_PAIRS: Final = 200
# More pairs times draws are not held at once.
_MOST_AT_ONCE: Final = 4_000_000
_TO_UNIT: Final = 2.0**-53
# Steele, Lea and Flood (2014), OOPSLA, 453-472: splitmix64.
_STEP, _FIRST, _SECOND = (np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True, eq=False, kw_only=True)
class PairDoubts:
    """Pairs of records with how probably each is of one customer.

    Parameters
    ----------
    n_records
        The records are 0 to this less one.
    left, right
        The two of each pair.
    probability
        That the two are of one customer.
    is_always, is_never
        Pairs that hold in every draw, and such as hold in none.
    is_linked
        They stand together as the records are linked.
    key
        A number that tells the pair from the others whatever the order of rows: chance is drawn by it.
    """

    n_records: int
    left: Ints
    right: Ints
    probability: Floats
    is_always: Flags
    is_never: Flags
    is_linked: Flags
    key: Keys


def draw_groups(doubts: PairDoubts, *, n_draws: int, seed: int) -> Ints:
    """Which records are of one customer, in each of some draws?

    Parameters
    ----------
    doubts
        The pairs.
    n_draws
        How many draws.
    seed
        Of chance; with it and `PairDoubts.key` each pair's lot is the same in any order of rows.

    Returns
    -------
    numpy.ndarray
        One row a draw: of each record the first of the records of its customer.

    Notes
    -----
    Each pair holds by a lot of its own; what hangs together by pairs that hold is one customer. Where that brings
    together two records whose own pair was drawn not to hold, or that can never be one, the lots of all pairs that
    touch these records are cast again; what contradicts itself still is drawn record by record (`draw_by_record`).
    So groups come about as often as pairs together say, given that whoever is one with a second and a third makes
    these two one (exact in small groups of records that hang together; in large ones, of which a part alone is drawn
    again, nearly so).
    """
    n_asked = max(len(doubts.left), doubts.n_records, 1)
    at_once = max(1, _MOST_AT_ONCE // n_asked)
    parts = [
        _draw_some(doubts, np.arange(first, min(first + at_once, n_draws)), seed)
        for first in range(0, n_draws, at_once)
    ]
    return np.concatenate(parts) if parts else np.empty((0, doubts.n_records), dtype=np.int64)


def _draw_some(doubts: PairDoubts, numbers: Ints, seed: int) -> Ints:
    """The draws of these numbers, beside each other."""
    n = doubts.n_records
    unit = first_together(n, doubts.left[doubts.is_always], doubts.right[doubts.is_always])
    is_asked = ~doubts.is_always & (unit[doubts.left] != unit[doubts.right])
    left, right = unit[doubts.left[is_asked]], unit[doubts.right[is_asked]]
    chance = np.where(doubts.is_never[is_asked], 0.0, doubts.probability[is_asked])
    never, key = doubts.is_never[is_asked], doubts.key[is_asked]
    part = first_together(n, left[~never], right[~never])
    may_meet = part[left] == part[right]
    left, right, chance, key = left[may_meet], right[may_meet], chance[may_meet], key[may_meet]
    n_draws = len(numbers)
    # All draws stand beside each other as one graph: record r of draw d is d * n + r.
    pair = np.tile(np.arange(len(left)), n_draws)
    draw = np.repeat(np.arange(n_draws), len(left))
    one, other = left[pair] + draw * n, right[pair] + draw * n
    area = part[left[pair]] + draw * n
    tries = np.zeros(len(pair), dtype=np.int64)
    holds = _lots(key[pair], numbers[draw], tries, seed) < chance[pair]
    label = np.tile(unit, n_draws) + np.repeat(np.arange(n_draws), n) * n
    open_ = np.arange(len(pair))
    for attempt in range(_MOST_TRIES + 1):
        if not len(open_):
            break
        a, b = one[open_], other[open_]
        nodes, at = np.unique(np.concatenate((a, b)), return_inverse=True)
        ends = at[: len(a)], at[len(a) :]
        own = first_together(len(nodes), ends[0][holds[open_]], ends[1][holds[open_]])
        in_one = own[ends[0]] == own[ends[1]]
        clash = np.zeros(len(nodes), dtype=bool)
        clash[own[ends[0][in_one & ~holds[open_]]]] = True
        is_clashing = clash[own]
        touches = is_clashing[ends[0]] | is_clashing[ends[1]]
        stuck = _find_stuck(own, is_clashing, ends, attempt)
        if stuck.any():
            ties = Ties(
                left=ends[0], right=ends[1], chance=chance[pair[open_]], key=key[pair[open_]],
                draw=numbers[draw[open_]], area=area[open_],
            )  # fmt: skip
            own = draw_by_record(own, stuck, ties, partial(_lots, seed=seed))
            # A pair holds where its two are one now, and is not drawn again.
            of_stuck = stuck[ends[0]] | stuck[ends[1]]
            holds[open_] = np.where(of_stuck, own[ends[0]] == own[ends[1]], holds[open_])
            own = first_together(len(nodes), ends[0][holds[open_]], ends[1][holds[open_]])
            touches &= ~of_stuck
        bad = np.unique(area[open_[touches]])
        is_done = ~np.isin(area[open_], bad)
        settled = np.zeros(len(nodes), dtype=bool)
        settled[ends[0][is_done]] = settled[ends[1][is_done]] = True
        label[nodes[settled]] = nodes[own[settled]]
        again = open_[touches]
        tries[again] += 1
        holds[again] = _lots(key[pair[again]], numbers[draw[again]], tries[again], seed) < chance[pair[again]]
        open_ = open_[~is_done]
    # A record follows the first of those that it is bound to.
    offset = np.arange(n_draws)[:, None] * n
    found = label.reshape(n_draws, n) - offset
    return _by_first(found[:, unit])


def _find_stuck(own: Ints, is_clashing: Flags, ends: tuple[Ints, Ints], attempt: int) -> Flags:
    """Records of groups that contradict themselves still, and of large ones that will not stop to."""
    if attempt < _FEWER_TRIES:
        return np.zeros(len(own), dtype=bool)
    is_inside = is_clashing[ends[0]] & is_clashing[ends[1]]
    n_pairs = np.bincount(own[ends[0][is_inside]], minlength=len(own))
    return np.asarray(is_clashing & ((attempt == _MOST_TRIES) | (n_pairs[own] > _MANY_PAIRS)))


def _by_first(label: Ints) -> Ints:
    """The same groups, each called by the first of its records."""
    n_draws, n = label.shape
    flat = (label + np.arange(n_draws)[:, None] * n).ravel()
    first = np.full(n_draws * n, n, dtype=np.int64)
    np.minimum.at(first, flat, np.tile(np.arange(n), n_draws))
    return np.asarray(first[flat].reshape(n_draws, n))


def _lots(key: Keys, draw: Ints, tries: Ints, seed: int) -> Floats:
    """Numbers from 0 to 1, each by pair, draw, try and seed alone."""
    mixed = _mix(key ^ _mix(np.full(1, seed, dtype=np.uint64)))
    mixed = _mix(mixed + draw.astype(np.uint64) * _STEP)
    mixed = _mix(mixed + tries.astype(np.uint64) * _FIRST)
    return (mixed >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def _mix(values: Keys) -> Keys:
    with np.errstate(over="ignore"):
        mixed = values + _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
