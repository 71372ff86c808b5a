"""Many customers in little memory: the engine works from disk, and what leaves it does not grow with the orders."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_research.cli import cli

N_CUSTOMERS = 300_000
CAP_MEGABYTES = 600
# Python with pandas, scikit-learn and pictures, and the frames of those customers whom a model reads one by one.
BESIDE_THE_ENGINE_MEGABYTES = 600


@pytest.mark.slow
def test_reports_of_300_000_customers_hold_an_engine_of_600_megabytes(tmp_path):
    world = tmp_path / "world"
    drawn = CliRunner().invoke(cli, ["simulate", "--customers", str(N_CUSTOMERS), "--out", str(world)])
    assert drawn.exit_code == 0, drawn.output
    study = world / "study.yaml"
    study.write_text(f"{study.read_text()}engine: {{memory: {CAP_MEGABYTES}MB, threads: 2, spill: spilled}}\n")
    (world / "spilled").mkdir()
    reports = ["customer-base", "loyalty", "brand-loyalty"]
    asked = ["run", *reports, "--study", study, "--out", tmp_path / "pages", "--jobs", "1", "--profile"]
    made = subprocess.run(
        [sys.executable, "-m", "crm_research", *asked, "--timeout", "3000"], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    day = tmp_path / "pages" / "simulated" / "2024-06-30"
    held = {}
    for report in reports:
        said = re.search(r"process held at most (\d+\.\d+) GB", (day / f"{report}.html").read_text())
        held[report] = 1000 * float(said[1])
    assert all(mb < CAP_MEGABYTES + BESIDE_THE_ENGINE_MEGABYTES for mb in held.values()), held
    assert min(held.values()) > 100  # an account that was kept, and not of nothing
    figures = json.loads((day / "figures.json").read_text())
    assert max(found["n"] for found in figures) > N_CUSTOMERS / 2
    # What was spilled goes with the run.
    assert [part for part in Path(world / "spilled").rglob("*") if part.is_file()] == []
