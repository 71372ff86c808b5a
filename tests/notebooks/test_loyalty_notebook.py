"""The loyalty notebook: its parameters, its prose, and that it runs with other parameters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from crm_research.catalogue.loyalty import REPORT
from crm_research.figures import FIGURES_MIME

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / REPORT.notebook


def test_parameters_are_those_of_the_catalogue():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1
    written: dict = {}
    exec(cells[0].source, written)
    written.pop("__builtins__")
    assert written == {name: field.default for name, field in REPORT.parameters.model_fields.items()}


def test_more_words_than_code_no_logic_and_outputs_only_where_they_are_checked():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert len(prose.split()) > 3 * sum(len(cell.source.split()) for cell in code)
    checked = [cell for cell in code if "nbval-check-output" in cell.metadata.get("tags", [])]
    assert checked
    for cell in code:
        assert bool(cell.outputs) == (cell in checked)
        for word in ("def ", "for ", "while ", "if "):
            assert not any(line.strip().startswith(word) for line in cell.source.splitlines())


@pytest.mark.slow
def test_it_runs_with_other_parameters(tmp_path):
    import papermill

    parameters = {"study": "complete-journey", "period_months": 3, "occasion": "order", "confidence": 0.9}
    done = papermill.execute_notebook(
        NOTEBOOK, tmp_path / "out.ipynb", parameters=parameters, cwd=NOTEBOOK.parent, progress_bar=False
    )
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    figures = [record for output in outputs for record in output.get("data", {}).get(FIGURES_MIME, [])]
    assert {figure["id"] for figure in figures} >= {
        "loyalty.repeat_rate",
        "loyalty.median_days_to_second",
        "loyalty.retention_m",
    }
    assert any("90 % interval" in figure["estimator"] for figure in figures)


@pytest.mark.slow
def test_stored_outputs_are_what_the_cells_print():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "-q", str(NOTEBOOK)],
        capture_output=True,
        text=True,
        check=False,
        cwd=NOTEBOOK.parents[1],
    )
    assert done.returncode == 0, done.stdout[-3000:]
