"""Text files opened: unpacked where they are gzipped, as bytes or as text."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is gzipped.

    Raises
    ------
    StudyError
        If it is gzipped by its name and cannot be unpacked.
    """
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        try:
            yield file  # type: ignore[misc]
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise StudyError(
                f"{path.name} cannot be unpacked: it is no gzip file, or is cut off ({say_fault(problem)}). "
                "Load it anew, or take .gz off its name if it is plain text."
            ) from None


@contextmanager
def open_text(path: Path, newline: str | None = "") -> Generator[IO[str]]:
    """Open a file of UTF-8, with or without a byte order mark; line ends stay as they are unless `newline` is None."""
    with open_binary(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline=newline) as text:
        yield text
