"""Pairs of records that could as well be joined or parted, with all that a draw of other joins must respect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from crm_research.contracts import RECORD_KEY
from crm_research.stats.bonds import DOUBTFUL_FROM, DOUBTFUL_TO, find_sure_bonds, first_together
from crm_research.vocabulary import APART, CONTRADICTING, PAIR_STANDINGS, TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_research.linking.certain import Contradictions
    from crm_research.linking.clusters import Flags
    from crm_research.linking.em import Floats, Ints
    from crm_research.linking.pairs import ScoredPairs

MOST_ROWS: Final = 500_000
# Of larger groups only records with a doubtful neighbour in common are asked whether they contradict each other.
_SMALL_GROUP: Final = 40
_TOGETHER, _APART, _CONTRADICTING = (PAIR_STANDINGS.index(one) for one in (TOGETHER, APART, CONTRADICTING))


@dataclass(frozen=True, eq=False, kw_only=True)
class Doubts:
    """What is doubtful about the joins.

    Parameters
    ----------
    table
        Canonical table ``link_doubts``: the doubtful pairs, the sure bonds that hang on them, and the pairs of those
        records that are of two customers for sure.
    n_pairs
        Doubtful pairs in it.
    n_left_out
        Doubtful pairs that are not in it, since it would become too large: they stay as they are linked.
    """

    table: pa.Table
    n_pairs: int
    n_left_out: int


def list_doubts(
    pairs: ScoredPairs, ids: pa.Table, contradictions: Contradictions, *, most_rows: int = MOST_ROWS
) -> Doubts:
    """Which pairs of records could as well be joined or parted, and what must hold whatever becomes of them?

    Parameters
    ----------
    pairs
        Every pair that was looked at, with whether the two stand together.
    ids
        Of each record system and local_id, in the order of its number.
    most_rows
        Where there are more, groups of which least is doubtful for a row are left out.

    Notes
    -----
    Doubtful is a pair with a probability between .01 and .99; also one that is probable and stands apart all the same,
    since one of the two has found another, and the bond that it gave way to.
    """
    n, p = ids.num_rows, pairs.probability
    is_open = ~pairs.is_other
    is_sure, gave_way = find_sure_bonds(
        n, pairs.left, pairs.right, p, is_together=pairs.is_together, is_open=is_open
    )  # fmt: skip
    is_doubtful = is_open & ~is_sure & (p > DOUBTFUL_FROM) & (p < DOUBTFUL_TO)
    is_doubtful |= gave_way | (pairs.is_together & is_open & ~is_sure & (p >= DOUBTFUL_TO))
    may_hold = is_doubtful | is_sure
    group = first_together(n, pairs.left[may_hold], pairs.right[may_hold])
    unit = first_together(n, pairs.left[is_sure], pairs.right[is_sure])
    is_touched = np.zeros(n, dtype=bool)
    # What sure bonds by way of others have settled is in doubt no longer.
    is_doubtful &= unit[pairs.left] != unit[pairs.right]
    is_touched[group[pairs.left[is_doubtful]]] = True
    in_one = (group[pairs.left] == group[pairs.right]) & is_touched[group[pairs.left]]
    is_told = in_one & (is_sure | (unit[pairs.left] != unit[pairs.right]))
    never = _find_never(group, unit, is_touched, pairs, is_doubtful, is_told & ~pairs.is_other, contradictions)
    standing = np.where(pairs.is_together, _TOGETHER, np.where(pairs.is_other, _CONTRADICTING, _APART))
    # What the rules see of a pair that was looked at stands among the others.
    is_told &= ~pairs.is_other
    left, right = np.append(pairs.left[is_told], never[0]), np.append(pairs.right[is_told], never[1])
    standing = np.append(standing[is_told], np.full(len(never[0]), _CONTRADICTING))
    probability = np.append(p[is_told], np.zeros(len(never[0])))
    kept = _keep_most_doubtful(group[left], probability, n, most_rows)
    n_all = int(is_doubtful.sum())
    n_kept = int(kept[: int(is_told.sum())][is_doubtful[is_told]].sum())
    return Doubts(
        table=_as_table(ids, left[kept], right[kept], probability[kept], standing[kept]),
        n_pairs=n_kept,
        n_left_out=n_all - n_kept,
    )


def _find_never(
    group: Ints,
    unit: Ints,
    is_touched: Flags,
    pairs: ScoredPairs,
    is_doubtful: Flags,
    is_known: Flags,
    contradictions: Contradictions,
) -> tuple[Ints, Ints]:
    """Pairs of records that a draw could bring together, and that contradict each other."""
    known = {*zip(pairs.left[is_known].tolist(), pairs.right[is_known].tolist(), strict=True)}
    found = [
        (one, other)
        for one, other in _list_candidates(group, is_touched, pairs, is_doubtful)
        if unit[one] != unit[other] and (one, other) not in known and contradictions.between(one, other)
    ]
    ends = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def _list_candidates(
    group: Ints, is_touched: Flags, pairs: ScoredPairs, is_doubtful: Flags
) -> Iterator[tuple[int, int]]:
    """Pairs of one group: all of them of a small one; of a large one those with a neighbour in common."""
    records = np.flatnonzero(is_touched[group])
    order = records[np.argsort(group[records], kind="stable")]
    large: set[int] = set()
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members) > _SMALL_GROUP:
            large.add(int(group[members[0]]))
            continue
        held = members.tolist()
        yield from ((one, other) for place, one in enumerate(held) for other in held[place + 1 :])
    if not large:
        return
    neighbours: dict[int, set[int]] = {}
    ends = zip(pairs.left[is_doubtful].tolist(), pairs.right[is_doubtful].tolist(), strict=True)
    for one, other in ends:
        if int(group[one]) in large:
            neighbours.setdefault(one, {one}).add(other)
            neighbours.setdefault(other, {other}).add(one)
    near = {
        (min(one, other), max(one, other))
        for around in neighbours.values()
        for one in around
        for other in around
        if one != other
    }
    yield from sorted(near)


def _keep_most_doubtful(group: Ints, probability: Floats, n: int, most_rows: int) -> Flags:
    """Whole groups, those with most doubt for a row first, as many as there is room for."""
    if len(group) <= most_rows:
        return np.ones(len(group), dtype=bool)
    n_rows = np.bincount(group, minlength=n)
    doubt = np.bincount(group, weights=probability * (1 - probability), minlength=n)
    there = np.flatnonzero(n_rows)
    order = there[np.lexsort((there, -doubt[there] / n_rows[there]))]
    is_kept = np.zeros(n, dtype=bool)
    is_kept[order[np.cumsum(n_rows[order]) <= most_rows]] = True
    return np.asarray(is_kept[group])


def _as_table(ids: pa.Table, left: Ints, right: Ints, probability: Floats, standing: Ints) -> pa.Table:
    sides = {
        f"{side}_{name}": ids[name].take(pa.array(ends)).cast(pa.string())
        for side, ends in (("left", left), ("right", right))
        for name in RECORD_KEY
    }
    words = np.array(PAIR_STANDINGS, dtype=object)[standing]
    table = pa.table(
        {
            **sides,
            "probability": pa.array(probability, pa.float64()),
            "standing": pa.array(words, pa.string()),
        }
    )
    return table.sort_by([(name, "ascending") for name in sides])
