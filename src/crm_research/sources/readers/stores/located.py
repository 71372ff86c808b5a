"""Where the rows of a source of paths lie: in files here, in files of a store, or in the table of a lake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.addresses import OF_SERVERS, hide_credentials, is_stored, scheme_of
from crm_research.errors import StudyError
from crm_research.sources.readers.files import find_files, full_path

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.fingerprints import Origin


def locate(rule: SourceRule, base: Path, *, where: str) -> Sequence[Origin]:
    """All that the paths of a source name, sorted within each path.

    Raises
    ------
    StudyError
        If a path names nothing, or leads into a store that may not be read.
    """
    paths = rule.path or []
    for path in paths:
        if (scheme := scheme_of(path)) in OF_SERVERS:
            raise StudyError(
                f"{where}: {hide_credentials(path)} begins with {scheme}://, which a server of the study's engine can "
                "read (engine: sc://host:port), and nobody here. Write the path of a file here, or of a store: s3://, "
                "gs:// or abfs://."
            )
    stored = [path for path in paths if is_stored(path)]
    if stored and len(stored) < len(paths):
        raise StudyError(f"{where}: names files here and files of a store. Use one place a table, or map two by sql.")
    is_one = len(paths) == 1
    is_folder = is_one and not stored and full_path(paths[0], base, where=where).is_dir()
    if is_one and (stored or rule.format or rule.version is not None or is_folder):
        from crm_research.sources.readers.stores.lakes import find_lake

        lake = find_lake(rule, base, where=where)
        if lake is not None:
            return [lake]
    if not stored:
        return find_files(paths, base, where=where)
    from crm_research.sources.readers.stores.files import find_stored

    return find_stored(paths, where=where)
