"""The shelf of published reports: pages, figures.json and run.json, each put in place by one rename."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.reporting.tasks import Outcome, Task

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
)


def folder_of(out: Path, study: str, as_of: str) -> Path:
    """Where the reports of a study at a day are kept."""
    return out / study / as_of


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(scratch).unlink()
        raise


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
        raise CrmError(f"{path} is not readable as JSON ({problem}). Remove it and run the reports again.") from None


def write_json(path: Path, value: Any) -> None:
    """Write JSON by rename, with sorted form and a last newline."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep a second run from writing the same shelf at the same moment."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        # Without file locks (Windows) two runs into one folder are the user's to avoid.
        yield
        return
    with (out / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def publish(out: Path, task: Task, outcome: Outcome, versions: Mapping[str, str]) -> Path:
    """Put a task's page, notebook, figures and record in place; a failed task leaves the last good page as it is.

    Returns
    -------
    Path
        The page, or the failed notebook for its author to look at.
    """
    folder = folder_of(out, task.study.name, task.study.as_of)
    folder.mkdir(parents=True, exist_ok=True)
    failed = folder / "failed" / task.executed.name
    with locked(out):
        before = _entry(folder, task.report)
        record = _record(task, outcome, versions, before)
        if outcome.failure is None:
            _move(task.executed, folder / task.executed.name)
            _move(task.page, folder / task.page.name)
            _replace_figures(folder, task.report, outcome.figures)
            for name, text in outcome.files:
                write_text(folder / name, text)
            with suppress(OSError):
                failed.unlink()
                failed.parent.rmdir()
        elif task.executed.exists():
            _move(task.executed, failed)
            record["failed_notebook"] = f"failed/{failed.name}"
        _replace_entry(folder, record)
    return folder / task.page.name if outcome.failure is None else failed


def note_not_applicable(out: Path, task_like: Mapping[str, Any], study: str, as_of: str) -> None:
    """Record that a report cannot be made from a study, and why."""
    folder = folder_of(out, study, as_of)
    with locked(out):
        before = _entry(folder, task_like["report"])
        if before is None or before.get("page") is None:
            _replace_entry(folder, {**task_like, "outcome": NOT_APPLICABLE, "page": None})


def read_run(folder: Path) -> dict[str, Any]:
    """The record of a study's reports at a day: facts of the study, and one entry for each report."""
    run: dict[str, Any] = read_json(folder / "run.json", {"reports": []})
    return run


def _record(
    task: Task, outcome: Outcome, versions: Mapping[str, str], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    failure = outcome.failure
    is_good = failure is None
    last_good_at = outcome.ended_at if is_good else (before or {}).get("last_good_at")
    kept = {} if before is None or is_good else before
    return {
        "report": task.report,
        "title": task.title,
        "question": task.question,
        "outcome": DONE if is_good else FAILED,
        "page": task.page.name if last_good_at else None,
        "answer": list(outcome.answer) if is_good else kept.get("answer", []),
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
        "seconds": outcome.seconds,
        "last_good_at": last_good_at,
        "failed_since": None if is_good else kept.get("failed_since") or outcome.ended_at,
        "error": None
        if failure is None
        else {
            "kind": failure.kind,
            "message": failure.message,
            "place": failure.place,
            "trace": list(failure.trace),
        },
        "parameters": task.parameters,
        "files": [name for name, _ in outcome.files],
        "warnings": list(outcome.notes),
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


def _entry(folder: Path, report: str) -> dict[str, Any] | None:
    return next((entry for entry in read_run(folder)["reports"] if entry["report"] == report), None)


def _replace_entry(folder: Path, record: Mapping[str, Any]) -> None:
    others = [entry for entry in read_run(folder)["reports"] if entry["report"] != record["report"]]
    reports = sorted([*others, record], key=lambda entry: str(entry["report"]))
    study = record.get("study") or {}
    write_json(folder / "run.json", {"study": study.get("name"), "as_of": study.get("as_of"), "reports": reports})


def _replace_figures(folder: Path, report: str, figures: tuple[dict[str, Any], ...]) -> None:
    path = folder / "figures.json"
    others = [figure for figure in read_json(path, []) if figure["report"] != report]
    own = [{key: {"report": report, **figure}[key] for key in _FIGURE_KEYS} for figure in figures]
    # The order of reports must not depend on which was run last.
    write_json(path, sorted([*others, *own], key=lambda figure: str(figure["report"])))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, source.read_text(encoding="utf-8"))
    source.unlink()
