"""Reports of a study that stays in PostgreSQL: its figures are the file study's, and nothing is sent but what reads."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from crm_research.catalogue import reports
from crm_research.contracts.checks import check_study
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.simulate.study_file import DRAWN
from crm_research.sources.opening import open_study
from tests.server_study import READER, READS_ONLY, lay_study

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

# Engines add floating numbers in another order; figures are written with twelve digits.
TOLERANCE = 1e-9
N_REPORTS = sum(one.why_not_applicable(set(DRAWN)) is None for one in reports().values())
READS = frozenset({"SELECT", "WITH", "DECLARE", "FETCH", "CLOSE", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SET"})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds") / "two thousand"
    simulate_world(WorldSettings(n_customers=2_000), folder)
    return folder


@pytest.fixture(scope="module")
def laid(postgres_socket, world, tmp_path_factory):
    """The study file of the same records in a server."""
    return lay_study(postgres_socket, world, tmp_path_factory.mktemp("laid") / "laid.yaml")


@pytest.fixture(scope="module")
def of_files(world, tmp_path_factory):
    """What the reports say of the files: the shelf."""
    return run_reports(world / "study.yaml", tmp_path_factory.mktemp("of files"))


def crm_research(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "crm_research", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CRM_TEST_READER": READS_ONLY, **environment},
    )


def run_reports(study, out, *reports):
    done = crm_research("run", *reports, "--study", study, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def figures_of(shelf):
    (file,) = shelf.rglob("figures.json")
    return json.loads(file.read_text(encoding="utf-8"))


def assert_same_figures(here, there, n_reports):
    reports = {figure["report"] for figure in there}
    assert len(reports) == n_reports
    here = [figure for figure in here if figure["report"] in reports]
    assert [(one["id"], one["group"]) for one in here] == [(one["id"], one["group"]) for one in there]
    for one, other in zip(here, there, strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            if isinstance(value, float):
                assert math.isclose(value, other[key], rel_tol=TOLERANCE, abs_tol=1e-12), (one["id"], one["group"], key)
            else:
                assert value == other[key], (one["id"], one["group"], key)


def statements_in(log):
    """First words of all that the reader sent, but for lines that a statement goes on in."""
    sent = re.findall(rf"^{READER}\|LOG:  (?:statement|execute [^:]*):\s*(\w+)", log.read_text(errors="replace"), re.M)
    return {word.upper() for word in sent}


def test_all_reports_have_the_figures_of_the_file_study_and_only_read(of_files, laid, postgres_socket, tmp_path):
    shelf = run_reports(laid, tmp_path / "out")
    assert_same_figures(figures_of(of_files), figures_of(shelf), n_reports=N_REPORTS)
    assert {"SELECT", "BEGIN"} <= statements_in(postgres_socket / "log") <= READS


def test_a_hot_standby_serves_as_well(of_files, laid, standby, tmp_path):
    file = tmp_path / "standby.yaml"
    file.write_text(re.sub(r"host=\S+?(?=['\s])", f"host={standby}&port=5433", laid.read_text(encoding="utf-8")))
    deadline = time.monotonic() + 60
    while crm_research("check", file).returncode and time.monotonic() < deadline:
        time.sleep(0.5)  # what was laid out a moment ago is on its way
    shelf = run_reports(file, tmp_path / "out", "customer-base", "silent-churn", "brand-loyalty")
    assert_same_figures(figures_of(of_files), figures_of(shelf), n_reports=3)
    assert {"SELECT", "BEGIN"} <= statements_in(standby / "log") <= READS


def test_the_verdict_is_that_of_the_file_study(world, laid):
    here, there = (crm_research("check", file) for file in (world / "study.yaml", laid))
    assert (here.returncode, here.stdout) == (there.returncode, there.stdout)
    n_checks = len(check_study(open_study(world / "study.yaml")).findings)
    assert n_checks > 400
    assert f"{n_checks} checks: {n_checks - 1} passed, 0 errors, 0 warnings, 1 note." in here.stdout


def test_draws_of_doubtful_joins_are_those_of_the_file_study_and_only_read(postgres_socket, tmp_path):
    world = a_linked_shop(tmp_path / "linked")
    # A database of its own: the others are read by other tests.
    there = lay_study(postgres_socket, world, tmp_path / "laid.yaml", database="系统 links")
    reports = ("customer-base", "value")
    here, laid = (
        figures_of(run_reports(file, tmp_path / out, *reports))
        for file, out in ((world / "study.yaml", "here"), (there, "there"))
    )
    assert_same_figures(here, laid, n_reports=len(reports))
    drawn = [one for one in laid if one["id"] == "link.share_of_uncertainty"]
    assert [one["n"] for one in drawn] == [30, 30]
    assert all(one["estimate"] > 0 for one in drawn)
    assert statements_in(postgres_socket / "log") <= READS


def a_linked_shop(folder):
    """Two hundred records with orders, of which thirty pairs are in doubt, as files."""
    rng = np.random.default_rng(5)
    records = pd.DataFrame({"system": ["A b", "店"] * 100, "local_id": [f"N{i:03}" for i in range(200)]})
    records["customer_id"] = [f"K{i:03}" for i in range(200)]
    held = records.loc[np.repeat(np.arange(200), rng.integers(1, 12, 200))].reset_index(drop=True)
    held["order_id"] = [f"o{i}" for i in range(len(held))]
    held["ordered_at"] = pd.Timestamp("2022-07-01") + pd.to_timedelta(rng.integers(0, 720, len(held)), unit="D")
    held["revenue"] = (20 + 60 * rng.random(len(held))).round(2)
    ends = [records.iloc[side:60:2][["system", "local_id"]].reset_index(drop=True) for side in (0, 1)]
    doubts = pd.concat([end.add_prefix(name) for end, name in zip(ends, ("left_", "right_"), strict=True)], axis=1)
    tables = {
        "orders": held.drop(columns="customer_id"),
        "links": records.assign(probability=1.0),
        "link_doubts": doubts.assign(probability=0.5, standing="apart"),
    }
    folder.mkdir()
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    mapped = {
        name: {"from": f"{name}.parquet", "columns": {c: c for c in frame.columns}} for name, frame in tables.items()
    }
    study = {"name": "linked", "title": "Linked", "currency": "EUR", "as_of": "2024-07-01", "tables": mapped}
    (folder / "study.yaml").write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return folder
