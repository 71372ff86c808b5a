"""Opening the studies of a run: each read, checked and staged once, before any kernel starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crm_research.errors import StudyError
from crm_research.reporting.tasks import StudyFacts

if TYPE_CHECKING:
    from crm_research.study import Study


def known_studies() -> list[str]:
    """Names of the studies in data/studies."""
    from crm_research.sources.opening import list_studies

    names = [entry.name for entry in list_studies()]
    if not names:
        raise StudyError("data/studies holds no study file. Draft one with: crm-research new study NAME --from FILE")
    return names


def open_input(given: str, as_of: date | None) -> Study:
    """Open a study by its name or file, standing at `as_of` if one is given."""
    from crm_research.sources.opening import open_study

    return open_study(given, as_of=as_of)


def check_input(study: Study, tables: set[str]) -> None:
    """Stop where the tables that the reports of a run need break their contracts."""
    from crm_research.contracts.checks import require_sound

    require_sound(study, tables & set(study.tables))


def stage_input(study: Study, folder: Path) -> Mapping[str, str]:
    """Write the study's tables once for all reports of a run; returns the environment that points kernels at them."""
    from crm_research.sources.snapshot import write_snapshot

    write_snapshot(study, folder)
    return {"CRM_RESEARCH_SNAPSHOT": str(folder)}


def describe_study(study: Study, given: str) -> StudyFacts:
    """What pages and records say of a study."""
    return StudyFacts(
        given=given,
        name=study.name,
        title=study.title,
        currency=study.currency,
        as_of=f"{study.as_of:%Y-%m-%d}",
        holdout_until=f"{study.holdout_until:%Y-%m-%d}" if study.holdout_until else None,
        engine=study.backend.name,
        provenance=study.provenance,
        caveats=tuple(study.caveats),
        inputs=tuple(
            {"table": found.table, "source": found.source, "fingerprint": found.fingerprint, "n_rows": found.n_rows}
            for found in study.inputs
        ),
        tables=tuple(study.tables),
    )
