"""What is published of a report, and the record of how it was made: page, notebook, figures.json, files, run.json."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.reporting.shelf import changing, folder_of, write_text
from crm_research.reporting.tasks import Failure, Outcome, Task
from crm_research.said_by_others import say_fault
from crm_research.scratch import replacing

DONE: Final = "done"
FAILED: Final = "failed"
NOT_APPLICABLE: Final = "not applicable"
_FIGURE_KEYS: Final = (
    "report",
    "id",
    "label",
    "estimate",
    "lower",
    "upper",
    "unit",
    "n",
    "window",
    "estimator",
    "validation",
    "group",
    "verdict",
    "said",
)


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


def write_json(path: Path, value: Any) -> None:
    """Write JSON by rename, with sorted form and a last newline."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def publish(out: Path, task: Task, outcome: Outcome, versions: Mapping[str, str]) -> Path:
    """Put a task's page, notebook, figures and record in place, all at once; a failed task leaves the last good page.

    Returns
    -------
    Path
        The page, or the failed notebook for its author to look at.
    """
    folder = folder_of(out, task.study.name, task.study.as_of)
    failed = Path("failed") / task.executed.name
    with changing(out, task.study.name, task.study.as_of) as draft:
        if outcome.failure is None:
            _put(task.executed, draft / task.executed.name)
            _put(task.page, draft / task.page.name)
            _replace_figures(draft, task.report, outcome.figures)
            # A list that the page no longer hands out would be taken for its own.
            for name in (_entry(draft, task.report) or {}).get("files", []):
                with suppress(OSError):
                    (draft / name).unlink()
            for name, text in outcome.files:
                if text is None:
                    _copy(task.files / name, draft / name)
                else:
                    write_text(draft / name, text)
            with suppress(OSError):
                (draft / failed).unlink()
                (draft / failed).parent.rmdir()
            record = _good_record(task, outcome, versions)
        else:
            is_kept = _is_whole(task.executed)
            if is_kept:
                _put(task.executed, draft / failed)
            record = _failed_record(task, outcome, versions, _entry(draft, task.report))
            record["failed_notebook"] = failed.as_posix() if is_kept else None
        _replace_entry(draft, record)
    return folder / (task.page.name if outcome.failure is None else failed)


def _is_whole(path: Path) -> bool:
    """Is the notebook there to its end? A disk that was full leaves one that breaks off."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def note_not_applicable(out: Path, task_like: Mapping[str, Any], study: str, as_of: str) -> None:
    """Record that a report cannot be made from a study, and why; a page that was made before keeps its record."""
    with changing(out, study, as_of) as draft:
        before = _entry(draft, task_like["report"])
        if before is None or before.get("page") is None:
            _replace_entry(draft, {**task_like, "outcome": NOT_APPLICABLE, "page": None})


def read_run(folder: Path) -> dict[str, Any]:
    """The record of a study's reports at a day: facts of the study, and one entry for each report."""
    run: dict[str, Any] = read_json(folder / "run.json", {"reports": []})
    return run


def _good_record(task: Task, outcome: Outcome, versions: Mapping[str, str]) -> dict[str, Any]:
    return {
        **_about(task),
        "outcome": DONE,
        "page": task.page.name,
        "answer": list(outcome.answer),
        "last_good_at": outcome.ended_at,
        "failed_since": None,
        "error": None,
        "files": [name for name, _ in outcome.files],
        "made_from": task.made_from,
        **_attempt(task, outcome, versions),
        "failed_attempt": None,
    }


def _failed_record(
    task: Task, outcome: Outcome, versions: Mapping[str, str], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The record of the last good page as it is, with the attempt that failed beside it under a key of its own.

    Its parameters, inputs and versions belong to no number that is on the shelf.
    """
    has_page = before is not None and before.get("page") is not None
    kept = dict(before or {}) if has_page else {"page": None, "answer": [], "last_good_at": None, "files": []}
    return {
        **kept,
        **_about(task),
        "outcome": FAILED,
        "failed_since": (before or {}).get("failed_since") or outcome.ended_at,
        "error": _say_failure(outcome.failure),
        "failed_attempt": _attempt(task, outcome, versions),
    }


def _about(task: Task) -> dict[str, Any]:
    return {"report": task.report, "title": task.title, "question": task.question}


def _attempt(task: Task, outcome: Outcome, versions: Mapping[str, str]) -> dict[str, Any]:
    """When a report was run, on what and with what."""
    return {
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
        "seconds": outcome.seconds,
        "parameters": task.parameters,
        "warnings": list(outcome.notes),
        "retried_after": _say_failure(outcome.retried_after),
        "study": {
            "given": task.study.given,
            "name": task.study.name,
            "title": task.study.title,
            "currency": task.study.currency,
            "as_of": task.study.as_of,
            "holdout_until": task.study.holdout_until,
            "provenance": task.study.provenance,
            "caveats": list(task.study.caveats),
        },
        "inputs": list(task.study.inputs),
        "engine": task.study.engine,
        "versions": dict(versions),
    }


def _say_failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "kind": failure.kind,
        "message": failure.message,
        "place": failure.place,
        "trace": list(failure.trace),
    }


def _entry(folder: Path, report: str) -> dict[str, Any] | None:
    return next((entry for entry in read_run(folder)["reports"] if entry["report"] == report), None)


def _replace_entry(folder: Path, record: Mapping[str, Any]) -> None:
    others = [entry for entry in read_run(folder)["reports"] if entry["report"] != record["report"]]
    reports = sorted([*others, record], key=lambda entry: str(entry["report"]))
    study = record.get("study") or (record.get("failed_attempt") or {}).get("study") or {}
    write_json(folder / "run.json", {"study": study.get("name"), "as_of": study.get("as_of"), "reports": reports})


def _replace_figures(folder: Path, report: str, figures: tuple[dict[str, Any], ...]) -> None:
    path = folder / "figures.json"
    others = [figure for figure in read_json(path, []) if figure["report"] != report]
    own = [{key: {"report": report, **figure}[key] for key in _FIGURE_KEYS} for figure in figures]
    # The order of reports must not depend on which was run last.
    write_json(path, sorted([*others, *own], key=lambda figure: str(figure["report"])))


def _copy(source: Path, target: Path) -> None:
    """A long file as it is, without reading it into memory."""
    with replacing(target) as half:
        shutil.copyfile(source, half)


def _put(source: Path, target: Path) -> None:
    write_text(target, source.read_text(encoding="utf-8"))
