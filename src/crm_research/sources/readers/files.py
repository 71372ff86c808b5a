"""Which files does a source name, and how is each kind read?"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.errors import StudyError, offer_names
from crm_research.said_by_others import say_fault
from crm_research.sources.endings import DATA_ENDINGS, KINDS_OF_ENDINGS, PARQUET_ENDINGS, TEXT_ENDINGS
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.sources.fingerprints import Origin


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
            matches = [match for match in matches if not _is_unfinished(match, full)]
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
    kinds = {
        kind for path in paths for kind, endings in KINDS_OF_ENDINGS.items() if path.name.lower().endswith(endings)
    }
    unknown = [path.name for path in paths if not path.name.lower().endswith(DATA_ENDINGS)]
    if unknown:
        endings = ", ".join(DATA_ENDINGS)
        raise StudyError(f"{where}: cannot tell from its name how to read {unknown[0]!r}. Known endings: {endings}.")
    if len(kinds) > 1:
        raise StudyError(f"{where}: mixes files of several kinds ({', '.join(sorted(kinds))}). Use one kind a table.")
    return kinds.pop()


def describe_files(paths: Sequence[Origin]) -> str:
    """A short name for some files."""
    return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1:,} more"


def folders_named(patterns: Sequence[str], base: Path, *, where: str) -> list[Path]:
    """The folders below which these paths look for files."""
    found = []
    for pattern in patterns:
        full = full_path(pattern, base, where=where)
        found.append(full if full.is_dir() else full.parent if full.is_file() else _before_signs(full))
    return found


def say_passed_over(patterns: Sequence[str], base: Path, *, where: str) -> str:
    """How many text files lie in these folders of Parquet, which alone is read, in words; empty without any."""
    folders = [full for pattern in patterns if (full := full_path(pattern, base, where=where)).is_dir()]
    n = sum(len(_held(folder, TEXT_ENDINGS)) for folder in folders)
    return f" ({say_count(n, 'text file')} beside {word_for(n, 'is', 'are')} not read)" if n else ""


def _before_signs(full: Path) -> Path:
    """The part of a pattern that is no pattern."""
    parts = full.parts
    n_plain = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return Path(*parts[:n_plain])


def _files_within(folder: Path) -> list[Path]:
    return next((held for endings in (PARQUET_ENDINGS, TEXT_ENDINGS) if (held := _held(folder, endings))), [])


def _held(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """Files within, but for those that programs hide or have not finished: names that begin with ``.`` or ``_``."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith(endings) and is_shown(path.relative_to(folder).parts) and path.is_file()
    )


def _is_unfinished(found: Path, pattern: Path) -> bool:
    """Does a pattern lead through a folder that it does not name and that programs hide?"""
    within = _before_signs(pattern)
    return is_shown(pattern.relative_to(within).parts) and not is_shown(found.relative_to(within).parts[:-1])


def is_shown(parts: Sequence[str]) -> bool:
    """Is none of these names one that programs hide, or give to what they have not finished? A key may begin so."""
    return not any(part.startswith(".") or (part.startswith("_") and "=" not in part) for part in parts)


def _offer_neighbours(full: Path) -> str:
    folder = full.parent
    if not folder.is_dir():
        return f"The folder {folder} does not exist."
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    if not names:
        return f"The folder {folder} is empty."
    shown = offer_names(full.name, names[:20])
    return shown if len(names) <= 20 else f"{shown} ... and {len(names) - 20:,} more."
