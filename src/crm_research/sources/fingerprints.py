"""Fingerprints: has what a study was read from changed?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from crm_research.errors import StudyError
from crm_research.sources.endings import DUCKDB_ENDINGS, SQLITE_ENDINGS
from crm_research.study import FileState

_CHUNK_BYTES: Final = 1024**2
# Questions to a store at a time: each waits for an answer, and none for the others.
_AT_A_TIME: Final = 16


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
    """How these files are found now; what lies elsewhere is brought here before it is read, and left out.

    The log of a database is a file of its own, which may come and go.
    """
    here = [path for path in paths if isinstance(path, Path)]
    logs = [log for path in here if (log := _log_of(path)) is not None]
    return (*map(_look, here), *map(_look_at_log, logs))


def require_unchanged(files: Iterable[FileState], *, while_what: str) -> None:
    """Refuse rows of a file that was written to since it was opened: some may be of the old, and some of the new.

    Raises
    ------
    StudyError
        Naming the first file that is not as it was found.
    """
    for state in files:
        path = Path(state.path)
        try:
            found = _look(path)
        except OSError:
            found = _absent(path)
        if found == state or (state == _absent(path) and not found.n_bytes):
            continue
        said = "was removed" if found == _absent(path) else "was written to"
        raise StudyError(say_changed(state.path, f"{said} {while_what}"))


def _look(path: Path) -> FileState:
    found = path.stat()
    return FileState(path=str(path), n_bytes=found.st_size, written_at=found.st_mtime_ns)


def _look_at_log(log: Path) -> FileState:
    """An empty one says nothing: it may come and go with whoever reads."""
    found = _look(log) if log.exists() else None
    return found if found is not None and found.n_bytes else _absent(log)


def _absent(path: Path) -> FileState:
    return FileState(path=str(path), n_bytes=-1, written_at=0)


def _log_of(path: Path) -> Path | None:
    """Where a database keeps what was written to it last, which its own file does not hold yet; None of other files."""
    name = path.name.lower()
    for endings, added in ((SQLITE_ENDINGS, "-wal"), (DUCKDB_ENDINGS, ".wal")):
        if name.endswith(endings):
            return path.with_name(path.name + added)
    return None


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
    digest = _digest_file(str(file), (stat := file.stat()).st_size, stat.st_mtime_ns)
    log = _log_of(file)
    written = _look_at_log(log) if log is not None else None
    if written is None or written == _absent(Path(written.path)):
        return digest
    return digest_text(f"{digest}\n{_digest_file(written.path, written.n_bytes, written.written_at)}")


@lru_cache(maxsize=4096)
def _digest_file(path: str, _size: int, _modified: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
