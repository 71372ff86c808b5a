"""What need not be made again: the same records, study file, notebook, code and parameters, and nothing less."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from crm_research.reporting import run as run_module
from crm_research.reporting import unchanged
from crm_research.reporting.inputs import read_definition
from crm_research.reporting.run import run_reports
from crm_research.reporting.unchanged import find_made, look_at_study
from crm_research.sources.states import states_of
from tests.reporting.conftest import NOTEBOOKS, a_report

HOW = {"is_profiled": False, "is_checking_input": True, "audience": "research"}
VALUES = {"study": "handmade", "as_of": None, "confidence": 0.95, "seed": 1, "since": "007"}


def stamp(folder: Path, *, name: str = "good", values=VALUES, how=HOW, notebook: Path | None = None) -> str | None:
    definition, path = read_definition(str(folder / "handmade.yaml"))
    rests = look_at_study(definition, path, tuple(definition.tables), how)
    return rests.stamp(a_report(name), notebook or NOTEBOOKS / "good.ipynb", values, tuple(definition.tables))


@pytest.fixture
def studies(project) -> Path:
    return project / "data" / "studies"


def test_the_same_is_the_same_wherever_the_study_is_named_and_whenever_it_was_written_to(studies):
    first = stamp(studies)
    assert first is not None
    assert first == stamp(studies, values=VALUES | {"study": "elsewhere/handmade.yaml"})
    os.utime(studies / "orders.csv", (1_000_000_000, 1_000_000_000))
    assert first == stamp(studies)


def test_whatever_a_page_rests_on_makes_it_another(studies, tmp_path, monkeypatch):
    found = [stamp(studies)]
    found.append(stamp(studies, values=VALUES | {"confidence": 0.9}))
    found.append(stamp(studies, values=VALUES | {"as_of": "2024-06-01"}))
    found.append(stamp(studies, name="warning"))
    found.append(stamp(studies, how=HOW | {"is_profiled": True}))
    found.append(stamp(studies, how=HOW | {"is_checking_input": False}))
    found.append(stamp(studies, how=HOW | {"audience": "management"}))
    (studies.parents[1] / "data" / "rules.yaml").write_text("rules: []\n")
    found.append(stamp(studies))
    changed = tmp_path / "good.ipynb"
    changed.write_text((NOTEBOOKS / "good.ipynb").read_text().replace("Half", "A half"))
    found.append(stamp(studies, notebook=changed))
    file = studies / "handmade.yaml"
    file.write_text(file.read_text() + "provenance: Another\n")
    found.append(stamp(studies))
    orders = studies / "orders.csv"
    before = orders.stat()
    text = orders.read_text()
    # A digit, in the same second and in as many bytes.
    place = next(at for at in range(len(text) - 1, 0, -1) if text[at].isdigit())
    orders.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
    os.utime(orders, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    found.append(stamp(studies))
    monkeypatch.setattr(unchanged, "digest_of_code", lambda: "sha256:another release")
    found.append(stamp(studies))
    assert None not in found
    assert len(set(found)) == len(found) == 12


def test_a_logo_is_part_of_a_companys_look(studies):
    home = studies.parents[1]
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><title>{}</title></svg>'
    (home / "house.yaml").write_text("name: Acme\nlogo: acme.svg\n")
    found = []
    for name in ("old", "new"):
        (home / "acme.svg").write_text(svg.format(name))
        found.append(stamp(studies))
    assert None not in found
    assert len(set(found)) == 2


def test_a_file_that_a_parameter_names_is_part_of_it(studies, tmp_path):
    saved = tmp_path / "segments.json"
    saved.write_text("{}")
    values = VALUES | {"since": str(saved)}
    first = stamp(studies, values=values)
    saved.write_text("[]")
    assert stamp(studies, values=values) != first


@pytest.mark.parametrize(
    "table",
    [
        "orders: {from: {url: 'postgresql://someone@localhost/db', table: orders}}",
        "orders: {from: orders.csv, where: ordered_at < now()}",
        "orders: {from: nowhere.csv}",
        "orders: {from: orders.csv}\nengine: postgresql://someone@localhost/db",
    ],
)
def test_where_only_reading_could_tell_nothing_is_left_as_it_was(studies, table):
    file = studies / "handmade.yaml"
    head = file.read_text().partition("tables:")[0]
    file.write_text(f"{head}tables:\n  {table}\n")
    definition, path = read_definition(str(file))
    assert states_of(definition, path.parent, ["orders"]) == {"orders": None}
    assert stamp(studies) is None


def test_a_sample_stays_while_its_package_does():
    definition, path = read_definition("cdnow")
    (state,) = states_of(definition, path.parent, ["orders"]).values()
    assert state is not None
    full, where = read_definition("cdnow-full")
    assert states_of(full, where.parent, ["orders"]) != {"orders": state}


@pytest.mark.parametrize("study", ["cdnow", "cdnow-full", "complete-journey", "several-systems", "simulated", "telco"])
def test_of_every_sample_it_can_be_told_whether_it_has_changed(study):
    definition, path = read_definition(study)
    assert None not in states_of(definition, path.parent, tuple(definition.tables)).values()


def shelf(out: Path, **more) -> Path:
    folder = out / "handmade" / "2024-07-01"
    folder.mkdir(parents=True)
    for name in ("good.html", "good.ipynb", "figures.json", "list.csv"):
        (folder / name).write_text("")
    entry = {
        "report": "good", "outcome": "done", "page": "good.html", "files": ["list.csv"], "made_from": "sha256:a",
        "last_good_at": "2026-11-29T21:04:09+00:00", "started_at": "2026-11-29T21:04:03+00:00",
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps({"reports": [entry | more]}))
    return folder


def test_a_page_is_found_by_what_it_was_made_of(tmp_path):
    folder = shelf(tmp_path)
    found = find_made(tmp_path, "handmade", "good", "sha256:a")
    assert (found.page, found.made_at) == (folder / "good.html", "2026-11-29T21:04:09+00:00")
    assert find_made(tmp_path, "handmade", "good", "sha256:b") is None
    assert find_made(tmp_path, "handmade", "good", None) is None
    assert find_made(tmp_path, "handmade", "warning", "sha256:a") is None
    assert find_made(tmp_path, "another", "good", "sha256:a") is None


@pytest.mark.parametrize("lacking", ["good.html", "good.ipynb", "figures.json", "list.csv"])
def test_a_page_of_which_a_file_is_gone_is_made_again(tmp_path, lacking):
    (shelf(tmp_path) / lacking).unlink()
    assert find_made(tmp_path, "handmade", "good", "sha256:a") is None


def test_what_stands_on_others_is_old_once_one_of_them_was_made_after_it_began(tmp_path):
    folder = shelf(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    for made_at, is_newest in (("2026-11-29T21:04:03+00:00", True), ("2026-11-29T21:04:04+00:00", False)):
        other = {"report": "warning", "outcome": "done", "page": "warning.html", "last_good_at": made_at}
        (folder / "run.json").write_text(json.dumps({"reports": [*record["reports"], other]}))
        assert find_made(tmp_path, "handmade", "good", "sha256:a").is_newest is is_newest


def test_what_failed_since_is_tried_again_and_a_damaged_record_says_nothing(tmp_path):
    folder = shelf(tmp_path, outcome="failed")
    assert find_made(tmp_path, "handmade", "good", "sha256:a") is None
    (folder / "run.json").write_text("{")
    assert find_made(tmp_path, "handmade", "good", "sha256:a") is None
    shutil.rmtree(folder)
    shelf(tmp_path, made_from=None)
    assert find_made(tmp_path, "handmade", "good", None) is None


@pytest.mark.slow
def test_a_run_makes_what_changed_and_starts_nothing_where_nothing_did(project, tmp_path, monkeypatch):
    out = tmp_path / "out"
    asked = {"studies": ["handmade"], "out": out, "is_only_changed": True}
    first = run_reports(["good", "warning"], **asked)
    assert (sorted(task.report for task, _ in first.outcomes), first.unchanged) == (["good", "warning"], ())
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with monkeypatch.context() as none_may_start:
        none_may_start.setattr(run_module, "_warm_up", lambda *_: pytest.fail("a kernel was asked for"))
        again = run_reports(["good", "warning"], **asked)
    assert again.outcomes == ()
    assert [made.report for made in again.unchanged] == ["good", "warning"]
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    other = run_reports(["good", "warning"], **asked, parameters={"since": "008"})
    assert sorted(task.report for task, _ in other.outcomes) == ["good", "warning"]
    plain = run_reports(["warning"], studies=["handmade"], out=out)
    assert [task.report for task, _ in plain.outcomes] == ["warning"]
