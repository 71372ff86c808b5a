"""Addresses of engines: which are allowed, what they hold, and words about them that show no credentials.

An address is split before its ``${NAME}`` are filled in. A password may therefore hold any character, percent-encoded
or not, and no piece of it is ever taken for a host, a port or a path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from crm_research.errors import EngineError
from crm_research.said_by_others import say_fault

SCHEMES: Final = ("duckdb", "postgres", "postgresql", "sc", "spark", "pyspark")
# Stores of objects, whose addresses are paths: files of S3 and what speaks like it, Google's and Azure's.
_OF_AZURE: Final = ("abfs", "abfss")
STORES: Final = ("s3", "gs", *_OF_AZURE)
# Files that a server reads where it runs, and nobody else.
OF_SERVERS: Final = ("file", "hdfs", "viewfs", "dbfs", "s3a", "wasbs")
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
# Greedy up to the last @: rather hide too much of an address than a part of a password that holds an @ or a slash.
_CREDENTIALS: Final = re.compile(r"(?<=://)\S+@")
_PASSWORD_OPTION: Final = re.compile(r"(?i)\b((?:ssl)?password|passwd|pwd|token)=[^&;\s]+")
_SECRET: Final = re.compile(r"(?i)pass|pwd|token")
_ENCODED: Final = re.compile(r"(?:[^%@/:?#\[\]\s]|%[0-9A-Fa-f]{2})*")
# Fewer characters of a password in a row tell nothing: every word of a message holds some.
_SHORTEST_FRAGMENT: Final = 4
_INSTEAD: Final = {
    "sqlite": "Write the file's name under path.",
    "file": "Write the file's name under path.",
    "http": "Download the file and write its name under path.",
    "https": "Download the file and write its name under path.",
    **dict.fromkeys(STORES, "Write it under path, as files of a store are."),
    **dict.fromkeys(("s3a", "s3n"), "Write it as s3:// under path."),
    "gcs": "Write it as gs:// under path.",
    **dict.fromkeys(("wasb", "wasbs", "az", "adl"), "Write it as abfs://CONTAINER@ACCOUNT/... under path."),
    "md": "Copy the tables into a DuckDB file and write its name under path.",
}


@dataclass(frozen=True, kw_only=True)
class Address:
    """An engine's address in its parts, with variables filled in and percent signs decoded.

    Parameters
    ----------
    scheme
        One of `SCHEMES`.
    path
        Name of the database, or of the file of ``duckdb://FILE``; empty for the engine in memory.
    options
        What stands behind the question mark.
    """

    scheme: str
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def scheme_of(url: str) -> str | None:
    """What stands before ``://``; None where a variable holds it."""
    said = re.match(r"\s*([A-Za-z][\w+.-]*):", url)
    return said.group(1).lower() if said and url.strip()[said.end(1) :].startswith("://") else None


def why_refused(url: str) -> str | None:
    """What is wrong with an address as a study file writes it, in words that show nothing of it; None if nothing."""
    if holds_password(url):
        return "holds a password; write ${NAME} in its place and put the password into that environment variable"
    if _VARIABLE.match(url.strip()):
        return None  # told when it is opened
    scheme = scheme_of(url)
    if scheme in SCHEMES:
        return None
    if scheme is None:
        return f"is no address; write one that begins with {_said_schemes()}"
    mend = _INSTEAD.get(scheme, "")
    said = f"begins with {scheme}://, which is not read; addresses begin with {_said_schemes()}. {mend}"
    return said.rstrip(" .")


def is_stored(path: str) -> bool:
    """Does a path lead into a store of objects, rather than to files here?"""
    return scheme_of(path) in STORES


def is_of_azure(path: str) -> bool:
    """Does a path lead into Azure's store, whose places are a container and, behind an @, an account?"""
    return scheme_of(path) in _OF_AZURE


def why_no_path(path: str) -> str | None:
    """What is wrong with a path as a study file writes it, in words that show no credentials; None if nothing."""
    scheme = scheme_of(path)
    if scheme is None:
        return None
    if scheme in OF_SERVERS:
        return "holds credentials; leave them out: the server has rights of its own" if holds_password(path) else None
    if scheme not in STORES:
        return (
            f"begins with {scheme}://, which is no path; a path leads to files here or begins with {_said_stores()}. "
            f"{_INSTEAD.get(scheme, 'Databases are named under url.')}"
        ).rstrip(".")
    place, _, rest = path.strip().partition("://")[2].partition("/")
    keeper, at, account = place.rpartition("@")
    if holds_password(path) or (at and (not is_of_azure(path) or ":" in keeper)):
        return f"holds credentials; leave them out: {WHERE_KEYS_ARE[scheme]}"
    if re.search(r"[?&]\w+=", rest):
        return f"holds options behind a question mark; leave them out: {WHERE_KEYS_ARE[scheme]}"
    if not place or (at and not (keeper and account)) or re.search(r"[*?\[\]\s:]", place):
        return f"names no {'container' if is_of_azure(path) else 'bucket'}; write {_EXAMPLES[scheme]}"
    return None


_EXAMPLES: Final = {
    "s3": "s3://bucket/orders/*.parquet",
    "gs": "gs://bucket/orders/*.parquet",
    **dict.fromkeys(_OF_AZURE, "abfs://container@account/orders/*.parquet"),
}
# Never in a study file: where the libraries that speak to a store look for keys by themselves.
WHERE_KEYS_ARE: Final = {
    "s3": (
        "keys are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from the profile that AWS_PROFILE names, or "
        "from the machine's role"
    ),
    "gs": "keys are taken from the file that GOOGLE_APPLICATION_CREDENTIALS names, or from the machine's role",
    **dict.fromkeys(
        _OF_AZURE,
        "keys are taken from AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, from "
        "AZURE_CLIENT_ID and its secret, or from the machine's role",
    ),
}


def _said_stores() -> str:
    return "s3://, gs:// or abfs://"


def holds_password(url: str) -> bool:
    """Does the text itself hold a password, rather than the name of a variable that does?"""
    option = re.search(r"(?i)[?&;](?:(?:ssl)?password|passwd|pwd|token)=([^&;]*)", url)
    written = re.search(r"://(?:\$\{\w+\}|[^/@:\s])*:(.*)@", url, re.DOTALL)
    return any(found is not None and not re.fullmatch(r"(\$\{\w+\})*", found.group(1)) for found in (option, written))


def read_address(url: str) -> Address:
    """The parts of an address, with every ``${NAME}`` taken from the environment.

    A value may be written as it is, or percent-encoded: it counts as encoded where all of it could be.

    Raises
    ------
    EngineError
        If a variable is not set, the scheme is not one of `SCHEMES`, or the address cannot be told apart from its
        credentials; the message shows neither.
    """
    text, values = _marked(url.strip())
    if any("@" in values[mark] or "://" in values[mark] for mark in _marks_outside_credentials(text, values)):
        # A variable that holds more than one part: it is the address as it would be written, encoded.
        text, values = _filled(text, values), {}
        _refuse_unencoded(text, url)
    scheme, _, rest = text.partition("://")
    scheme = _filled(scheme, values).lower()
    if scheme not in SCHEMES:
        reason = why_refused(url) or f"does not begin with {_said_schemes()} once its variables are filled in"
        raise EngineError(f"The address {hide_credentials(url)} {reason}.")
    if scheme == "duckdb":
        return Address(scheme=scheme, path=_filled(rest, values))
    # Spark Connect parts its options by semicolons: sc://host:15002/;use_ssl=true;token=${TOKEN}
    mark, between = ("/;", ";") if scheme == "sc" else ("?", "&")
    rest, _, options = rest.partition(mark)
    authority, _, path = rest.partition("/")
    credentials, _, place = authority.rpartition("@")
    user, colon, password = credentials.partition(":")
    if not colon:
        user, _, password = _filled(user, values).partition(":")
    host, port = _host_and_port(_filled(place, values), url)
    pairs = (option.partition("=") for option in options.split(between) if option)
    return Address(
        scheme=scheme,
        user=_value(user, values),
        password=_value(password, values),
        host=host,
        port=port,
        path=_value(path, values),
        options={_value(name, values): _value(value, values) for name, _, value in pairs},
    )


def expand_environment(text: str) -> str:
    """Replace each ``${NAME}`` by that environment variable; EngineError names the first that is not set."""
    return _VARIABLE.sub(lambda match: _looked_up(match.group(1), text), text)


def hide_credentials(text: str) -> str:
    """The same text with ``user:password@`` of every URL, and passwords given as options, replaced by ``***``."""
    return _PASSWORD_OPTION.sub(r"\1=***", _CREDENTIALS.sub("***@", text))


def hide_fragments(text: str, secrets: Iterable[str]) -> str:
    """The same text with every run of four or more characters of a secret, in capitals or not, replaced by ``***``."""
    hidden = [False] * len(text)
    # Letter by letter: rare ones become two when they change their size, and each keeps the place it came from.
    folded = [letter.casefold() for letter in text]
    small, place = "".join(folded), [i for i, letters in enumerate(folded) for _ in letters]
    forms = {form.casefold() for secret in secrets for form in (secret, unquote(secret), quote(secret, safe=""))}
    pieces = {form[i : i + _SHORTEST_FRAGMENT] for form in forms for i in range(len(form) - _SHORTEST_FRAGMENT + 1)}
    for i in range(len(small) - _SHORTEST_FRAGMENT + 1):
        if small[i : i + _SHORTEST_FRAGMENT] in pieces:
            for at in place[i : i + _SHORTEST_FRAGMENT]:
                hidden[at] = True
    marked = "".join("\x00" if is_hidden else letter for letter, is_hidden in zip(text, hidden, strict=True))
    return re.sub("\x00+", "***", marked)


def say_driver(problem: object, url: str) -> str:
    """First line of what a driver said about an address: without credentials, nor any value of its variables."""
    names = [name for name in _VARIABLE.findall(url) if os.environ.get(name)]
    try:
        parts: Address | None = read_address(url)
    except EngineError:
        parts = None
    secrets = [value for name in names if (value := os.environ[name])]
    if parts is not None:
        passwords = [parts.password, *(value for name, value in parts.options.items() if _SECRET.search(name))]
        for name in names:
            # A user or a host is replaced as a whole; of a password, and of what may hold one, no piece stays.
            value = os.environ[name]
            if value not in {parts.user, parts.host, str(parts.port), parts.path, *parts.options.values()}:
                passwords.append(value)
        secrets = passwords
    lines = str(problem).strip().splitlines()
    # What is secret goes first, while it still stands as it was written.
    text = hide_fragments(hide_credentials(lines[0] if lines else ""), secrets)
    for name in names:
        text = text.replace(os.environ[name], f"${{{name}}}")
    return say_fault(text)


def _looked_up(name: str, text: str) -> str:
    if name not in os.environ:
        shown = hide_credentials(text)
        raise EngineError(f"{shown!r} needs the environment variable {name}, which is not set. Export it first.")
    return os.environ[name]


def _marked(url: str) -> tuple[str, dict[str, str]]:
    """The address with one private character in place of each variable, and the value each stands for."""
    values: dict[str, str] = {}

    def mark(match: re.Match[str]) -> str:
        value = _looked_up(match.group(1), url)
        character = chr(0xE000 + len(values))
        values[character] = value
        return character

    return _VARIABLE.sub(mark, url), values


def _marks_outside_credentials(text: str, values: Mapping[str, str]) -> list[str]:
    """The marks that do not stand in the user and password of an address whose parts can be told."""
    _, _, rest = text.partition("://")
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    credentials = authority.rpartition("@")[0] if "://" in text else ""
    return [mark for mark in values if mark not in credentials and mark not in _options_of(rest)]


def _options_of(rest: str) -> str:
    return re.split(r"\?|/;", rest, maxsplit=1)[-1] if re.search(r"\?|/;", rest) else ""


def _filled(text: str, values: Mapping[str, str]) -> str:
    return "".join(values.get(letter, letter) for letter in text)


def _value(text: str, values: Mapping[str, str]) -> str:
    written = re.split(f"([{''.join(values)}])", text) if values else [text]
    return "".join(_decoded(values.get(part, part)) for part in written)


def _decoded(value: str) -> str:
    return unquote(value) if "%" in value and _ENCODED.fullmatch(value) else value


def _refuse_unencoded(text: str, url: str) -> None:
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if text.count("@") > authority.count("@") or authority.count("@") > 1 or "#" in text:
        raise EngineError(
            f"The address {hide_credentials(url)} cannot be told apart from its password: a raw @, /, ? or # stands in "
            "it. Write them as %40, %2F, %3F and %23, or give user and password variables of their own, such as "
            "postgres://${SHOP_USER}:${SHOP_PASSWORD}@host/database."
        )


def _host_and_port(place: str, url: str) -> tuple[str, int | None]:
    in_brackets = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", place)
    host, port = in_brackets.groups() if in_brackets else (place.partition(":")[0], place.partition(":")[2])
    if port and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise EngineError(
            f"The address {hide_credentials(url)} has no number for a port. Write host:5432; a colon that belongs to a "
            "user's name or password is written %3A."
        )
    return _decoded(host), int(port) if port else None


def _said_schemes() -> str:
    return "postgres://, sc://, spark://, duckdb:// or pyspark://"
