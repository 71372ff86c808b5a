"""What the checks found of a study, kept as long as nothing changes that it rests on, so that no run checks twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from crm_research.contracts.checks import check_study, is_about
from crm_research.contracts.findings import Verdict
from crm_research.engine import DEFAULT_URL
from crm_research.errors import CrmError
from crm_research.sources.cache import is_passing, of_the_code
from crm_research.sources.fingerprints import digest_files, digest_text, require_unchanged
from crm_research.sources.kept_records import VERDICTS, find_record, keep_record
from crm_research.sources.named_files import list_named_files
from crm_research.sources.record_parts import parts_needed
from crm_research.sources.study_file import read_study_file

if TYPE_CHECKING:
    from crm_research.study import Study

# Fewer rows are checked in less time than it takes to tell.
LEAST_ROWS: Final = 100_000
_VERDICTS: Final = TypeAdapter(Verdict)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the checks found, and when.

    Parameters
    ----------
    verdict
        Of all tables that are open.
    made_at
        When the checks were made, in UTC, where they were not made now; None where they were.
    """

    verdict: Verdict
    made_at: datetime | None = None


def judge_study(study: Study, *, is_anew: bool = False) -> Judgement:
    """What do the checks find of a study that was just opened? What they found before, if nothing has changed.

    Parameters
    ----------
    study
        As `open_study` gave it.
    is_anew
        Check whatever was found before.

    Raises
    ------
    StudyError
        If a file was written to while it was checked.

    Notes
    -----
    What is kept rests on the study file, the instants the study stands at, the tables that are open, the content of
    every file their rows come from, and our code. Of servers, samples and expressions that ask what time it is nothing
    is kept, nor of fewer than 100,000 rows, nor where the study file says ``engine: {cache: no}``.
    """
    key = _key(study)
    if key is not None and not is_anew:
        found = _read(key, study)
        if found is not None:
            return found
    verdict = check_study(study)
    require_unchanged((state for found in study.inputs for state in found.files), while_what="while it was checked")
    if key is not None and sum(summary.n_rows for summary in verdict.tables) >= LEAST_ROWS:
        said = _VERDICTS.dump_python(verdict, mode="json")
        keep_record(VERDICTS, _place(study), key, said, study=Path(str(study.path)))
    return Judgement(verdict=verdict)


def _place(study: Study) -> tuple[str, ...]:
    """One place for a study, its instants and the tables that are open: what is found anew takes it."""
    return (str(study.path), str(study.as_of), str(study.holdout_until), *sorted(study.tables))


def _key(study: Study) -> str | None:
    if study.path is None or study.backend.name != "duckdb":
        return None
    try:
        definition = read_study_file(study.path)
        if definition.engine.url != DEFAULT_URL or not definition.engine.cache:
            return None
        for part in parts_needed(definition.tables, study.tables):
            rule = definition.tables[part]
            if list_named_files(rule.source, study.path.parent) is None or is_passing(rule):
                return None
        said = {
            "study_file": digest_files([study.path]),
            "as_of": study.as_of.isoformat(),
            "holdout_until": study.holdout_until.isoformat() if study.holdout_until else None,
            # As it was when the tables were opened: what was written to the files since is not what is checked.
            "content": sorted((found.table, found.source, found.fingerprint) for found in study.inputs),
            "code": of_the_code(),
        }
    except (OSError, CrmError, KeyError):
        return None
    return digest_text(json.dumps(said, sort_keys=True, ensure_ascii=False)).partition(":")[2]


def _read(key: str, study: Study) -> Judgement | None:
    held = find_record(VERDICTS, _place(study), key)
    try:
        verdict = _VERDICTS.validate_python(held.said) if held is not None else None
    except ValueError:
        return None
    if held is None or verdict is None or not is_about(verdict, study):
        return None
    return Judgement(verdict=verdict, made_at=held.made_at)
