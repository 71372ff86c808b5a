"""Floors, sizes and manners of the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import ROOT

MODULES = sorted((ROOT / "src").rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_go_down_only():
    outcome = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stdout


def test_what_runs_has_no_circle_without_exception(tmp_path):
    # pyproject.toml excepts imports by pattern; a pattern may hide one that runs.
    rules = tmp_path / "circles.toml"
    rules.write_text(
        '[tool.importlinter]\nroot_package = "crm_research"\nexclude_type_checking_imports = true\n'
        '[[tool.importlinter.contracts]]\nname = "No circles"\ntype = "acyclic_siblings"\n'
        'ancestors = ["crm_research", "crm_research.**"]\n'
    )
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(rules), "--no-cache"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_has_one_job(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{_name(path)} has {lines} lines and asks to be two"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_errors_are_raised_not_asserted(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    asserts = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert asserts == [], f"{_name(path)}: raise one of crm_research.errors instead, lines {asserts}"


def test_nothing_asks_the_clock_for_today_in_an_analysis():
    """Every analysis takes the study's as_of; only a run's own record may know what time it is."""
    offenders = []
    for path in MODULES:
        if "reporting" in path.parts or "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in {"today", "now", "utcnow"}:
                offenders.append(f"{_name(path)}:{node.lineno}")
    assert offenders == []


def test_figures_are_made_where_the_level_of_their_limits_is_said():
    """A Figure made by hand may tell of an interval that it lacks, or keep quiet of the level of one that it has."""
    offenders = []
    for path in MODULES:
        if "pillars" not in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Figure":
                offenders.append(f"{_name(path)}:{node.lineno} asks to be made by FigureMaker")
    assert offenders == []


def test_public_functions_say_what_they_return():
    missing = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.returns is None:
                missing.append(f"{_name(path)}:{node.lineno} {node.name}")
    assert missing == []


def test_nothing_tracked_names_this_machine():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    home, here = str(Path.home()) + "/", str(ROOT.parent) + "/"
    guilty = []
    for name in tracked.stdout.split("\n"):
        path = ROOT / name
        if not name or not path.is_file() or path.suffix in {".png", ".lock"}:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if (len(home) > 2 and home in text) or (len(here) > 6 and here in text):
            guilty.append(name)
    assert guilty == []
