"""Which files do the rows of a table come from, through all the sources that its rule names?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.errors import CrmError
from crm_research.sources.readers.files import find_files

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule


def walk_sources(rule: SourceRule) -> Iterator[SourceRule]:
    """The source itself, and those that its SQL takes its rows from."""
    yield rule
    for inner in rule.inputs.values():
        yield from walk_sources(inner)


def list_named_files(rule: SourceRule, base: Path) -> list[Path] | None:
    """Every file the rows come from, sorted within each path; None where they come from elsewhere too, or one is gone.

    Parameters
    ----------
    base
        Folder that relative paths start from.
    """
    found: list[Path] = []
    for source in walk_sources(rule):
        if source.sql is not None and source.inputs:
            continue
        if not source.path:
            return None
        try:
            found += find_files(source.path, base, where="")
        except CrmError:
            return None  # told in full when the source is staged
    return list(dict.fromkeys(found))
