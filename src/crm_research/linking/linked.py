"""Linking: from standardised records and a model to customers, with how sure each record's place is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from crm_research.contracts import RECORD_KEY
from crm_research.linking.certain import FACTS, Contradictions
from crm_research.linking.clusters import build_clusters
from crm_research.linking.columns import UID
from crm_research.linking.doubts import Doubts, list_doubts
from crm_research.linking.em import Floats
from crm_research.linking.identities import Event, keep_numbers
from crm_research.linking.pairs import ScoredPairs, Sureness, carry_bonds, place_pairs, weigh_pairs
from crm_research.linking.prepared import MOST_SHARING, RECORDS, Prepared
from crm_research.linking.relations import find_relations
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.linking.model import LinkModel

# A link that is wrong does more harm than one that is not made.
THRESHOLD: Final = 0.9
_ORDER: Final = "ORDER BY system, local_id"


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
    pairs
        Every pair that was looked at, and those that stand together by way of others, as they were treated.
    doubts
        Of them, those that could as well be joined or parted, and what hangs on them.
    n_cut
        Groups of linked records that were taken apart again.
    """

    links: pa.Table
    relations: pa.Table
    events: tuple[Event, ...]
    pairs: ScoredPairs
    doubts: Doubts
    n_records: int
    n_customers: int
    n_founded: int
    n_joined: int
    n_cut: int
    notes: tuple[str, ...]

    @property
    def sureness(self) -> Sureness:
        """How good the links are, by the model's own probabilities."""
        return self.pairs.measure()

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
    looked_at = weigh_pairs(prepared, model)
    pairs = place_pairs(looked_at, names)
    is_link = (pairs.probability >= threshold) & ~pairs.is_other
    facts = prepared.table(f"SELECT {', '.join(FACTS)} FROM {RECORDS} ORDER BY {UID}").to_pydict()
    ends = pairs.left[is_link], pairs.right[is_link]
    contradictions = Contradictions(facts)
    clusters = build_clusters(len(names), *ends, pairs.probability[is_link], contradictions)
    numbered = keep_numbers(names, clusters.label.tolist(), before or {}, taken)
    customers = [numbered.ids[group] for group in clusters.label.tolist()]
    pairs = pairs.with_groups(clusters.label)
    of_two_kinds = looked_at.filter(looked_at["is_related"])
    relations, notes = find_relations(
        prepared, dict(zip(names, customers, strict=True)), of_two_kinds.select(["left_id", "right_id"]),
        _NO_PARENTS if parents is None else parents,
    )  # fmt: skip
    links = pa.table(
        {
            "system": ids["system"],
            "local_id": ids["local_id"],
            "customer_id": pa.array(customers, pa.string()),
            "probability": pa.array(_how_sure(len(names), pairs)),
        }
    )
    return Linked(
        links=links.sort_by([("system", "ascending"), ("local_id", "ascending")]),
        relations=relations,
        events=numbered.events,
        pairs=carry_bonds(pairs, len(names)),
        doubts=list_doubts(pairs, ids.select(list(RECORD_KEY)), contradictions),
        n_records=len(names),
        n_customers=len(numbered.ids),
        n_founded=numbered.n_founded,
        n_joined=numbered.n_joined,
        n_cut=clusters.n_cut,
        notes=(*model.notes, *_notes_on_looks(prepared), *notes),
    )


_NO_PARENTS: Final = pa.table({"record": pa.array([], pa.string()), "parent": pa.array([], pa.string())})


def _how_sure(n: int, pairs: ScoredPairs) -> Floats:
    """Of each record, the probability of its strongest bond within its customer; 1 for who stands alone."""
    sure = np.zeros(n)
    for side in (pairs.left, pairs.right):
        np.maximum.at(sure, side[pairs.is_together], pairs.probability[pairs.is_together])
    return np.where(sure == 0.0, 1.0, sure)


def _notes_on_looks(prepared: Prepared) -> tuple[str, ...]:
    return tuple(_say_shared(look.n_shared_by_many, look.said) for look in prepared.looks if look.n_shared_by_many)


def _say_shared(n: int, said: str) -> str:
    stands = word_for(
        n, f"stands in more than {MOST_SHARING} records", f"stand in more than {MOST_SHARING} records each"
    )
    why = word_for(n, "was not looked at: it tells", "were not looked at: they tell")
    return f"{say_count(n, 'value')} of {said!r} {stands} and {why} nobody from others."
