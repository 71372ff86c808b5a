"""What lies in stores and lakes brought here: tables as one Parquet file of what is needed, other files as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from crm_research.sources.readers.stores.files import StoredFile, copy_stored
from crm_research.sources.readers.stores.lakes import LakeTable, rows_of_lake
from crm_research.sources.readers.stores.narrowing import Need, key_of
from crm_research.sources.readers.stores.rows import bring_rows, rows_of_files

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.fingerprints import Origin
    from crm_research.sources.session import Session


def bring(
    session: Session, rule: SourceRule, located: Sequence[Origin], kind: str, *, where: str
) -> tuple[list[Path], str]:
    """Files here with the rows of what was located elsewhere; and what of it was left out, in words.

    Raises
    ------
    StudyError
        If a store or a lake cannot be read.
    """
    need: Need | None = session.needs.get(key_of(rule))
    first = located[0]
    if isinstance(first, LakeTable):
        rows = rows_of_lake(first, where=where)
    elif kind == "parquet":
        rows = rows_of_files(session, cast("Sequence[StoredFile]", located), rule, need, where=where)
    else:
        folder = session.scratch / session.new_name("copied")
        return copy_stored(cast("Sequence[StoredFile]", located), folder, where=where), ""
    place, said = bring_rows(session, rows, rule, need, where=where)
    return [place], said
