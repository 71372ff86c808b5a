"""Rows of stores and lakes, brought here once as Parquet: the columns and rows that are needed, and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault
from crm_research.sources.readers.stores.filesystems import open_store, store_faults
from crm_research.sources.readers.stores.narrowing import Need, rows_that_hold
from crm_research.sources.session import Relation, literal, quoted
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    import pyarrow as pa

    from crm_research.sources.definition import SourceRule
    from crm_research.sources.readers.stores.files import StoredFile
    from crm_research.sources.session import Session

_NOTHING_IN_A_FOLDER = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows that Arrow can read, as the embedded engine asks for them.

    Parameters
    ----------
    address
        Where they lie.
    schema
        Their columns.
    read
        Of the columns that are needed, what the engine can scan once.
    count
        How many there are, without reading them; None where nobody knows.
    said
        What was left out of them already, in words.
    """

    address: str
    schema: pa.Schema
    read: Callable[[Sequence[str]], Any]
    count: Callable[[], int] | None = None
    said: str = ""


def rows_of_files(
    session: Session, files: Sequence[StoredFile], rule: SourceRule, need: Need | None, *, where: str
) -> Rows:
    """The rows of Parquet files of a store; folders that ``where`` leaves out are not looked into."""
    from pyarrow import ArrowTypeError, dataset, schema, string

    values = folder_values(files)
    kept = list(range(len(files)))
    if need is not None and values[0]:
        relation = Relation(name="", kinds=dict.fromkeys(values[0], "text"), rule=rule, described="", fingerprint="")
        # Where nothing is left, one file says what the columns are, and its rows are left out later.
        kept = rows_that_hold(session, need, relation, values) or [0]
    n_out = len(files) - len(kept)
    said = f" ({n_out:,} of {say_count(len(files), 'file')} left out by where)" if n_out else ""
    with store_faults(files[0].address, where=where):
        folders = dataset.HivePartitioning(
            schema([(name, string()) for name in values[0]]), null_fallback=_NOTHING_IN_A_FOLDER
        )
        made = dataset.FileSystemDatasetFactory(
            open_store(files[0].address),
            [files[i].path for i in kept],
            dataset.ParquetFileFormat(),
            dataset.FileSystemFactoryOptions(partitioning=folders),
        )
        # Columns that some of the files lack are empty there, and one of several types is of the widest.
        try:
            found = made.finish(made.inspect(promote_options="permissive", fragments=len(kept)))
        except ArrowTypeError as problem:
            folder = files[0].address.rpartition("/")[0]
            raise StudyError(
                f"{where}: the files of {folder}/ do not fit together ({say_fault(problem)}; what a folder named "
                "NAME=VALUE says is text). Write them alike, or name them apart under sql: and inputs:, and cast there."
            ) from None
    return Rows(address=files[0].address, schema=found.schema, read=lambda _: found, count=found.count_rows, said=said)


def folder_values(files: Sequence[StoredFile]) -> list[dict[str, str | None]]:
    """What the folders of each file say in the manner of year=2024: names that all have, as the engine orders them."""
    found = []
    for file in files:
        parts = [part.partition("=") for part in file.path.split("/")[1:-1] if "=" in part]
        found.append({name: None if value == _NOTHING_IN_A_FOLDER else unquote(value) for name, _, value in parts})
    common = sorted(name for name in found[0] if all(name in values for values in found))
    return [{name: values[name] for name in common} for values in found]


def bring_rows(session: Session, rows: Rows, rule: SourceRule, need: Need | None, *, where: str) -> tuple[Path, str]:
    """Write the rows that are needed to a Parquet file of the session; says what was left out of them, in words."""
    kinds = _kinds(session, rows.schema)
    columns = need.columns_of(list(kinds)) if need is not None else list(kinds)
    conditions = _conditions(need, kinds, rule)
    name = session.new_name("stored")
    place = session.scratch / f"{name}.parquet"
    asked = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    selected = ", ".join(map(quoted, columns))
    with store_faults(rows.address, where=where):
        session.backend.con.register(name, rows.read(columns))
        try:
            (n_kept,) = session.run(
                f"COPY (SELECT {selected} FROM {quoted(name)}{asked}) TO {literal(str(place))} (FORMAT parquet)"
            ).fetchone()
            n_rows = rows.count() if conditions and rows.count is not None else n_kept
        finally:
            session.backend.con.unregister(name)
    said = f" ({n_rows - n_kept:,} of {say_count(n_rows, 'row')} left out by where)" if n_kept < n_rows else ""
    return place, rows.said + said


def _kinds(session: Session, schema: pa.Schema) -> Mapping[str, Any]:
    name = session.new_name("columns")
    session.backend.con.register(name, schema.empty_table())
    kinds = session.kinds_of(name)
    session.backend.con.unregister(name)
    return kinds


def _conditions(need: Need | None, kinds: Mapping[str, Any], rule: SourceRule) -> list[str]:
    """Parts of ``where`` that the scan itself may ask, so that groups of rows are passed over by their statistics."""
    if need is None or not need.asks_row_by_row:
        return []
    relation = Relation(name="", kinds=kinds, rule=rule, described="", fingerprint="")
    # A text that is read as a number must be one in every row: such parts are asked when all rows are there.
    return [f"({part.sql})" for part in need.conditions_on(kinds, relation) if not part.usages]
