"""The engine: where tables are scanned. Nothing else in the house knows which one it is."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.addresses import Address, hide_credentials, read_address, say_driver
from crm_research.common_tables import answer_from_shelf
from crm_research.embedded_answers import answer_plainly
from crm_research.errors import EngineError
from crm_research.profiling import watch
from crm_research.settings import STATE, is_profiled, seconds_for_report, side_by_side
from crm_research.time_limit import interruptible, seconds_left

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

DEFAULT_URL = "duckdb://"
# A server that does not answer at all is given up after this.
_CONNECT_SECONDS: Final = 20
# Settings of a session in PostgreSQL. A server at work looks every other second whether the program is still there that
# asked. What is asked reads whole tables: pairs of rows one by one are what its planner takes where it errs about how
# many there are (minutes instead of seconds), and compiling pays for none of it.
_SESSION: Final = {"client_connection_check_interval": "2s", "enable_nestloop": "off", "jit": "off"}
_BYTES_PER_GIGABYTE: Final = 1_000_000_000
# What the engines at work may take together, and one alone: the rest is for the models, and for other work.
_SHARE_OF_ALL: Final = 0.8
_SHARE_OF_ONE: Final = 0.4
_LEAST_GIGABYTES: Final = 1.0


def connect(url: str = DEFAULT_URL) -> BaseBackend:
    """Open the engine behind a URL, for reading only: ``duckdb://`` in memory, ``postgres://...``, ``sc://host:port``.

    ``${NAME}`` in the URL is taken from the environment, so that credentials stand nowhere else. A server's session
    takes no statement that changes anything, whatever its role may do; a DuckDB file must exist and is only read.

    Raises
    ------
    EngineError
        If a variable is not set, the scheme is not one that is read, or the engine does not answer; the message never
        shows credentials, nor a piece of a password.
    """
    address = read_address(url)
    if address.scheme == "duckdb" and not address.path:
        return open_embedded_engine()
    try:
        backend = _open(address)
        _watch_if_asked(backend)
        return backend
    except EngineError:
        raise
    except Exception as problem:
        said = _CONNECTING.sub("", say_driver(problem, url))
        raise EngineError(
            f"The engine at {hide_credentials(url)} cannot be opened: {said}. {_mend(problem, said, address.scheme)}"
        ) from None


def _watch_if_asked(backend: BaseBackend) -> None:
    if is_profiled():
        watch(backend)


def _mend(problem: Exception, said: str, scheme: str) -> str:
    """What to do where an engine cannot be opened, by what its driver said."""
    if isinstance(problem, ImportError):
        return f'Its driver is not installed: pip install "crm-research[{_EXTRAS.get(scheme, scheme)}]" brings it.'
    if "authentication" in said or "password" in said:
        return "Check user and password, and that the variables of the address hold them."
    if "does not exist" in said:
        return "Check the names in the address."
    return "Check the address, and that it runs and can be reached from here."


def open_embedded_engine(
    path: Path | None = None, *, memory_gigabytes: float | None = None, threads: int | None = None
) -> BaseBackend:
    """The embedded engine, in memory or on a file of our own that it may write.

    Parameters
    ----------
    path
        File of the database; None keeps it in memory.
    memory_gigabytes
        How much memory it may take before it works from disk; None gives it 40 % of the machine's or its container's,
        less where more than two reports run side by side.
    threads
        How many threads it may use; None gives it all the process may run on.
    """
    import ibis

    backend: BaseBackend = ibis.duckdb.connect(str(path) if path else ":memory:")
    limit = _settle_duckdb(backend, memory_gigabytes, threads)
    answer_plainly(backend, limit)
    interruptible(backend)
    _watch_if_asked(backend)
    answer_from_shelf(backend)
    return backend


def describe_engine(backend: BaseBackend) -> str:
    """Which engine made these numbers? Its name and version, and for DuckDB its threads and memory, in words."""
    if backend.name != "duckdb":
        return f"{_PROPER_NAMES.get(backend.name, backend.name)} {backend.version}"
    threads, memory = backend.con.execute(
        "SELECT current_setting('threads'), current_setting('memory_limit')"
    ).fetchone()
    return f"DuckDB {backend.version}, {threads} threads, at most {memory} of memory"


def _open(address: Address) -> BaseBackend:
    import ibis

    backend: BaseBackend
    if address.scheme == "duckdb":
        file = Path(address.path)
        if not file.is_file():
            raise EngineError(f"There is no DuckDB file {file}. Check the path; none is made.")
        backend = ibis.duckdb.connect(str(file), read_only=True)
        _settle_duckdb(backend, None, None)
        backend.con.execute("SET enable_external_access = false")
        return backend
    if address.scheme in {"sc", "spark", "pyspark"}:
        from crm_research.spark_session import open_spark

        return open_spark(address)
    database, _, schema = address.path.partition("/")
    from crm_research.postgres_backend import ReadingBackend

    options = {"connect_timeout": _CONNECT_SECONDS, **address.options}
    said = {"host": address.host, "user": address.user, "password": address.password, "port": address.port}
    backend = ReadingBackend().connect(
        **{name: value for name, value in said.items() if value and name not in options},
        **({"schema": schema} if schema and "schema" not in options else {}),
        database=options.pop("dbname", database) or None,
        **{name: value for name, value in options.items() if name not in {"autocommit", "database"}},
    )
    _settle_postgres(backend)
    return backend


def _settle_postgres(backend: Any) -> None:
    """Nothing is changed by this session, and no statement of it outlives the time there is, nor whoever asked."""
    limit = seconds_left() if seconds_left() is not None else seconds_for_report()
    if limit is not None:
        backend.con.execute(f"SET statement_timeout = {max(1, round(1000 * limit))}")
    for name, value in _SESSION.items():
        with suppress(Exception):  # not in every version, nor on every system of a server
            backend.con.execute(f"SET {name} = '{value}'")
    backend.con.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    # Said again as each transaction begins: what a statement sets for the session does not reach the next.
    backend.con.read_only = True
    if limit is not None:
        _stand_still(backend)


def _stand_still(backend: Any) -> None:
    """What ends within a time limit reads one state from its first statement to its last, and a run's reports the same.

    Whoever works without a limit holds up no server for days, and sees what has come since.
    """
    backend.con.execute("SET idle_in_transaction_session_timeout = 0")
    backend.con.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    place, _, state = os.environ.get(STATE, "").rpartition(" ")
    if place != _place_of(backend) or not state.replace("-", "").isalnum():
        return
    try:
        backend.con.execute(f"SET TRANSACTION SNAPSHOT '{state}'")
    except Exception:
        raise EngineError(
            "The server no longer holds the state that the reports of this run read: the session that kept it was "
            "ended there. Run it again."
        ) from None


def share_state(backend: BaseBackend) -> dict[str, str]:
    """What a process needs in its environment to read the very state of a server that this session stands at.

    Nothing where the session stands at none, or the engine has none. The session has to stay open for as long.
    """
    if backend.name != "postgres" or not _stands_still(backend):
        return {}
    (state,) = backend.con.execute("SELECT pg_export_snapshot()").fetchone()
    return {STATE: f"{_place_of(backend)} {state}"}


def _stands_still(backend: Any) -> bool:
    return bool(backend.con.info.transaction_status.name == "INTRANS")


def _place_of(backend: Any) -> str:
    found = backend.con.info
    return f"{found.host}:{found.port}/{found.dbname}"


_EXTRAS: Final = {"postgres": "postgres", "postgresql": "postgres", "pyspark": "spark"}
# What PostgreSQL's library says before it comes to the point.
_CONNECTING: Final = re.compile(r"^connection (?:is bad|failed): |\b(?:FATAL|ERROR): +")
_PROPER_NAMES: Final = {"postgres": "PostgreSQL", "pyspark": "Spark"}


def _settle_duckdb(backend: Any, memory_gigabytes: float | None, threads: int | None) -> str:
    """Bounded memory, spilling to the system's temporary folder, nothing fetched from a network, nothing printed.

    Returns the limit of its memory, as it was said.
    """
    limit = f"{memory_gigabytes or _default_gigabytes():.2f}GB"
    spill = Path(tempfile.gettempdir()) / f"crm-research-{os.getpid()}"
    settings = {
        "memory_limit": limit,
        "threads": threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        # A name in SQL is never a variable of this program.
        "python_enable_replacements": False,
    }
    for name, value in settings.items():
        if value is not None:
            # Written out: to bind a value the engine's module imports pandas, which a command that only plans and
            # waits has no use for.
            said = str(value).replace("'", "''")
            backend.con.execute(f"SET {name} = '{said}'")
    # In a notebook without ipywidgets DuckDB shows no bar and refuses even to switch it off.
    with suppress(Exception):
        backend.con.execute("SET enable_progress_bar = false")
    return limit


def _default_gigabytes() -> float:
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on this system
        return 4.0
    share = min(_SHARE_OF_ONE, _SHARE_OF_ALL / side_by_side())
    return max(_LEAST_GIGABYTES, min(installed, _allowed_bytes()) * share / _BYTES_PER_GIGABYTE)


def _allowed_bytes() -> float:
    """What a container lets its processes take; without bounds where there is none."""
    found = [float("inf")]
    for file in _CONTAINER_LIMITS:
        with suppress(OSError, ValueError):
            found.append(float(Path(file).read_text(encoding="ascii")))
    return min(found)


# The second and the first version of Linux's control groups; "max" and 2**63 say that there is no limit.
_CONTAINER_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
