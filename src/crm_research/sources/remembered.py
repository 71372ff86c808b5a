"""What opening a table asks of rows that stay where they are, answered from the last time while they stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_research.sources.fingerprints import digest_text
from crm_research.sources.kept_records import OPENINGS, find_record, keep_record
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.session import Relation, Session

_KINDS = (int, float, str, bool, type(None))


class Answer:
    """Rows that were fetched already, given as a cursor gives them."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._rows = [tuple(row) for row in rows]

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        rows, self._rows = self._rows, []
        return rows


class Memory:
    """Questions about one relation and their answers.

    Parameters
    ----------
    relation
        Name of the relation in the session, which differs from one opening to the next.
    known
        Digest of a question to the rows it was answered by.
    place
        Study file, table and key, where it can be kept.
    """

    def __init__(
        self,
        relation: str,
        known: dict[str, list[list[Any]]] | None = None,
        *,
        place: tuple[Path, str, str] | None = None,
    ) -> None:
        self._relation = quoted(relation)
        self._place = place
        self._known = {} if known is None else known
        self._has_learnt = False

    def keep(self) -> None:
        """For the next opening, if there is anything new."""
        if self._place is not None and self._has_learnt:
            path, table, key = self._place
            keep_record(OPENINGS, (str(path), table), key, self._known, study=path)

    def answer(self, sql: str, ask: Callable[[], list[tuple[Any, ...]]]) -> Answer:
        """The rows of before, or those of now."""
        question = digest_text(sql.replace(self._relation, "$"))
        if question not in self._known:
            rows = ask()
            if not all(type(value) in _KINDS for row in rows for value in row):
                return Answer(rows)
            self._known[question] = [list(row) for row in rows]
            self._has_learnt = True
        return Answer(self._known[question])


@contextmanager
def remembering(session: Session, relation: Relation, key: str | None, path: Path, table: str) -> Iterator[Memory]:
    """Within it, what the session is asked of a relation that is read in place is answered from the last time.

    Parameters
    ----------
    key
        Of all that the table rests on (`crm_research.sources.cache.cache_key`); None: everything is asked.
    path, table
        The study file, and the table of it. Each has one record; content that is new takes it.

    Yields
    ------
    Memory
        To be kept once it is sure that the content has not changed meanwhile.
    """
    if key is None or relation.is_scratch or relation.is_brought:
        yield Memory(relation.name)
        return
    held = find_record(OPENINGS, (str(path), table), key)
    known = dict(held.said) if held is not None and isinstance(held.said, dict) else {}
    session.memory = Memory(relation.name, known, place=(path, table, key))
    try:
        yield session.memory
    finally:
        session.memory = None
