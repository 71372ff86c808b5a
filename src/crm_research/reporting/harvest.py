"""What a run reads back from an executed notebook: its figures, its answer, and what libraries warned of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from crm_research.errors import CrmError
from crm_research.figures import FIGURES_MIME, Figure
from crm_research.show.attachment import FILE_MIME, FILE_NAME
from crm_research.show.display import ANSWER_MIME

_WARNING: Final = re.compile(r"^\S.*?:\d+: (?P<kind>\w*Warning): (?P<message>.*)$")
_LONGEST_NOTE: Final = 600
_OWN_FILES: Final = ("figures.json", "run.json")


def read_figures(notebook: Any) -> tuple[dict[str, Any], ...]:
    """Records of all figures shown, in order; the same figure shown again counts once.

    Raises
    ------
    CrmError
        If one id and group was shown with two different values.
    """
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for output in _outputs(notebook):
        for record in output.get("data", {}).get(FIGURES_MIME, []):
            figure = Figure.from_record(record).as_record()
            key = (figure["id"], figure["group"])
            if found.setdefault(key, figure) != figure:
                group = f" of group {figure['group']!r}" if figure["group"] else ""
                raise CrmError(
                    f"The figure {figure['id']!r}{group} is shown twice with different values "
                    f"({found[key]['estimate']} and {figure['estimate']}). Give each its own id or group."
                )
    return tuple(found.values())


def read_answer(notebook: Any) -> tuple[str, ...]:
    """Sentences of the answer, and of whatever further answers a notebook gives; empty if it gives none."""
    given = [output.get("data", {}).get(ANSWER_MIME) for output in _outputs(notebook)]
    return tuple(sentence for shown in given if shown for sentence in shown["sentences"])


def read_files(notebook: Any) -> tuple[tuple[str, str | None], ...]:
    """Files handed out with the page, each with its name and text; of two of one name the later.

    Of a file that lies in the task's own folder of files already there is no text.
    """
    found: dict[str, str | None] = {}
    for output in _outputs(notebook):
        held = output.get("data", {}).get(FILE_MIME)
        if held and FILE_NAME.fullmatch(held["name"]) and held["name"] not in _OWN_FILES:
            found[held["name"]] = held.get("text")
    return tuple(found.items())


def read_warnings(notebook: Any) -> tuple[str, ...]:
    """What libraries warned of while the notebook ran, each once."""
    notes = (note for output in _outputs(notebook) for note in warnings_of(output))
    return tuple(dict.fromkeys(notes))


def warnings_of(output: Any) -> list[str]:
    """The warnings in one output, as sentences without places in files; [] for outputs that are not stderr."""
    if output.get("output_type") != "stream" or output.get("name") != "stderr":
        return []
    notes, loose = [], []
    lines = output["text"].splitlines()
    for place, line in enumerate(lines):
        match = _WARNING.match(line)
        if match:
            notes.append(f"{match['message'].strip().rstrip('.')} ({match['kind']}).")
        elif line.strip() and not (place and _WARNING.match(lines[place - 1]) and line.startswith("  ")):
            loose.append(line.strip())
    if loose:
        notes.append(" ".join(loose)[:_LONGEST_NOTE])
    return list(dict.fromkeys(notes))


def _outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])
