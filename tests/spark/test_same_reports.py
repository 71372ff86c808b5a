"""Every report of the simulated study from a Spark server: each figure and each list as from the embedded engine."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from crm_research.catalogue import reports
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.study_file import DRAWN
from crm_research.simulate.world import simulate_world

pytestmark = pytest.mark.slow

# Sums of floats are added in another order, and figures are written with twelve digits.
TOLERANCE = 1e-9
N_REPORTS = sum(one.why_not_applicable(set(DRAWN)) is None for one in reports().values())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The simulated study of 2,000 customers, with its pages from the embedded engine."""
    folder = tmp_path_factory.mktemp("world")
    simulate_world(WorldSettings(n_customers=2_000), folder / "w")
    run(folder / "w" / "study.yaml", folder / "here")
    return folder


def on(url, world):
    """The same study, read by a server; nothing of its tables is changed."""
    content = yaml.safe_load((world / "w" / "study.yaml").read_text(encoding="utf-8"))
    file = world / "w" / "server.yaml"
    file.write_text(yaml.safe_dump({**content, "engine": url}, sort_keys=False), encoding="utf-8")
    return file


def run(study: Path, out: Path) -> str:
    return call("run", "--study", study, "--out", out, "--timeout", "3000")


def call(*arguments: object) -> str:
    command = [sys.executable, "-m", "crm_research", *arguments]
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pages(out: Path) -> Path:
    (file,) = out.glob("*/*/figures.json")
    return file.parent


def differing(here, there):
    """The figures that are not the same, with what differs."""
    found = []
    for one, other in zip(here, there, strict=True):
        for key in one.keys() | other.keys():
            value, told = one.get(key), other.get(key)
            if isinstance(value, float) and isinstance(told, float):
                if not math.isclose(value, told, rel_tol=TOLERANCE, abs_tol=1e-12):
                    found.append((one["report"], one["id"], one.get("group"), key, value, told))
            elif value != told:
                found.append((one["report"], one["id"], one.get("group"), key, value, told))
    return found


def assert_same_pages(world, url, out):
    run(on(url, world), out)
    here, there = (json.loads((pages(of) / "figures.json").read_text()) for of in (world / "here", out))
    assert len({figure["report"] for figure in there}) == N_REPORTS
    assert len(there) > 200
    assert differing(here, there) == []
    lists = sorted(pages(world / "here").glob("*.csv"))
    assert lists
    assert [file.name for file in lists if file.read_bytes() != (pages(out) / file.name).read_bytes()] == []


def test_every_figure_and_list_is_that_of_the_embedded_engine(world, sail_url, tmp_path):
    assert_same_pages(world, sail_url, tmp_path / "there")


@pytest.mark.parametrize(("ending", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_customers_get_the_same_segments(world, sail_url, tmp_path, ending, read):
    saved = pages(world / "here") / "segmentation.json"
    here, there = tmp_path / f"here.{ending}", tmp_path / f"there.{ending}"
    said = [
        call("assign", saved, "--study", study, "--out", out).replace(str(out), "")
        for study, out in ((world / "w" / "study.yaml", here), (on(sail_url, world), there))
    ]
    assert said[0] == said[1]
    pd.testing.assert_frame_equal(read(here), read(there), rtol=TOLERANCE)
    if ending == "csv":
        assert here.read_text().splitlines()[:2] == there.read_text().splitlines()[:2]


def test_the_checks_find_the_same(world, sail_url):
    here, there = (
        json.loads(call("check", study, "--json")) for study in (world / "w/study.yaml", on(sail_url, world))
    )
    for record in (here, there):
        for table in record["tables"]:
            table.pop("source")  # a file's name, or the path that the server reads
    assert there == here


@pytest.mark.apache_spark
def test_every_figure_and_list_is_the_same_from_apache_spark(world, apache_url, tmp_path):
    assert_same_pages(world, apache_url, tmp_path / "there")
