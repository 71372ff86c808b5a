"""Notebooks on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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


def html_output(html: str) -> Any:
    """An output that shows HTML."""
    from nbformat import v4

    library: Any = v4
    return library.new_output("display_data", data={"text/html": html})
