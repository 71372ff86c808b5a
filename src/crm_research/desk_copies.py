"""A person's copies of the package's notebooks: used once they are changed, replaced by newer ones until then."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.scratch import replacing
from crm_research.settings import Settings
from crm_research.version import __version__

ORIGINS: Final = ".made-from.json"


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One notebook of the work beside the package's own.

    Parameters
    ----------
    name
        File name.
    path
        Of the work's copy; it need not be there.
    own
        Of the package's.
    is_changed
        Has a person changed what the copy says (its cells, not what running it left)?
    is_older
        Does the copy differ from the package's although nobody changed it: was it made by another version?
    """

    name: str
    path: Path
    own: Path
    is_changed: bool
    is_older: bool

    @property
    def n_cells(self) -> int:
        """Cells that are not the package's."""
        mine, theirs = ([source for _, source in read_cells(path)] for path in (self.path, self.own))
        return sum(1 for cell in mine if cell not in theirs) or abs(len(mine) - len(theirs))

    def tell_difference(self) -> str:
        """The cells of the package's notebook and of the copy, line by line."""
        mine, theirs = (
            [line for kind, source in read_cells(path) for line in (f"# [{kind}]", *source.splitlines(), "")]
            for path in (self.path, self.own)
        )
        names = (f"{self.name} of crm_research {__version__}", str(self.path))
        return "\n".join(unified_diff(theirs, mine, *names, lineterm="", n=1))


def find_notebook(settings: Settings, name: str) -> Path:
    """Which notebook is run: the one of the work, in a checkout or where a person changed it; else the package's."""
    own, mine = settings.carried_notebooks / name, settings.notebooks / name
    if not mine.is_file() or mine == own:
        return own
    origins = read_origins(settings.notebooks)
    if not origins:
        return mine
    return own if origins.get(name) == digest_cells(mine) and own.is_file() else mine


def list_copies(settings: Settings) -> list[Copy]:
    """The work's copies of the package's notebooks, in order; none in a checkout, whose notebooks are the package's."""
    if settings.notebooks.resolve() == settings.carried_notebooks.resolve():
        return []
    origins = read_origins(settings.notebooks)
    found = []
    for own in sorted(settings.carried_notebooks.glob("*.ipynb")):
        mine = settings.notebooks / own.name
        if mine.is_file():
            digest = digest_cells(mine)
            is_same = digest == digest_cells(own)
            is_changed = not is_same and origins.get(own.name) != digest
            found.append(
                Copy(name=own.name, path=mine, own=own, is_changed=is_changed, is_older=not (is_same or is_changed))
            )
    return found


def lay_out(settings: Settings) -> tuple[list[str], list[Copy]]:
    """Put the package's notebooks into the work, leaving alone what a person changed.

    Returns
    -------
    tuple
        Names of the notebooks that were written, and the copies that were kept.
    """
    settings.notebooks.mkdir(parents=True, exist_ok=True)
    kept = [copy for copy in list_copies(settings) if copy.is_changed]
    names = {copy.name for copy in kept}
    origins = {name: digest for name, digest in read_origins(settings.notebooks).items() if name in names}
    written = []
    for own in sorted(settings.carried_notebooks.glob("*.ipynb")):
        if own.name in names:
            continue
        mine, digest = settings.notebooks / own.name, digest_cells(own)
        if not mine.is_file() or digest_cells(mine) != digest:
            with replacing(mine) as scratch:
                shutil.copyfile(own, scratch)
            written.append(own.name)
        origins[own.name] = digest
    record = {"made_by": f"crm_research {__version__}", "cells": dict(sorted(origins.items()))}
    with replacing(settings.notebooks / ORIGINS) as scratch:
        scratch.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return written, kept


def read_origins(notebooks: Path) -> dict[str, str]:
    """Notebook to the digest of the cells it was copied with; empty where nothing was laid out."""
    path = notebooks / ORIGINS
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in record["cells"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CrmError(f"{path} is no record of copied notebooks. Delete it; all copies then count as yours.") from None


def digest_cells(path: Path) -> str:
    """Digest of what the cells of a notebook say; outputs and what an editor adds do not count."""
    return hashlib.sha256(json.dumps(list(read_cells(path)), ensure_ascii=False).encode()).hexdigest()


def read_cells(path: Path) -> Iterator[tuple[str, str]]:
    """Kind and source of each cell.

    Raises
    ------
    CrmError
        If the file is no notebook.
    """
    try:
        cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            source = cell["source"]
            yield str(cell["cell_type"]), source if isinstance(source, str) else "".join(source)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise CrmError(
            f"{path} is no notebook that can be read. Mend it, or delete it and run crm-research init."
        ) from None
