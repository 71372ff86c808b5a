"""Clients of stores and servers, through fsspec: Arrow's own for stores of objects, WebDAV's, and SFTP's."""

from __future__ import annotations

import mimetypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from crm_research.addresses import is_stored, scheme_of
from crm_research.delivery.passwords import secret_of
from crm_research.delivery.store import Store
from crm_research.errors import CrmError

WEBDAV_USER: Final = "CRM_RESEARCH_WEBDAV_USER"
WEBDAV_PASSWORD: Final = "CRM_RESEARCH_WEBDAV_PASSWORD"  # noqa: S105  (its name)
WEBDAV_CA: Final = "CRM_RESEARCH_WEBDAV_CA_FILE"
SFTP_PASSWORD: Final = "CRM_RESEARCH_SFTP_PASSWORD"  # noqa: S105  (its name)
SFTP_KEY: Final = "CRM_RESEARCH_SFTP_KEY_FILE"
SFTP_HOSTS: Final = "CRM_RESEARCH_SFTP_KNOWN_HOSTS"
_SECONDS: Final = 30.0
# What browsers show rather than save, by the ending of the file.
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".csv": "text/csv; charset=utf-8",
    ".atom": "application/atom+xml",
    ".xml": "application/xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def open_target(address: str) -> Store:
    """A client of the store or server behind an address, with the root where the site lies.

    Raises
    ------
    CrmError
        If what it needs is not installed.
    """
    try:
        if is_stored(address):
            return _ArrowStore(address)
        return _SftpStore(address) if scheme_of(address) == "sftp" else _WebdavStore(address)
    except ModuleNotFoundError as problem:
        raise CrmError(
            f"Publishing to {address} needs the package {problem.name}. Install crm_research with what publishing "
            "needs: crm-research[publish]. Nothing was sent."
        ) from None


class _FsspecStore:
    """A folder of a file system of fsspec as a store."""

    fs: Any

    def __init__(self, said: str, root: str) -> None:
        self.said = said
        self._root = root.strip("/")
        self._made: set[str] = set()

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}".strip("/")

    def _inner(self, name: str) -> str:
        name = name.strip("/")
        return name.removeprefix(self._root).strip("/")

    def read(self, path: str) -> bytes | None:
        """What a file holds; None where there is none."""
        try:
            content: bytes = self.fs.cat_file(self._at(path))
        except FileNotFoundError:
            return None
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write a small file of ours, so that nobody reads half of it."""
        self._make_folder(path)
        self.fs.pipe_file(self._at(path), content)

    def put(self, source: Path, path: str) -> None:
        """Send a file."""
        self._make_folder(path)
        self.fs.put_file(str(source), self._at(path))

    def move(self, path: str, target: str) -> None:
        """Put a file in the place of another."""
        self._make_folder(target)
        self.fs.mv(self._at(path), self._at(target))

    def remove(self, path: str) -> None:
        """Remove a file."""
        with suppress(FileNotFoundError):
            self.fs.rm_file(self._at(path))

    def remove_folder(self, path: str) -> None:
        """Remove a folder with all in it."""
        self._made = {made for made in self._made if not made.startswith(self._at(path))}
        with suppress(FileNotFoundError):
            self.fs.rm(self._at(path), recursive=True)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Every file below a folder and how long it is."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.find(self._at(folder), detail=True)
        except FileNotFoundError:
            return {}
        return {self._inner(name): int(each.get("size") or 0) for name, each in found.items()}

    def reconnect(self) -> None:
        """Begin anew after a line that broke."""

    def close(self) -> None:
        """Say goodbye."""

    def _make_folder(self, path: str) -> None:
        parent = self._at(path).rpartition("/")[0]
        if parent and parent not in self._made:
            self.fs.makedirs(parent, exist_ok=True)
            self._made.add(parent)


class _ArrowStore(_FsspecStore):
    """S3 and what speaks like it, Google's and Azure's stores."""

    def __init__(self, address: str) -> None:
        from fsspec.implementations.arrow import ArrowFSWrapper

        from crm_research.sources.readers.stores.filesystems import open_store, path_of

        super().__init__(address, path_of(address))
        self.fs = ArrowFSWrapper(open_store(address), skip_instance_cache=True)

    def put(self, source: Path, path: str) -> None:
        """Send a file, with what browsers need to show it."""
        kind = _TYPES.get(source.suffix) or mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        with (
            source.open("rb") as file,
            self.fs.fs.open_output_stream(self._at(path), compression=None, metadata={"Content-Type": kind}) as stream,
        ):
            while part := file.read(1 << 20):
                stream.write(part)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file of ours."""
        with self.fs.fs.open_output_stream(self._at(path), compression=None) as stream:
            stream.write(content)

    def move(self, path: str, target: str) -> None:
        """The store copies it itself; a reader gets the old object or the new one."""
        self.fs.fs.move(self._at(path), self._at(target))

    def _make_folder(self, path: str) -> None:
        """Stores of objects have none."""

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Every object below a folder and how long it is, asked for at once."""
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(self._at(folder), recursive=True, allow_not_found=True)
        found = self.fs.fs.get_file_info(selector)
        return {self._inner(each.path): int(each.size or 0) for each in found if each.type is FileType.File}


class _WebdavStore(_FsspecStore):
    """A server that speaks WebDAV."""

    def __init__(self, address: str) -> None:
        import webdav4.fsspec as webdav

        parts = urlsplit(address)
        scheme = "https" if parts.scheme == "webdavs" else "http"
        super().__init__(address, "")
        user, password = os.environ.get(WEBDAV_USER), secret_of(WEBDAV_PASSWORD)
        if user and password and scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise CrmError(
                f"{address} would get a password over a line that everybody reads. Write webdavs://. Nothing was sent."
            )
        library: Any = webdav
        self.fs = library.WebdavFileSystem(
            f"{scheme}://{parts.netloc}",
            auth=(user, password or "") if user else None,
            timeout=_SECONDS,
            retry=False,
            **({"verify": os.environ[WEBDAV_CA]} if os.environ.get(WEBDAV_CA) else {}),
            skip_instance_cache=True,
        )
        self._root = unquote(parts.path).strip("/")
        if self._root:
            self.fs.makedirs(self._root, exist_ok=True)

    def put(self, source: Path, path: str) -> None:
        """Send a file over what stands there."""
        self._make_folder(path)
        with source.open("rb") as file:
            self.fs.client.upload_fileobj(file, self._at(path), overwrite=True, size=source.stat().st_size)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file over what stands there."""
        import io

        self._make_folder(path)
        self.fs.client.upload_fileobj(io.BytesIO(content), self._at(path), overwrite=True, size=len(content))

    def move(self, path: str, target: str) -> None:
        """The server puts one file in the place of another."""
        self._make_folder(target)
        try:
            self.fs.client.move(self._at(path), self._at(target), overwrite=True)
        except Exception as problem:
            if type(problem).__name__ == "ResourceNotFound":
                raise FileNotFoundError(path) from problem
            raise

    def close(self) -> None:
        """Close the line."""
        with suppress(Exception):
            self.fs.client.http.close()


class _SftpStore(_FsspecStore):
    """A server that speaks SFTP, whose key is known."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        super().__init__(address, "")
        self._place = {"host": parts.hostname or "", "port": parts.port or 22, "username": parts.username}
        # sftp://host/path is the path from the server's root; sftp://host/~/path from the user's home.
        path = unquote(parts.path)
        self._is_of_home = path.startswith("/~")
        self._root = path.removeprefix("/~").strip("/")
        self._connect()

    def _at(self, path: str) -> str:
        inner = super()._at(path)
        return inner if self._is_of_home else f"/{inner}"

    def _connect(self) -> None:
        self.fs = _sftp_class()(
            known_hosts=os.environ.get(SFTP_HOSTS),
            password=secret_of(SFTP_PASSWORD),
            key_filename=os.environ.get(SFTP_KEY),
            timeout=_SECONDS,
            banner_timeout=_SECONDS,
            auth_timeout=_SECONDS,
            skip_instance_cache=True,
            **{name: value for name, value in self._place.items() if value is not None},
        )

    def reconnect(self) -> None:
        """A new line."""
        self.close()
        with suppress(OSError):
            self._connect()

    def write(self, path: str, content: bytes) -> None:
        """Write a small file beside its place, and put it there."""
        self._make_folder(path)
        half = f"{self._at(path)}.half"
        with self.fs.ftp.open(half, "wb") as file:
            file.write(content)
        self.fs.ftp.posix_rename(half, self._at(path))

    def remove_folder(self, path: str) -> None:
        """Remove what is in it, then the folders, the deepest first."""
        self._made = set()
        with suppress(FileNotFoundError):
            names = sorted(self.fs.find(self._at(path), withdirs=True, detail=True).items(), reverse=True)
            for name, each in names:
                if each["type"] == "directory":
                    self.fs.ftp.rmdir(name)
                else:
                    self.fs.ftp.remove(name)
            self.fs.ftp.rmdir(self._at(path))

    def _make_folder(self, path: str) -> None:
        parent = self._at(path).rpartition("/")[0]
        if parent and parent not in self._made:
            self.fs.makedirs(parent, exist_ok=True)
            self._made.add(parent)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Every file below a folder; one that ends half written is none."""
        return {path: size for path, size in super().sizes(folder).items() if not path.endswith(".half")}

    def close(self) -> None:
        """Close the line."""
        with suppress(Exception):
            self.fs.client.close()


def _sftp_class() -> Any:
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    base: Any = SFTPFileSystem

    class KnownHosts(base):  # type: ignore[misc]
        """fsspec's client, which would take any server for the one it asks for, held to the keys that are known."""

        def __init__(self, host: str, known_hosts: str | None = None, **options: Any) -> None:
            self._known_hosts = known_hosts
            super().__init__(host, host_key_policy="reject", **options)

        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            if self._known_hosts:
                self.client.load_host_keys(str(Path(self._known_hosts).expanduser()))
            else:
                self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()

    return KnownHosts
