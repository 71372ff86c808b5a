"""A page from an executed notebook: one file that needs nothing else, on the house's own template."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from crm_research.reporting.layout import Layout, lay_out
from crm_research.reporting.page_check import check_page
from crm_research.reporting.tasks import MANAGEMENT, StudyFacts, Task
from crm_research.reporting.voices import by_sentence, in_both_voices
from crm_research.settings import read_settings
from crm_research.show.display import text_html
from crm_research.show.sources import short_fingerprint
from crm_research.theme.fonts import carried_style
from crm_research.theme.house import House, read_house

TEMPLATES: Final = Path(__file__).parent / "templates"


def render_page(notebook: Any, task: Task) -> str:
    """The page of an executed notebook.

    Raises
    ------
    PageError
        If the page would load something from a network, or a picture has no words for those who do not see it.
    """
    from nbconvert.exporters.html import HTMLExporter

    is_for_management = task.audience == MANAGEMENT
    laid = lay_out(notebook, question=task.question, is_for_management=is_for_management)
    layout, contents = in_both_voices(laid, is_for_management=is_for_management)
    page_parts = {**_page(layout, task), "contents": contents}
    page_parts["doubts"] = [by_sentence(f"<li>{text_html(caveat)}</li>") for caveat in page_parts["caveats"]]
    exporter_class: Any = HTMLExporter
    exporter = exporter_class(template_name="report", extra_template_basedirs=[str(TEMPLATES)])
    page, _ = exporter.from_notebook_node(layout.notebook, resources={"page": page_parts})
    page = with_carried_signs((task.house or house()).paint(page))
    check_page(page)
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"


def with_carried_signs(page: str) -> str:
    """The page with those Chinese signs that it holds, for readers whose machine has no font with them."""
    style = carried_style(page)
    return page.replace("</style>", f"\n{style}\n</style>", 1) if style else page


@cache
def read_template_text(name: str) -> str:
    """A style sheet or script of the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def house() -> House:
    """The look of the company whose reports these are."""
    return read_house(read_settings().house)


def house_style(own: str = "") -> str:
    """The style that every page has, with colours and fonts of the study's own, or else of the company."""
    path = read_settings().house
    return read_template_text("house.css") + (own or (read_house(path).style() if path else ""))


def _page(layout: Layout, task: Task) -> dict[str, Any]:
    return {
        "report": task.report,
        "title": task.title,
        "running": css_text(f"{task.title} · {task.study.title} · {task.study.as_of}"),
        "question": task.question,
        "brand": (task.house or house()).brand,
        "study": task.study,
        "is_for_management": task.audience == MANAGEMENT,
        "style": house_style(task.house.style() if task.house else "") + read_template_text("report/page.css"),
        "script": read_template_text("tables.js") + read_template_text("page.js"),
        "answer": layout.answer,
        "picture": layout.picture,
        "cards": layout.cards,
        "advice": layout.advice,
        "sections": layout.sections,
        "caveats": () if layout.shows_caveats else task.study.caveats,
        "voice": read_template_text("voice.js"),
        "parameters": [
            {"name": name, "value": _value(name, value, task.study), "meaning": task.descriptions.get(name, "")}
            for name, value in task.told_parameters.items()
        ],
        "provenance": layout.provenance or _facts(task.study),
    }


def css_text(text: str) -> str:
    """A text as a string of a style sheet, in which nothing of it can end the sheet."""
    return '"' + re.sub(r'["\\<>\n\r\f]', lambda sign: f"\\{ord(sign.group(0)):x} ", text) + '"'


def _value(name: str, value: Any, study: StudyFacts) -> str:
    if name == "study":
        return study.name
    return "not set" if value is None else str(value)


def _facts(study: StudyFacts) -> str:
    rows = [("Study", f"{study.title} ({study.name})"), ("Data", study.provenance), ("Currency", study.currency)]
    rows += [("As of", study.as_of), ("Holdout", f"until {study.holdout_until}" if study.holdout_until else "none")]
    rows += [
        (f"Table {found['table']}", f"{found['source']}, fingerprint {short_fingerprint(found['fingerprint'])}")
        for found in study.inputs
    ]
    rows += [("Engine", study.engine)]
    shown = "".join(
        f"<div><dt>{text_html(name)}</dt><dd>{text_html(value)}</dd></div>" for name, value in rows if value
    )
    return f'<dl class="crm-provenance">{shown}</dl>'
