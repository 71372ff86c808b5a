"""Notebooks tell the story and hold no logic; each stands in the catalogue, and the two agree."""

from __future__ import annotations

import ast
import json
import tomllib

import pytest

from crm_research.catalogue import reports
from crm_research.catalogue.entry import ReportParameters
from tests.architecture import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHECKED = "nbval-check-output"


def _name(path):
    return path.name


def _cells(path, kind=None):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if kind in (None, cell["cell_type"])]


def _tags(cell):
    return cell["metadata"].get("tags", [])


def _source(cell):
    return "".join(cell["source"])


def test_every_notebook_stands_in_the_catalogue_and_the_other_way_round():
    assert {path.name for path in NOTEBOOKS} == {report.notebook for report in reports().values()}


@pytest.mark.parametrize("report_id", sorted(reports()))
def test_every_report_has_a_pillar_and_its_tests(report_id):
    package = report_id.replace("-", "_")
    assert (ROOT / "src/crm_research/pillars" / package / "__init__.py").is_file()
    assert list((ROOT / "tests" / package).glob("test_*.py")), f"tests/{package} has no test"


@pytest.mark.parametrize("report_id", sorted(reports()))
def test_parameter_cell_equals_the_catalogue(report_id):
    report = reports()[report_id]
    tagged = [cell for cell in _cells(ROOT / "notebooks" / report.notebook, "code") if "parameters" in _tags(cell)]
    assert len(tagged) == 1, "one cell is tagged 'parameters'"
    held = {}
    for node in ast.parse(_source(tagged[0])).body:
        if isinstance(node, ast.Assign):
            held[node.targets[0].id] = ast.literal_eval(node.value)
        elif isinstance(node, ast.AnnAssign):
            held[node.target.id] = ast.literal_eval(node.value)
    assert held == {name: field.default for name, field in report.parameters.model_fields.items()}


@pytest.mark.parametrize("report_id", sorted(reports()))
def test_every_parameter_of_a_report_is_read_by_a_cell(report_id):
    """A parameter that no cell reads changes nothing, and nobody is told."""
    report = reports()[report_id]
    cells = _cells(ROOT / "notebooks" / report.notebook, "code")
    read = {
        node.id
        for cell in cells
        if "parameters" not in _tags(cell)
        for node in ast.walk(ast.parse(_source(cell)))
        if isinstance(node, ast.Name)
    }
    assert set(report.parameters.model_fields) - set(ReportParameters.model_fields) - read == set()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_notebook_holds_no_logic(path):
    forbidden = (
        *(ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try),
        *(ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp),
    )
    for cell in _cells(path, "code"):
        found = [type(node).__name__ for node in ast.walk(ast.parse(_source(cell))) if isinstance(node, forbidden)]
        assert found == [], f"{found} in: {_source(cell)[:80]}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_notebook_has_three_words_for_each_of_code(path):
    words = sum(len(_source(cell).split()) for cell in _cells(path, "markdown"))
    code = sum(len(_source(cell).split()) for cell in _cells(path, "code"))
    assert words > 3 * code


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_only_checked_cells_store_output_and_each_does(path):
    cells = _cells(path, "code")
    stored = [_source(cell) for cell in cells if cell["outputs"] and CHECKED not in _tags(cell)]
    bare = [_source(cell) for cell in cells if not cell["outputs"] and CHECKED in _tags(cell)]
    assert stored == [], "outputs are stored on cells that nobody checks"
    assert bare == [], "nbval passes a checked cell without stored output: store one"
    assert any(CHECKED in _tags(cell) for cell in cells), "no cell is checked"


def test_scripts_of_the_project_are_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"crm-research": "crm_research.cli:main"}
