"""What repair keeps beside a study file, and how it is read and written: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from crm_research.contracts import REPAIRS as REPAIRS_TABLE
from crm_research.errors import StudyError
from crm_research.repair.held import RECORDS, raw
from crm_research.repair.survivors import CHANGES
from crm_research.repair.units import COLUMNS
from crm_research.scratch import replacing
from crm_research.sources.golden import said_by_all, with_repairs
from crm_research.sources.record_parts import file_beside

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.repair.held import Held

REPAIRS: Final = pa.schema(
    [
        ("system", pa.string()),
        ("local_id", pa.string()),
        ("column", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("rule", pa.string()),
        ("at", pa.timestamp("us")),
    ]
)
# Table of the engine that holds them.
TOLD: Final = "repairs_told"
_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"


@dataclass(frozen=True, kw_only=True)
class RepairFiles:
    """What repair keeps beside a study file, each for its owner's eyes only."""

    repairs: Path
    golden: Path
    conflicts: Path
    decisions: Path


def files_of(path: Path) -> RepairFiles:
    """Where they lie for a study file."""
    return RepairFiles(
        repairs=file_beside(path, REPAIRS_TABLE),
        golden=path.with_name(f"{path.stem}.golden.parquet"),
        conflicts=path.with_name(f"{path.stem}.conflicts.csv"),
        decisions=path.with_name(f"{path.stem}.decisions.parquet"),
    )


def require_readable(files: RepairFiles) -> None:
    """Raise StudyError where what should be the repairs made before is something else."""
    if not files.repairs.is_file():
        return
    try:
        names = pq.read_schema(files.repairs).names
        is_ours = {*REPAIRS.names} <= {*names}
    except (OSError, pa.ArrowInvalid):
        is_ours = False
    if not is_ours:
        raise StudyError(
            f"{files.repairs} holds no repairs, so nobody can say what was repaired when. Restore it from a copy, or "
            "remove it, and all is repaired anew."
        )


def date_changes(held: Held, files: RepairFiles, at: datetime) -> tuple[int, int]:
    """Make the table `TOLD` of the changes found, each with its day: those that stood before keep theirs.

    Returns
    -------
    tuple
        How many are new, and how many stood before and no longer do.
    """
    _read_before(held, files)
    same = " AND ".join(f'c."{name}" IS NOT DISTINCT FROM b."{name}"' for name in REPAIRS.names if name != "at")
    key = 'b.system = c.system AND b.local_id = c.local_id AND b."column" = c."column"'
    held.con.execute(
        f"CREATE TABLE {TOLD} AS SELECT c.*, coalesce(b.at, ?::TIMESTAMP) AS at, b.at IS NULL AS is_new "
        f"FROM {CHANGES} c LEFT JOIN repaired_before b ON {key} AND {same}",
        [at],
    )
    ((n_new, n_same),) = held.ask(f"SELECT count(*) FILTER (is_new), count(*) FILTER (NOT is_new) FROM {TOLD}")
    ((n_before,),) = held.ask("SELECT count(*) FROM repaired_before")
    return int(n_new), int(n_before - n_same)


def keep_repairs(held: Held, files: RepairFiles, undone: str) -> int:
    """Make the table `TOLD` of what stands when this condition's rows are undone; how many rows are undone."""
    _read_before(held, files)
    held.con.execute(f"CREATE TABLE {TOLD} AS SELECT * FROM repaired_before WHERE NOT ({undone})")
    ((n,),) = held.ask(f"SELECT count(*) FROM repaired_before WHERE {undone}")
    return int(n)


def _read_before(held: Held, files: RepairFiles) -> None:
    if files.repairs.is_file():
        names = ", ".join(f'"{name}"' for name in REPAIRS.names)
        place = str(files.repairs).replace("'", "''")
        held.con.execute(f"CREATE TABLE repaired_before AS SELECT {names} FROM read_parquet('{place}')")
    else:
        held.con.register("none_before", REPAIRS.empty_table())
        held.con.execute("CREATE TABLE repaired_before AS SELECT * FROM none_before")
        held.con.unregister("none_before")


def write_repairs(held: Held, half: Path) -> None:
    """The table `repairs`, in an order of its own."""
    names = ", ".join(f'"{name}"' for name in REPAIRS.names)
    _copy(held, f'SELECT {names} FROM {TOLD} ORDER BY system, local_id, "column"', half)


def write_golden(held: Held, half: Path, as_of: datetime) -> None:
    """One record a customer: what all of the records say as they were repaired, empty where two still disagree."""
    backend = ibis.duckdb.from_connection(held.con)
    stored = backend.table(RECORDS)
    named = {column: stored[raw(column)] for column in COLUMNS}
    records = stored.select(customer_id=stored.customer, system=stored.system, local_id=stored.local_id, **named)
    repaired = with_repairs(records, backend.table(TOLD), COLUMNS)
    golden = repaired.group_by("customer_id").aggregate(
        n_records=repaired.count(), n_systems=repaired.system.nunique(), **said_by_all(repaired, COLUMNS, as_of)
    )
    _copy(held, str(ibis.to_sql(golden.order_by("customer_id"), dialect="duckdb")), half)


def _copy(held: Held, sql: str, half: Path) -> None:
    held.con.execute(f"COPY ({sql}) TO '{str(half).replace(chr(39), chr(39) * 2)}' {_PARQUET}")


@contextmanager
def all_or_nothing(*targets: Path) -> Iterator[list[Path]]:
    """Places to write to, which take the places of these files together, once all are whole; for their owner alone.

    Raises
    ------
    StudyError
        If there is no room, or the folder may not be written; nothing is changed then.
    """
    import duckdb

    try:
        with ExitStack() as stack:
            yield [stack.enter_context(replacing(target, ending=target.suffix, is_secret=True)) for target in targets]
    except (OSError, duckdb.IOException) as problem:
        reason = getattr(problem, "strerror", None) or str(problem).splitlines()[0]
        raise StudyError(
            f"The repairs cannot be written beside the study, to {targets[0].parent}: {reason}. Make room there, or "
            "copy the study file to a folder that may be written."
        ) from None


def remove(files: RepairFiles, *, with_decisions: bool, with_list: bool) -> None:
    """As if nothing had ever been repaired; what people have decided, or filled in, stays where it is not named."""
    kept = {"decisions": not with_decisions, "conflicts": not with_list}
    for one in fields(files):
        if not kept.get(one.name, False):
            getattr(files, one.name).unlink(missing_ok=True)
