"""Tests see what a reader sees: a sample of broken code must be noticed (`make mutants` draws more)."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
N_MUTANTS = 20
# `make mutants` holds rooms to 85 and 80 %; of only twenty drawn anew with every change, chance may take some.
LEAST = 0.75


@pytest.mark.slow
@pytest.mark.parametrize("room", ["decisions", "stats"])
def test_a_sample_of_broken_code_is_noticed(room, tmp_path):
    """Two rooms whose tests are quick, twenty mutants each: three minutes of one core that has nothing else to do.

    A mutant of which it could not be told in time counts neither way, so that a busy machine fails nothing.
    """
    pytest.importorskip("mutmut", reason="mutmut is not installed")
    out = tmp_path / "mutants.json"
    words = [room, "--sample", str(N_MUTANTS), "--seed", "1", "--jobs", "1", "--out", str(out)]
    command = [sys.executable, str(ROOT / "scripts" / "mutants.py"), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert out.is_file(), done.stdout[-3000:] + done.stderr[-3000:]
    (found,) = json.loads(out.read_text(encoding="utf-8"))
    assert found["tried"] + len(found["undecided"]) == N_MUTANTS
    survived = "\n".join(f"{name}\n{change}" for name, change in found["survived"].items())
    assert found["killed"] >= LEAST * found["tried"], survived


def rooms():
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "scripts" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module.ROOMS


def modules_of(room):
    """As mutmut matches them: a star stands for folders too."""
    every = [path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.py")]
    return {path for path in every if any(fnmatch(path, pattern) for pattern in room.modules)}


def test_every_room_has_modules_and_tests():
    for name, room in rooms().items():
        assert modules_of(room), name
        assert all((ROOT / tests).exists() for tests in room.tests), name


def test_whatever_says_or_computes_belongs_to_a_room():
    belongs = set().union(*(modules_of(room) for room in rooms().values()))
    for folder in ("models", "stats", "features", "sources", "reporting", "contracts", "show", "theme"):
        inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src/crm_research" / folder).rglob("*.py")}
        assert {path for path in inside - belongs if not path.endswith("__init__.py")} == set()
    pillars = [path.relative_to(ROOT).as_posix() for path in (ROOT / "src/crm_research/pillars").rglob("*.py")]
    saying = {path for path in pillars if path.endswith(("words.py", "figures.py", "page.py"))}
    assert saying - belongs == set()
