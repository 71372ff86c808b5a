"""The embedded engine while a study is being opened: its connection, its scratch folder and what is staged in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from crm_research.common_tables import name_shelf
from crm_research.engine import open_embedded_engine
from crm_research.scratch import make_scratch

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

    from crm_research.sources.definition import SourceRule
    from crm_research.sources.engine_rule import EngineRule

Kind = Literal["text", "integer", "number", "boolean", "date", "timestamp", "zoned", "other"]

# Text sources larger than this are staged on disk instead of in memory.
LARGE_BYTES: Final = 256 * 1024**2


class Asking(Protocol):
    """Whatever answers a question in DuckDB's SQL about rows: the embedded engine, or a server that is only read."""

    def run(self, sql: str) -> Any:
        """Run one statement and give what can be fetched."""


class Remembering(Protocol):
    """Whatever knows what was answered before."""

    def answer(self, sql: str, ask: Callable[[], list[tuple[Any, ...]]]) -> Any:
        """What can be fetched: the rows of before, or those that asking gives."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Rows as they were found, under their own column names, ready to be mapped.

    Parameters
    ----------
    name
        Table or view of the session.
    kinds
        Column name to what its values are.
    rule
        How the source is written (its decimal sign, its dates).
    described
        What a person calls the source, without credentials.
    fingerprint
        Digest of its content, or of its definition and row count.
    is_scratch
        The rows are a copy that may be dropped once they are mapped.
    is_brought
        They were brought here from a store or a lake, into a file that goes when the process ends.
    is_trimmed
        Its texts have no blanks around them and no marks of spreadsheets.
    """

    name: str
    kinds: Mapping[str, Kind]
    rule: SourceRule
    described: str
    fingerprint: str
    is_scratch: bool = False
    is_brought: bool = False
    is_trimmed: bool = False


@dataclass(kw_only=True)
class Session:
    """A connection to the embedded engine with a scratch folder that goes when the process ends.

    `needs` says what of a source is needed, where not all of it is (`crm_research.sources.readers.stores.narrowing`);
    `memory` what was answered of the rows that are asked for now (`crm_research.sources.remembered`).
    """

    backend: BaseBackend
    scratch: Path
    staged: dict[str, Relation] = field(default_factory=dict)
    needs: Mapping[str, Any] = field(default_factory=dict)
    memory: Remembering | None = None
    _count: int = 0

    def run(self, sql: str) -> Any:
        """Run one statement, its values written out (see `crm_research.engine`), and give the cursor."""
        if self.memory is not None and sql.startswith("SELECT "):
            return self.memory.answer(sql, lambda: self.backend.con.execute(sql).fetchall())
        return self.backend.con.execute(sql)

    def new_name(self, hint: str) -> str:
        """A name that no relation of the session has yet."""
        self._count += 1
        return f"{hint}__{self._count}"

    def kinds_of(self, relation: str) -> dict[str, Kind]:
        """Column name to kind of a table or view of the session."""
        rows = self.run(f"DESCRIBE {quoted(relation)}").fetchall()
        return {name: kind_of_type(str(kind)) for name, kind, *_ in rows}


def open_session(*, n_bytes: int = 0, engine: EngineRule | None = None, path: Path | None = None) -> Session:
    """Open the embedded engine; on disk if about so many bytes of text will be staged in it.

    `engine` limits it, as the study file at `path` says.
    """
    spill = engine.spill_folder(path) if engine is not None and path is not None else None
    scratch = make_scratch(within=spill)
    file = scratch / "session.duckdb" if n_bytes > LARGE_BYTES else None
    memory, threads = (engine.memory, engine.threads) if engine is not None else (None, None)
    session = Session(backend=open_embedded_engine(file, memory_gigabytes=memory, threads=threads), scratch=scratch)
    name_shelf(session.backend, scratch / "kept")
    session.run(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
    session.run("SET TimeZone = 'UTC'")
    return session


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Sequence[str]) -> str:
    """Texts as a comma-separated row of SQL literals."""
    return ", ".join(literal(text) for text in texts)


_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}


def kind_of_type(sql_type: str) -> Kind:
    """What the values of a DuckDB type are."""
    upper = sql_type.upper()
    if upper.endswith("]") or upper.startswith(("STRUCT", "MAP", "UNION", "BLOB", "INTERVAL", "TIME WITH")):
        return "other"
    for is_it, kind in _matches(upper):
        if is_it:
            return kind
    return "other"


def _matches(upper: str) -> Iterator[tuple[bool, Kind]]:
    yield upper in {"VARCHAR", "UUID"} or upper.startswith("ENUM"), "text"
    yield upper in _INTEGERS or upper == "UHUGEINT", "integer"
    yield upper in {"FLOAT", "DOUBLE"} or upper.startswith("DECIMAL"), "number"
    yield upper == "BOOLEAN", "boolean"
    yield upper == "DATE", "date"
    yield upper == "TIMESTAMP WITH TIME ZONE", "zoned"
    yield upper.startswith("TIMESTAMP"), "timestamp"
