"""``crm-research new report``: names that are none or taken, all or nothing, and a skeleton that runs as it stands."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crm_research.cli.new_report import make_report
from crm_research.errors import CrmError
from tests.architecture import ROOT


@pytest.fixture
def project(tmp_path):
    """What a project holds that the command looks at."""
    for folder in ("src/crm_research/pillars/churn", "src/crm_research/catalogue", "notebooks", "tests/models"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("pyproject.toml", "src/crm_research/__init__.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("00_customer_base.ipynb", "06_satisfaction.ipynb", "99_summary.ipynb"):
        (tmp_path / "notebooks" / name).write_text("{}")
    (tmp_path / "src/crm_research/figures.py").write_text("")
    return tmp_path


def what_there_is(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["winback", "accounts-to-look-at", "zz"])
def test_a_report_is_made_and_entered_in_its_place(project, name):
    package = name.replace("-", "_")
    before = what_there_is(project)
    made, changed = make_report(project, name)
    assert {path.relative_to(project).as_posix() for path in made} == set(what_there_is(project)) - set(before)
    assert len(made) == 12
    assert [path.name for path in changed] == ["__init__.py", "pyproject.toml"]
    for path in made:
        if path.suffix == ".py":
            ast.parse(path.read_text())
            assert "${" not in path.read_text()
            assert max(map(len, path.read_text().splitlines()), default=0) <= 120
    notebook = json.loads((project / f"notebooks/07_{package}.ipynb").read_text())
    assert [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"][2] == ["page.answer"]
    door = ast.parse((project / "src/crm_research/__init__.py").read_text())
    (offered,) = [one.value for one in door.body if isinstance(one, ast.Assign) and one.targets[0].id == "__all__"]
    names = ast.literal_eval(offered)
    assert package in names
    assert [one for one in names if one[0].islower()] == sorted(one for one in names if one[0].islower())
    assert f'  "crm_research.pillars.{package}",\n' in (project / "pyproject.toml").read_text()
    with pytest.raises(CrmError, match="is there already"):
        make_report(project, name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Winback", "is made of at most 20 of a-z"),
        ("win back", "is made of at most 20 of a-z"),
        ("../winback", "found '../winback'"),
        ("win--back", "is made of"),
        ("-winback", "is made of"),
        ("", "is made of"),
        ("价格", "is made of"),
        ("a" * 21, "is made of at most 20"),
        ("class", "is a word of Python itself"),
        ("churn", "src/crm_research/pillars/churn is there already"),
        ("figures", "src/crm_research/figures.py is there already"),
        ("models", "tests/models is there already"),
        ("satisfaction", "notebooks/06_satisfaction.ipynb is there already"),
        ("open-study", "offers something by the name 'open_study' already"),
    ],
)
def test_names_that_are_none_or_taken_are_refused_and_nothing_is_written(project, name, said):
    before = what_there_is(project)
    with pytest.raises(CrmError) as refused:
        make_report(project, name)
    assert said in str(refused.value)
    assert what_there_is(project) == before


def test_where_a_file_cannot_be_written_nothing_is_left(project, monkeypatch):
    before, write, folders = what_there_is(project), Path.write_text, set(project.rglob("*"))

    def fails_on_the_last(path, *args, **more):
        if path.name == "pyproject.toml":
            raise OSError(28, "No space left on device", str(path))
        return write(path, *args, **more)

    monkeypatch.setattr(Path, "write_text", fails_on_the_last)
    with pytest.raises(CrmError, match="Nothing was made"):
        make_report(project, "winback")
    monkeypatch.undo()
    assert what_there_is(project) == before
    assert set(project.rglob("*")) == folders


@pytest.mark.slow
def test_the_skeleton_passes_the_checks_and_its_own_test_and_runs(tmp_path):
    for name in ("src", "notebooks", "data/studies", "pyproject.toml", "tests"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "OMP_NUM_THREADS": "1"}

    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    tool = Path(sys.executable).with_name
    run(sys.executable, "-m", "crm_research", "new", "report", "winback")
    (notebook,) = [path.relative_to(tmp_path).as_posix() for path in (tmp_path / "notebooks").glob("*_winback.ipynb")]
    made = ["src/crm_research/pillars/winback", "src/crm_research/catalogue/winback.py", "tests/winback"]
    files = [*made, notebook, "src/crm_research/__init__.py"]
    run(str(tool("ruff")), "check", *files)
    run(str(tool("ruff")), "format", "--check", *files)
    run(str(tool("lint-imports")), "--no-logo", "--no-cache")
    run(str(tool("mypy")), "--follow-imports=silent", "-p", "crm_research.pillars.winback")
    own = ("tests/winback", "tests/architecture/test_notebooks.py", "tests/architecture/test_tab.py")
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *own)
    nbval = ("--nbval-lax", "--nbval-current-env", notebook)
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *nbval)
    run(sys.executable, "-m", "crm_research", "run", "winback", "--study", "cdnow", "--jobs", "1", "--out", "out")
    page = next((tmp_path / "out/cdnow").glob("*/winback.html")).read_text(encoding="utf-8")
    assert "2,357 customers have bought" in page
    assert "This report is a skeleton" in page
