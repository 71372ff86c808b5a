"""How the reader of Iceberg tables opens files: by the same clients as every other file of a store."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pyiceberg.io.pyarrow import PyArrowFileIO

from crm_research.sources.readers.stores.filesystems import open_store, path_of

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

# What writers call a store in the locations that a table's metadata keep, and what it is called here.
_CALLED: Final = MappingProxyType(
    {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs", "abfs": "abfs", "abfss": "abfss"}
)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class StoreFileIO(PyArrowFileIO):
    """Files of the stores that `open_store` opens, and of this machine."""

    @staticmethod
    def parse_location(location: str, properties: Mapping[str, str] = _NOTHING) -> tuple[str, str, str]:
        """Scheme, keeper and path of a location."""
        scheme, netloc, path = PyArrowFileIO.parse_location(location, dict(properties))
        return (scheme, netloc, path_of(location)) if scheme in _CALLED else (scheme, netloc, path)

    def _initialize_fs(self, scheme: str, netloc: str | None = None) -> FileSystem:
        if scheme in _CALLED:
            return open_store(f"{_CALLED[scheme]}://{netloc or ''}/")
        found: FileSystem = super()._initialize_fs(scheme, netloc)
        return found
