"""Tables that many ask for: made once by the embedded engine, kept as files on a shelf, and read from there.

All reports of a run share a shelf. What is named there (`keep_on_shelf`) is made when it is first asked for. What is
only a part of other questions (`asked_by_many`: the purchases of each customer, say) is left to the first question that
holds it, and kept for all others when a second one comes.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from crm_research.profiling import PROFILED, wrap_questions
from crm_research.scratch import replacing, waiting_for

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

# By connection: two engines in memory are equal to Ibis.
_shelves: Final[WeakKeyDictionary[Any, Path]] = WeakKeyDictionary()
# What an engine knows of parts that it was asked for: its own reading of a kept one, by the hash of the part.
_known: Final[WeakKeyDictionary[Any, dict[int, ir.Table]]] = WeakKeyDictionary()
# Hashes of parts, since the parts themselves would hold their engines.
_asked_by_many: Final[set[int]] = set()
_dear: Final[set[int]] = set()


def name_shelf(backend: BaseBackend, folder: Path) -> None:
    """Name the folder where tables that this engine makes on the way may be kept as files."""
    _shelves[backend.con] = folder


def asked_by_many(table: ir.Table, *, is_dear: bool = False) -> ir.Table:
    """The same table, of which the engine knows that several questions hold it: kept when a second one is asked.

    Parameters
    ----------
    is_dear
        It costs so much more to make than to keep that the first question keeps it.
    """
    _asked_by_many.add(hash(table.op()))
    if is_dear:
        _dear.add(hash(table.op()))
    return table


def keep_on_shelf(backend: BaseBackend, expression: ir.Table) -> ir.Table | None:
    """The table that an expression describes, computed once for all engines that share the shelf, and read from it.

    Parameters
    ----------
    backend
        An embedded engine that has a shelf.
    expression
        What it rests on must be named alike, and hold the same, in every engine of the shelf.

    Returns
    -------
    ibis table or None
        None where the engine has no shelf, and where the expression holds rows of this process alone.

    Notes
    -----
    A kept table is a Parquet file, named after the SQL that makes it. It takes no memory while nobody reads it. Of two
    engines that ask at the same time one makes it, and the other waits.
    """
    folder = _shelves.get(backend.con) if backend.name == "duckdb" else None
    if folder is None or _holds_rows_of_ours(expression):
        return None
    in_parts = partial(_with_common_parts, backend, folder, expression)
    return _read(backend, _file_of(folder, expression), expression, made_of=in_parts)


def answer_from_shelf(backend: BaseBackend) -> None:
    """Let this embedded engine read parts of its questions from its shelf, once it has one, where they are kept."""
    wrap_questions(backend, partial(_reading_shelf, backend.con))


def _reading_shelf(connection: Any, ask: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(ask)
    def asked(expression: Any, /, *given: Any, **named: Any) -> Any:
        folder = _shelves.get(connection)
        if folder is not None and hasattr(expression, "op"):
            expression = _with_common_parts(expression.get_backend(), folder, expression)
        return ask(expression, *given, **named)

    return asked


def _with_common_parts(backend: BaseBackend, folder: Path, expression: Any) -> Any:
    """The expression, with those of its parts that many ask for read from the shelf."""
    op = expression.op()
    passed: set[int] = set()
    while True:
        found = op.find(lambda node: hash(node) in _asked_by_many and hash(node) not in passed, ordered=True)
        if not found:
            return op.to_expr()
        part = found[-1]  # the outermost: what lies within it goes with it
        kept = _take_part(backend, folder, part)
        if kept is None:
            passed.add(hash(part))
        else:
            op = op.replace({part: kept.op()})


def _take_part(backend: BaseBackend, folder: Path, part: Any) -> ir.Table | None:
    """The part as it stands on the shelf, put there if it was asked for before; None for who asks first."""
    known = _known.setdefault(backend.con, {})
    if hash(part) not in known:
        table = part.to_expr()
        if _holds_rows_of_ours(table):
            return None
        file = _file_of(folder, table)
        if not file.exists() and hash(part) not in _dear:
            with suppress(FileExistsError):
                file.with_suffix(".asked").touch(exist_ok=False)
                return None
        known[hash(part)] = _read(backend, file, table, made_of=lambda: table)
    return known[hash(part)]


def _holds_rows_of_ours(table: ir.Table) -> bool:
    from ibis.expr.operations import InMemoryTable

    return bool(table.op().find(InMemoryTable))


def _sql_of(table: ir.Table) -> str:
    import ibis

    return str(ibis.to_sql(table, dialect="duckdb"))


def _file_of(folder: Path, table: ir.Table) -> Path:
    """Where a table stands on the shelf, made or not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"kept_{hashlib.sha256(_sql_of(table).encode()).hexdigest()[:24]}.parquet"


def _read(backend: Any, file: Path, table: ir.Table, *, made_of: Callable[[], ir.Table]) -> ir.Table:
    """The table read from its file; if it is not there it is made, of what `made_of` then gives."""
    with waiting_for(file.with_suffix(".lock")):
        if not file.exists():
            sql = _sql_of(made_of())
            # The place is ours alone until it is whole; a file of the engine's own beside it would outlive a failure.
            how = "(FORMAT parquet, USE_TMP_FILE false)"
            with PROFILED.asking(), replacing(file, is_secret=True) as half:
                backend.con.execute(f"COPY ({_as_said(backend, sql, table)}) TO '{_escaped(half)}' {how}")
    backend.con.execute(f"CREATE OR REPLACE VIEW {file.stem} AS SELECT * FROM read_parquet({file_literal(file)})")
    kept: ir.Table = backend.table(file.stem)
    return kept if kept.schema() == table.schema() else kept.cast(table.schema())


def _as_said(backend: Any, sql: str, expression: ir.Table) -> str:
    """The same SELECT with whole numbers as wide as they are said to be: Parquet holds none of more than 64 bits."""
    columns = backend.con.execute(f"DESCRIBE {sql}").fetchall()
    said = expression.schema()
    casts = []
    for name, kind, *_ in columns:
        if kind in {"HUGEINT", "UHUGEINT"}:
            wide = "BIGINT" if said[name].is_integer() else "DECIMAL(38, 0)"
            inside = name.replace('"', '""')
            casts.append(f'CAST("{inside}" AS {wide}) AS "{inside}"')
    return f"SELECT * REPLACE ({', '.join(casts)}) FROM ({sql})" if casts else sql


def file_literal(file: Path) -> str:
    """The name of one file as an SQL literal: the engine takes every name for a pattern, ``orders[1].csv`` too."""
    return f"'{_escaped(Path(glob.escape(str(file))))}'"


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
