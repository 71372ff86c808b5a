"""Run notebooks and store the outputs of their checked cells, and of no others.

    python scripts/store_checked_outputs.py                       every notebook
    python scripts/store_checked_outputs.py notebooks/02_churn.ipynb

Cells tagged ``nbval-check-output`` are compared with what is stored; after a change that is meant to move them, run
this and read the diff.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
CHECKED = "nbval-check-output"


def store_outputs(path: Path) -> None:
    """Execute a notebook in its folder; keep outputs and counts of checked cells only."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        if CHECKED not in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


def main() -> None:
    """Store the outputs of the notebooks named, or of all."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    named = [Path(name) for name in sys.argv[1:]]
    for path in named or sorted((ROOT / "notebooks").glob("*.ipynb")):
        store_outputs(path.resolve())
        print(f"{path.name}: stored")


if __name__ == "__main__":
    main()
