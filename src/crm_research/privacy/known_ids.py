"""The ids of a study, asked by the engine: which of these words are ids of it? No list of them is held here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from crm_research.freed_memory import give_back_now
from crm_research.privacy.pseudonyms import SIGNS, find_shared

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_PART: Final = 10_000


class KnownIds(Protocol):
    """Somebody who knows the ids of a study."""

    def among(self, words: Collection[str]) -> Mapping[str, str]:
        """Which of these words are ids, and of which kind (``customer_id``)?"""
        ...


class IdsOfList:
    """The ids of a list, by kind: for a few of them."""

    def __init__(self, ids: Mapping[str, Iterable[object]]) -> None:
        self._kinds = {str(each): kind for kind, held in ids.items() for each in held}

    def among(self, words: Collection[str]) -> Mapping[str, str]:
        """Which of these words are ids, and of which kind?"""
        return {word: self._kinds[word] for word in words if word in self._kinds}


class IdsOfStudy:
    """The ids of all tables of a study: its engine compares the words with them, however many there are."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def among(self, words: Collection[str]) -> Mapping[str, str]:
        """Which of these words are ids, and of which kind?"""
        import ibis
        import pyarrow as pa

        if not words:
            return {}
        asked = ibis.memtable(pa.table({"word": pa.array(sorted(words), pa.string())}))
        found: dict[str, str] = {}
        for kind, column in _columns_of(self._study):
            ids = column.cast("string").name("word").as_table()
            held = asked.semi_join(ids, "word")
            # The tables' engine is asked; words alone would be compared by whichever is at hand.
            for word in self._study.backend.to_pyarrow(held)["word"].to_pylist():
                found.setdefault(word, kind)
        return found


def find_shared_pseudonyms(study: Study) -> frozenset[str]:
    """Beginnings of pseudonyms that two ids of the study share, whose pseudonyms are therefore longer."""
    found: frozenset[str] = frozenset()
    for kind in ("customer_id", "contract_id"):
        columns = [column for each, column in _columns_of(study, every=False) if each == kind]
        if columns:
            found |= find_shared(kind, _parts_of(study, columns))
    # Whoever plans a run waits after it, and was as large as never before.
    give_back_now(study.backend if study.tables else None)
    return found


def _parts_of(study: Study, columns: Sequence[ir.Column]) -> Iterator[Sequence[str]]:
    import ibis

    held = [column.cast("string").name("id").as_table() for column in columns]
    distinct = (ibis.union(*held, distinct=True) if len(held) > 1 else held[0].distinct()).drop_null("id")
    for batch in study.backend.to_pyarrow(distinct).to_batches(max_chunksize=_PART):
        yield batch.column(0).to_pylist()


def _columns_of(study: Study, *, every: bool = True) -> list[tuple[str, ir.Column]]:
    """The columns of ids, each with its kind: every one, or of each kind those of the table whose rows they name."""
    found = [
        (kind, name, table[kind]) for name, table in study.tables.items() for kind in SIGNS if kind in table.columns
    ]
    if every:
        return [(kind, column) for kind, _, column in found]
    whole = {"customer_id": "customers", "contract_id": "contracts"}
    return [
        (kind, column) for kind, name, column in found if name == whole.get(kind) or whole.get(kind) not in study.tables
    ]
