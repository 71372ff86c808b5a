"""A shelf as runs leave it: figures by report, for the summary to stand on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crm_research.figures import Figure


def a_figure(id_: str, estimate: float | None, lower: float | None = None, upper: float | None = None, **more: Any):
    """A share with limits, unless told otherwise."""
    held = {"label": id_.rpartition(".")[2], "unit": "share", "n": 1_200, "window": "2023", "estimator": "counted"}
    return Figure(id=id_, estimate=estimate, lower=lower, upper=upper, **{**held, **more})


def put(
    out: Path,
    reports: dict[str, list[Figure]],
    *,
    as_of: str = "2024-07-01",
    study: str = "handmade",
    failed: dict[str, str] | None = None,
    absent: dict[str, str] | None = None,
) -> Path:
    """Write what runs leave: reports with their figures, those that failed, and those that do not apply, with why."""
    folder = out / study / as_of
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = [
        {
            "report": report, "title": report.title(), "question": "?", "outcome": "done", "page": f"{report}.html",
            "answer": [], "study": {"name": study, "title": "A <shop> & co"}, "last_good_at": f"{as_of}T03:00:00+00:00",
            "parameters": {"confidence": 0.95}, "inputs": [{"table": "orders", "fingerprint": as_of}],
        }
        for report in reports
    ]  # fmt: skip
    for report, why in (failed or {}).items():
        own = next((entry for entry in entries if entry["report"] == report), None)
        told = {"outcome": "failed", "error": {"kind": "input", "message": why}}
        if own is not None:
            own.update(told)
        else:
            entries.append({"report": report, "title": report.title(), "question": "?", "page": None, **told})
    for report, why in (absent or {}).items():
        entries.append(
            {"report": report, "title": report.title(), "question": "?", "page": None, "outcome": "not applicable",
             "reason": why}
        )  # fmt: skip
    (folder / "run.json").write_text(json.dumps({"study": study, "as_of": as_of, "reports": entries}))
    records = [{"report": report, **one.as_record()} for report, held in reports.items() for one in held]
    (folder / "figures.json").write_text(json.dumps(records))
    return folder
