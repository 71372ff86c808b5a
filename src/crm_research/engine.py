"""The engine: where tables are scanned. Nothing else in the house knows which one it is."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from crm_research.errors import EngineError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

DEFAULT_URL = "duckdb://"
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def connect(url: str = DEFAULT_URL) -> BaseBackend:
    """Open the engine behind a URL: ``duckdb://`` in memory, ``duckdb://FILE``, ``postgres://...``, ``pyspark://``.

    ``${NAME}`` in the URL is taken from the environment, so that credentials stand nowhere else.

    Raises
    ------
    EngineError
        If a variable is not set or the engine does not answer; the message never shows credentials.
    """
    import ibis

    full = expand_environment(url)
    try:
        backend: BaseBackend = ibis.connect(full)
    except Exception as problem:
        reason = hide_credentials(str(problem).replace(full, url)).strip().splitlines()
        found = reason[0] if reason else type(problem).__name__
        raise EngineError(
            f"The engine at {hide_credentials(url)} cannot be opened: {found}. "
            "Check the address, that it runs, and that the driver is installed (extras: postgres, spark)."
        ) from None
    return backend


def expand_environment(text: str) -> str:
    """Replace each ``${NAME}`` by that environment variable; EngineError names the first that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise EngineError(f"{text!r} needs the environment variable {name}, which is not set. Export it first.")
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)


def hide_credentials(text: str) -> str:
    """The same text with ``user:password@`` of every URL replaced by ``***@``."""
    return _CREDENTIALS.sub("***@", text)
