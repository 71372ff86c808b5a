"""From an executed notebook to the parts of a page: what stands on the first screen, and what follows in sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from crm_research.figures import FIGURES_MIME
from crm_research.reporting.chapters import HEADING, Chapter, number_headings
from crm_research.reporting.harvest import warnings_of
from crm_research.reporting.notebook_file import html_output
from crm_research.show.advice import anchor_of
from crm_research.show.attachment import MOST_CARRIED
from crm_research.show.display import ANSWER_MIME, CHART_MIME, LAB_STYLE, SECTION_MIME, text_html

_ID: Final = re.compile(r' id="((?:figure|picture|section)-[^"]*)"')
_PICTURE: Final = re.compile(r'<figure class="crm crm-chart"(?: id="[^"]*")?')
_LINK: Final = re.compile(r' ?<a class="proof" href="#([^"]*)">.*?</a>', re.DOTALL)
_CHART_KEY: Final = re.compile(r'aria-labelledby="(c[0-9a-f]{10})-t ')
_ANSWER: Final = re.compile(r"^## The answer\s*$", re.MULTILINE)
_FILE_LINK: Final = re.compile(r'download="([^"]+\.csv)" href="(data:text/csv[^"]*)"')
_HANDED_OUT: Final = re.compile(r'<p class="crm crm-note"><strong>[^<]*</strong> <a download=.*?</p>', re.DOTALL)
# A table with a column of ids, folded or not.
_ROWS: Final = re.compile(
    r'(?:<details class="folded crm">(?:(?!<table>).)*?)?<div class="crm crm-table">(?:(?!</thead>).)*?'
    r"<th[^>]*>(?:customer|contract)(?: id)?</th>.*?</table></div>"
    r'(?:<p class="table-note">.*?</p>)*</div>(?:</details>)?',
    re.DOTALL,
)
_PROVENANCE: Final = "crm-provenance"
_CAVEATS: Final = "crm-caveats"
# A cell so tagged gives the first screen its picture; without one the first chart is taken.
HEADLINE_TAG: Final = "headline"
# A cell so tagged is for programs (a number that tests compare), not for readers of the page.
HIDDEN_TAG: Final = "not-on-page"


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """The parts of a page.

    Parameters
    ----------
    notebook
        The notebook without what was lifted; markdown cells carry their HTML in ``metadata.crm_html``.
    answer, picture, cards, advice
        HTML of the manager's part, in the order in which it is read; empty where the notebook shows none. The rest of
        the page is what it rests on.
    provenance
        HTML of where the numbers come from.
    shows_caveats
        The notebook itself tells the study's doubts.
    """

    notebook: Any
    answer: str
    picture: str
    cards: str
    advice: str
    provenance: str
    sections: tuple[Chapter, ...]
    shows_caveats: bool


def lay_out(executed: Any, *, question: str, is_for_management: bool = False) -> Layout:
    """Sort an executed notebook into the parts of a page; the notebook given is left as it is.

    Of a page for management only its own part and the figures are kept: no code, no rows, no lists.
    """
    notebook = deepcopy(executed)
    notebook.cells = [cell for cell in notebook.cells if HIDDEN_TAG not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"] = [_dressed(output) for output in cell.outputs if not _is_empty(output)]
    _tell_charts_apart(notebook)
    _anchor_pictures(notebook)
    shows_caveats = not is_for_management and any(_CAVEATS in _html(output) for _, output in _outputs(notebook))
    parts = {
        "answer": _lift_all(notebook, ANSWER_MIME),
        "picture": _lift(notebook, CHART_MIME, tag=HEADLINE_TAG) or _lift(notebook, CHART_MIME),
        "cards": _lift(notebook, FIGURES_MIME),
        "advice": _lift_brief(notebook),
        "provenance": _lift(notebook, None, marker=_PROVENANCE),
    }
    if is_for_management:
        _keep_figures(notebook)
        parts = {name: _without_lists(html) for name, html in parts.items()}
    _drop_title(notebook, question)
    _rename_answer(notebook)
    _drop_empty_sections(notebook)
    _anchor_sections(notebook)
    sections = tuple(number_headings(notebook))
    _drop_dead_links(notebook, parts)
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
        output.data["text/html"] = _lean(output.data["text/html"].replace(LAB_STYLE, ""))
    return output


def _lean(html: str) -> str:
    """A long list is taken from its file beside the page: carried by the page, it would be most of it."""
    return _FILE_LINK.sub(
        lambda match: match[0] if len(match[2]) <= MOST_CARRIED else f'download="{match[1]}" href="{match[1]}"',
        html,
    )


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


def _lift_brief(notebook: Any) -> str:
    """What else a page has for the manager: what is to be done, and the gravest doubt."""
    parts = []
    for cell, output in list(_outputs(notebook)):
        if output.get("data", {}).get(SECTION_MIME, {}).get("brief"):
            cell.outputs.remove(output)
            parts.append(_html(output))
    return "".join(parts)


def _keep_figures(notebook: Any) -> None:
    """Of what follows the manager's part only the figures, under the headings that they stand under."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = ""
            cell["outputs"] = [output for output in cell.outputs if FIGURES_MIME in output.get("data", {})]
        elif cell.cell_type == "markdown":
            cell.source = "\n\n".join(line for line in cell.source.splitlines() if HEADING.match(line))


def _without_lists(html: str) -> str:
    """What hands out a list of customers, or tells of them row by row, is no part of a page for management."""
    return _ROWS.sub("", _HANDED_OUT.sub("", html))


def _anchor_pictures(notebook: Any) -> None:
    """The pictures of a section are found under its name, whatever their titles say today."""
    n_pictures: dict[str, int] = {}
    for _, output in _outputs(notebook):
        name = output.get("data", {}).get(SECTION_MIME, {}).get("name")
        if name and CHART_MIME in output.data:
            n_pictures[name] = n_pictures.get(name, 0) + 1
            opening = f'<figure class="crm crm-chart" id="{_picture_id(name, n_pictures[name])}"'
            output.data["text/html"] = _PICTURE.sub(opening, _html(output), count=1)


def _anchor_sections(notebook: Any) -> None:
    """An id on the first output of each section, for those who come to see what proves a sentence."""
    seen: set[str] = set()
    for _, output in _outputs(notebook):
        name = output.get("data", {}).get(SECTION_MIME, {}).get("name")
        if name and name not in seen and "text/html" in output.data:
            seen.add(name)
            output.data["text/html"] = f'<span class="anchor" id="{anchor_of(name)}"></span>{_html(output)}'


def _picture_id(name: str, number: int) -> str:
    return f"picture-{name.replace('_', '-')}" + (f"-{number}" if number > 1 else "")


def _drop_dead_links(notebook: Any, parts: dict[str, str]) -> None:
    """A number shown twice has one id, and a link goes where its section is not on the page."""
    seen: set[str] = set()

    def once(match: re.Match[str]) -> str:
        is_new = match.group(1) not in seen
        seen.add(match.group(1))
        return match.group(0) if is_new else ""

    for name, html in parts.items():
        parts[name] = _ID.sub(once, html)
    for cell in notebook.cells:
        for held in [cell.metadata, *(output.get("data", {}) for output in cell.get("outputs", []))]:
            for key in ("crm_html", "text/html"):
                if key in held:
                    held[key] = _ID.sub(once, held[key])
    for name, html in parts.items():
        parts[name] = _LINK.sub(lambda match: match.group(0) if match.group(1) in seen else "", html)


def _drop_title(notebook: Any, question: str) -> None:
    # The page has its title and question from the catalogue.
    first = next((cell for cell in notebook.cells if cell.cell_type == "markdown"), None)
    if first is None or not first.source.lstrip().startswith("# "):
        return
    _, _, rest = first.source.lstrip().partition("\n")
    asked = _bare(question)
    first.source = "\n\n".join(part for part in re.split(r"\n\s*\n", rest) if part.strip() and asked not in _bare(part))


def _rename_answer(notebook: Any) -> None:
    # The answer itself stands above; what is left under its heading says how to read it.
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _ANSWER.sub("## How to read the answer", cell.source)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().lower()


def _drop_empty_sections(notebook: Any) -> None:
    """Leave out headings under which nothing is left to read."""
    # From the end: a heading is left alone by those below it.
    for place in range(len(notebook.cells) - 1, -1, -1):
        cell = notebook.cells[place]
        while cell.cell_type == "markdown" and cell.source.strip():
            before, _, last = cell.source.strip().rpartition("\n")
            heading = HEADING.match(last)
            if heading is None or not _is_bare(notebook.cells[place + 1 :], level=len(heading.group(1))):
                break
            cell.source = before.strip()


def _is_bare(cells: Any, *, level: int) -> bool:
    """Does nothing follow before the next heading of the same or a higher level?"""
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.strip():
            follower = HEADING.match(cell.source.strip().splitlines()[0])
            return follower is not None and len(follower.group(1)) <= level
        if cell.get("outputs"):
            return False
    return True
