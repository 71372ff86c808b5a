"""What a run writes of customers: pseudonyms in public, real ids apart, and a page for management with less."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from crm_research import settings, show
from crm_research.errors import ContractViolation
from crm_research.figures import FIGURES_MIME, Figure
from crm_research.privacy import pseudonyms
from crm_research.privacy.pseudonyms import say_id
from crm_research.reporting import records
from crm_research.reporting.execute import tidy_notebook
from crm_research.reporting.plan import _hindered
from crm_research.reporting.render import render_page
from crm_research.reporting.tasks import MANAGEMENT, Failure, Outcome
from crm_research.show.attachment import FILE_MIME
from crm_research.show.figure_cards import anchor_of
from crm_research.theme import name_rows, new_axes, shorten
from tests.reporting.pages import a_figure, a_notebook, a_task, bundles


@pytest.fixture
def in_a_run(monkeypatch, tmp_path):
    """As a kernel of a run sees the world."""
    monkeypatch.setenv(settings.HIDES_PERSONS, "yes")
    monkeypatch.setenv(settings.PRIVATE, str(tmp_path / "scratch" / "private"))
    monkeypatch.setenv(settings.PRIVATE_PLACE, "private/handmade/2024-07-01")
    pseudonyms._key.cache_clear()


FRAME = pd.DataFrame({"customer_id": ["anna-17", "bert-04"], "spend": [812.5, 3.25]})


def a_list():
    return show.SavedList("test-list", FRAME, "Both of them.")


def test_a_list_stands_in_the_page_under_pseudonyms_and_apart_with_real_ids(in_a_run, tmp_path):
    output = a_list().render()
    told = output.types[FILE_MIME]["text"]
    assert say_id("customer_id", "anna-17") in told
    assert "anna-17" not in output.html + output.plain + told
    assert "private/handmade/2024-07-01/test-list.csv" in output.plain
    held = tmp_path / "scratch" / "private" / "test-list.csv"
    assert held.read_text(encoding="utf-8-sig").splitlines()[1] == "anna-17,812.5"
    assert stat.S_IMODE(held.stat().st_mode) == 0o600


def test_without_lists_nothing_is_kept_apart(in_a_run, monkeypatch, tmp_path):
    monkeypatch.delenv(settings.PRIVATE)
    assert "Customers stand under pseudonyms." in a_list().render().plain
    assert not (tmp_path / "scratch").exists()


def test_by_hand_a_list_is_as_it_was():
    assert "anna-17" in a_list().render().types[FILE_MIME]["text"]
    assert "pseudonym" not in a_list().render().plain


def test_texts_of_persons_are_masked_on_the_way_out(in_a_run):
    frame = pd.DataFrame({"region": ["north", "ask a.b@c.example"], "n_orders": [17, 4]})
    (bundle,) = bundles(lambda: show.table(frame, "Orders by region, asked of 138 1234 5678"))
    said = json.dumps(bundle, default=str)
    assert "a.b@c.example" not in said
    assert "138 1234 5678" not in said
    assert "ask [an e-mail address sphmk]" in bundle["text/html"]
    assert "ask [an e-mail address sphmk]" in bundle["text/plain"]


def test_places_in_a_page_tell_of_nobody_and_are_those_of_the_ledger(in_a_run, monkeypatch):
    ours = replace(a_figure(), group="kim@shop.example")
    (bundle,) = bundles(lambda: show.figures(ours))
    assert "kim" not in json.dumps(bundle)
    (record,) = bundle[FIGURES_MIME]
    monkeypatch.delenv(settings.HIDES_PERSONS)
    assert f'id="{anchor_of(Figure.from_record(record))}"' in bundle["text/html"]


def test_groups_of_other_alphabets_have_places_of_their_own():
    places = {anchor_of(replace(a_figure(), group=group)) for group in ("北京", "上海", "Köln", None)}
    assert len(places) == 4
    assert all(re.fullmatch(r"[a-z0-9-]+", place) for place in places)


def test_what_a_picture_is_lettered_with_is_masked_before_it_is_cut(in_a_run):
    name = "basic, of bob.plan@plant.example"
    axes = new_axes(title="Ask 138 1234 5678")
    axes.text(0.5, 0.5, "+49 170 7654321")
    name_rows(axes, [name, "Herr Maier 手机13900001111"], columns=24)
    (bundle,) = bundles(lambda: show.chart(axes, alt="Two plans."))
    assert not re.search(r"bob|plant|1234|5678|7654321|1390", re.sub(r'(?<== )"[^"]*"', "", strip(bundle["text/html"])))
    assert not re.search(r"bob|1234|7654321|1390", shorten(f"{name} 13812345678", 22))


def strip(html: str) -> str:
    """The words between the tags alone."""
    return re.sub(r"<style.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)


def test_what_a_cell_prints_by_itself_is_masked(tmp_path):
    task = a_task(tmp_path / "scratch")
    notebook = a_notebook()
    cell = nbformat.v4.new_code_cell()
    notebook.cells = [cell]
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="Ring 13812345678\n"),
        nbformat.v4.new_output(
            "execute_result", data={"text/plain": "a.b@c.example 17", "text/html": "<td>a.b@c.example</td><td>17</td>"}
        ),
        nbformat.v4.new_output("error", ename="ValueError", evalue="no a.b@c.example", traceback=["of a.b@c.example"]),
    ]
    told = json.dumps(tidy_notebook(notebook, task))
    assert "13812345678" not in told
    assert "a.b@c" not in told
    assert "<td>17</td>" in told


def publish(out: Path, scratch: Path, *, names=("test-list.csv",), **changes):
    task = replace(a_task(scratch), **changes)
    task.private.mkdir(parents=True, exist_ok=True)
    for name in names:
        (task.private / name).write_text("customer_id\nanna-17\n", encoding="utf-8")
    task.executed.write_text("{}", encoding="utf-8")
    task.page.write_text("<p>page</p>", encoding="utf-8")
    outcome = Outcome(
        started_at="2026-01-02T03:04:00+00:00",
        ended_at="2026-01-02T03:04:05+00:00",
        seconds=5.0,
        figures=(a_figure().as_record(),),
        answer=("Half stay.",),
        private=tuple(names),
    )
    records.publish(out, task, outcome, {})
    return task


def test_lists_with_real_ids_are_for_their_owner_alone_whatever_the_umask(tmp_path):
    before = os.umask(0o002)
    try:
        publish(tmp_path / "out", tmp_path / "scratch")
    finally:
        os.umask(before)
    folder = tmp_path / "out" / "private" / "handmade" / "2024-07-01"
    for each in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "test-list.csv").stat().st_mode) == 0o600
    beside = tmp_path / "out" / "handmade" / "2024-07-01"
    assert not (beside / "test-list.csv").exists()
    (entry,) = records.read_run(beside)["reports"]
    assert (entry["private_lists"], entry["audience"]) == (["test-list.csv"], "research")


def test_a_list_that_is_no_longer_made_goes(tmp_path):
    out = tmp_path / "out"
    publish(out, tmp_path / "scratch", names=("one.csv", "two.csv"))
    publish(out, tmp_path / "again", names=("two.csv",))
    folder = out / "private" / "handmade" / "2024-07-01"
    assert [path.name for path in folder.iterdir()] == ["two.csv"]


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_what_is_published_follows_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        publish(tmp_path / "out", tmp_path / "scratch", names=())
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "out" / "handmade").rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}


def test_of_the_study_file_only_its_name_is_told(tmp_path):
    place = "/home/anna lee/secret/mine.yaml"
    task = a_task(tmp_path / "scratch")
    task = replace(task, parameters={**task.parameters, "study": place}, study=replace(task.study, given=place))
    notebook = a_notebook("## The answer", lambda: show.answer("Half stay."))
    cell = notebook.cells[1]
    cell.metadata["tags"] = ["injected-parameters"]
    cell["source"] = f"# Parameters\nstudy = {json.dumps(place)}\nsince = '007'\n"
    tidy = tidy_notebook(notebook, task)
    assert 'study = "mine.yaml"' in tidy.cells[1].source
    assert "/home" not in json.dumps(tidy)
    assert "/home" not in render_page(tidy, task)
    publish(tmp_path / "out", tmp_path / "scratch", parameters=task.parameters, study=task.study)
    written = (tmp_path / "out" / "handmade" / "2024-07-01" / "run.json").read_text(encoding="utf-8")
    assert "/home" not in written
    assert json.loads(written)["reports"][0]["parameters"]["study"] == "mine.yaml"


def a_whole_notebook():
    return a_notebook(
        "# What share stays?\n\n## The answer",
        lambda: show.answer("Half stay."),
        lambda: show.figures(a_figure(id="test.first")),
        "## Evidence\n\n### Who they are\n\nThis is said of rows.",
        lambda: show.table(FRAME, "Customers to call"),
        "### How many stay",
        lambda: show.figures(a_figure(id="test.other", label="Those who stay")),
        "### All of them",
        a_list().render().show,
        "## What would change our mind",
    )


def test_management_reads_its_part_and_the_figures(tmp_path):
    task = a_task(tmp_path)
    page = render_page(a_whole_notebook(), replace(task, audience=MANAGEMENT))
    whole = render_page(a_whole_notebook(), task)
    for told in ("Half stay.", "Those who stay", "How many stay", "The figures"):
        assert told in page
    for left_out in ("anna-17", "Customers to call", "show.something()", "data:text/csv", "test-list", ".ipynb",
                     "said of rows", "All of them", "What would change our mind", 'id="code"'):  # fmt: skip
        assert left_out not in page
    for told in ("Customers to call", "test-list.csv", f"{task.report}.ipynb", 'id="code"'):
        assert told in whole
    # What the ledger links to stands on both.
    anchors = re.findall(r'id="(figure-[^"]*)"', whole)
    assert anchors
    assert re.findall(r'id="(figure-[^"]*)"', page) == anchors


def test_management_gets_no_notebook_and_an_earlier_one_goes(tmp_path):
    out = tmp_path / "out"
    task = publish(out, tmp_path / "scratch")
    folder = out / "handmade" / "2024-07-01"
    assert (folder / task.executed.name).exists()
    publish(out, tmp_path / "again", audience=MANAGEMENT)
    assert sorted(path.name for path in folder.iterdir()) == ["figures.json", task.page.name, "run.json"]
    assert records.read_run(folder)["reports"][0]["audience"] == "management"


def test_why_a_report_failed_names_no_value_of_the_data(tmp_path):
    problem = ContractViolation(
        table="orders", column="customer_id", rule="must be known", n_bad=2, examples=["anna-17"], mend="Mend it."
    )
    outcome = _hindered([problem])
    assert outcome.failure is not None
    assert "anna-17" in outcome.failure.message
    records.publish(tmp_path / "out", a_task(tmp_path / "scratch"), outcome, {})
    written = (tmp_path / "out" / "handmade" / "2024-07-01" / "run.json").read_text(encoding="utf-8")
    assert "anna-17" not in written
    assert "orders.customer_id: must be known; broken by 2. Mend it." in written


def test_traces_are_masked(tmp_path):
    failure = Failure(kind="ValueError", message="no a.b@c.example", trace=("could not read 4111111111111111",))
    outcome = Outcome(started_at="", ended_at="2026-01-02T03:04:05+00:00", seconds=0.0, failure=failure)
    task = a_task(tmp_path / "scratch")
    task.folder.mkdir()
    records.publish(tmp_path / "out", task, outcome, {})
    (entry,) = records.read_run(tmp_path / "out" / "handmade" / "2024-07-01")["reports"]
    assert entry["error"]["message"] == "no [an e-mail address sphmk]"
    assert entry["error"]["trace"] == ["could not read [a payment-card number sbhjv]"]
