"""What is published: a copy of the shelf's pages, with an index of just what will lie at the target."""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crm_research.errors import CrmError, offer_names
from crm_research.results import PARTS, PARTS_RECORD, PRIVATE, find_parts, read_json
from crm_research.scratch import UNFINISHED

# Folders of the project that lie on the shelf and are no pages.
_NOT_PAGES: Final = ("README.md",)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# What an index is made of where the pages themselves lie at the target already.
RECORDS: Final = ("run.json", "figures.json")


@dataclass(frozen=True)
class Run:
    """A study's day on the shelf.

    Parameters
    ----------
    study
        Its name; of a part of its customers the folder of the part, from the shelf (``each/shop-region/north``).
    """

    study: str
    day: str

    @property
    def path(self) -> str:
        """Its folder, from the shelf."""
        return f"{self.study}/{self.day}"


def find_runs(shelf: Path, studies: Sequence[str] = (), *, with_parts: bool = True) -> list[Run]:
    """The studies and days that a shelf holds, of these studies, or of all; also those of parts of their customers.

    Raises
    ------
    CrmError
        If there is none.
    """
    found = _runs_by_study(shelf)
    for study in studies:
        if study not in found:
            raise CrmError(f"There is no report of a study {study!r} in {shelf}. {offer_names(study, sorted(found))}")
    chosen = [run for study, runs in found.items() if not studies or study in studies for run in runs]
    whole = [run for run in chosen if not run.study.startswith(f"{PARTS}/")]
    if not with_parts and not whole:
        raise CrmError(f"{shelf} holds only parts of customers of what was asked for, and these were to be left out.")
    return chosen if with_parts else whole


def find_studies(shelf: Path) -> list[str]:
    """Names of the studies that a shelf holds pages of, whole or in parts.

    Raises
    ------
    CrmError
        If there is none.
    """
    return sorted(_runs_by_study(shelf))


def _runs_by_study(shelf: Path) -> Mapping[str, list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    # A shelf of parts by itself holds the pages of one study.
    whole = _study_of(shelf / PARTS_RECORD) if (shelf / PARTS_RECORD).is_file() else None
    for run in _runs_in(shelf, ""):
        found[whole or run.study].append(run)
    for record in find_parts(shelf):
        found[_study_of(record)] += _runs_in(shelf, f"{record.parent.relative_to(shelf).as_posix()}/")
    found = {study: runs for study, runs in sorted(found.items()) if runs}
    if not found:
        raise CrmError(f"There is nothing to publish in {shelf}. crm-research run makes the first reports.")
    return found


def _runs_in(shelf: Path, inner: str) -> list[Run]:
    folders = sorted(record.parent for record in (shelf / inner).glob("*/*/run.json"))
    return [
        Run(f"{inner}{each.parent.name}", each.name) for each in folders if _is_run(each.relative_to(shelf / inner))
    ]


def _is_run(path: Path) -> bool:
    return path.parts[0] != PRIVATE and not path.name.startswith(".") and _DAY.fullmatch(path.name) is not None


def _study_of(record: Path) -> str:
    """Whose customers are told in parts?"""
    said = read_json(record, {})
    if not isinstance(said, dict) or not isinstance(said.get("study"), str):
        raise CrmError(f"{record} does not say whose parts these are. Run the reports with --each again.")
    return str(said["study"])


def copy_runs(shelf: Path, runs: Iterable[Run], target: Path) -> None:
    """The folders of these runs as they are at one moment: no run changes them meanwhile."""
    from crm_research.reporting.shelf import locked

    by_shelf: dict[Path, list[Run]] = defaultdict(list)
    for run in runs:
        by_shelf[Path(run.study).parent].append(run)
    for inner, own in by_shelf.items():
        with locked(shelf / inner):
            for run in own:
                copy_tree(shelf / run.path, target / run.path)
            if (shelf / inner / PARTS_RECORD).is_file() and inner.parts:
                link_or_copy(shelf / inner / PARTS_RECORD, target / inner / PARTS_RECORD)


def copy_private(shelf: Path, names: Sequence[str], target: Path) -> None:
    """Folders of ``private/`` that somebody named.

    Raises
    ------
    CrmError
        If one is not there.
    """
    for name in names:
        folder = shelf / PRIVATE / name
        is_inside = folder.resolve().is_relative_to((shelf / PRIVATE).resolve())
        if not folder.is_dir() or not is_inside or folder.resolve() == (shelf / PRIVATE).resolve():
            known = sorted(each.name for each in (shelf / PRIVATE).glob("*") if each.is_dir())
            raise CrmError(f"There is no folder {name!r} in {shelf / PRIVATE}. {offer_names(name, known)}")
        copy_tree(folder, target / PRIVATE / name)


def copy_tree(source: Path, target: Path) -> None:
    """What is whole of a folder: nothing that begins with a dot, is in the making, or leads elsewhere."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.name.startswith(".") or path.name.endswith(UNFINISHED) or path.name == PRIVATE or path.is_symlink():
            continue
        if path.is_dir():
            copy_tree(path, target / path.name)
        elif path.is_file():
            link_or_copy(path, target / path.name)


def link_or_copy(source: Path, target: Path) -> None:
    """The same file under another name; files of the shelf are replaced and never written to."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def make_index(site: Path) -> None:
    """The index over what a folder holds, with all that goes with it; before it those of parts of customers."""
    from crm_research.reporting.site import write_index

    for record in find_parts(site):
        write_index(record.parent)
    write_index(site)


def files_of(site: Path) -> Iterator[str]:
    """Every file of a site, as paths from its root."""
    for path in sorted(site.rglob("*")):
        inner = path.relative_to(site)
        is_hidden = any(part.startswith(".") for part in inner.parts)
        if path.is_file() and not is_hidden and inner.as_posix() not in _NOT_PAGES:
            yield inner.as_posix()
