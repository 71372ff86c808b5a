"""Customers out of pairs: records that belong together, cut where their bond is weakest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.stats.bonds import number_groups

if TYPE_CHECKING:
    import numpy.typing as npt

    from crm_research.linking.certain import Contradictions
    from crm_research.linking.em import Floats, Ints

    Flags = npt.NDArray[np.bool_]

# Two groups of records become one customer where so many of the pairs between them are links.
LEAST_BONDED: Final = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class Clusters:
    """Whose each record is.

    Parameters
    ----------
    label
        Number of the customer; that of the first of its records.
    n_cut
        Groups of linked records that were taken apart, since they contradict each other or hang by a thread.
    """

    label: Ints
    n_cut: int


def build_clusters(n: int, left: Ints, right: Ints, probability: Floats, contradictions: Contradictions) -> Clusters:
    """Which records are of one customer, by these links?

    Parameters
    ----------
    n
        Number of records.
    left, right, probability
        Links: pairs that are probable enough, and contradict each other in nothing.
    """
    part = number_groups(n, left, right)
    size = np.bincount(part, minlength=1)
    n_links = np.bincount(part[left], minlength=len(size)) if len(left) else np.zeros(len(size))
    # Where every two are linked, nothing contradicts and nothing hangs by a thread.
    is_whole = n_links == size * (size - 1) / 2
    first = np.full(len(size), n, dtype=np.int64)
    np.minimum.at(first, part, np.arange(n))
    label = first[part]
    doubtful = np.flatnonzero(~is_whole[part[left]]) if len(left) else np.array([], dtype=np.int64)
    label[~is_whole[part]] = np.flatnonzero(~is_whole[part])
    n_cut = 0
    by_part: dict[int, list[int]] = defaultdict(list)
    for link in doubtful.tolist():
        by_part[int(part[left[link]])].append(link)
    for links in by_part.values():
        groups = _bond(links, left, right, probability, contradictions)
        n_cut += len(groups) > 1
        for members in groups:
            label[members] = min(members)
    return Clusters(label=label, n_cut=n_cut)


def _bond(
    links: list[int], left: Ints, right: Ints, probability: Floats, contradictions: Contradictions
) -> list[list[int]]:
    """The strongest bonds first; none that would bring a contradiction, or join groups of which most are strangers."""
    group: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    bonds: set[tuple[int, int]] = set()
    for link in links:
        one, other = int(left[link]), int(right[link])
        bonds.add((one, other))
        for record in (one, other):
            group.setdefault(record, record)
            members.setdefault(record, [record])
    ordered = sorted(links, key=lambda link: (-float(probability[link]), int(left[link]), int(right[link])))
    is_moved = True
    while is_moved:
        is_moved = False
        for link in ordered:
            one, other = group[int(left[link])], group[int(right[link])]
            if one == other or not _may_join(members[one], members[other], bonds, contradictions):
                continue
            into, taken = min(one, other), max(one, other)
            members[into] = sorted(members[into] + members.pop(taken))
            for record in members[into]:
                group[record] = into
            is_moved = True
    return list(members.values())


def _may_join(ours: list[int], theirs: list[int], bonds: set[tuple[int, int]], contradictions: Contradictions) -> bool:
    n_bonds = sum((min(a, b), max(a, b)) in bonds for a in ours for b in theirs)
    if n_bonds < LEAST_BONDED * len(ours) * len(theirs):
        return False
    return not any(contradictions.between(a, b) for a in ours for b in theirs)
