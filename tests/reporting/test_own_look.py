"""A study's own look: its pages, and those about them, have it; those of other studies and the index do not."""

from __future__ import annotations

import json

from crm_research.reporting.records import note_not_applicable, publish
from crm_research.reporting.render import render_page
from crm_research.reporting.site import write_index
from crm_research.reporting.tasks import Failure, Outcome
from crm_research.theme.house import House, read_house
from tests.reporting.pages import a_figure, a_notebook, a_task
from tests.reporting.test_unchanged import stamp, studies  # noqa: F401  (a fixture)

TIMES = {"started_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:00:05+00:00", "seconds": 5.0}
PLUM, PINE = "#7a1f5c", "#1b6b3a"


def a_house(folder, accent, name) -> House:
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\ncolours: {{accent: '{accent}'}}\n")
    return read_house(path)


def test_a_page_has_the_look_of_its_study_before_that_of_the_company(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    (tmp_path / "house.yaml").write_text(f"name: Holding\ncolours: {{accent: '{PINE}'}}\n")
    notebook = a_notebook("## Answer", "Some.")
    own = render_page(notebook, a_task(house=a_house(tmp_path, PLUM, "Acme")))
    assert (own.count('<span class="logo">Acme</span>'), PLUM in own, PINE in own) == (1, True, False)
    of_company = render_page(notebook, a_task())
    assert ('<span class="logo">Holding</span>' in of_company, PLUM in of_company, PINE in of_company) == (
        True, False, True,
    )  # fmt: skip


def shelve(out, scratch, *, study="shop", house=None, failure=None):
    from dataclasses import replace

    task = a_task(scratch / study, house=house)
    task = replace(task, study=replace(task.study, name=study))
    task.folder.mkdir(parents=True, exist_ok=True)
    task.page.write_text("<!DOCTYPE html>\n<html><body>page</body></html>")
    task.executed.write_text("{}")
    figures = (a_figure(id="good.share").as_record(),)
    publish(out, task, Outcome(**TIMES, figures=figures, failure=failure), {})
    return json.loads((out / study / "2024-07-01" / "run.json").read_text()).get("look")


def test_the_ledger_has_the_look_that_the_last_page_had(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    out, house = tmp_path / "out", a_house(tmp_path, PLUM, "Acme")
    assert shelve(out, tmp_path, house=house) == house.style()
    assert shelve(out, tmp_path, study="bank") is None
    # What came of no page leaves it as it is.
    assert shelve(out, tmp_path, failure=Failure(kind="ValueError", message="no")) == house.style()
    about = {"report": "other", "study": {"name": "shop", "as_of": "2024-07-01"}}
    note_not_applicable(out, about, "shop", "2024-07-01")
    write_index(out)
    assert PLUM in (out / "shop" / "2024-07-01" / "ledger.html").read_text()
    assert PLUM not in (out / "bank" / "2024-07-01" / "ledger.html").read_text()
    assert PLUM not in (out / "index.html").read_text()
    assert shelve(out, tmp_path) is None


def test_another_look_or_other_rules_of_a_study_make_its_pages_anew(studies):  # noqa: F811
    found = [stamp(studies)]
    file = studies / "handmade.yaml"
    file.write_text(file.read_text() + "house: acme.yaml\nrules: own.yaml\n")
    for accent, above in ((PLUM, 0.1), (PINE, 0.1), (PINE, 0.2)):
        (studies / "acme.yaml").write_text(f"colours: {{accent: '{accent}'}}\n")
        (studies / "own.yaml").write_text(f"rules: []\n# {above}\n")
        found.append(stamp(studies))
    assert len(set(found)) == 4
