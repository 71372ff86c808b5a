"""Undoing repairs: all, or those of a rule, a column or a day; what stood there before stands there again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq

from crm_research.contracts import LINKS, RECORDS
from crm_research.errors import ParameterError, StudyError, offer_names
from crm_research.repair.decisions import read_choices, read_kept
from crm_research.repair.held import Held
from crm_research.repair.study_repairs import find_records, links_of
from crm_research.repair.units import COLUMNS, UNIT_OF, UNITS
from crm_research.repair.written import (
    TOLD,
    RepairFiles,
    all_or_nothing,
    files_of,
    keep_repairs,
    remove,
    require_readable,
    write_golden,
    write_repairs,
)
from crm_research.sources.opening import open_study
from crm_research.vocabulary import DECIDED, REPAIR_RULES

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What is no longer repaired.

    Parameters
    ----------
    n_undone, n_left
        Values that are as they were, and those that stay repaired.
    n_forgotten
        Decisions of people that are forgotten with them.
    n_decisions
        Decisions that are kept, and will be heeded by the next repair.
    is_list_kept
        The list of what people are to decide is kept, since somebody has written into it what no repair has read.
    """

    n_undone: int
    n_left: int
    n_forgotten: int
    n_decisions: int
    is_list_kept: bool
    files: RepairFiles


def undo_repairs(
    given: str | Path,
    *,
    rule: str | None = None,
    column: str | None = None,
    on: date | None = None,
    tell: Callable[[str], object] = str,
) -> Undone:
    """Put back what stood in the records before it was repaired.

    Parameters
    ----------
    rule, column, on
        Only what was repaired by this rule, in this column (or in all of a name or an address), on this day; nothing
        of these undoes everything.

    Raises
    ------
    ParameterError
        If there is no such rule or column.
    StudyError
        If nothing was repaired so; nothing is changed then.
    """
    path, definition = find_records(given)
    files = files_of(path)
    columns = _columns_of(column)
    if rule is not None and rule not in REPAIR_RULES:
        raise ParameterError(f"--rule: nothing is repaired by {rule!r}. {offer_names(rule, REPAIR_RULES)}")
    if not files.repairs.is_file():
        raise StudyError(f"{files.repairs} is not there: nothing is repaired, and nothing can be undone.")
    require_readable(files)
    kept = read_kept(files.decisions)
    stays = _not_meant(kept, columns, on) if rule == DECIDED else kept
    tell("reading the records")
    study = open_study(path, tables=[name for name in (RECORDS, LINKS) if name in definition.mapped])
    held = Held(study.table(RECORDS).to_pyarrow(), links_of(study), as_of=definition.as_of)
    n_undone = keep_repairs(held, files, _condition(rule, columns, on))
    if not n_undone:
        raise StudyError(f"{files.repairs}: nothing was repaired so. {_say_what_there_is(held)}")
    ((n_left,),) = held.ask(f"SELECT count(*) FROM {TOLD}")
    is_filled_in = _is_filled_in(files.conflicts)
    tell("writing what stays repaired")
    if n_left:
        targets = [files.golden, files.repairs, *([files.decisions] if stays is not kept and stays.num_rows else [])]
        with all_or_nothing(*targets) as halves:
            write_golden(held, halves[0], definition.as_of)
            write_repairs(held, halves[1])
            for half in halves[2:]:
                pq.write_table(stays, half)
        if not stays.num_rows:
            files.decisions.unlink(missing_ok=True)
    else:
        remove(files, with_decisions=not stays.num_rows, with_list=not is_filled_in)
    return Undone(
        n_undone=n_undone, n_left=int(n_left), n_forgotten=kept.num_rows - stays.num_rows, n_decisions=stays.num_rows,
        is_list_kept=is_filled_in, files=files,
    )  # fmt: skip


def _is_filled_in(path: Path) -> bool:
    """Has somebody written into the list? One that cannot be read may hold what somebody has decided, too."""
    try:
        return path.is_file() and bool(read_choices(path))
    except StudyError:
        return True


def _columns_of(column: str | None) -> tuple[str, ...]:
    if column is None:
        return ()
    known = {one: (one,) for one in COLUMNS} | {unit.name: tuple(unit.columns) for unit in UNITS}
    if column not in known:
        raise ParameterError(f"--column: records have no {column!r} that is repaired. {offer_names(column, [*known])}")
    return known[column]


def _condition(rule: str | None, columns: tuple[str, ...], on: date | None) -> str:
    asked = [f"rule = '{rule}'"] if rule is not None else []
    asked += [f'"column" IN ({", ".join(repr(one) for one in columns)})'] if columns else []
    asked += [f"CAST(\"at\" AS DATE) = DATE '{on:%Y-%m-%d}'"] if on is not None else []
    return " AND ".join(asked) or "true"


def _not_meant(kept: pa.Table, columns: tuple[str, ...], on: date | None) -> pa.Table:
    """Decisions that stay, where some are undone."""
    units = {UNIT_OF[one].name for one in columns}
    stays = [
        not ((not columns or row["column"] in units) and (on is None or row["at"].date() == on))
        for row in kept.to_pylist()
    ]
    return kept.filter(pc.equal(stays, True)) if kept.num_rows else kept


def _say_what_there_is(held: Held) -> str:
    rules = [one for (one,) in held.ask("SELECT DISTINCT rule FROM repaired_before ORDER BY rule")]
    days = [
        f"{one:%Y-%m-%d}" for (one,) in held.ask('SELECT DISTINCT CAST("at" AS DATE) FROM repaired_before ORDER BY 1')
    ]
    shown = ", ".join(days[-5:])
    return f"Rules that were used: {', '.join(rules)}. Last days of repairs: {shown}."
