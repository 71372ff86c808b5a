"""Notebooks on disk."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from crm_research.show.display import CHART_MIME, PNG_MIME

# The image carries its title, so the words above the drawing go with it.
_DRAWN: Final = re.compile(
    r'(?:<div class="crm-headings">.*?</div>)?<div class="scroll" tabindex="0"><svg .*?</svg></div>'
    r'(?:<div class="narrow"><svg .*?</svg></div>)?',
    re.DOTALL,
)


def read_notebook(path: Path) -> Any:
    """A notebook as nbformat's version 4."""
    import nbformat

    library: Any = nbformat
    return library.read(path, as_version=4)


def write_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook as it is."""
    import nbformat

    library: Any = nbformat
    library.write(notebook, path)


def with_pictures(notebook: Any) -> Any:
    """The notebook with each chart as an image of its own, before its caption and its numbers.

    A page takes the picture inside the HTML. JupyterLab shows of a notebook that it does not trust no such picture, and
    prefers HTML to an image that stands in the same output.
    """
    kept = deepcopy(notebook)
    for cell in kept.cells:
        if "outputs" in cell:
            cell.outputs = [part for output in cell.outputs for part in _apart(output)]
    return kept


def _apart(output: Any) -> list[Any]:
    data = output.get("data", {})
    if PNG_MIME not in data or CHART_MIME not in data:
        return [output]
    from nbformat import v4

    library: Any = v4
    image = library.new_output("display_data", data={PNG_MIME: data.pop(PNG_MIME), "text/plain": data["text/plain"]})
    image.metadata[PNG_MIME] = {"alt": data[CHART_MIME]["alt"]}
    data["text/html"] = _DRAWN.sub("", data["text/html"])
    return [image, output]


def html_output(html: str) -> Any:
    """An output that shows HTML."""
    from nbformat import v4

    library: Any = v4
    return library.new_output("display_data", data={"text/html": html})
