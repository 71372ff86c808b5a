"""Which files do the rows of a table come from, through all the sources that its rule names?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.errors import CrmError
from crm_research.sources.definition import walk_sources
from crm_research.sources.readers.stores.located import locate

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.fingerprints import Origin


def list_named_files(rule: SourceRule, base: Path) -> list[Origin] | None:
    """Every file the rows come from, sorted within each path; None where they come from elsewhere too, or one is gone.

    Parameters
    ----------
    base
        Folder that relative paths start from.
    """
    found: list[Origin] = []
    for source in walk_sources(rule):
        if source.sql is not None and source.inputs:
            continue
        if not source.path:
            return None
        try:
            found += locate(source, base, where="")
        except CrmError:
            return None  # told in full when the source is staged
    return list(dict.fromkeys(found))
