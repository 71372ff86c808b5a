"""The state of what a study's tables come from, told without opening them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.engine import DEFAULT_URL
from crm_research.errors import CrmError
from crm_research.sources.cache import is_passing
from crm_research.sources.definition import walk_sources
from crm_research.sources.fingerprints import digest_files, digest_text
from crm_research.sources.readers.stores.located import locate
from crm_research.sources.record_parts import parts_needed

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition, TableRule
    from crm_research.sources.fingerprints import Origin


def states_of(definition: StudyDefinition, base: Path, tables: Iterable[str]) -> dict[str, str | None]:
    """Has anything changed that the rows of these tables come from?

    Parameters
    ----------
    base
        Folder that relative paths start from.

    Returns
    -------
    dict
        Table to a digest: of the content of its files, of what a store says of its files, or of the name of a sample,
        which changes with the package that carries it. None where only reading could tell: rows of a server, what is
        fetched from an address, expressions that ask what time it is, files that are not there.
    """
    is_told = definition.engine.url == DEFAULT_URL
    return {name: _state_of_parts(definition, base, name) if is_told else None for name in tables}


def _state_of_parts(definition: StudyDefinition, base: Path, table: str) -> str | None:
    """The state of all that a table is made of: what links customers changes whose its rows are."""
    states = {part: _state(definition.tables[part], base) for part in parts_needed(definition.tables, [table])}
    if None in states.values():
        return None
    return states[table] if [*states] == [table] else digest_text(json.dumps(states, sort_keys=True))


def _state(rule: TableRule, base: Path) -> str | None:
    if is_passing(rule):
        return None
    samples: list[str] = []
    files: list[Origin] = []
    for source in walk_sources(rule.source):
        if source.sql is not None and source.inputs:
            continue
        if source.sample is not None:
            samples.append(source.sample)
        elif source.path:
            try:
                files += locate(source, base, where="")
            except CrmError:
                return None  # told in full when the table is opened
        else:
            return None
    named = list(dict.fromkeys(files))
    try:
        content = digest_files(named) if named else ""
    except OSError:
        return None
    said = {"samples": samples, "files": [str(file) for file in named], "content": content}
    return digest_text(json.dumps(said, sort_keys=True, ensure_ascii=False))
