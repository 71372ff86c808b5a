"""The headings of a page: their ids, the contents made of them, and chapters that have nothing to tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from crm_research.show.advice import anchor_of
from crm_research.show.display import NOTE_MIME, SECTION_MIME, text_html

HEADING: Final = re.compile(r"^(#{1,4})\s+(.+?)\s*#*\s*$")
_HEADING_HTML: Final = re.compile(r"<h([2-4])[^>]*>(.*?)</h\1>", re.DOTALL)
_TAKEN: Final = ("main", "parameters", "provenance", "doubts", "code", "theme", "behind", "advice", "contents")


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One entry of the contents.

    Parameters
    ----------
    level
        2 for a chapter, 3 for a part of one.
    is_missing
        The records cannot answer its question.
    """

    id: str
    title: str
    level: int = 2
    is_missing: bool = False


def number_headings(notebook: Any) -> Iterator[Chapter]:
    """The HTML of each text cell into its metadata, with an id on each heading; the headings for the contents."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    used: set[str] = set(_TAKEN)
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        html = re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html_mistune(cell.source), flags=re.DOTALL)
        found: list[Chapter] = []

        def with_id(match: re.Match[str], found: list[Chapter] = found) -> str:
            level, inner = match.groups()
            chapter = Chapter(id=_slug(inner, used), title=_plain(inner), level=int(level))
            if chapter.level <= 3:
                found.append(chapter)
            return f'<h{level} id="{chapter.id}">{inner}</h{level}>'

        html = _HEADING_HTML.sub(with_id, html)
        told = _take_missing(notebook.cells[place + 1 :]) if found else {}
        if told:
            html, found[-1] = _in_one_line(html, found[-1], told)
        cell.metadata["crm_html"] = html
        yield from found


def _take_missing(cells: Any) -> dict[str, str]:
    """What the sections of a chapter say, by name, if each says that something is missing; they leave their cells.

    Empty where one tells more, or none is there.
    """
    held = []
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.strip():
            break
        held.append(cell)
    told: dict[str, str] = {}
    for output in (output for cell in held for output in cell.get("outputs", [])):
        data = output.get("data", {})
        section = data.get(SECTION_MIME, {})
        if not section.get("missing") or NOTE_MIME not in data:
            return {}
        told[section["name"]] = data[NOTE_MIME]["text"]
    if told:
        for cell in held:
            if "outputs" in cell:
                cell.outputs = []
    return told


def _in_one_line(html: str, chapter: Chapter, told: dict[str, str]) -> tuple[str, Chapter]:
    """The chapter as one line that opens: its title and why it is missing; what it would have told stands inside."""
    tag, end = f'<h{chapter.level} id="{chapter.id}">', f"</h{chapter.level}>"
    before, _, rest = html.rpartition(tag)
    inner, _, prose = rest.partition(end)
    why = text_html(" ".join(told.values()))
    anchors = "".join(f'<span class="anchor" id="{anchor_of(name)}"></span>' for name in told)
    line = f'<summary>{tag}{inner}{end} <span class="why">{why}</span></summary>'
    kept = f'{before}{anchors}<details class="missing">{line}<p>{why}</p>{prose}</details>'
    return kept, replace(chapter, is_missing=True)


def _plain(html: str) -> str:
    from html import unescape

    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def _slug(html: str, used: set[str]) -> str:
    base = re.sub(r"[\W_]+", "-", _plain(html).lower()).strip("-") or "section"
    slug, number = base, 2
    while slug in used:
        slug, number = f"{base}-{number}", number + 1
    used.add(slug)
    return slug
