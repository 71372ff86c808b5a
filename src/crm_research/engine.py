"""The engine: where tables are scanned. Nothing else in the house knows which one it is."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.errors import EngineError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

DEFAULT_URL = "duckdb://"
# Greedy up to the last @: rather hide too much of an address than a part of a password that holds an @ or a slash.
_CREDENTIALS = re.compile(r"(?<=://)\S+@")
_PASSWORD_OPTION = re.compile(r"(?i)(password|passwd|pwd|token)=[^&\s]+")
_BYTES_PER_GIGABYTE: Final = 1_000_000_000
# Two reports run side by side, each with its own engine: together they must leave room for the models.
_SHARE_OF_MEMORY: Final = 0.4
_LEAST_GIGABYTES: Final = 1.0


def connect(
    url: str = DEFAULT_URL, *, memory_gigabytes: float | None = None, threads: int | None = None
) -> BaseBackend:
    """Open the engine behind a URL: ``duckdb://`` in memory, ``duckdb://FILE``, ``postgres://...``, ``pyspark://``.

    ``${NAME}`` in the URL is taken from the environment, so that credentials stand nowhere else.

    Parameters
    ----------
    url
        Where the tables live.
    memory_gigabytes
        How much memory DuckDB may take before it works from disk; None gives it 40 % of the machine's.
    threads
        How many threads DuckDB may use; None gives it all the process may run on.

    Raises
    ------
    EngineError
        If a variable is not set or the engine does not answer; the message never shows credentials.
    """
    import ibis

    full = expand_environment(url)
    try:
        backend: BaseBackend = ibis.connect(full)
        if backend.name == "duckdb":
            _settle_duckdb(backend, memory_gigabytes, threads)
    except Exception as problem:
        raise EngineError(
            f"The engine at {hide_credentials(url)} cannot be opened: {_reason(problem, full, url)}. "
            "Check the address, that it runs, and that the driver is installed (extras: postgres, spark)."
        ) from None
    return backend


def describe_engine(backend: BaseBackend) -> str:
    """Which engine made these numbers? Its name and version, and for DuckDB its threads and memory, in words."""
    if backend.name != "duckdb":
        return f"{_PROPER_NAMES.get(backend.name, backend.name)} {backend.version}"
    threads, memory = backend.con.execute(
        "SELECT current_setting('threads'), current_setting('memory_limit')"
    ).fetchone()
    return f"DuckDB {backend.version}, {threads} threads, at most {memory} of memory"


def expand_environment(text: str) -> str:
    """Replace each ``${NAME}`` by that environment variable; EngineError names the first that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            shown = hide_credentials(text)
            raise EngineError(f"{shown!r} needs the environment variable {name}, which is not set. Export it first.")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)


def hide_credentials(text: str) -> str:
    """The same text with ``user:password@`` of every URL, and passwords given as options, replaced by ``***``."""
    return _PASSWORD_OPTION.sub(r"\1=***", _CREDENTIALS.sub("***@", text))


_PROPER_NAMES: Final = {"postgres": "PostgreSQL", "pyspark": "Spark"}


def _settle_duckdb(backend: Any, memory_gigabytes: float | None, threads: int | None) -> None:
    """Bounded memory, spilling to the system's temporary folder, nothing fetched from a network, nothing printed."""
    gigabytes = memory_gigabytes or _default_gigabytes()
    spill = Path(tempfile.gettempdir()) / f"crm-research-{os.getpid()}"
    settings = {
        "memory_limit": f"{gigabytes:.2f}GB",
        "threads": threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
    }
    for name, value in settings.items():
        if value is not None:
            backend.con.execute(f"SET {name} = ?", [value])
    # In a notebook without ipywidgets DuckDB shows no bar and refuses even to switch it off.
    with suppress(Exception):
        backend.con.execute("SET enable_progress_bar = false")


def _default_gigabytes() -> float:
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on this system
        return 4.0
    return max(_LEAST_GIGABYTES, installed * _SHARE_OF_MEMORY / _BYTES_PER_GIGABYTE)


def _reason(problem: Exception, full: str, url: str) -> str:
    """First line of what the driver said, without the address it was given, nor any value from the environment."""
    text = str(problem).replace(full, url)
    for name in re.findall(r"\$\{(\w+)\}", url):
        text = text.replace(os.environ[name], f"${{{name}}}") if os.environ.get(name) else text
    lines = hide_credentials(text).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(problem).__name__
