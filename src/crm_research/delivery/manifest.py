"""What was put at a target: each file by its fingerprint. Nothing is sent twice, and nothing else is removed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from crm_research.errors import CrmError
from crm_research.results import PARTS

# Of ours at the target: what was put there, what is on its way, who is at work.
OWN: Final = ".crm-research"
MANIFEST: Final = f"{OWN}/published.json"
STAGING: Final = f"{OWN}/staging"
INDEX: Final = "index.html"
_VERSION: Final = 1
# Below the folder of a study or, of a part of its customers, of that part: the day, and the file.
_DEPTH_OF_STUDY, _DEPTH_OF_PART = 1, 3
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Kept:
    """A file at a target: its fingerprint and how long it is."""

    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What was put at a target.

    Parameters
    ----------
    files
        Path from the target's root to what lies there.
    moving
        What is on its way from the staging folder to its place, if a publishing was ended there.
    """

    files: dict[str, Kept] = field(default_factory=dict)
    moving: dict[str, Kept] = field(default_factory=dict)

    @property
    def runs(self) -> set[tuple[str, str]]:
        """Studies and days that lie there."""
        return {run for path in self.files if (run := run_of(path)) is not None}

    def as_text(self) -> str:
        """The manifest as it is written."""
        told = {name: {path: [each.sha256, each.size] for path, each in sorted(files.items())} for name, files in (
            ("files", self.files),
            ("moving", self.moving),
        )}  # fmt: skip
        return json.dumps({"version": _VERSION, **told}, ensure_ascii=False, indent=0) + "\n"

    @classmethod
    def from_text(cls, text: str | bytes | None, where: str) -> Manifest:
        """What was written, or nothing where nothing was.

        Raises
        ------
        CrmError
            If it cannot be read: nobody knows then what is ours.
        """
        if text is None:
            return cls()
        try:
            held = json.loads(text)
            files, moving = ({path: Kept(*each) for path, each in held[key].items()} for key in ("files", "moving"))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CrmError(
                f"{where}: {MANIFEST}, which says what was published there, cannot be read. Nothing was sent. Remove "
                "it, and everything is sent anew; what was there before and is published no more is then yours to "
                "remove."
            ) from None
        return cls(files=files, moving=moving)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done at a target.

    Parameters
    ----------
    send
        Files in the order in which they are put in place: new ones, changed ones, and the index last.
    unchanged, remove
        What lies there as it should, and what was put there and goes.
    result
        What will lie there.
    """

    send: tuple[str, ...]
    unchanged: tuple[str, ...]
    remove: tuple[str, ...]
    result: dict[str, Kept]

    @property
    def n_bytes(self) -> int:
        """How much is sent."""
        return sum(self.result[path].size for path in self.send)


def run_of(path: str) -> tuple[str, str] | None:
    """The study (or part of its customers) and day that a file belongs to; None for what belongs to all."""
    parts = PurePosixPath(path).parts
    depth = _DEPTH_OF_PART if parts[0] == PARTS else _DEPTH_OF_STUDY
    is_of_run = len(parts) >= depth + 2 and _DAY.fullmatch(parts[depth]) is not None
    return ("/".join(parts[:depth]), parts[depth]) if is_of_run else None


def parts_of(run: tuple[str, str]) -> tuple[str, str] | None:
    """Of a part of customers the folder of all parts, and the day; None for a whole study."""
    study, day = run
    return (study.rpartition("/")[0], day) if "/" in study else None


def fingerprint(folder: Path, paths: Iterable[str]) -> dict[str, Kept]:
    """What lies in a folder under these names."""
    found = {}
    for path in paths:
        with (folder / path).open("rb") as file:
            found[path] = Kept(hashlib.file_digest(file, "sha256").hexdigest(), (folder / path).stat().st_size)
    return found


def plan(wanted: Mapping[str, Kept], before: Manifest, there: Mapping[str, int], held: Iterable[str] = ()) -> Plan:
    """What is to be sent and removed, so that a target holds what is wanted.

    Parameters
    ----------
    there
        What lies at the target, and how long it is: what somebody removed or broke off is sent again.
    held
        Paths that stay as they are, though they are not wanted from here.
    """
    unchanged = [
        path for path, kept in wanted.items() if before.files.get(path) == kept and there.get(path) == kept.size
    ]
    stay = {path: before.files[path] for path in held if path in before.files and path not in wanted}
    send = sorted(set(wanted) - set(unchanged), key=lambda path: (_rank(path, path in there), path))
    remove = sorted(path for path in before.files if path not in wanted and path not in stay)
    return Plan(
        send=tuple(send),
        unchanged=tuple(sorted([*unchanged, *stay])),
        remove=tuple(remove),
        result={**stay, **wanted},
    )


def _rank(path: str, is_there: bool) -> int:
    """New files first, which nobody links to; then those that change, and what links to all last."""
    if path == INDEX:
        return 3
    if run_of(path) is None:
        return 2
    return 1 if is_there else 0
