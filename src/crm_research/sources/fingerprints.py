"""Fingerprints: has what a study was read from changed?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

_CHUNK_BYTES: Final = 1024**2


def digest_files(paths: Iterable[Path]) -> str:
    """One digest of the content of these files, in their order. A file is read once in a process while it stays."""
    digests = [_digest_file(str(path), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in paths]
    return digests[0] if len(digests) == 1 else digest_text("\n".join(digests))


def digest_text(text: str) -> str:
    """The digest of a text, for what has no file: a query with its row count, a definition."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@lru_cache(maxsize=4096)
def _digest_file(path: str, _size: int, _modified: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
