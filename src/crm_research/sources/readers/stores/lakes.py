"""Tables of lakes, here or in a store: the version that is read, and its rows as Delta or Iceberg keep them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from crm_research.addresses import is_of_azure, is_stored, scheme_of
from crm_research.errors import CrmError, StudyError
from crm_research.said_by_others import say_fault
from crm_research.sources.fingerprints import digest_text
from crm_research.sources.readers.stores.azure import options_of_delta
from crm_research.sources.readers.stores.filesystems import open_store, path_of, say_endpoint, say_store, store_faults
from crm_research.sources.readers.stores.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileInfo, FileSystem

    from crm_research.sources.definition import SourceRule

Kind = Literal["delta", "iceberg"]
_LOG: Final = "_delta_log"
_METADATA: Final = ".metadata.json"
_PACKAGES: Final = {"delta": "deltalake", "iceberg": "pyiceberg"}
_NO_TABLE: Final = (
    "not a (Delta )?table|LogSegment end version|no (files in )?log|No table version found|TableNotFound"
    "|Invalid version|version .* not found"
)
_PROPER_NAMES: Final = {"delta": "Delta", "iceberg": "Iceberg"}


@dataclass(frozen=True, kw_only=True)
class LakeTable:
    """One version of a table of a lake.

    Parameters
    ----------
    address
        Of its folder, or its metadata file.
    version
        Number of the version of Delta, of the snapshot of Iceberg.
    state
        What tells this version from that of another table at the same place.
    n_bytes
        Of its files.
    """

    kind: Kind
    address: str
    version: int
    state: str
    n_bytes: int

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        """What a person calls it: its folder and the version."""
        folder = self.address.removesuffix("/").partition("/metadata/")[0].rpartition("/")[2]
        return f"{folder} ({_PROPER_NAMES[self.kind]}, version {self.version})"

    def digest(self) -> str:
        """Of the version: nothing changes in it, whatever is written to the table afterwards."""
        return digest_text("\n".join([self.kind, self.address, str(self.version), self.state]))


def find_lake(rule: SourceRule, base: Path, *, where: str) -> LakeTable | None:
    """The table of a lake that a source names, as it is now; None where it names something else.

    Raises
    ------
    StudyError
        If a lake is named and there is none, its reader is not installed, or it has no such version.
    """
    if len(rule.path or ()) != 1:
        return None
    address = str((rule.path or [""])[0]).strip().rstrip("/")
    if not is_stored(address):
        with suppress(OSError, RuntimeError, ValueError):
            address = str((base / Path(address).expanduser()).resolve())
    kind = rule.format or _recognised(address, where)
    if kind is None:
        if rule.version is not None:
            raise StudyError(
                f"{where}.version: {address} is no table of a lake: no folder _delta_log or metadata lies in it. Leave "
                "version out, or name the table's folder."
            )
        return None
    _need_package(kind, where)
    with lake_faults(address, kind, where):
        return _delta_now(address, rule.version) if kind == "delta" else _iceberg_now(address, rule.version, where)


def _recognised(address: str, where: str) -> Kind | None:
    if address.endswith(_METADATA):
        return "iceberg"
    if re.search(r"[*?\[]|\.\w{2,8}$", address):
        return None
    if not is_stored(address):
        with suppress(OSError, ValueError):
            if (Path(address) / _LOG).is_dir():
                return "delta"
            return "iceberg" if any(Path(address).glob(f"metadata/*{_METADATA}")) else None
        return None
    with store_faults(address, where=where):
        held = open_store(address).get_file_info([f"{path_of(address)}/{part}" for part in (_LOG, "metadata")])
    if not _is_missing(held[0]):
        return "delta"
    return None if _is_missing(held[1]) else "iceberg"


def _is_missing(info: FileInfo) -> bool:
    from pyarrow.fs import FileType

    return info.type is FileType.NotFound


def _need_package(kind: Kind, where: str) -> None:
    try:
        import_module(_PACKAGES[kind])
    except ImportError:
        raise StudyError(
            f"{where}: the reader of {_PROPER_NAMES[kind]} tables is not installed. "
            'Install it: pip install "crm-research[lakes]".'
        ) from None


@contextmanager
def lake_faults(address: str, kind: Kind, where: str) -> Iterator[None]:
    """Turn what a lake's reader says into one paragraph, without a piece of a secret."""
    try:
        yield
    except CrmError:
        raise
    except Exception as problem:
        # Errors of classes of their own: what they say of the store is told as the store's.
        told = _unreadable(address, kind, where, problem) or StudyError(f"{where}: {say_store(address, problem)}")
        raise told from None


def _unreadable(address: str, kind: Kind, where: str, problem: Exception) -> StudyError | None:
    text, name = str(problem), _PROPER_NAMES[kind]
    if re.search(r"deletion.?vector|reader (feature|version)|table features|column.?mapping", text, re.IGNORECASE):
        return StudyError(
            f"{where}: the {name} table {address} uses what its reader cannot apply: {say_fault(text)}. Have the "
            "program that writes it rewrite it without (REORG TABLE ... APPLY (PURGE) for deletion vectors)."
        )
    if re.search(_NO_TABLE, text, re.IGNORECASE):
        return StudyError(
            f"{where}: there is no {name} table at {address}, or not in that version. Check the path and the version."
        )
    return None


def rows_of_lake(lake: LakeTable, *, where: str) -> Rows:
    """The rows of this version."""
    with lake_faults(lake.address, lake.kind, where):
        return _rows_of_delta(lake) if lake.kind == "delta" else _rows_of_iceberg(lake)


def _open_delta(address: str, version: int | None) -> Any:
    from deltalake import DeltaTable

    # Azure's account stands among the options: as a host in the address only its own would be understood.
    place = f"{scheme_of(address)}://{path_of(address)}" if is_of_azure(address) else address
    return DeltaTable(place, version=version, storage_options=_options_of_delta(address))


def _options_of_delta(address: str) -> dict[str, str] | None:
    if is_of_azure(address):
        return options_of_delta(address.partition("://")[2].partition("/")[0])
    endpoint = say_endpoint()
    if not address.startswith("s3://") or endpoint is None:
        return None
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": str(endpoint.startswith("http://")).lower()}


def _delta_now(address: str, version: int | None) -> LakeTable:
    table = _open_delta(address, version)
    sizes = table.get_add_actions(flatten=True).column("size_bytes").to_pylist()
    return LakeTable(
        kind="delta",
        address=address,
        version=table.version(),
        state=str(table.metadata().id),
        n_bytes=sum(size or 0 for size in sizes),
    )


def _rows_of_delta(lake: LakeTable) -> Rows:
    table = _open_delta(lake.address, lake.version)
    found = table.to_pyarrow_dataset(filesystem=_within(lake.address))
    return Rows(address=lake.address, schema=found.schema, read=lambda _: found, count=found.count_rows)


def _within(address: str) -> FileSystem:
    """The table's own folder as a file system, opened as every other file of the store is."""
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    if is_stored(address):
        return SubTreeFileSystem(path_of(address), open_store(address))
    return SubTreeFileSystem(address, LocalFileSystem())


def _open_iceberg(address: str) -> Any:
    from pyiceberg.table import StaticTable

    properties = {"py-io-impl": "crm_research.sources.readers.stores.iceberg_io.StoreFileIO"}
    return StaticTable.from_metadata(address, properties)


def _iceberg_now(address: str, version: int | None, where: str) -> LakeTable:
    address = address if address.endswith(_METADATA) else _latest_metadata(address, where)
    table = _open_iceberg(address)
    snapshot = table.current_snapshot() if version is None else table.snapshot_by_id(version)
    if snapshot is None:
        known = ", ".join(str(one.snapshot_id) for one in table.snapshots()) or "none: it was never written to"
        raise StudyError(f"{where}: {address} has no such snapshot. Those it keeps: {known}.")
    files = table.scan(snapshot_id=snapshot.snapshot_id).plan_files()
    return LakeTable(
        kind="iceberg",
        address=address,
        version=snapshot.snapshot_id,
        state=str(table.metadata.table_uuid),
        n_bytes=sum(task.file.file_size_in_bytes for task in files),
    )


def _latest_metadata(address: str, where: str) -> str:
    """The newest metadata file of a table that no catalogue keeps."""
    if is_stored(address):
        from pyarrow.fs import FileSelector

        held = open_store(address).get_file_info(FileSelector(f"{path_of(address)}/metadata", allow_not_found=True))
        names = [info.base_name for info in held]
    else:
        names = [file.name for file in Path(address).glob(f"metadata/*{_METADATA}")]
    numbered = [(int(found[1]), name) for name in names if (found := re.match(r"v?(\d+)\b.*\.metadata\.json$", name))]
    if not numbered:
        raise StudyError(
            f"{where}: there is no Iceberg table at {address}: its folder metadata holds none. Check the path."
        )
    return f"{address}/metadata/{max(numbered)[1]}"


def _rows_of_iceberg(lake: LakeTable) -> Rows:
    scan = _open_iceberg(lake.address).scan(snapshot_id=lake.version)

    def read(columns: Sequence[str]) -> pa.RecordBatchReader:
        return scan.select(*columns).to_arrow_batch_reader()

    return Rows(address=lake.address, schema=scan.to_arrow_batch_reader().schema, read=read)
