"""Parquet files as one relation: parts may have other columns, but not columns that mean something else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.common_tables import named_alone
from crm_research.errors import StudyError
from crm_research.sources.session import kind_of_type, literal, quoted

if TYPE_CHECKING:
    from crm_research.sources.session import Kind, Session

_NOTHING_IN_A_FOLDER: Final = "__HIVE_DEFAULT_PARTITION__"
# Whole numbers beyond are not told apart once they are read as others with a point.
_MOST_EXACT: Final = 2**53


@dataclass(frozen=True, kw_only=True)
class _Alike:
    """Files whose columns are of the same types."""

    files: tuple[Path, ...]
    kinds: Mapping[str, Kind]


def stage_parquet(session: Session, paths: Sequence[Path], *, where: str) -> str:
    """A view on Parquet files, with what their folders say in the manner of year=2024 as text.

    Raises
    ------
    StudyError
        If a column of some files means another thing in others.
    """
    groups = _alike(session, paths)
    if len(groups) > 1:
        _refuse_differing(session, groups, where=where)
    own = {name.lower() for group in groups for name in group.kinds}
    keys = [key for key in _folder_keys(paths) if key.lower() not in own]
    is_shadowed = len(keys) < len(_folder_keys(paths))
    # Values of partition folders stay text: store=007 keeps its zeros.
    options = "union_by_name = true, hive_types_autocast = false"
    if is_shadowed:
        options = "union_by_name = true, hive_partitioning = false, filename = 'path__'"
    rows = f"read_parquet([{_listed(paths)}], {options})"
    name = session.new_name("parquet")
    if is_shadowed:
        # What a file says of itself goes before the name of a folder that it lies in.
        said = "".join(f", {_said_by_folders(key)} AS {quoted(key)}" for key in keys)
        session.run(f"CREATE VIEW {quoted(name)} AS SELECT * EXCLUDE (path__){said} FROM {rows}")
    else:
        session.run(f"CREATE VIEW {quoted(name)} AS SELECT * FROM {rows}")
    return name


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(named_alone, paths))


def _folder_keys(paths: Sequence[Path]) -> list[str]:
    """Names that the folders of all files give a value."""
    found = [{part.partition("=")[0] for part in path.parts[:-1] if "=" in part} for path in paths]
    return sorted(set.intersection(*found)) if found else []


def _said_by_folders(key: str) -> str:
    pattern = literal(rf"[/\\\\]{re.escape(key)}=([^/\\\\]*)[/\\\\]")
    return f"nullif(url_decode(regexp_extract(path__, {pattern}, 1)), {literal(_NOTHING_IN_A_FOLDER)})"


def _alike(session: Session, paths: Sequence[Path]) -> list[_Alike]:
    """The files by what their columns are, which is asked of one of each."""
    rows = session.run(
        "SELECT list(file_name ORDER BY file_name) FROM (SELECT file_name, "
        "list(concat_ws('|', name, type, converted_type, logical_type, num_children, scale, precision)) AS columns "
        f"FROM parquet_schema([{_listed(paths)}]) GROUP BY file_name) GROUP BY columns ORDER BY 1"
    ).fetchall()
    groups = []
    for (files,) in rows:
        one = f"read_parquet({named_alone(Path(files[0]))}, hive_partitioning = false)"
        described = session.run(f"DESCRIBE SELECT * FROM {one}").fetchall()
        kinds = {str(name): kind_of_type(str(kind)) for name, kind, *_ in described}
        groups.append(_Alike(files=tuple(map(Path, files)), kinds=kinds))
    return groups


def _refuse_differing(session: Session, groups: Sequence[_Alike], *, where: str) -> None:
    """Refuse what the engine would make one of in silence: clocks of two kinds, and numbers that it would round."""
    for column in dict.fromkeys(name for group in groups for name in group.kinds):
        found = [(group, group.kinds[column]) for group in groups if column in group.kinds]
        kinds = {kind for _, kind in found}
        if "zoned" in kinds and kinds & {"timestamp", "date"}:
            zoned = next(group for group, kind in found if kind == "zoned")
            bare = next(group for group, kind in found if kind in {"timestamp", "date"})
            raise StudyError(
                f"{where}: times of {column!r} have a zone in {zoned.files[0].name} and none in {bare.files[0].name}, "
                "so that they would be hours apart. Write the files alike, or name them apart under inputs: of an "
                f"sql: that reads {column} AT TIME ZONE in those with a zone."
            )
        if "number" in kinds and "integer" in kinds:
            whole = [file for group, kind in found if kind == "integer" for file in group.files]
            rows = f"read_parquet([{_listed(whole)}], union_by_name = true)"
            (most,) = session.run(f"SELECT max(abs({quoted(column)}::HUGEINT)) FROM {rows}").fetchone()
            if most is not None and most > _MOST_EXACT:
                raise StudyError(
                    f"{where}: {column!r} holds whole numbers as long as {most} in {whole[0].name} and numbers with a "
                    "point in other files, so that long ones would become one. Write the files alike, best as text."
                )


__all__ = ["stage_parquet"]
