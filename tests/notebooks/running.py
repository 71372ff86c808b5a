"""Run a report's notebook as the runner would, and read what it shows."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from crm_research.catalogue import Report, find_report
from crm_research.figures import FIGURES_MIME

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def figures_of(report: Report, parameters: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Records of all figures a notebook shows with these parameters; nothing may be written to standard error."""
    import papermill

    done = papermill.execute_notebook(
        NOTEBOOKS / report.notebook,
        folder / "out.ipynb",
        parameters=parameters,
        cwd=NOTEBOOKS,
        progress_bar=False,
    )
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    return [record for output in outputs for record in output.get("data", {}).get(FIGURES_MIME, [])]


def code_cells(report_id: str) -> list[str]:
    """The code of a report's notebook, cell by cell; the first holds its parameters."""
    notebook = json.loads((NOTEBOOKS / find_report(report_id).notebook).read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, Any]) -> None:
    """Run a cell in this process as a kernel does: an object that its last line is worth shows itself."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        if hasattr(value, "_ipython_display_"):
            value._ipython_display_()
