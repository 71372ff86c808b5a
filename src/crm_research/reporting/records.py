"""What is published of a report, and the record of how it was made: page, notebook, figures.json, files, run.json."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, Final

from crm_research.privacy.masking import masked
from crm_research.reporting.private_shelf import put_privately
from crm_research.reporting.shelf import changing, folder_of, write_text
from crm_research.reporting.tasks import FORMS, MANAGEMENT, Failure, Outcome, Task
from crm_research.results import DONE, FAILED, NOT_APPLICABLE, read_json, read_run
from crm_research.scratch import replacing

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
            if task.audience == MANAGEMENT:
                with suppress(OSError):
                    (draft / task.executed.name).unlink()
            else:
                _put(task.executed, draft / task.executed.name)
            _put(task.page, draft / task.page.name)
            _replace_figures(draft, task.report, outcome.figures)
            # A list that the page no longer hands out would be taken for its own.
            before = _entry(draft, task.report) or {}
            for name in before.get("files", []):
                with suppress(OSError):
                    (draft / name).unlink()
            put_privately(out, task, outcome.private, before.get("private_lists", ()))
            for name, text in outcome.files:
                if text is None:
                    _copy(task.files / name, draft / name)
                else:
                    write_text(draft / name, text)
            _put_other_forms(task, draft)
            with suppress(OSError):
                (draft / failed).unlink()
                (draft / failed).parent.rmdir()
            record = _good_record(task, outcome, versions)
        else:
            # What stopped a report is for its author: the notebook that shows it is no page for management.
            is_kept = task.audience != MANAGEMENT and _is_whole(task.executed)
            if is_kept:
                _put(task.executed, draft / failed)
            record = _failed_record(task, outcome, versions, _entry(draft, task.report))
            record["failed_notebook"] = failed.as_posix() if is_kept else None
        look = None if outcome.failure is not None else task.house.style() if task.house else ""
        _replace_entry(draft, record, look=look)
    return folder / (task.page.name if outcome.failure is None else failed)


def _put_other_forms(task: Task, draft: Path) -> None:
    """The page in its other forms; one that was not made now would say what an earlier page said, and goes."""
    for form in FORMS:
        made = task.other_form(form)
        if form in task.formats:
            _copy(made, draft / made.name)
        else:
            with suppress(OSError):
                (draft / made.name).unlink()


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
        "forms": [task.other_form(form).name for form in FORMS if form in task.formats],
        "private_lists": list(outcome.private),
        "audience": task.audience,
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
        "parameters": task.told_parameters,
        "warnings": list(outcome.notes),
        "retried_after": _say_failure(outcome.retried_after),
        "study": {
            "given": PurePath(task.study.given).name,
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
        "message": masked(failure.published or failure.message),
        "place": failure.place,
        "trace": [masked(line) for line in failure.trace],
    }


def _entry(folder: Path, report: str) -> dict[str, Any] | None:
    return next((entry for entry in read_run(folder)["reports"] if entry["report"] == report), None)


def _replace_entry(folder: Path, record: Mapping[str, Any], *, look: str | None = None) -> None:
    """With the style of the study's own look, which pages about its reports have too; None leaves it as it is."""
    before = read_run(folder)
    others = [entry for entry in before["reports"] if entry["report"] != record["report"]]
    reports = sorted([*others, record], key=lambda entry: str(entry["report"]))
    study = record.get("study") or (record.get("failed_attempt") or {}).get("study") or {}
    look = before.get("look") if look is None else look
    told = {"study": study.get("name"), "as_of": study.get("as_of"), **({"look": look} if look else {})}
    write_json(folder / "run.json", {**told, "reports": reports})


def as_written(report: str, figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records of figures as figures.json holds them."""
    return [{key: {"report": report, **figure}[key] for key in _FIGURE_KEYS} for figure in figures]


def _replace_figures(folder: Path, report: str, figures: tuple[dict[str, Any], ...]) -> None:
    path = folder / "figures.json"
    others = [figure for figure in read_json(path, []) if figure["report"] != report]
    own = as_written(report, figures)
    # The order of reports must not depend on which was run last.
    write_json(path, sorted([*others, *own], key=lambda figure: str(figure["report"])))


def _copy(source: Path, target: Path) -> None:
    """A long file as it is, without reading it into memory."""
    with replacing(target) as half:
        shutil.copyfile(source, half)


def _put(source: Path, target: Path) -> None:
    write_text(target, source.read_text(encoding="utf-8"))
