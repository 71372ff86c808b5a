"""The cache: tables that were made of text or workbooks once, read from Parquet while nothing they rest on changes.

Reading text is most of the work of opening a study, and the same on every day on which the files stay. What is kept
are copies of the records, so the folder is for its owner alone, each table is there once for a study, and
``crm-research cache`` lists and removes them.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from re import compile as compile_pattern
from typing import TYPE_CHECKING, Any, Final
from weakref import finalize

import duckdb

from crm_research.common_tables import file_literal
from crm_research.engine import DEFAULT_URL
from crm_research.errors import CrmError, StudyError
from crm_research.scratch import UNFINISHED, replacing
from crm_research.settings import read_settings
from crm_research.sources.endings import EXCEL_ENDINGS
from crm_research.sources.fingerprints import bytes_of, digest_files, digest_text
from crm_research.sources.session import literal, quoted
from crm_research.study import InputFingerprint

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition, TableRule
    from crm_research.sources.fingerprints import Origin
    from crm_research.sources.session import Session

# Smaller files are read again in less time than it takes to tell.
LEAST_BYTES: Final = 1_000_000
# A workbook takes as long as ten times as much text.
_WORKBOOK: Final = 10
# What a store or a lake holds travels here first.
_FROM_AFAR: Final = 10
# Smaller tables are loaded, larger ones stay where they are and are read as they are asked for.
LOADED_BYTES: Final = 64_000_000
_SECONDS_UNFINISHED: Final = 24 * 3600.0
# What gives another value at another time must not be kept.
_PASSING: Final = compile_pattern(
    # transaction_timestamp may be the name of a column: a sample has one.
    r"(?i)\b(?:(?:now|today|current_\w+|get_current_\w+|localtime\w*|random|uuid\w*)\b"
    r"|(?:transaction|clock)_timestamp\s*\()"
)


@dataclass(frozen=True, kw_only=True)
class CachedTable:
    """One canonical table as it was made of its files.

    Parameters
    ----------
    folder, key
        Where it is kept, under which digest of all that it rests on.
    study
        Path of the study file it was made for.
    source, fingerprint, n_rows, attributes
        As they are told of the table when it is made.
    n_bytes
        Of the file.
    made_at
        In UTC, ISO form.
    """

    folder: Path
    key: str
    study: str
    table: str
    source: str
    fingerprint: str
    n_rows: int
    n_bytes: int
    attributes: dict[str, str]
    made_at: str

    @property
    def file(self) -> Path:
        """Its rows, as Parquet."""
        return self.folder / f"{self.key}.parquet"

    @property
    def record(self) -> Path:
        """What is said of it here; without it there is nothing. Touched whenever the table is used."""
        return self.folder / f"{self.key}.json"

    @property
    def origin(self) -> InputFingerprint:
        """What the table was read from, as it was told when it was made."""
        return InputFingerprint(table=self.table, source=self.source, fingerprint=self.fingerprint, n_rows=self.n_rows)

    @property
    def used_at(self) -> datetime:
        """When a study was last opened with it."""
        return datetime.fromtimestamp(self.record.stat().st_mtime, UTC)


def cache_folder() -> Path:
    """Where tables are kept: beside the samples of the work, else with the user's other caches."""
    return read_settings().cache / "tables"


def cache_key(definition: StudyDefinition, table: str, files: Sequence[Origin] | None) -> str | None:
    """A digest of all that a table rests on: its files, its rule, what the study says of money and time, and our code.

    Parameters
    ----------
    files
        All that the rows come from (`list_named_files`); None where there are others.

    Returns
    -------
    str or None
        None where the study file says ``engine: {cache: no}``, where keeping the table would not pay (files of under
        1 MB, of workbooks a tenth of it), and where nobody could tell that it has changed: rows of a server or a
        sample, and expressions that ask what time it is.
    """
    if files is None or definition.engine.url != DEFAULT_URL or not definition.engine.cache:
        return None
    try:
        weight = sum(bytes_of(file) * _slowness(file) for file in files)
        if weight < LEAST_BYTES:
            return None
        content = digest_files(files)
    except OSError:
        return None  # told in full when the file is read
    said = {
        "table": table,
        "rule": definition.tables[table].model_dump(mode="json"),
        "study": definition.model_dump(mode="json", include={"as_of", "currency", "exchange_rates", "timezone"}),
        "files": [str(file) for file in files],
        "content": content,
        "code": of_the_code(),
    }
    if is_passing(definition.tables[table]):
        return None
    return digest_text(json.dumps(said, sort_keys=True, ensure_ascii=False)).partition(":")[2]


def is_passing(rule: TableRule) -> bool:
    """Does the rule of a table ask for what another moment answers otherwise?"""
    return _PASSING.search(json.dumps(rule.model_dump(mode="json"), ensure_ascii=False)) is not None


def _slowness(file: Origin) -> int:
    """How many bytes of text here take as long to read as one of this."""
    if not isinstance(file, Path):
        return _FROM_AFAR
    return _WORKBOOK if file.name.lower().endswith(EXCEL_ENDINGS) else 1


@lru_cache(maxsize=1)
def of_the_code() -> str:
    """What reads and maps: another release, or a line that was mended, makes every table anew."""
    package = Path(__file__).resolve().parents[1]
    written = sorted(file for room in ("sources", "contracts") for file in (package / room).rglob("*.py"))
    return f"{digest_files(written)} duckdb {duckdb.__version__}"


def find_cached(key: str) -> CachedTable | None:
    """The table that is kept under this key, whole and of this user; None without one."""
    with suppress(OSError, CrmError):
        folder = cache_folder()
        if is_own(folder):
            return _read_record(folder / f"{key}.json")
    return None


def open_cached(session: Session, held: CachedTable) -> bool:
    """Put the table into the session under its canonical name; False if it went away or cannot be read.

    While the session's engine is open nobody removes it.
    """
    if not _hold(held, session.backend):
        return False
    try:
        _read_in(session, held)
    except duckdb.Error:
        _remove(held)
        return False
    return True


def keep_table(session: Session, key: str, made: InputFingerprint, attributes: Mapping[str, str], path: Path) -> None:
    """Keep a table that the session has just made, in place of what was kept of it for this study before.

    Where there is no room, or no folder that may be written, nothing is kept and nothing is said: the table is there.
    """
    try:
        folder = make_own(cache_folder())
        _sweep(folder)
        with replacing(folder / f"{key}.parquet", is_secret=True) as half:
            how = "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            session.run(f"COPY {quoted(made.table)} TO {literal(str(half))} {how}")
            n_bytes, made_at = half.stat().st_size, datetime.fromtimestamp(half.stat().st_mtime, UTC)
        held = CachedTable(
            folder=folder,
            key=key,
            study=str(path),
            table=made.table,
            source=made.source,
            fingerprint=made.fingerprint,
            n_rows=made.n_rows or 0,
            n_bytes=n_bytes,
            attributes=dict(attributes),
            made_at=made_at.isoformat(timespec="seconds"),
        )
        with replacing(held.record, is_secret=True) as half:
            half.write_text(json.dumps(asdict(held) | {"folder": None}, indent=1, ensure_ascii=False), encoding="utf-8")
    except (OSError, CrmError, duckdb.Error):
        return
    for other in list_cached():
        is_replaced = (other.study, other.table) == (held.study, held.table) and other.key != key
        # Nobody asks any more for the tables of a study that is gone: its records go, too.
        if is_replaced or not Path(other.study).exists():
            _remove(other)
    if n_bytes > LOADED_BYTES and _hold(held, session.backend):
        # Read in place from now on: what was made need not stay in memory.
        session.run(f"DROP {_kind_of(session, made.table)} {quoted(made.table)}")
        _read_in(session, held)


def _kind_of(session: Session, table: str) -> str:
    asked = f"SELECT 1 FROM duckdb_views() WHERE NOT internal AND view_name = {literal(table)}"
    return "VIEW" if session.backend.con.execute(asked).fetchone() else "TABLE"


def _read_in(session: Session, held: CachedTable) -> None:
    kind = "TABLE" if held.n_bytes <= LOADED_BYTES else "VIEW"
    session.run(f"CREATE {kind} {quoted(held.table)} AS SELECT * FROM read_parquet({file_literal(held.file)})")


def _find_in_place(engine: Any, table: str) -> CachedTable | None:
    """The kept table that this name stands for in an embedded engine, if it is read from its file."""
    asked = f"SELECT sql FROM duckdb_views() WHERE NOT internal AND view_name = {literal(table)}"
    row = engine.execute(asked).fetchone()
    if row is None:
        return None
    return next((held for held in list_cached() if held.table == table and file_literal(held.file) in row[0]), None)


class Lease:
    """The kept tables that an embedded engine reads from their files: while it is there, nobody removes them.

    Parameters
    ----------
    engine
        Connection of the engine.
    tables
        Names to look at.
    """

    def __init__(self, engine: Any, tables: Iterable[str]) -> None:
        found = {table: held for table in tables if (held := _find_in_place(engine, table)) is not None}
        self.tables = {table: held for table, held in found.items() if _hold(held, self)}


def list_cached() -> list[CachedTable]:
    """All tables that are kept, by study and table."""
    with suppress(OSError, CrmError):
        folder = cache_folder()
        if is_own(folder):
            found = [_read_record(record) for record in folder.glob("*.json")]
            return sorted((held for held in found if held is not None), key=lambda held: (held.study, held.table))
    return []


def clear_cache(tables: Sequence[CachedTable]) -> list[CachedTable]:
    """Remove these tables, but for those that somebody is reading. Gives those that stay."""
    kept = [held for held in tables if not _remove(held)]
    with suppress(OSError, CrmError):
        _sweep(cache_folder())
    return kept


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left half done; one at work has written to it lately."""
    rows = [file for file in folder.glob("*.parquet") if not file.with_suffix(".json").exists()]
    for part in [*folder.glob(f".*{UNFINISHED}"), *rows]:
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _SECONDS_UNFINISHED:
                part.unlink()


def _read_record(record: Path) -> CachedTable | None:
    try:
        said: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        held = CachedTable(
            **{field.name: said[field.name] for field in fields(CachedTable)} | {"folder": record.parent}
        )
        is_whole = held.key == record.stem and held.file.stat().st_size == held.n_bytes
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return held if is_whole else None


def make_own(folder: Path) -> Path:
    """A folder of copies of records, for this user alone; made if it is not there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not is_own(folder):
        raise StudyError(f"{folder} belongs to somebody else.")
    ignored = folder / ".gitignore"
    if not ignored.exists():
        # Records of customers stay out of whatever the work is kept in.
        ignored.write_text("*\n", encoding="utf-8")
    return folder


def is_own(folder: Path) -> bool:
    """Is this a folder of this user, which nobody else may look into?"""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        return False
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
    return True


def _hold(held: CachedTable, user: object) -> bool:
    """Keep the table from being removed for as long as `user` lives; False if it is gone already."""
    try:
        handle = os.open(held.record, os.O_RDONLY)
    except OSError:
        return False
    finalize(user, os.close, handle)
    if not _lock(handle, is_alone=False) or not os.fstat(handle).st_nlink:
        return False
    with suppress(OSError):
        os.utime(held.record)
    return True


def _remove(held: CachedTable) -> bool:
    """Remove a table that nobody reads."""
    with _alone(held.record) as is_alone:
        if is_alone:
            # First what says that it is there.
            with suppress(OSError):
                held.record.unlink(missing_ok=True)
                held.file.unlink(missing_ok=True)
                return True
    return False


@contextmanager
def _alone(record: Path) -> Iterator[bool]:
    try:
        handle = os.open(record, os.O_RDONLY)
    except FileNotFoundError:
        yield True
        return
    except OSError:
        yield False
        return
    try:
        yield _lock(handle, is_alone=True)
    finally:
        os.close(handle)


def _lock(handle: int, *, is_alone: bool) -> bool:
    try:
        import fcntl
    except ImportError:
        return True  # no such locks on this system, and no removing of what is open either
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
