"""A page for each department: what the summary asks of it, and nothing else, as a file beside the summary."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import nbformat

from crm_research.pillars.summary.parts import DEPARTMENT_MIME
from crm_research.reporting.render import render_page
from crm_research.reporting.tasks import Task
from crm_research.show.display import NOTE_MIME, SECTION_MIME
from crm_research.show.prose import render_answer

_WHERE: Final = (
    "What the reports ask of all departments, what has changed, and how far the numbers can be trusted stands in the "
    "[summary](summary.html). Every action leads to the very figure that asks for it."
)
_PROVENANCE: Final = "provenance"
_ADVICE: Final = "advice"


def render_departments(notebook: Any, task: Task) -> tuple[tuple[str, str], ...]:
    """Name and HTML of each department's page; none for a notebook that speaks of no department."""
    found = [
        (output.data[DEPARTMENT_MIME], cell)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if DEPARTMENT_MIME in output.get("data", {})
    ]
    cautions = [output for output in _of_section(notebook, _ADVICE) if NOTE_MIME in output.data]
    provenance = _of_section(notebook, _PROVENANCE)
    return tuple(
        (f"{task.report}-{told['department']}.html", _render(notebook, task, told, cell, cautions, provenance))
        for told, cell in found
    )


def _of_section(notebook: Any, name: str) -> list[Any]:
    return [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(SECTION_MIME, {}).get("name") == name
    ]


def _render(
    notebook: Any, task: Task, told: dict[str, str], cell: Any, cautions: list[Any], provenance: list[Any]
) -> str:
    answer = render_answer(told["line"])
    line = nbformat.v4.new_output(
        "display_data", data={"text/html": answer.html, "text/plain": answer.plain, **answer.types}
    )  # type: ignore[no-untyped-call]
    asked = [deepcopy(one) for one in cell.outputs if DEPARTMENT_MIME not in one.get("data", {})]
    for output in asked:
        output.data[SECTION_MIME] = {**output.data.get(SECTION_MIME, {}), "brief": True}
    page = nbformat.v4.new_notebook(metadata=deepcopy(notebook.metadata))  # type: ignore[no-untyped-call]
    page.cells = [
        _code([line, *map(deepcopy, cautions), *asked]),
        nbformat.v4.new_markdown_cell(f"## How to read this page\n\n{_WHERE}"),  # type: ignore[no-untyped-call]
        _code(list(map(deepcopy, provenance))),
    ]
    for place, one in enumerate(page.cells):
        one["id"] = f"department-{place}"
    title = f"{task.title}: {told['name']}"
    return render_page(page, replace(task, title=title, question=f"What do the reports ask of {told['department']}?"))


def _code(outputs: list[Any]) -> Any:
    cell = nbformat.v4.new_code_cell("")  # type: ignore[no-untyped-call]
    cell["outputs"] = outputs
    return cell
