"""The log of schedules: a JSON line for each thing that happened, added and never changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_research.schedule.claims import host_name


class Journal:
    """Files of a month and a machine each, since machines cannot add to one file of a network safely.

    Parameters
    ----------
    folder
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, now: datetime, event: str, **more: Any) -> None:
        """Write a line, and wait until it is on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{now:%Y-%m}.{host_name()}.jsonl"
        record = {"at": now.isoformat(timespec="seconds"), "event": event, **more, "pid": os.getpid()}
        line = json.dumps(record, ensure_ascii=False, default=str).encode() + b"\n"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            with suppress(ImportError, OSError):
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever died in the middle of a line left no end of it.
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> tuple[list[Mapping[str, Any]], int]:
        """All lines in the order of their time, and how many could not be read."""
        held, n_torn = [], 0
        for path in sorted(self.folder.glob("*.jsonl")):
            for record in _lines(path):
                if record is None:
                    n_torn += 1
                else:
                    held.append(record)
        return sorted(held, key=lambda record: str(record["at"])), n_torn


def _lines(path: Path) -> Iterator[Mapping[str, Any] | None]:
    for line in path.read_bytes().splitlines():
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            yield None
            continue
        yield record if isinstance(record, dict) and "at" in record and "event" in record else None
