"""Why a run failed: the cells that did, with what they said, and the last words of its commands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from crm_research.addresses import hide_credentials
from crm_research.errors import CrmError
from crm_research.results import PARTS
from crm_research.sources.opening import find_study_file
from crm_research.sources.study_file import read_study_file

_MOST_LINES: Final = 12
_LONGEST: Final = 600


@dataclass(frozen=True, kw_only=True)
class FailedReport:
    """A report that was not made.

    Parameters
    ----------
    study, report
        Which, of which study.
    place
        The cell, and the section it stands in, if it failed in one.
    said
        What was said there.
    """

    study: str
    report: str
    place: str | None
    said: str

    def in_words(self) -> str:
        """One line."""
        return f"{self.study} / {self.report}, {self.place or 'in no cell'}: {self.said}"

    def as_record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def find_failures(out: Path, studies: Sequence[str], began_at: str) -> list[FailedReport]:
    """Reports of these studies whose last try, since then, failed."""
    found = []
    for given in studies:
        try:
            name = read_study_file(find_study_file(given)).name
        except CrmError:
            continue
        for record in sorted((out / name).glob("*/run.json")):
            found += _failures_in(record, name, began_at)
        for record in sorted(out.glob(f"{PARTS}/{name}-*/*/*/run.json")):
            found += _failures_in(record, f"{name}, {record.parents[1].name}", began_at)
    return found


def _failures_in(record: Path, study: str, began_at: str) -> list[FailedReport]:
    try:
        entries = json.loads(record.read_text(encoding="utf-8"))["reports"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    found = []
    for entry in entries:
        attempt, error = entry.get("failed_attempt") or {}, entry.get("error") or {}
        if entry.get("outcome") == "failed" and _is_since(str(attempt.get("ended_at", "")), began_at):
            said = " ".join(str(error.get("message", "")).split())[:_LONGEST]
            kind = str(error.get("kind", ""))
            told = said if kind in said or not kind else f"{kind}: {said}"
            found.append(
                FailedReport(
                    study=study, report=str(entry.get("report")), place=error.get("place"), said=hide_credentials(told)
                )
            )
    return found


def _is_since(ended_at: str, began_at: str) -> bool:
    from datetime import UTC, datetime

    try:
        ended, began = (datetime.fromisoformat(each) for each in (ended_at, began_at))
    except ValueError:
        return True
    ended, began = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in (ended, began))
    # Records are kept to the second.
    return (began - ended).total_seconds() < 1


def last_words(output: Path) -> list[str]:
    """The last lines that a command wrote."""
    try:
        text = output.read_bytes()[-8_000:].decode("utf-8", errors="replace")
    except OSError:
        return []
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return [hide_credentials(line)[:_LONGEST] for line in lines[-_MOST_LINES:]]
