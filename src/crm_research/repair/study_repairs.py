"""Repairing a study: its records are standardised, its rules asked, and what they change written beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow.parquet as pq

from crm_research.contracts import LINKS, RECORDS, REPAIRS
from crm_research.contracts.checks import require_sound
from crm_research.errors import StudyError, offer_names
from crm_research.repair.decisions import enter_decisions, list_conflicts, read_choices, read_kept
from crm_research.repair.held import Held
from crm_research.repair.survivors import CHANGES, OPTIONS, find_changes
from crm_research.repair.written import (
    RepairFiles,
    all_or_nothing,
    date_changes,
    files_of,
    require_readable,
    write_golden,
    write_repairs,
)
from crm_research.show.saved_list import save_csv
from crm_research.sources.opening import find_study_file, open_study
from crm_research.sources.record_parts import system_of
from crm_research.sources.study_file import read_study_file, reads_beside
from crm_research.sources.survivorship_rule import SurvivorshipRule
from crm_research.standards import standardise

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa

    from crm_research.sources.definition import StudyDefinition
    from crm_research.study import Study

_ORDERS: Final = "orders"


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyRepairs:
    """What came of repairing a study.

    Parameters
    ----------
    n_records, n_customers
        Records known at the study's as_of, and the customers they are of.
    n_later
        Records that were made or changed later, and left out.
    by_rule
        Rule to how many values were repaired by it.
    n_repaired
        Records with one repaired value or more.
    n_settled
        Rule to how many disputes it settled.
    n_open, n_open_customers
        Disputes that no rule settles, and the customers they are about.
    n_new, n_gone
        Repairs that did not stand before, and those that no longer do.
    had_repairs
        It had been repaired before.
    n_decided, n_stale
        Decisions of people that are kept, and choices on values that are no longer there.
    is_read
        The study is read with these repairs; not where it maps others, or lives in a server that must hold them.
    """

    n_records: int
    n_customers: int
    n_later: int
    by_rule: Mapping[str, int]
    n_repaired: int
    n_settled: Mapping[str, int]
    n_open: int
    n_open_customers: int
    n_new: int
    n_gone: int
    had_repairs: bool
    n_decided: int
    n_stale: int
    is_read: bool
    files: RepairFiles


def repair_study(
    given: str | Path, *, at: datetime, decisions: Path | None = None, tell: Callable[[str], object] = str
) -> StudyRepairs:
    """One record a customer: which of their values is taken, and what is written otherwise? Writes it beside the study.

    Parameters
    ----------
    at
        When it is done, for the table of repairs.
    decisions
        A list that people have filled in; the one beside the study is read in any case.
    tell
        Called with each step.

    Raises
    ------
    StudyError, ContractViolation
        If the study has no records, they break their contract, or a list cannot be read; nothing is changed then.
    """
    path, definition = find_records(given)
    files = files_of(path)
    require_readable(files)
    kept = read_kept(files.decisions)
    lists = [one for one in (files.conflicts, decisions) if one is not None and (one == decisions or one.is_file())]
    choices = [choice for one in dict.fromkeys(lists) for choice in read_choices(one)]
    tell("reading the records")
    study = open_study(path, tables=[name for name in (RECORDS, LINKS, _ORDERS) if name in definition.mapped])
    require_sound(study, [name for name in (RECORDS, LINKS) if study.has(name)])
    records = study.table(RECORDS).to_pyarrow()
    tell(f"standardising {records.num_rows:,} records")
    standard = standardise(records, country=None).records
    held = Held(standard, links_of(study), as_of=definition.as_of)
    tell("comparing what the records of each customer say")
    decided, n_stale = enter_decisions(held, kept, choices, at)
    found = find_changes(held, _rule_of(definition, path, held))
    n_new, n_gone = date_changes(held, files, at)
    tell("writing the repairs")
    had_repairs = files.repairs.is_file()
    conflicts = list_conflicts(held, _worth(study) if found.n_open else None)
    by_rule = dict(held.ask(f"SELECT rule, count(*) FROM {CHANGES} GROUP BY rule ORDER BY count(*) DESC, rule"))
    _write(held, files, definition, conflicts, decided)
    ((n_repaired,),) = held.ask(f"SELECT count(*) FROM (SELECT DISTINCT system, local_id FROM {CHANGES})")
    ((n_open_customers,),) = held.ask(f"SELECT count(DISTINCT customer) FROM {OPTIONS}")
    return StudyRepairs(
        n_records=held.n_records, n_customers=held.n_customers, n_later=held.n_given - held.n_records, by_rule=by_rule,
        n_repaired=n_repaired, n_settled=found.n_settled, n_open=found.n_open, n_open_customers=n_open_customers,
        n_new=n_new, n_gone=n_gone, had_repairs=had_repairs, n_decided=decided.num_rows, n_stale=n_stale,
        is_read=reads_beside(definition, REPAIRS, files.repairs), files=files,
    )  # fmt: skip


def _rule_of(definition: StudyDefinition, path: Path, held: Held) -> SurvivorshipRule:
    """Which of several values is taken; trusted are systems that there are."""
    rule = definition.survivorship or SurvivorshipRule()
    if any(system_of(part) is not None for part in definition.tables):
        # The study file names its systems, and was held to them when it was read.
        return rule
    for name in rule.trust:
        if name not in held.systems:
            known = offer_names(name, held.systems)
            raise StudyError(f"{path}: survivorship.trust: there is no system {name!r}. {known}")
    return rule


def find_records(given: str | Path) -> tuple[Path, StudyDefinition]:
    """The study file, which must map records."""
    path = find_study_file(given)
    definition = read_study_file(path)
    if RECORDS not in definition.mapped:
        raise StudyError(
            f"{path}: maps no {RECORDS}, so there is nothing to repair. Name each system's records under tables: "
            f"{RECORDS}: systems: (crm-research manual studies, several systems)."
        )
    return path, definition


def links_of(study: Study) -> pa.Table | None:
    """Whose each record is; None where nobody has linked them, and each is a customer of its own."""
    return study.table(LINKS).to_pyarrow() if study.has(LINKS) else None


def _worth(study: Study) -> pa.Table | None:
    """What each customer has brought by as_of: customer_id, money."""
    if not study.has(_ORDERS):
        return None
    orders = study.table(_ORDERS)
    known = orders.filter(orders.ordered_at <= study.as_of)
    return known.group_by("customer_id").aggregate(money=known.revenue.sum()).to_pyarrow()


def _write(
    held: Held, files: RepairFiles, definition: StudyDefinition, conflicts: pd.DataFrame, decided: pa.Table
) -> None:
    """Everything together, or nothing; a file that would hold nothing is none."""
    targets = [files.golden, files.repairs]
    targets += [files.conflicts] if len(conflicts) else []
    targets += [files.decisions] if decided.num_rows else []
    with all_or_nothing(*targets) as halves:
        place = dict(zip(targets, halves, strict=True))
        write_golden(held, place[files.golden], definition.as_of)
        write_repairs(held, place[files.repairs])
        if len(conflicts):
            save_csv(conflicts, place[files.conflicts])
        if decided.num_rows:
            pq.write_table(decided, place[files.decisions])
    if not len(conflicts):
        files.conflicts.unlink(missing_ok=True)
    ((n,),) = held.ask(f"SELECT count(*) FROM {CHANGES}")
    if not n:
        # A table without rows is a fault of a study.
        files.repairs.unlink(missing_ok=True)
