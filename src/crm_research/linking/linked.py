"""Linking: from standardised records and a model to customers, with how sure each record's place is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from crm_research.linking.certain import CERTAIN, FACTS, Contradictions, find_certain
from crm_research.linking.clusters import build_clusters
from crm_research.linking.columns import UID
from crm_research.linking.em import Floats, posterior, share_of_matches
from crm_research.linking.identities import Event, keep_numbers
from crm_research.linking.prepared import MOST_SHARING, PAIRS, RECORDS, Prepared
from crm_research.linking.relations import find_relations
from crm_research.linking.scoring import as_weights, score
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.linking.clusters import Flags
    from crm_research.linking.em import Ints
    from crm_research.linking.model import LinkModel

# A link that is wrong does more harm than one that is not made.
THRESHOLD: Final = 0.9
_ORDER: Final = "ORDER BY system, local_id"


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
class Linked:
    """Whose each record is.

    Parameters
    ----------
    links
        Canonical table ``links``: one record each, by system and local_id.
    relations
        Canonical table ``customer_relations``.
    events
        What has become of numbers since the last linking.
    n_cut
        Groups of linked records that were taken apart again.
    """

    links: pa.Table
    relations: pa.Table
    events: tuple[Event, ...]
    sureness: Sureness
    n_records: int
    n_customers: int
    n_founded: int
    n_joined: int
    n_cut: int
    notes: tuple[str, ...]

    @property
    def duplicates_share(self) -> float:
        """Of records, those that are one too many: their customer has another already."""
        return 1.0 - self.n_customers / self.n_records if self.n_records else 0.0


def link_records(
    prepared: Prepared,
    model: LinkModel,
    *,
    before: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
    parents: pa.Table | None = None,
    threshold: float = THRESHOLD,
) -> Linked:
    """Bring together what is of one customer, by a model that is there already.

    Parameters
    ----------
    before
        Number that each record bore (by `columns.UID`).
    taken
        Numbers that were given once and must not be given again.
    parents
        Records and the record of the company that owns each: record, parent.
    threshold
        How probable a link must be.
    """
    ids = prepared.table(f"SELECT {UID}, system, local_id FROM {RECORDS} ORDER BY {UID}")
    names = ids[UID].to_pylist()
    place = {name: i for i, name in enumerate(names)}
    pairs = _weigh_pairs(prepared, model)
    left, right = (_places(pairs[side], place) for side in ("left_id", "right_id"))
    probability, is_other = pairs["probability"].to_numpy(), _flags(pairs, "is_other")
    is_link = (probability >= threshold) & ~is_other
    facts = prepared.table(f"SELECT {', '.join(FACTS)} FROM {RECORDS} ORDER BY {UID}").to_pydict()
    clusters = build_clusters(len(names), left[is_link], right[is_link], probability[is_link], Contradictions(facts))
    numbered = keep_numbers(names, clusters.label.tolist(), before or {}, taken)
    customers = [numbered.ids[group] for group in clusters.label.tolist()]
    is_together = clusters.label[left] == clusters.label[right]
    of_two_kinds = pairs.filter(pairs["is_related"])
    relations, notes = find_relations(
        prepared, dict(zip(names, customers, strict=True)), of_two_kinds.select(["left_id", "right_id"]),
        _NO_PARENTS if parents is None else parents,
    )  # fmt: skip
    links = pa.table(
        {
            "system": ids["system"],
            "local_id": ids["local_id"],
            "customer_id": pa.array(customers, pa.string()),
            "probability": pa.array(_how_sure(len(names), left, right, probability, is_together)),
        }
    )
    return Linked(
        links=links.sort_by([("system", "ascending"), ("local_id", "ascending")]),
        relations=relations,
        events=numbered.events,
        sureness=_measure(probability, is_together, is_other),
        n_records=len(names),
        n_customers=len(numbered.ids),
        n_founded=numbered.n_founded,
        n_joined=numbered.n_joined,
        n_cut=clusters.n_cut,
        notes=(*model.notes, *_notes_on_looks(prepared), *notes),
    )


_NO_PARENTS: Final = pa.table({"record": pa.array([], pa.string()), "parent": pa.array([], pa.string())})


def _weigh_pairs(prepared: Prepared, model: LinkModel) -> pa.Table:
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


def _flags(pairs: pa.Table, name: str) -> Flags:
    return np.asarray(pairs[name].to_numpy().astype(bool))


def _places(ids: pa.ChunkedArray, place: Mapping[str, int]) -> Ints:
    return np.array([place[one] for one in ids.to_pylist()], dtype=np.int64)


def _how_sure(n: int, left: Ints, right: Ints, probability: Floats, is_together: Flags) -> Floats:
    """Of each record, the probability of its strongest bond within its customer; 1 for who stands alone."""
    sure = np.zeros(n)
    for side in (left, right):
        np.maximum.at(sure, side[is_together], probability[is_together])
    return np.where(sure == 0.0, 1.0, sure)


def _measure(probability: Floats, is_together: Flags, is_other: Flags) -> Sureness:
    missed = probability[~is_together & ~is_other]
    return Sureness(
        n_links=int(is_together.sum()),
        expected_right=float(probability[is_together].sum()),
        expected_missed=float(missed.sum()),
    )


def _notes_on_looks(prepared: Prepared) -> tuple[str, ...]:
    notes = [
        f"{say_count(look.n_shared_by_many, 'value')} of {look.said!r} stand in more than {MOST_SHARING} records each "
        "and were not looked at: they tell nobody from others."
        for look in prepared.looks
        if look.n_shared_by_many
    ]
    return tuple(notes)
