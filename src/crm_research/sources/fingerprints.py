"""Fingerprints: has what a study was read from changed?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from crm_research.errors import StudyError
from crm_research.study import FileState

_CHUNK_BYTES: Final = 1024**2
# Questions to a store at a time: each waits for an answer, and none for the others.
_AT_A_TIME: Final = 16
# Ending of a database's file to that of its log.
_LOGS: Final = {".duckdb": ".wal", ".ddb": ".wal", ".sqlite": "-wal", ".sqlite3": "-wal", ".db": "-wal"}


class Elsewhere(Protocol):
    """What rows come from that is no file here: a file of a store, or the table of a lake."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def n_bytes(self) -> int:
        """Of what is read."""

    def digest(self) -> str:
        """Of its state now, without reading it; OSError if it is gone."""


Origin = Path | Elsewhere


def digest_files(paths: Sequence[Origin]) -> str:
    """One digest of the content of these files, in their order. A file is read once in a process while it stays.

    What lies elsewhere is asked what tells its states apart, each time.
    """
    if all(isinstance(path, Path) for path in paths):
        digests = list(map(_digest, paths))
    else:
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            digests = list(pool.map(_digest, paths))
    return digests[0] if len(digests) == 1 else digest_text("\n".join(digests))


def look_at_files(paths: Iterable[Origin]) -> tuple[FileState, ...]:
    """How these files are found now; what lies elsewhere is brought here before it is read, and left out."""
    states = []
    for path in paths:
        if isinstance(path, Path):
            found = [part.stat() for part in _parts_of(path)]
            n_bytes, written_at = sum(part.st_size for part in found), max(part.st_mtime_ns for part in found)
            states.append(FileState(path=str(path), n_bytes=n_bytes, written_at=written_at))
    return tuple(states)


def require_unchanged(files: Iterable[FileState], *, while_what: str) -> None:
    """Refuse rows of a file that was written to since it was opened: some may be of the old, and some of the new.

    Raises
    ------
    StudyError
        Naming the first file that is not as it was found.
    """
    for state in files:
        try:
            (found,) = look_at_files([Path(state.path)])
        except OSError:
            said = "was removed"
        else:
            if found == state:
                continue
            said = "was written to"
        raise StudyError(say_changed(state.path, f"{said} {while_what}"))


def say_changed(what: str, how: str) -> str:
    """That a file changed under whoever reads it, and the mend."""
    return (
        f"{what} {how}, and what was read of it is neither the old nor the new. Run again when it is whole; a file "
        "that is made elsewhere and moved into its place is never half there."
    )


def digest_text(text: str) -> str:
    """The digest of a text, for what has no file: a query with its row count, a definition."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def bytes_of(file: Origin) -> int:
    """How much there is to read; OSError if it is gone."""
    return file.stat().st_size if isinstance(file, Path) else file.n_bytes


def _digest(file: Origin) -> str:
    if not isinstance(file, Path):
        return file.digest()
    parts = [_digest_file(str(part), (stat := part.stat()).st_size, stat.st_mtime_ns) for part in _parts_of(file)]
    return parts[0] if len(parts) == 1 else digest_text("\n".join(parts))


def _parts_of(file: Path) -> list[Path]:
    """The file, and the log beside it in which a database holds what was written last, where there is one."""
    ending = next((log for database, log in _LOGS.items() if file.name.lower().endswith(database)), None)
    log = None if ending is None else file.with_name(file.name + ending)
    try:
        return [file] if log is None or not log.stat().st_size else [file, log]
    except OSError:
        return [file]


@lru_cache(maxsize=4096)
def _digest_file(path: str, _size: int, _modified: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
