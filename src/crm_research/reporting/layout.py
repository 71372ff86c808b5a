"""From an executed notebook to the parts of a page: what stands on the first screen, and what follows in sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from crm_research.figures import FIGURES_MIME
from crm_research.reporting.harvest import warnings_of
from crm_research.reporting.notebook_file import html_output
from crm_research.show.display import ANSWER_MIME, CHART_MIME, LAB_STYLE, text_html

_HEADING: Final = re.compile(r"^(#{1,4})\s+(.+?)\s*#*\s*$")
_HEADING_HTML: Final = re.compile(r"<h([2-4])[^>]*>(.*?)</h\1>", re.DOTALL)
_CHART_KEY: Final = re.compile(r'aria-labelledby="(c[0-9a-f]{10})-t ')
_PROVENANCE: Final = "crm-provenance"
_CAVEATS: Final = "crm-caveats"
# A cell so tagged gives the first screen its picture; without one the first chart is taken.
HEADLINE_TAG: Final = "headline"
# A cell so tagged is for programs (a number that tests compare), not for readers of the page.
HIDDEN_TAG: Final = "not-on-page"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One entry of the contents."""

    id: str
    title: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """The parts of a page.

    Parameters
    ----------
    notebook
        The notebook without what was lifted; markdown cells carry their HTML in ``metadata.crm_html``.
    answer, cards, picture, provenance
        HTML of the parts that have a place of their own; empty where the notebook shows none.
    shows_caveats
        The notebook itself tells the study's doubts.
    """

    notebook: Any
    answer: str
    cards: str
    picture: str
    provenance: str
    sections: tuple[Section, ...]
    shows_caveats: bool


def lay_out(executed: Any, *, question: str) -> Layout:
    """Sort an executed notebook into the parts of a page; the notebook given is left as it is."""
    notebook = deepcopy(executed)
    notebook.cells = [cell for cell in notebook.cells if HIDDEN_TAG not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"] = [_dressed(output) for output in cell.outputs if not _is_empty(output)]
    _tell_charts_apart(notebook)
    shows_caveats = any(_CAVEATS in _html(output) for _, output in _outputs(notebook))
    parts = {
        "answer": _lift_all(notebook, ANSWER_MIME),
        "cards": _lift(notebook, FIGURES_MIME),
        "picture": _lift(notebook, CHART_MIME, tag=HEADLINE_TAG) or _lift(notebook, CHART_MIME),
        "provenance": _lift(notebook, None, marker=_PROVENANCE),
    }
    _drop_title(notebook, question)
    _drop_empty_sections(notebook)
    sections = tuple(_render_markdown(notebook))
    return Layout(notebook=notebook, sections=sections, shows_caveats=shows_caveats, **parts)


def _outputs(notebook: Any) -> Iterator[tuple[Any, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell, output


def _html(output: Any) -> str:
    return str(output.get("data", {}).get("text/html", ""))


def _is_empty(output: Any) -> bool:
    return output.output_type == "stream" and not output.text.strip()


def _dressed(output: Any) -> Any:
    # Library warnings become notes a reader can understand; the style that JupyterLab needs is the page's own here.
    notes = warnings_of(output)
    if output.output_type == "stream" and output.name == "stderr":
        html = "".join(
            f'<p class="crm crm-note caution"><strong>A library warned.</strong> {text_html(note)}</p>'
            for note in notes
        )
        return html_output(html)
    if "text/html" in output.get("data", {}):
        output.data["text/html"] = output.data["text/html"].replace(LAB_STYLE, "")
    return output


def _tell_charts_apart(notebook: Any) -> None:
    # A chart shown twice has the same key twice, and ids must be unique on a page.
    seen: dict[str, int] = {}
    for _, output in _outputs(notebook):
        for key in dict.fromkeys(_CHART_KEY.findall(_html(output))):
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                output.data["text/html"] = _html(output).replace(f"{key}-", f"{key}-{seen[key]}-")


def _lift(notebook: Any, mime: str | None, *, tag: str | None = None, marker: str | None = None) -> str:
    for cell, output in _outputs(notebook):
        if tag is not None and tag not in cell.metadata.get("tags", []):
            continue
        if (mime is not None and mime in output.get("data", {})) or (marker is not None and marker in _html(output)):
            cell.outputs.remove(output)
            return _html(output)
    return ""


def _lift_all(notebook: Any, mime: str) -> str:
    """What each question of the page is answered with, in one place, in the order of the notebook."""
    parts = []
    while part := _lift(notebook, mime):
        parts.append(part)
    return "".join(parts)


def _drop_title(notebook: Any, question: str) -> None:
    # The page has its title and question from the catalogue.
    first = next((cell for cell in notebook.cells if cell.cell_type == "markdown"), None)
    if first is None or not first.source.lstrip().startswith("# "):
        return
    _, _, rest = first.source.lstrip().partition("\n")
    asked = _bare(question)
    first.source = "\n\n".join(part for part in re.split(r"\n\s*\n", rest) if part.strip() and asked not in _bare(part))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().lower()


def _drop_empty_sections(notebook: Any) -> None:
    """Leave out headings under which nothing is left to read."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown" or not cell.source.strip():
            continue
        before, _, last = cell.source.strip().rpartition("\n")
        heading = _HEADING.match(last)
        if heading is not None and _is_bare(notebook.cells[place + 1 :], level=len(heading.group(1))):
            cell.source = before.strip()


def _is_bare(cells: Any, *, level: int) -> bool:
    """Does nothing follow before the next heading of the same or a higher level?"""
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.strip():
            follower = _HEADING.match(cell.source.strip().splitlines()[0])
            return follower is not None and len(follower.group(1)) <= level
        if cell.get("outputs"):
            return False
    return True


def _render_markdown(notebook: Any) -> Iterator[Section]:
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    used: set[str] = {"main", "parameters", "provenance", "doubts", "code", "theme"}
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        html = re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html_mistune(cell.source), flags=re.DOTALL)
        found: list[Section] = []

        def with_id(match: re.Match[str], found: list[Section] = found) -> str:
            level, inner = match.groups()
            section = Section(id=_slug(inner, used), title=_plain(inner))
            if level == "2":
                found.append(section)
            return f'<h{level} id="{section.id}">{inner}</h{level}>'

        cell.metadata["crm_html"] = _HEADING_HTML.sub(with_id, html)
        yield from found


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
