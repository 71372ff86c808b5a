"""Sessions of Spark: one for each study, in times without a zone, and nothing of it stays when the study goes."""

from __future__ import annotations

import atexit
import re
import weakref
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from crm_research.errors import EngineError
from crm_research.said_by_others import say_fault
from crm_research.time_limit import interruptible

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

    from crm_research.addresses import Address

DEFAULT_PORT: Final = 15_002
# An address that nobody answers is given up after two seconds of waits, a server that is lost in mid-run after a
# quarter of a minute: the net may come back.
_AT_FIRST: Final[dict[str, Any]] = {"max_retries": 3, "initial_backoff": 300, "backoff_multiplier": 2.0}
_IN_MID_RUN: Final[dict[str, Any]] = {
    "max_retries": 7,
    "initial_backoff": 200,
    "backoff_multiplier": 2.0,
    "max_backoff": 5_000,
}
_CONNECT_MILLISECONDS: Final = 5_000
# A study's times carry no zone, and no engine may shift them by one.
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
}
# Sessions that are open, and those whose engine is gone: the collector of garbage may come in the midst of a call to
# the server, so that these are ended when the next is opened, or with the program.
_OPEN: Final[dict[int, Any]] = {}
_ENDED: Final[list[Any]] = []


def open_spark(address: Address) -> BaseBackend:
    """A session of its own at a Spark Connect server (``sc``), or of a Spark that runs in this process."""
    while _ENDED:
        _end(_ENDED.pop())
    session = _connect(address) if address.scheme == "sc" else _start(address)
    from crm_research.spark_backend import SparkBackend

    SparkBackend.register_options()
    backend: Any = SparkBackend().connect(session, **_SETTINGS)
    backend.place = place_of(address)
    if hasattr(session, "interruptAll"):
        backend.con = SimpleNamespace(interrupt=session.interruptAll)
        interruptible(backend)
    _OPEN[id(session)] = session
    weakref.finalize(backend, _ENDED.append, session).atexit = False
    return backend


def _connect(address: Address) -> Any:
    if address.user or address.password:
        raise EngineError(
            "An address of Spark Connect names no user before its host. Write sc://host:port/;token=${NAME} and put "
            "the token into that environment variable."
        )
    try:
        from pyspark.sql.connect.client import DefaultChannelBuilder
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession
    except ImportError as problem:
        raise _lacks_driver(problem) from None
    options = "".join(f";{name}={quote(value, safe='')}" for name, value in address.options.items())
    channel = DefaultChannelBuilder(
        f"{place_of(address)}/{options}", [("grpc.min_reconnect_backoff_ms", _CONNECT_MILLISECONDS)]
    )
    session = SparkSession(connection=channel)
    session.client.set_retry_policies([DefaultPolicy(**_AT_FIRST)])
    try:
        _ = session.version
    except Exception as problem:
        session.release_session_on_close = False
        _stop(session)
        raise EngineError(_say_refused(problem, place_of(address))) from None
    session.client.set_retry_policies([DefaultPolicy(**_IN_MID_RUN)])
    return session


def place_of(address: Address) -> str:
    """The address without options, which may hold a token."""
    port = address.port or (DEFAULT_PORT if address.scheme == "sc" else 7077)
    return f"{address.scheme}://{address.host or 'localhost'}:{port}"


def _say_refused(problem: Exception, place: str) -> str:
    if re.search(r"(?i)unauthenticated|permission_?denied|invalid token", str(problem)):
        return (
            f"The Spark server at {place} does not let this program in. Write ;token=${{NAME}} behind the address, "
            "with the token in that environment variable, and ;use_ssl=true where the server asks for it."
        )
    return (
        f"No Spark Connect server answers at {place}. Check host and port, that it runs, and that nothing stands "
        "between; a server behind TLS needs /;use_ssl=true at the end of the address."
    )


def _start(address: Address) -> Any:
    """The Spark of this process: at a cluster's master (``spark://host:port``), or as its own settings say."""
    try:
        from pyspark.sql import SparkSession
        from pyspark.util import is_remote_only
    except ImportError as problem:
        raise _lacks_driver(problem) from None
    if is_remote_only():
        raise EngineError(
            f"{address.scheme}:// needs Spark itself beside Java, and only its client is installed. Write the "
            "sc://host:port of a Spark Connect server, or install pyspark in place of pyspark-client."
        )
    builder = SparkSession.builder.config(map={**_SETTINGS, **address.options})
    if address.scheme == "spark":
        builder = builder.master(f"spark://{address.host}:{address.port or 7077}")
    return builder.getOrCreate().newSession()


def _lacks_driver(problem: ImportError) -> EngineError:
    return EngineError(
        f"An engine of Spark needs a driver that is not installed ({say_fault(problem)}). Install it: "
        'pip install "crm-research[spark]".'
    )


def _end(session: Any) -> None:
    _OPEN.pop(id(session), None)
    with suppress(Exception):
        _stop(session)


def _stop(session: Any) -> None:
    """Ended once: the driver would end it again when it is collected, and close what all sessions release by.

    The collector of garbage may come in one of the threads of that very pool, which then waits for itself: what was
    left was a pool that takes no work, and every later question of this program failed.
    """
    session.stop()
    client = getattr(session, "client", None)
    if client is not None:
        client.close = lambda: None


@atexit.register
def _end_all() -> None:
    """Nothing of a session stays on the server when the program has ended."""
    for session in list(_OPEN.values()):
        _end(session)
