"""Shelves of reports as a run leaves them, and readers that follow every link of a site."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from crm_research.reporting.records import publish
from crm_research.reporting.site import write_index
from crm_research.reporting.tasks import Outcome
from tests.reporting.pages import a_figure, a_task

TIMES = {"started_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:00:05+00:00", "seconds": 5.0}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def add_day(
    shelf: Path,
    scratch: Path,
    *,
    study: str = "shop",
    day: str = "2024-06-30",
    share: float = 0.5,
    text: str = "",
    reports=("churn", "loyalty"),
    pdf: bytes | None = None,
) -> None:
    """A study's day with these reports; `share` and `text` make each day's pages its own."""
    from dataclasses import replace

    for report in reports:
        task = a_task(scratch / study / day, report=report)
        facts = replace(task.study, name=study, given=study, title=f"The {study}", as_of=day)
        task = replace(task, study=facts, title=f"The {report} report", formats=("pdf",) if pdf else ())
        task.folder.mkdir(parents=True, exist_ok=True)
        figures = (a_figure(id=f"{report}.share", estimate=share, lower=share - 0.1, upper=share + 0.1).as_record(),)
        word = f"{report} of {study} on {day}: {100 * share:.1f} % {text}"
        task.page.write_text(
            f'<html><head><title>{word}</title></head><body><a href="../../index.html">All</a> <a href="ledger.html">'
            f"Ledger</a><p>{word}</p></body></html>",
            encoding="utf-8",
        )
        picture = {
            "data": {"image/png": base64.b64encode(PNG).decode()},
            "metadata": {"image/png": {"alt": f"A line of {report}."}},
        }
        cell = {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "execution_count": 1,
            "source": "",
            "outputs": [{"output_type": "display_data", **picture}],
        }
        held = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        task.executed.write_text(json.dumps(held), encoding="utf-8")
        if pdf:
            task.other_form("pdf").write_bytes(pdf)
        publish(
            shelf,
            task,
            Outcome(**TIMES, figures=figures, answer=(f"Of all, {100 * share:.1f} % stay.",)),
            {"python": "3.11"},
        )
    write_index(shelf)


def read_site(read: Callable[[str], bytes | None]) -> dict[str, bytes]:
    """Every page that a reader comes to from the index, by its path; a link that leads nowhere fails."""
    found: dict[str, bytes] = {}
    waiting = ["index.html"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        content = read(path)
        assert content is not None, f"{path} is linked and is not there"
        assert content.rstrip().endswith((b"</html>", b"}", b"]")) or not path.endswith(".html"), f"{path} breaks off"
        found[path] = content
        if path.endswith(".html"):
            for link in re.findall(r'<a[^>]* href="([^"#?:]+)(?:#[^"]*)?"', content.decode("utf-8")):
                parts = [*path.split("/")[:-1], *unquote(link).split("/")]
                while ".." in parts:
                    at = parts.index("..")
                    del parts[at - 1 : at + 1]
                waiting.append("/".join(parts))
    return found


def of_folder(folder: Path) -> Callable[[str], bytes | None]:
    """Reads from a folder."""
    return lambda path: (folder / path).read_bytes() if (folder / path).is_file() else None
