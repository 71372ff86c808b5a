"""Tables of lakes for tests: Iceberg without a catalogue's server, and what other programs write into Delta's log."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER


class FolderCatalog(MetastoreCatalog):
    """Keeps one table's metadata where its folder is."""

    table: Table

    def create_table(
        self,
        identifier,
        schema,
        location=None,
        partition_spec=UNPARTITIONED_PARTITION_SPEC,
        sort_order=UNSORTED_SORT_ORDER,
        properties=None,
    ):
        staged = self._create_staged_table(identifier, schema, location, partition_spec, sort_order, properties or {})
        self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
        self.table = Table(identifier, staged.metadata, staged.metadata_location, staged.io, self)
        return self.table

    def load_table(self, identifier):
        return self.table

    def commit_table(self, table, requirements, updates):
        staged = self._update_and_stage_table(self.table, table.name(), requirements, updates)
        self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
        self.table = Table(table.name(), staged.metadata, staged.metadata_location, staged.io, self)
        return CommitTableResponse(metadata=staged.metadata, metadata_location=staged.metadata_location)


FolderCatalog.__abstractmethods__ = frozenset()


def write_iceberg(location: str, *tables: pa.Table, properties: dict[str, str] | None = None) -> Table:
    """An Iceberg table of as many snapshots as there are tables, each appended."""
    catalog = FolderCatalog("test", **(properties or {}), warehouse=location)
    table = catalog.create_table(("shop", "orders"), tables[0].schema, location=location)
    for rows in tables:
        table.append(rows)
    return catalog.table


def ask_more_of_readers(folder: Path, *features: str) -> None:
    """One more entry of a Delta table's log, by which readers must know these features."""
    log = sorted(folder.glob("_delta_log/*.json"))[-1]
    said = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": list(features),
        "writerFeatures": list(features),
    }
    following = log.with_name(f"{int(log.stem) + 1:020d}.json")
    following.write_text(json.dumps({"protocol": said}) + "\n", encoding="utf-8")
