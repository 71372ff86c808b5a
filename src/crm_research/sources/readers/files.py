"""Which files does a source name, and how is each kind read?"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.errors import StudyError, offer_names
from crm_research.said_by_others import say_fault

if TYPE_CHECKING:
    from crm_research.sources.fingerprints import Origin

TEXT_ENDINGS: Final = (".csv", ".tsv", ".txt", ".dat", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET_ENDINGS: Final = (".parquet", ".pq")
EXCEL_ENDINGS: Final = (".xlsx", ".xls", ".xlsb", ".xlsm", ".ods")
DUCKDB_ENDINGS: Final = (".duckdb", ".ddb")
SQLITE_ENDINGS: Final = (".sqlite", ".sqlite3", ".db")
_ENDINGS: Final = {
    "text": TEXT_ENDINGS,
    "parquet": PARQUET_ENDINGS,
    "excel": EXCEL_ENDINGS,
    "duckdb": DUCKDB_ENDINGS,
    "sqlite": SQLITE_ENDINGS,
}

DATA_ENDINGS: Final[tuple[str, ...]] = sum(_ENDINGS.values(), ())


def find_files(patterns: Sequence[str], base: Path, *, where: str) -> list[Path]:
    """All files that paths, folders and globs name, sorted within each pattern.

    Raises
    ------
    StudyError
        If a pattern matches nothing; names the nearest file in that folder.
    """
    found: list[Path] = []
    for pattern in patterns:
        full = full_path(pattern, base, where=where)
        if full.is_dir():
            matches = _files_within(full)
            if not matches:
                raise StudyError(f"{where}: the folder {full} holds no CSV or Parquet files. Check the path.")
        elif full.is_file():
            matches = [full]
        elif full.exists():
            raise StudyError(f"{where}: {full} is a pipe or a device, no file. Save what it gives as a file first.")
        else:
            # pathlib's own glob takes no absolute patterns.
            found_here = glob.glob(str(full), recursive=True)  # noqa: PTH207
            matches = sorted(Path(match) for match in found_here if Path(match).is_file())
            if not matches:
                raise StudyError(f"{where}: no file {pattern!r} (looked for {full}). {_offer_neighbours(full)}")
        found += matches
    return list(dict.fromkeys(found))


def full_path(pattern: str, base: Path, *, where: str) -> Path:
    """Where a path of a study file leads, which may be a pattern and need not be there.

    Raises
    ------
    StudyError
        If it can be no path of this machine.
    """
    if not pattern.strip():
        raise StudyError(f"{where}: names no file. Write its path, or . for the folder of the study file.")
    try:
        full = Path(pattern).expanduser()
        full = full if full.is_absolute() else base / full
        full.is_dir()
    except (OSError, RuntimeError, ValueError) as problem:
        # Names that are too long or hold a zero byte, and homes of nobody.
        reason = getattr(problem, "strerror", None) or say_fault(problem)
        raise StudyError(f"{where}: the path {pattern[:100]!r} cannot be used: {reason}. Check it.") from None
    return full


def file_kind(paths: Sequence[Origin], *, where: str) -> str:
    """What these files are (text, parquet, excel, duckdb or sqlite), by their endings."""
    kinds = {kind for path in paths for kind, endings in _ENDINGS.items() if path.name.lower().endswith(endings)}
    unknown = [path.name for path in paths if not path.name.lower().endswith(DATA_ENDINGS)]
    if unknown:
        endings = ", ".join(DATA_ENDINGS)
        raise StudyError(f"{where}: cannot tell from its name how to read {unknown[0]!r}. Known endings: {endings}.")
    if len(kinds) > 1:
        raise StudyError(f"{where}: mixes files of several kinds ({', '.join(sorted(kinds))}). Use one kind a table.")
    return kinds.pop()


def is_shown(parts: Sequence[str]) -> bool:
    """Is this a file for readers, by the names that lead to it? None begins with a dot, or with _ and is no partition.

    Spark, Hive and Arrow pass over such names too: they are of jobs that have not ended, notebooks and systems.
    """
    return not any(part.startswith(".") or (part.startswith("_") and "=" not in part) for part in parts)


def describe_files(paths: Sequence[Origin]) -> str:
    """A short name for some files."""
    return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1:,} more"


def _files_within(folder: Path) -> list[Path]:
    for endings in (PARQUET_ENDINGS, TEXT_ENDINGS):
        held = sorted(
            path
            for path in folder.rglob("*")
            if path.name.lower().endswith(endings) and path.is_file() and is_shown(path.relative_to(folder).parts)
        )
        if held:
            return held
    return []


def _offer_neighbours(full: Path) -> str:
    folder = full.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist."
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    if not names:
        return f"The folder {folder} is empty."
    shown = offer_names(full.name, names[:20])
    return shown if len(names) <= 20 else f"{shown} ... and {len(names) - 20:,} more."
