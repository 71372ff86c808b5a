"""Azure's store: of which account, by which key, and under which address it is asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

VARIABLE: Final = "AZURE_STORAGE_CONNECTION_STRING"
_SUFFIX: Final = "core.windows.net"
_NO_ACCOUNT: Final = "it names no account; write abfs://CONTAINER@ACCOUNT/..., or export AZURE_STORAGE_ACCOUNT"


@dataclass(frozen=True, kw_only=True)
class AzureAccount:
    """An account and how it is asked.

    Parameters
    ----------
    name
        Of the account.
    key, sas_token
        What opens it; both empty where the client finds credentials by itself.
    scheme, authority, folders
        How it is asked: http or https, the host of its blobs, and that of its folders. A host that begins with a dot
        has the account's name before it; one that does not has it in its paths.
    """

    name: str
    key: str = field(default="", repr=False)
    sas_token: str = field(default="", repr=False)
    scheme: str = "https"
    authority: str = f".blob.{_SUFFIX}"
    folders: str = f".dfs.{_SUFFIX}"

    @property
    def endpoint(self) -> str:
        """The address of the account's blobs."""
        if self.authority.startswith("."):
            return f"{self.scheme}://{self.name}{self.authority}"
        return f"{self.scheme}://{self.authority}/{self.name}"

    @property
    def is_elsewhere(self) -> bool:
        """Is it asked under another address than Azure's own?"""
        return self.authority != f".blob.{_SUFFIX}"


def read_account(place: str) -> AzureAccount:
    """Of which account is this place, and how is it asked?

    Parameters
    ----------
    place
        ``container@account``, or ``container`` alone where the environment names the account.

    Raises
    ------
    ValueError
        If nothing names an account, or the environment's connection string is none.
    """
    said = os.environ.get("AZURE_STORAGE_ACCOUNT") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME") or ""
    connected = _read_connection(os.environ.get(VARIABLE, ""))
    name = place.partition("@")[2].partition(".")[0] or said or (connected.name if connected else "")
    if not name:
        raise ValueError(_NO_ACCOUNT)
    key = os.environ.get("AZURE_STORAGE_KEY") or os.environ.get("AZURE_STORAGE_ACCOUNT_KEY") or ""
    token = os.environ.get("AZURE_STORAGE_SAS_TOKEN") or ""
    if connected is None or connected.name != name:
        return AzureAccount(name=name, key=key, sas_token=token)
    return AzureAccount(
        name=name,
        # A client takes one of them: what is named by itself goes before what the connection holds.
        key=key or ("" if token else connected.key),
        sas_token=token or ("" if key else connected.sas_token),
        scheme=connected.scheme,
        authority=connected.authority,
        folders=connected.folders,
    )


def _read_connection(text: str) -> AzureAccount | None:
    """A connection string as Azure's portal writes it: names and values, parted by semicolons."""
    if not text.strip():
        return None
    parts = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    held = {name.casefold(): value.strip() for name, value in parts.items()}
    name = held.get("accountname", "")
    if not name:
        raise ValueError(f"{VARIABLE} names no account: it is of the form AccountName=...;AccountKey=...")
    secrets = {"key": held.get("accountkey", ""), "sas_token": held.get("sharedaccesssignature", "")}
    if endpoint := held.get("blobendpoint"):
        address = urlsplit(endpoint)
        host = address.netloc.removeprefix(name) if address.netloc.startswith(f"{name}.") else address.netloc
        folders = host.replace(".blob.", ".dfs.", 1) if host.startswith(".") else host
        return AzureAccount(name=name, **secrets, scheme=address.scheme, authority=host, folders=folders)
    suffix, scheme = held.get("endpointsuffix") or _SUFFIX, held.get("defaultendpointsprotocol") or "https"
    return AzureAccount(name=name, **secrets, scheme=scheme, authority=f".blob.{suffix}", folders=f".dfs.{suffix}")


def secrets_of_connection() -> list[str]:
    """What must not be shown of the environment's connection string: its key and its signature."""
    try:
        found = _read_connection(os.environ.get(VARIABLE, ""))
    except ValueError:
        return [os.environ[VARIABLE]]
    return [] if found is None else [secret for secret in (found.key, found.sas_token) if secret]


def open_azure(place: str) -> FileSystem:
    """A client of the account that holds this place."""
    from pyarrow import fs

    account = read_account(place)
    keys = {"account_key": account.key, "sas_token": account.sas_token}
    return fs.AzureFileSystem(
        account.name,
        blob_storage_authority=account.authority,
        dfs_storage_authority=account.folders,
        blob_storage_scheme=account.scheme,
        dfs_storage_scheme=account.scheme,
        **{name: value for name, value in keys.items() if value},
    )


def options_of_delta(place: str) -> dict[str, str]:
    """The same for the reader of Delta tables."""
    account = read_account(place)
    told = {"account_name": account.name, "account_key": account.key, "sas_token": account.sas_token}
    if account.is_elsewhere:
        told |= {"azure_endpoint": account.endpoint, "allow_http": str(account.scheme == "http").lower()}
    return {name: value for name, value in told.items() if value}
