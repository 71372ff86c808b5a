"""Files of a store: which ones a path names, what tells one state of them from another, and copies of them here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.addresses import is_of_azure
from crm_research.errors import StudyError, offer_names
from crm_research.sources.endings import PARQUET_ENDINGS, TEXT_ENDINGS
from crm_research.sources.fingerprints import digest_text
from crm_research.sources.readers.files import is_shown
from crm_research.sources.readers.stores.filesystems import address_of, open_store, path_of, store_faults

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo

# Requests at a time: each waits for an answer, and none for the others.
_AT_A_TIME: Final = 16
_CHUNK_BYTES: Final = 8 * 1024**2
_MOST_NAMES: Final = 20
_WILD: Final = re.compile(r"[*?\[]")
# What tells the states of a file apart, as S3, Google and Azure call it.
_STATES: Final = ("ETag", "Etag", "etag", "generation", "md5Hash", "Content-MD5", "Last-Modified")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file of a store, as a listing has it.

    Parameters
    ----------
    address
        As ``s3://bucket/key``.
    n_bytes
        Of the file as it lies there.
    """

    address: str
    n_bytes: int

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.address.rpartition("/")[2]

    @property
    def path(self) -> str:
        """What its store calls it."""
        return path_of(self.address)

    def digest(self) -> str:
        """Of the file as it is now, by what its store says of it: nothing of it is read.

        Raises
        ------
        OSError
            If it is gone, or its store does not answer.
        """
        try:
            return _state(self)
        except StudyError as problem:
            raise OSError(str(problem)) from None


def _state(file: StoredFile) -> str:
    with store_faults(file.address), open_store(file.address).open_input_file(file.path) as opened:
        said = {name: bytes(value).decode("utf-8", "replace") for name, value in (opened.metadata() or {}).items()}
        n_bytes = opened.size()
    states = [f"{name}: {said[name]}" for name in _STATES if name in said]
    return digest_text("\n".join([file.address, str(n_bytes), *states]))


def find_stored(patterns: Sequence[str], *, where: str) -> list[StoredFile]:
    """All files that addresses, folders and globs of stores name, sorted within each pattern.

    Raises
    ------
    StudyError
        If a pattern matches nothing, or its store may not be read; the message shows no credentials.
    """
    found: list[StoredFile] = []
    for pattern in patterns:
        with store_faults(pattern, where=where):
            found += _matches(pattern.strip(), where)
    return list(dict.fromkeys(found))


def _matches(pattern: str, where: str) -> list[StoredFile]:
    path = path_of(pattern).rstrip("/")
    wild = _WILD.search(path)
    # What is there as it is written is meant, whatever signs of patterns its name holds.
    (info,) = open_store(pattern).get_file_info([path])
    if info.is_file and info.size and not pattern.endswith("/"):
        return [StoredFile(address=address_of(path, pattern), n_bytes=info.size)]
    held = [] if wild and not pattern.endswith("/") else _kinds_within(_listed(pattern, path), path)
    if not held and wild is None:
        raise _nothing(pattern, path, where)
    if not held and wild is not None:
        fits = re.compile(as_regex(path), re.DOTALL)
        held = [info for info in _listed(pattern, path[: wild.start()].rpartition("/")[0]) if fits.fullmatch(info.path)]
        if not held:
            raise _nothing(pattern, path, where)
    # Folders as empty objects hold no rows, nor does what _SUCCESS and the like mark.
    kept = [info for info in held if info.size or info.path.lower().endswith(PARQUET_ENDINGS)]
    empty = next((info for info in kept if not info.size), None)
    if empty is not None:
        raise StudyError(
            f"{where}: {address_of(empty.path, pattern)} is empty, which no Parquet file is. Copy it there again, or "
            "remove it."
        )
    return [StoredFile(address=address_of(info.path, pattern), n_bytes=info.size) for info in kept]


def _listed(pattern: str, folder: str) -> list[FileInfo]:
    from pyarrow.fs import FileSelector

    selector = FileSelector(folder, recursive=True, allow_not_found=True)
    return sorted((info for info in open_store(pattern).get_file_info(selector) if info.is_file), key=_by_path)


def _by_path(info: FileInfo) -> str:
    return str(info.path)


def _kinds_within(held: Sequence[FileInfo], folder: str) -> list[FileInfo]:
    shown = [info for info in held if is_shown(info.path[len(folder) :].split("/"))]
    for endings in (PARQUET_ENDINGS, TEXT_ENDINGS):
        kept = [info for info in shown if info.path.lower().endswith(endings)]
        if any(info.size for info in kept) or (kept and endings is PARQUET_ENDINGS):
            return kept
    return []


def as_regex(path: str) -> str:
    """A glob as the files here know it: a star stays within a folder, two reach through folders."""
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", path):
        if piece in {"**/", "**"}:
            parts.append("(?:.*/)?" if piece == "**/" else ".*")
        elif piece.startswith("["):
            among = re.escape(piece[1:-1].lstrip("!")).replace("\\-", "-")
            parts.append(f"[{'^' if piece[1:2] == '!' else ''}{among}]")
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    return "".join(parts)


def _nothing(pattern: str, path: str, where: str) -> StudyError:
    """What there is instead of the file that was named."""
    from pyarrow.fs import FileSelector, FileType

    store = open_store(pattern)
    bucket, _, key = path.partition("/")
    (held,) = store.get_file_info([bucket])
    if held.type == FileType.NotFound:
        kind = "container" if is_of_azure(pattern) else "bucket"
        return StudyError(f"{where}: there is no {kind} {bucket!r}, or it may not be seen. Check its name.")
    folder = _WILD.split(path, maxsplit=1)[0].rpartition("/")[0]
    beside = store.get_file_info(FileSelector(folder, allow_not_found=True)) if folder else []
    names = sorted(info.base_name for info in beside)[:_MOST_NAMES]
    offered = offer_names(key.rpartition("/")[2], names) if names else "Nothing lies beside it; check the address."
    return StudyError(f"{where}: no CSV or Parquet file {pattern}. {offered}")


def copy_stored(files: Sequence[StoredFile], folder: Path, *, where: str) -> list[Path]:
    """Copies of these files in a folder here, each under its own name in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    places = [folder / str(i) / file.name for i, file in enumerate(files)]
    with ThreadPoolExecutor(_AT_A_TIME // 2) as pool:
        list(pool.map(_copy, files, places, [where] * len(files)))
    return places


def _copy(file: StoredFile, place: Path, where: str) -> None:
    place.parent.mkdir(mode=0o700)
    with (
        store_faults(file.address, where=where),
        open_store(file.address).open_input_stream(file.path, compression=None) as stored,
        place.open("wb") as here,
    ):
        while chunk := stored.read(_CHUNK_BYTES):
            here.write(chunk)
