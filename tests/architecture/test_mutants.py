"""Tests see what a reader sees: a sample of broken code must be noticed (`make mutants` draws more)."""

from __future__ import annotations

import json
import subprocess
import sys
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
