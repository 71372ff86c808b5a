"""Pairs of records with how probably each is of one customer, and how it was treated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_research.linking.certain import CERTAIN, find_certain
from crm_research.linking.em import Floats, Ints, posterior, share_of_matches
from crm_research.linking.prepared import PAIRS, Prepared
from crm_research.linking.scoring import as_weights, score
from crm_research.stats.bonds import number_groups
from crm_research.vocabulary import APART, CONTRADICTING, PAIR_STANDINGS, TOGETHER

if TYPE_CHECKING:
    from crm_research.linking.clusters import Flags
    from crm_research.linking.model import LinkModel

# Where probabilities are parted: pairs of one group are about as sure as each other.
BANDS: Final = (0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
# A pair that contradicts itself is told as such where it is as alike as this.
_ALIKE: Final = 0.5
# Numbers that the chains within some groups take at a time.
_MOST_AT_A_TIME: Final = 4_000_000
_TOGETHER, _APART, _CONTRADICTING = (PAIR_STANDINGS.index(one) for one in (TOGETHER, APART, CONTRADICTING))


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """How good the links are, by the model's own probabilities.

    Parameters
    ----------
    precision
        Of pairs that were brought together, those that are of one customer; None where there are none.
    recall
        Of pairs of one customer among all that were looked at, those brought together; None where none is expected.
    """

    n_links: int
    expected_right: float
    expected_missed: float

    @property
    def precision(self) -> float | None:
        """Of pairs that were brought together, those that are of one customer."""
        return self.expected_right / self.n_links if self.n_links else None

    @property
    def recall(self) -> float | None:
        """Of pairs of one customer among those looked at, those that were brought together."""
        expected = self.expected_right + self.expected_missed
        return self.expected_right / expected if expected > 0 else None

    @property
    def f1(self) -> float | None:
        """The two in one: the harmonic mean."""
        if self.precision is None or self.recall is None or self.precision + self.recall == 0:
            return None
        return 2 * self.precision * self.recall / (self.precision + self.recall)


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredPairs:
    """Pairs of records, each by the places of its two.

    Parameters
    ----------
    probability
        That the two are of one customer. A rule that finds a contradiction can be wrong, too.
    is_other
        They contradict each other.
    is_alike
        They would be of one customer by all else.
    is_together
        They were brought together.
    """

    left: Ints
    right: Ints
    probability: Floats
    is_other: Flags
    is_alike: Flags
    is_together: Flags

    def with_groups(self, label: Ints) -> ScoredPairs:
        """The same pairs, with whether they stand together."""
        return replace(self, is_together=label[self.left] == label[self.right])

    def add(self, others: ScoredPairs) -> ScoredPairs:
        """These pairs and others."""
        return ScoredPairs(
            **{name: np.concatenate((getattr(self, name), getattr(others, name))) for name in self.__dataclass_fields__}
        )

    def measure(self) -> Sureness:
        """How good the links are, by these probabilities."""
        return Sureness(
            n_links=int(self.is_together.sum()),
            expected_right=float(self.probability[self.is_together].sum()),
            expected_missed=float(self.probability[~self.is_together].sum()),
        )

    @property
    def group(self) -> Ints:
        """Of each pair the number of its group: how it was treated, and the band that its probability lies in."""
        is_contradicting = self.is_other & self.is_alike & ~self.is_together
        standing = np.select([self.is_together, is_contradicting], [_TOGETHER, _CONTRADICTING], _APART)
        return np.asarray(standing * len(BANDS) + np.searchsorted(BANDS, self.probability, side="right") - 1)


def tell_group(number: int) -> tuple[str, float]:
    """How the pairs of a group were treated, and the least probability of its band."""
    return PAIR_STANDINGS[number // len(BANDS)], BANDS[number % len(BANDS)]


def weigh_pairs(prepared: Prepared, model: LinkModel) -> pa.Table:
    """Every pair looked at with its probability, and what contradicts it."""
    prepared.choose_pairs(model.rules)
    certain = find_certain(prepared)
    is_same = _flags(certain, "is_same")
    if not model.columns or not certain.num_rows:
        return certain.append_column("probability", pa.array(np.where(is_same, CERTAIN, 0.0)))
    weights = as_weights(score(prepared, model.settings, PAIRS)["weight"].to_numpy())
    n_pairs = prepared.n_all_pairs
    share = share_of_matches(weights, np.ones(len(weights)), n_pairs, start=1.0 / max(prepared.n_records, 2))
    found = posterior(weights, share)
    return certain.append_column("probability", pa.array(np.where(is_same, np.maximum(found, CERTAIN), found)))


def place_pairs(pairs: pa.Table, names: Sequence[str]) -> ScoredPairs:
    """Pairs by the places of their records among all; none of them together yet."""
    known = pa.array(names, pa.string())
    left, right = (
        pc.index_in(pairs[side], value_set=known).to_numpy().astype(np.int64) for side in ("left_id", "right_id")
    )
    probability, is_other = np.asarray(pairs["probability"].to_numpy(), dtype=float), _flags(pairs, "is_other")
    return ScoredPairs(
        left=left,
        right=right,
        probability=np.where(is_other, probability * (1 - CERTAIN), probability),
        is_other=is_other,
        is_alike=probability >= _ALIKE,
        is_together=np.zeros(len(left), dtype=bool),
    )


def carry_bonds(pairs: ScoredPairs, n: int) -> ScoredPairs:
    """The pairs, and those that stand together by way of other records: as sure as all the bonds that lead there.

    Two records that are alike in nothing are of one customer if both are of that of a third. So a pair that stands
    together is at least as probable as the best chain of pairs between its records.

    Parameters
    ----------
    n
        Number of records.
    """
    probability = pairs.probability.copy()
    together = np.flatnonzero(pairs.is_together)
    more: list[tuple[Ints, Ints, Ints, Floats]] = []
    for lot in _lots_of_groups(pairs, together, n):
        bonds = np.zeros((*lot.records.shape, lot.records.shape[1]))
        is_looked_at = bonds > 0
        for one, other in ((lot.left, lot.right), (lot.right, lot.left)):
            bonds[lot.row, one, other] = pairs.probability[lot.pairs]
            is_looked_at[lot.row, one, other] = True
        bonds = _strongest_chains(bonds)
        probability[lot.pairs] = bonds[lot.row, lot.left, lot.right]
        row, first, second = np.nonzero(np.triu(~is_looked_at, 1))
        more.append((lot.part[row], lot.records[row, first], lot.records[row, second], bonds[row, first, second]))
    part, left, right = (np.concatenate([pairs.left[:0], *(one[k] for one in more)]) for k in range(3))
    strength = np.concatenate([probability[:0], *(one[3] for one in more)])
    order = np.lexsort((right, left, part))
    none = np.zeros(len(left), dtype=bool)
    by_others = ScoredPairs(
        left=left[order],
        right=right[order],
        probability=strength[order],
        is_other=none,
        is_alike=~none,
        is_together=~none,
    )
    return replace(pairs, probability=probability).add(by_others)


def _strongest_chains(bonds: Floats) -> Floats:
    """For every two records of each group the largest product of bonds along a chain between them."""
    for k in range(bonds.shape[-1]):
        bonds = np.maximum(bonds, bonds[:, :, [k]] * bonds[:, [k], :])
    return bonds


@dataclass(frozen=True, eq=False, kw_only=True)
class _Lot:
    """Some groups of as many records each: one row a group.

    Parameters
    ----------
    part, records
        The number of each group, and its records.
    pairs, row, left, right
        Places of the pairs within these groups; of each the row of its group and the places of its two therein.
    """

    part: Ints
    records: Ints
    pairs: Ints
    row: Ints
    left: Ints
    right: Ints


def _lots_of_groups(pairs: ScoredPairs, together: Ints, n: int) -> Iterator[_Lot]:
    """Customers of three records or more, those of equal size together, with the pairs that stand together."""
    part = number_groups(n, pairs.left[together], pairs.right[together])
    size = np.bincount(part, minlength=1)
    by_part = np.argsort(part, kind="stable")
    start = np.cumsum(size) - size
    place = np.empty(n, dtype=np.int64)
    place[by_part] = np.arange(n) - start[part[by_part]]
    own = part[pairs.left[together]]
    order = np.argsort(own, kind="stable")
    bonds, own = together[order], own[order]
    for k in np.unique(size[size > 2]).tolist():
        groups = np.flatnonzero(size == k)
        for some in np.array_split(groups, -(-len(groups) * k * k // _MOST_AT_A_TIME)):
            # Groups of another size lie between them.
            first, last = np.searchsorted(own, (some[0], some[-1] + 1))
            asked = bonds[first:last][size[own[first:last]] == k]
            yield _Lot(
                part=some,
                records=by_part[start[some][:, None] + np.arange(k)],
                pairs=asked,
                row=np.searchsorted(some, part[pairs.left[asked]]),
                left=place[pairs.left[asked]],
                right=place[pairs.right[asked]],
            )


def _flags(pairs: pa.Table, name: str) -> Flags:
    return np.asarray(pairs[name].to_numpy().astype(bool))
