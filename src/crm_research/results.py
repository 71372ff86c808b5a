"""What runs have left on the shelf of a study and a day: the record of its reports, and their figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.figures import Figure
from crm_research.said_by_others import say_fault

DONE: Final = "done"
FAILED: Final = "failed"
NOT_APPLICABLE: Final = "not applicable"
# Below the folder of all reports, where no study may bear the name: lists with real ids, which nobody publishes, and
# shelves of parts of customers, each with a record of them.
PRIVATE: Final = "private"
PARTS: Final = "each"
PARTS_RECORD: Final = "each.json"


def read_json(path: Path, empty: Any) -> Any:
    """What a JSON file holds, or `empty` where there is none.

    Raises
    ------
    CrmError
        If the file is not JSON.
    """
    if not path.exists():
        return empty
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise CrmError(
            f"{path} is not readable as JSON ({say_fault(problem)}). Remove it and run the reports again."
        ) from None


def find_parts(out: Path) -> list[Path]:
    """The records of the shelves of parts below a folder of reports, by name."""
    return sorted(out.glob(f"{PARTS}/*/{PARTS_RECORD}"))


def read_run(folder: Path) -> dict[str, Any]:
    """The record of a study's reports at a day: facts of the study, and one entry for each report."""
    run: dict[str, Any] = read_json(folder / "run.json", {"reports": []})
    return run


@dataclass(frozen=True, kw_only=True)
class ReportResult:
    """What came of one report.

    Parameters
    ----------
    report, title
        Its id, and what people call it.
    outcome
        ``done``, ``failed`` or ``not applicable``.
    page
        File name of its page beside the others; None where there is none. A report that failed may have that of an
        earlier run.
    reason
        Why it failed or does not apply, in words; empty where it was made.
    made_on
        Day of the page, in ISO form; empty without one.
    answer
        Sentences of its answer.
    figures
        Its printed numbers, in the order of its page.
    """

    report: str
    title: str
    outcome: str
    page: str | None = None
    reason: str = ""
    made_on: str = ""
    answer: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DayResults:
    """What runs left of a study at a day.

    Parameters
    ----------
    folder
        Where it lies; never printed.
    reports
        Each report with what came of it, in the order of the record.
    earlier
        The folder of the latest day before this one that has figures; None where there is none.
    """

    folder: Path
    reports: tuple[ReportResult, ...] = field(default=())
    earlier: Path | None = None

    @property
    def made(self) -> tuple[ReportResult, ...]:
        """The reports that have a page."""
        return tuple(one for one in self.reports if one.page is not None)

    @property
    def failed(self) -> tuple[ReportResult, ...]:
        """The reports whose latest attempt failed."""
        return tuple(one for one in self.reports if one.outcome == FAILED)

    def find(self, id_: str, group: str | None = None) -> tuple[ReportResult, Figure] | None:
        """The figure of that id and group, with the report that says it; None where none does."""
        return next((pair for pair in self.of_id(id_) if pair[1].group == group), None)

    def of_id(self, id_: str) -> list[tuple[ReportResult, Figure]]:
        """The figures of that id, one for each group."""
        return [(report, figure) for report in self.reports for figure in report.figures if figure.id == id_]


def read_results(folder: Path, *, without: str | None = None) -> DayResults:
    """What stands on the shelf of a study and a day (``reports/STUDY/AS_OF``); nothing where there is no such folder.

    Parameters
    ----------
    folder
        Of the study and the day.
    without
        A report that is left out: the one that asks.

    Raises
    ------
    CrmError
        If a record is not readable.
    """
    records = read_json(folder / "figures.json", [])
    entries = [entry for entry in read_run(folder)["reports"] if entry["report"] != without]
    return DayResults(
        folder=folder,
        reports=tuple(_result(entry, records) for entry in entries),
        earlier=_earlier(folder),
    )


def _result(entry: Mapping[str, Any], records: list[dict[str, Any]]) -> ReportResult:
    page = entry.get("page")
    own = [Figure.from_record(record) for record in records if record["report"] == entry["report"]] if page else []
    return ReportResult(
        report=str(entry["report"]),
        title=str(entry["title"]),
        outcome=str(entry["outcome"]),
        page=page,
        reason=str((entry.get("error") or {}).get("message") or entry.get("reason") or ""),
        made_on=str(entry.get("last_good_at") or "")[:10],
        answer=tuple(entry.get("answer") or ()),
        figures=tuple(own),
    )


def _earlier(folder: Path) -> Path | None:
    days = [found.parent for found in folder.parent.glob("*/figures.json") if found.parent.name < folder.name]
    return max(days, key=lambda day: day.name, default=None)
