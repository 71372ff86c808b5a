"""Small records of what was found of content that has not changed since: one for a place, told by its key."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.scratch import replacing
from crm_research.sources.cache import cache_folder, is_own, make_own
from crm_research.sources.fingerprints import digest_text

VERDICTS: Final = "verdicts"
OPENINGS: Final = "openings"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A record as it was found.

    Parameters
    ----------
    said
        What was kept.
    made_at
        When, in UTC.
    """

    said: Any
    made_at: datetime


def find_record(room: str, place: Collection[str], key: str) -> Kept | None:
    """What was kept in this place under this very key; None without it, or where somebody else may have written it."""
    try:
        file = _file(room, place)
        if not is_own(file.parent) or file.stat().st_mode & 0o077:
            return None
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["key"] != key:
            return None
        return Kept(said=record["said"], made_at=datetime.fromtimestamp(file.stat().st_mtime, UTC))
    except (OSError, CrmError, ValueError, KeyError, TypeError):
        return None


def keep_record(room: str, place: Collection[str], key: str, said: object, *, study: Path) -> None:
    """In place of what was kept there before. Where there is no room, nothing is kept."""
    try:
        file = _file(room, place)
        make_own(file.parent)
        with replacing(file, is_secret=True) as half:
            record = {"study": str(study), "key": key, "said": said}
            half.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    except (OSError, CrmError):
        return
    # Nobody asks any more for what was found of a study that is gone.
    forget_records(room, {path for other in list_records(room) if (path := _study_of(other)) and _is_gone(path)})


def forget_records(room: str, studies: Collection[str] | None = None) -> int:
    """Remove what is kept of these study files, or of all; says how many records that were."""
    n_removed = 0
    for file in list_records(room):
        if studies is None or _study_of(file) in studies:
            with suppress(OSError):
                file.unlink()
                n_removed += 1
    return n_removed


def list_records(room: str) -> list[Path]:
    """Files of all records of a room."""
    with suppress(OSError, CrmError):
        return sorted(_folder(room).glob("*.json"))
    return []


def _folder(room: str) -> Path:
    return cache_folder().with_name(room)


def _file(room: str, place: Collection[str]) -> Path:
    return _folder(room) / f"{digest_text(json.dumps([*place], ensure_ascii=False)).partition(':')[2]}.json"


def _is_gone(path: str) -> bool:
    with suppress(OSError):
        return not Path(path).exists()
    return False


def _study_of(file: Path) -> str | None:
    with suppress(OSError, ValueError, KeyError):
        return str(json.loads(file.read_text(encoding="utf-8"))["study"])
    return None
