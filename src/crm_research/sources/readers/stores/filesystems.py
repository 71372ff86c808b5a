"""Stores of objects opened: Arrow's own clients, which find credentials by themselves, and what goes wrong in words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import duckdb

from crm_research.addresses import WHERE_KEYS_ARE, hide_credentials, hide_fragments, is_of_azure, scheme_of
from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault
from crm_research.sources.readers.stores.azure import open_azure, secrets_of_connection

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

# A store that does not answer at all is given up after the first, one that stops in the middle after the second.
_CONNECT_SECONDS: Final = 10
_REQUEST_SECONDS: Final = 60
_TRIES: Final = 3
# What the environment may say of a store; another saying opens another client.
_SAID_OF = re.compile(r"^(AWS_|AZURE_|GOOGLE_|STORAGE_EMULATOR_HOST$)")
_SECRET: Final = re.compile(r"(?i)key|secret|token|password|credential")
_PUBLIC: Final = re.compile(r"(?i)key_id$|^GOOGLE_APPLICATION_CREDENTIALS$|_FILE$")


def open_store(address: str) -> FileSystem:
    """A client of the store that holds this address; the same one while the environment says the same.

    Raises
    ------
    StudyError
        If the store does not answer, or what it needs is not installed.
    """
    scheme, place = str(scheme_of(address)), address.strip().partition("://")[2].partition("/")[0]
    said = tuple(sorted((name, value) for name, value in os.environ.items() if _SAID_OF.match(name)))
    with store_faults(address):
        return _opened(scheme, place, said)


def path_of(address: str) -> str:
    """What the store itself calls an address: bucket and key."""
    place, slash, key = address.strip().partition("://")[2].partition("/")
    return f"{place.partition('@')[0] if is_of_azure(address) else place}{slash}{key}"


def address_of(path: str, beside: str) -> str:
    """The address of a path as its store calls it, in the store of an address beside it."""
    start = beside.strip()[: len(beside.strip()) - len(beside.strip().partition("://")[2])]
    place = beside.strip().partition("://")[2].partition("/")[0]
    return f"{start}{place}/{path.partition('/')[2]}"


@contextmanager
def store_faults(address: str, *, where: str = "") -> Iterator[None]:
    """Turn what a store's client says into one paragraph, without a piece of a secret.

    Raises
    ------
    StudyError
        Instead of any error of the client, or of the engine where it reads through one.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError, duckdb.Error) as problem:
        raise StudyError(f"{where}: {say_store(address, problem)}" if where else say_store(address, problem)) from None


def say_store(address: str, problem: Exception) -> str:
    """What went wrong at an address, in one paragraph without a piece of a secret."""
    # What stands before an @ is a container: an address with credentials in it is refused where it is written.
    shown, text, scheme = address, str(problem), str(scheme_of(address))
    for pattern, words in _FAULTS:
        if re.search(pattern, text, re.IGNORECASE):
            said_by = _SAID_BY.get(scheme, "")
            return f"{shown} {words.format(keys=_keys(scheme), place=_place(address), said_by=said_by)}"
    secrets = [value for name, value in os.environ.items() if _SECRET.search(name) and not _PUBLIC.search(name)]
    secrets += secrets_of_connection()
    said = hide_fragments(hide_credentials(say_fault(text)), [value for value in secrets if value])
    return f"{shown} cannot be read: {re.sub(r' [(]Request ID: [^)]*[)]', '', said)}. Check the address and the store."


def _keys(scheme: str) -> str:
    keys = WHERE_KEYS_ARE.get(scheme, "check who may read it")
    return keys[0].upper() + keys[1:]


def _place(address: str) -> str:
    endpoint = say_endpoint() if scheme_of(address) == "s3" else None
    return f"the store at {hide_credentials(endpoint)}" if endpoint else "the store"


_NO_BUCKET: Final = "lies in a bucket that is not there. Check its name, and the account and region it belongs to."
_NOT_ALLOWED: Final = (
    "may not be read: no credentials were found, or they do not allow it. {keys}; they never stand in the study file."
)
_NOT_REACHED: Final = (
    "cannot be reached: {place} does not answer. Check the network, and the address under which it is asked{said_by}."
)
_SAID_BY: Final = {"s3": " (AWS_ENDPOINT_URL for stores that speak like S3)"}
_GONE: Final = (
    "went away while it was read, or was cleared away before (of an old version, say). Run again when whoever writes "
    "it is done, or name what is whole."
)
# How the clients of the three stores, and of the lakes in them, say it.
_FAULTS: Final = (
    (r"NO_SUCH_BUCKET|NoSuchBucket|bucket does not exist|ContainerNotFound|Bucket '[^']*' not found", _NO_BUCKET),
    (r"ACCESS_DENIED|AccessDenied|Access Denied|INVALID_ACCESS_KEY|InvalidAccessKey|PERMISSION_DENIED", _NOT_ALLOWED),
    (r"SIGNATURE_DOES_NOT_MATCH|SignatureDoesNotMatch|EXPIRED_TOKEN|ExpiredToken|UNAUTHENTICATED", _NOT_ALLOWED),
    (r"INVALID_CLIENT_TOKEN|UNRECOGNIZED_CLIENT|AuthorizationFailure|AuthenticationFailed|credential", _NOT_ALLOWED),
    (r"(status|response)( code)?:? 40[13]\b|\b40[13] \(?(Forbidden|Unauthorized)", _NOT_ALLOWED),
    (r"NETWORK_CONNECTION|Could not connect|Couldn't resolve|Could not resolve|Connection refused", _NOT_REACHED),
    (r"error sending request|curlCode|REQUEST_TIMEOUT|RequestTimeout|timed? ?out|UNAVAILABLE", _NOT_REACHED),
    (r"Path does not exist|NO_SUCH_KEY|NoSuchKey|NotFound|No such file", _GONE),
)


@lru_cache(maxsize=64)
def _opened(scheme: str, place: str, _said: tuple[tuple[str, str], ...]) -> FileSystem:
    if scheme == "s3":
        return _open_s3(place)
    return _open_google() if scheme == "gs" else open_azure(place)


def say_endpoint() -> str | None:
    """Under which address what speaks like S3 is asked; None for Amazon itself."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _open_s3(bucket: str) -> FileSystem:
    from pyarrow import fs

    endpoint = say_endpoint()
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(
        endpoint_override=endpoint,
        # Of Amazon's own buckets each says where it is.
        region=region if endpoint else region or fs.resolve_s3_region(bucket),
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
    )


def _open_google() -> FileSystem:
    from pyarrow import fs

    said: dict[str, Any] = {"retry_time_limit": timedelta(seconds=_CONNECT_SECONDS)}
    if emulator := os.environ.get("STORAGE_EMULATOR_HOST"):
        scheme, _, host = emulator.rpartition("://")
        said |= {"anonymous": True, "endpoint_override": host, "scheme": scheme or "http"}
    return fs.GcsFileSystem(**said)
