"""Opening the studies of a run: each read, checked and staged once, before any kernel starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from crm_research.errors import CrmError, StudyError
from crm_research.privacy.masking import masked
from crm_research.reporting.tasks import StudyFacts, Task
from crm_research.said_by_others import say_fault
from crm_research.settings import LEAVE_OUT, SNAPSHOT

if TYPE_CHECKING:
    from crm_research.contracts.findings import Verdict
    from crm_research.sources.definition import StudyDefinition
    from crm_research.study import Study


def known_studies() -> list[str]:
    """Names of the studies in data/studies of the folder one works in."""
    from crm_research.sources.opening import list_studies

    names = [entry.name for entry in list_studies(is_own=True)]
    if not names:
        raise StudyError(
            "data/studies holds no study file. Draft one with: crm-research new study NAME --from FILE, or look at the "
            "reports on samples: crm-research demo"
        )
    return names


class NothingReadable(StudyError):
    """No table of a study can be read."""


def read_definition(given: str) -> tuple[StudyDefinition, Path]:
    """What the file of a study says, and where it lies; no table is opened."""
    from crm_research.sources.opening import find_study_file
    from crm_research.sources.study_file import read_study_file

    path = find_study_file(given)
    return read_study_file(path), path


def open_input(given: str, as_of: date | None, tables: Collection[str]) -> tuple[Study, dict[str, CrmError]]:
    """Open these tables of a study, standing at `as_of` if one is given; those that cannot be read, each with why."""
    from crm_research.sources.opening import open_study

    faults: dict[str, CrmError] = {}
    study = open_study(given, as_of=as_of, tables=tables, faults=faults)
    if not study.tables:
        raise NothingReadable("\n".join(dict.fromkeys(str(problem) for problem in faults.values())))
    return study, faults


def judge(study: Study) -> Verdict:
    """What the checks find of all tables that are open; what they found before, where nothing has changed since."""
    from crm_research.sources.kept_verdicts import judge_study

    return judge_study(study).verdict


def find_broken(study: Study, verdict: Verdict) -> dict[str, CrmError]:
    """The tables that break their contracts, each with its first error in full."""
    from crm_research.contracts.checks import say_violation

    return {table: say_violation(study, verdict, table) for table in dict.fromkeys(one.table for one in verdict.errors)}


def without(study: Study, faults: Collection[str]) -> Study:
    """The study with only the tables that are sound."""
    return replace(study, tables=MappingProxyType({name: t for name, t in study.tables.items() if name not in faults}))


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A study that all reports of a run can open.

    Parameters
    ----------
    environment
        What points kernels at its tables, and away from those that are left out.
    lease
        As long as it is there, nobody removes tables that are read where they are kept, and a server keeps the state
        that all reports read.
    """

    environment: Mapping[str, str]
    lease: object


def stage_input(
    study: Study,
    folder: Path,
    left_out: Collection[str] = (),
    verdict: Verdict | None = None,
    called: str | None = None,
) -> Staged:
    """Write the study's tables once for all reports of a run, and what the checks found if they were made.

    `called` is the name that the study file gives, where the study is a part of it under a name of its own.
    """
    import duckdb

    from crm_research.engine import share_state
    from crm_research.sources.cache import Lease
    from crm_research.sources.snapshot import write_snapshot

    try:
        lease = Lease(study.backend.con, study.tables) if study.backend.name == "duckdb" else None
        write_snapshot(study, folder, verdict, in_place=lease.tables if lease else {}, called=called)
        shared = share_state(study.backend)
    except duckdb.IOException as problem:
        raise StudyError(
            f"Study {study.name!r} cannot be staged in {folder.parent}: {say_fault(problem)}. Free some "
            "space there, or set TMPDIR to a folder on another disk."
        ) from None
    environment = {SNAPSHOT: str(folder), LEAVE_OUT: ",".join(sorted(left_out))}
    return Staged(environment=environment | shared, lease=lease or study.backend)


def require_same_records(task: Task) -> None:
    """Refuse what was computed of files that were written to in the meantime.

    Raises
    ------
    StudyError
        Naming the file.
    """
    from crm_research.sources.snapshot import require_as_found

    folder = task.environment.get(SNAPSHOT)
    file = Path(folder) / f"{task.study.name}.duckdb" if folder else None
    if file is not None and file.is_file():
        require_as_found(file)


def describe_study(study: Study, given: str) -> StudyFacts:
    """What pages and records say of a study: what its file says in words, without what is of a person in it."""
    return StudyFacts(
        given=given,
        name=study.name,
        title=masked(study.title),
        currency=study.currency,
        as_of=f"{study.as_of:%Y-%m-%d}",
        holdout_until=f"{study.holdout_until:%Y-%m-%d}" if study.holdout_until else None,
        engine=study.backend.name,
        provenance=masked(study.provenance),
        caveats=tuple(map(masked, study.caveats)),
        inputs=tuple(
            {
                "table": found.table,
                "source": masked(found.source),
                "fingerprint": found.fingerprint,
                "n_rows": found.n_rows,
            }
            for found in study.inputs
        ),
        tables=tuple(study.tables),
    )
