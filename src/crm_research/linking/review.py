"""Which pairs shall a person judge? A sample in layers of like probability, more where it is doubtful."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from crm_research.linking.goodness import group_pairs
from crm_research.linking.prepared import PAIRS, Prepared
from crm_research.vocabulary import NOT_LOOKED_AT

if TYPE_CHECKING:
    from crm_research.linking.em import Floats, Ints
    from crm_research.linking.linked import Linked

USUAL_PAIRS: Final = 300
# So many of each layer at least, and so many hundredths of all for what nobody looked at.
_FEWEST: Final = 10
_NOT_LOOKED_AT_SHARE: Final = 0.05
_PAIRS_AT_RANDOM: Final = 200_000
_Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Pairs that were treated alike and are about as sure as each other, and how many of them are drawn.

    Parameters
    ----------
    standing, probable_from, n_pairs, n_expected
        As in the table ``link_pairs``.
    """

    standing: str
    probable_from: float
    n_pairs: int
    n_expected: float
    n_drawn: int


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Pairs for a person to judge, in an order that tells nothing.

    Parameters
    ----------
    pairs
        Names of the two records.
    layer
        Place of each pair's layer.
    links_digest
        Of the links that the pairs were treated by.
    """

    layers: tuple[Layer, ...]
    pairs: tuple[_Pair, ...]
    layer: tuple[int, ...]
    links_digest: str


def draw_sample(prepared: Prepared, linked: Linked, names: Sequence[str], n: int = USUAL_PAIRS) -> Sample:
    """Draw pairs of records for a person to judge; the same whenever it is asked of the same links.

    Parameters
    ----------
    names
        Those of all records, in the order of their places.
    """
    pairs, table = linked.pairs, group_pairs(linked.pairs)
    beyond = _not_looked_at(prepared, linked, names, max(round(n * _NOT_LOOKED_AT_SHARE), _FEWEST))
    n_drawn = spread(table["n_pairs"].to_numpy(), table["n_expected"].to_numpy(), n - len(beyond))
    chance = np.random.default_rng(int(digest := digest_links(linked.links), 16))
    group, drawn = pairs.group, []
    for k, number in enumerate(np.unique(group)):
        kept = chance.choice(np.flatnonzero(group == number), int(n_drawn[k]), replace=False)
        drawn += [((names[int(pairs.left[i])], names[int(pairs.right[i])]), k) for i in kept]
    layers = [
        Layer(**row | {"n_pairs": int(row["n_pairs"])}, n_drawn=int(n))
        for row, n in zip(table.to_pylist(), n_drawn, strict=True)
    ]
    if beyond:
        drawn += [(pair, len(layers)) for pair in beyond]
        layers.append(
            Layer(
                standing=NOT_LOOKED_AT, probable_from=0.0, n_expected=0.0, n_drawn=len(beyond),
                n_pairs=max(int(prepared.n_all_pairs) - len(pairs.left), len(beyond)),
            )
        )  # fmt: skip
    # The order tells nothing of the layer, so that whoever judges the first half has judged half of each.
    drawn = [drawn[i] for i in chance.permutation(len(drawn))]
    return Sample(
        layers=tuple(layers),
        pairs=tuple(pair for pair, _ in drawn),
        layer=tuple(k for _, k in drawn),
        links_digest=digest,
    )


def spread(n_pairs: Floats, n_expected: Floats, total: int) -> Ints:
    """How many of each layer are drawn: by its pairs times their spread (Neyman), some of each, never more than all."""
    size = np.asarray(n_pairs, dtype=np.int64)
    share = np.clip(np.asarray(n_expected) / np.maximum(size, 1), 0.0, 1.0)
    wanted = size * np.sqrt(np.maximum(share * (1 - share), 1e-9))
    taken = np.minimum(size, _FEWEST)
    while (room := total - int(taken.sum())) > 0 and (taken < size).any():
        weight = np.where(taken < size, wanted, 0.0)
        more = np.minimum(np.floor(room * weight / weight.sum()).astype(np.int64), size - taken)
        if not more.any():
            more[int(np.argmax(weight))] = 1
        taken = taken + more
    return taken


def digest_links(links: pa.Table) -> str:
    """A digest of whose each record is, whatever the order of the rows."""
    rows = sorted(zip(*(links[name].to_pylist() for name in ("system", "local_id", "customer_id")), strict=True))
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def _not_looked_at(prepared: Prepared, linked: Linked, names: Sequence[str], n: int) -> list[_Pair]:
    """Pairs at random that no rule had anybody look at, and that do not stand together."""
    if prepared.n_all_pairs <= len(linked.pairs.left):
        return []
    prepared.draw_pairs(_PAIRS_AT_RANDOM)
    together = {
        tuple(sorted((names[int(a)], names[int(b)])))
        for a, b, is_one in zip(linked.pairs.left, linked.pairs.right, linked.pairs.is_together, strict=True)
        if is_one
    }
    found = prepared.ask(
        f"SELECT s.join_key_l, s.join_key_r FROM {prepared.sample} s ANTI JOIN {PAIRS} p "
        "ON p.join_key_l = s.join_key_l AND p.join_key_r = s.join_key_r "
        "ORDER BY md5(s.join_key_l || '|' || s.join_key_r), s.join_key_l "
        f"LIMIT {n + len(together)}"
    )
    return [(str(a), str(b)) for a, b in found if (a, b) not in together][:n]
