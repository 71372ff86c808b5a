"""Parquet files as one relation: names are no patterns, files go before folders, parts of two types keep both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.common_tables import file_literal
from crm_research.sources.session import literal, quoted

if TYPE_CHECKING:
    from crm_research.sources.session import Session

_ZONED: Final = "TIMESTAMP WITH TIME ZONE"
_UNZONED: Final = frozenset({"TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "DATE"})
_WIDE: Final = frozenset({"BIGINT", "UBIGINT", "HUGEINT"})
_FLOATING: Final = frozenset({"DOUBLE", "FLOAT"})
# Above it a floating number no longer tells neighbouring whole numbers apart.
_TOLD_APART: Final = 2**53
_KEY: Final = re.compile(r"([^=/\\]+)=[^/\\]*")
_FILE: Final = "file__"
# Name, how many parts it is made of, and what it holds: a line of a file's schema.
_Part = tuple[str, int | None, str | None]


def stage_parquet(session: Session, paths: Sequence[Path], bases: Sequence[Path]) -> str:
    """A view of all these files, columns put together by their names.

    Parameters
    ----------
    paths
        The files.
    bases
        Folders that the source names: what stands below them as ``store=007`` is a column, what stands above is not.

    Notes
    -----
    The engine puts parts of different types together by widening, in silence: times without a zone become times of
    UTC, and long ids that some part holds as floating numbers lose their last digits in all. Such columns are read as
    text instead, each part as it is written; what reads text then says what it finds.
    """
    name = session.new_name("parquet")
    as_text = _columns_read_as_text(session, paths)
    keys = _keys_below(session, paths, bases)
    # One statement for all files, unless parts differ: together they would be widened before they are text.
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for path in paths:
        groups.setdefault(as_text.get(str(path), ()), []).append(path)
    selects = [_select(files, dict(kinds), keys) for kinds, files in groups.items()]
    session.run(f"CREATE VIEW {quoted(name)} AS {' UNION ALL BY NAME '.join(selects)}")
    return name


def _select(files: Sequence[Path], kinds: Mapping[str, str], keys: Sequence[str] | None) -> str:
    """Rows of files whose columns are of the same types; `keys` of folders, None where the engine may find them."""
    replaced = ", ".join(f"{_as_text(name, kind)} AS {quoted(name)}" for name, kind in kinds.items())
    replacing = f" REPLACE ({replaced})" if replaced else ""
    options = "union_by_name = true"
    if keys is None:
        # Values of partition folders stay text: store=007 keeps its zeros.
        return f"SELECT *{replacing} FROM read_parquet([{_named(files)}], {options}, hive_types_autocast = false)"
    rows = f"read_parquet([{_named(files)}], {options}, hive_partitioning = false"
    if not keys:
        return f"SELECT *{replacing} FROM {rows})"
    found = ", ".join(f"{_value_of(key)} AS {quoted(key)}" for key in keys)
    return f"SELECT * EXCLUDE ({_FILE}){replacing}, {found} FROM {rows}, filename = '{_FILE}')"


def _named(files: Sequence[Path]) -> str:
    return ", ".join(file_literal(file) for file in files)


def _value_of(key: str) -> str:
    """What the lowest folder of that name says, as the engine reads such folders."""
    pattern = literal(f".*[/\\\\]{re.escape(key)}=([^/\\\\]*)[/\\\\]")
    return f"nullif(url_decode(regexp_extract({_FILE}, {pattern}, 1)), '__HIVE_DEFAULT_PARTITION__')"


def _keys_below(session: Session, paths: Sequence[Path], bases: Sequence[Path]) -> list[str] | None:
    """Keys of folders below the bases that are no columns of the files; None where the engine finds just these."""
    below, above = dict[str, None](), set[str]()
    for path in paths:
        n_above = max((len(base.parts) for base in bases if path.is_relative_to(base)), default=0)
        for place, part in enumerate(path.parent.parts):
            if (found := _KEY.fullmatch(part)) is not None:
                (above.add if place < n_above else below.setdefault)(found[1])
    if not (below or above):
        return None
    rows = f"read_parquet([{_named(paths)}], union_by_name = true, hive_partitioning = false)"
    own = {str(name).lower() for name, *_ in session.run(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    # What a file says of itself goes before the name of a folder that it lies in.
    keys = [key for key in below if key.lower() not in own]
    return keys if above or len(keys) < len(below) else None


def _columns_read_as_text(session: Session, paths: Sequence[Path]) -> dict[str, tuple[tuple[str, str], ...]]:
    """File to its columns that are read as text, with what they hold; nothing of files that are alike."""
    if len(paths) == 1:
        return {}
    held = _types(session, paths)
    types: dict[str, set[str]] = {}
    for columns in held.values():
        for name, kind in columns.items():
            types.setdefault(name, set()).add(kind)
    torn = {name for name, kinds in types.items() if _ZONED in kinds and kinds & _UNZONED}
    torn |= {
        name for name, kinds in types.items() if kinds & _WIDE and kinds & _FLOATING and _is_beyond(session, name, held)
    }
    return {
        file: tuple(sorted((name, kind) for name, kind in columns.items() if name in torn))
        for file, columns in held.items()
        if torn & columns.keys()
    }


def _types(session: Session, paths: Sequence[Path]) -> dict[str, dict[str, str]]:
    """File to its columns that hold single values, and what they hold."""
    asked = f"SELECT file_name, name, num_children, duckdb_type FROM parquet_schema([{_named(paths)}])"
    by_file: dict[str, list[_Part]] = {}
    for file, *part in session.run(asked).fetchall():
        by_file.setdefault(str(Path(file)), []).append((part[0], part[1], part[2]))
    return {file: _single_values(parts) for file, parts in by_file.items()}


def _single_values(parts: Sequence[_Part]) -> dict[str, str]:
    found, place = dict[str, str](), 1
    for _ in range(parts[0][1] or 0):
        name, n_children, kind = parts[place]
        if not n_children:
            found[name] = str(kind)
        place = _after(parts, place)
    return found


def _after(parts: Sequence[_Part], place: int) -> int:
    """Where the next column stands behind one and all that it is made of."""
    n_left = parts[place][1] or 0
    place += 1
    for _ in range(n_left):
        place = _after(parts, place)
    return place


def _is_beyond(session: Session, name: str, held: Mapping[str, Mapping[str, str]]) -> bool:
    files = [file_literal(Path(file)) for file, columns in held.items() if columns.get(name) in _WIDE]
    column = quoted(name)
    (largest,) = session.run(
        f"SELECT greatest(max({column}), -min({column}::HUGEINT)) FROM read_parquet([{', '.join(files)}])"
    ).fetchone()
    return largest is not None and largest > _TOLD_APART


def _as_text(name: str, kind: str) -> str:
    as_time = kind in _UNZONED - {"DATE"}
    return f"CAST({f'CAST({quoted(name)} AS TIMESTAMP)' if as_time else quoted(name)} AS VARCHAR)"
