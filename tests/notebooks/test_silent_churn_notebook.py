"""The silent churn notebook: its parameters, its prose, and that it runs with other parameters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from crm_research.catalogue.silent_churn import REPORT
from crm_research.figures import FIGURES_MIME

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / REPORT.notebook
THIN_STUDY = """
name: thin
title: Thin
currency: EUR
as_of: 2024-07-01
tables:
  orders: {{from: {file}}}
"""


def run(parameters, folder):
    papermill = pytest.importorskip("papermill")
    done = papermill.execute_notebook(
        NOTEBOOK, folder / "out.ipynb", parameters=parameters, cwd=NOTEBOOK.parent, progress_bar=False
    )
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    return [record for output in outputs for record in output.get("data", {}).get(FIGURES_MIME, [])]


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
    figures = run({"study": "simulated", "horizon_weeks": 13, "confidence": 0.9, "as_of": "2024-03-31"}, tmp_path)
    assert {figure["id"] for figure in figures} >= set(REPORT.figure_ids)
    share = next(figure for figure in figures if figure["id"] == "churn.silent.alive_share")
    assert 0 < share["lower"] < share["estimate"] < share["upper"] < 1
    assert "90 % interval" in share["estimator"]
    assert any("next 13 weeks" in figure["label"] for figure in figures)


@pytest.mark.slow
def test_thin_orders_give_a_page_whose_promised_figures_have_no_value(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("order_id,customer_id,ordered_at,revenue\n1,a,2024-01-05,5\n2,b,2024-02-01,7\n", encoding="utf-8")
    study = tmp_path / "thin.yaml"
    study.write_text(THIN_STUDY.format(file=file), encoding="utf-8")
    figures = run({"study": str(study)}, tmp_path)
    assert {figure["id"] for figure in figures} >= set(REPORT.figure_ids)
    assert all(figure["estimate"] is None for figure in figures)


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
