"""What becomes of a notebook on its page, of records in the index, and what is refused: to the letter."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import nbformat
import pandas as pd
import pytest

from crm_research import show
from crm_research.errors import CrmError, StudyError
from crm_research.figures import FIGURES_MIME
from crm_research.reporting import inputs
from crm_research.reporting.asked import _is_path
from crm_research.reporting.harvest import read_figures, read_files, read_warnings, warnings_of
from crm_research.reporting.inputs import NothingReadable, describe_study, find_broken, judge, known_studies, without
from crm_research.reporting.layout import Layout, lay_out
from crm_research.reporting.notebook_file import html_output, with_pictures
from crm_research.reporting.page_check import PageError, check_page
from crm_research.reporting.plan import _check_distinct
from crm_research.reporting.render import _facts, _page, read_template_text, with_carried_signs
from crm_research.reporting.run import _say_unpublished
from crm_research.reporting.site import (
    _error_in_words,
    _failed_in_words,
    _key_figures,
    read_shelf,
    write_index,
)
from crm_research.reporting.site import (
    _page as page_of_index,
)
from crm_research.reporting.tasks import Failure
from crm_research.results import read_json
from tests.builders import a_study, orders
from tests.reporting.pages import a_figure, a_notebook, a_task
from tests.told import hold

TOLD = Path(__file__).parent / "told"
CHART_HTML = '<figure class="crm crm-chart" id="picture-old">drawn</figure>'


def a_part(section: str | None, html: str, *, is_brief: bool = False, **types: Any) -> Any:
    """An output as a section of a page leaves it."""
    place = {} if section is None else {
        show.display.SECTION_MIME: {"name": section, "brief": is_brief, "missing": "note" in types}
    }  # fmt: skip
    named = {
        "chart": (show.display.CHART_MIME, {"alt": "A.", "caption": None}),
        "answer": (show.ANSWER_MIME, {"sentences": ["Yes."]}),
        "figures": (FIGURES_MIME, [a_figure().as_record()]),
        "note": (show.display.NOTE_MIME, {"kind": "note", "text": types.get("note")}),
    }
    data = {"text/html": html, "text/plain": "p", **place, **{named[name][0]: named[name][1] for name in types}}
    return nbformat.v4.new_output("display_data", data=data)


def outline(laid: Layout) -> str:
    """The parts, the contents, and what each cell still holds."""
    lines = [f"{name}: {getattr(laid, name)}" for name in ("answer", "picture", "cards", "advice", "provenance")]
    lines += [f"shows caveats: {laid.shows_caveats}"]
    lines += [f"contents: {entry.level} {entry.id} | {entry.title} | {entry.is_missing}" for entry in laid.sections]
    for cell in laid.notebook.cells:
        held = cell.metadata.get("crm_html") or [
            output.get("data", {}).get("text/html", output.get("text", "")) for output in cell.get("outputs", [])
        ]
        lines.append(f"cell {cell.cell_type}: {held}")
    return "\n".join(lines) + "\n"


def test_a_notebook_laid_out():
    proof = '<p>So.<a class="proof" href="#section-plans">p</a> <a class="proof" href="#section-gone">g</a></p>'
    key = 'aria-labelledby="c0123456789-t c0123456789-d"'
    notebook = a_notebook(
        "# Title\n\nWho buys again?\n\nRead slowly.",
        "## The answer\n\nHow it is meant.",
        [a_part("answer", proof, is_brief=True, answer=True), a_part("answer", "<i>one more</i>", is_brief=True)],
        [a_part("answer", CHART_HTML, is_brief=True, chart=True)],
        [a_part("numbers", '<div id="figure-a">1</div>', figures=True)],
        [a_part("advice", '<ol><li>Call.<a class="proof" href="#figure-a">f</a></li></ol>', is_brief=True)],
        "## Which *plans*? ##\n\nText.\n\n### A part\n\n#### No entry\n\n##### Nor this",
        [a_part("plans", CHART_HTML, chart=True), a_part("plans", '<figure class="crm crm-chart">two', chart=True)],
        [a_part("plans", f"<svg {key}>c0123456789-t</svg>"), a_part(None, f"<svg {key}>c0123456789-t</svg>")],
        "## Which plans?",
        [a_part("doubts", '<ul class="crm crm-caveats">old</ul><div id="figure-a">again</div>')],
        "## Nothing here",
        [nbformat.v4.new_output("stream", name="stdout", text=" \n")],
        "## Cannot be told\n\nWhat it would be.",
        [a_part("costs", "<p>no</p>", note="No <fee> is known."), a_part("gains", "<p>no</p>", note="Nor a gain.")],
        "## Half told",
        [a_part("half", "<p>no</p>", note="Not this."), a_part("whole", "<p>but this</p>")],
        "## Provenance",
        [a_part("provenance", '<dl class="crm crm-provenance">from</dl>')],
        "## Hidden",
        [a_part(None, "<p>for programs</p>")],
    )  # fmt: skip
    notebook.cells[-1].metadata["tags"] = ["not-on-page"]
    before = deepcopy(notebook)
    hold(outline(lay_out(notebook, question="Who buys again?")), TOLD / "layout.txt")
    assert notebook == before


def test_a_page_that_says_little_has_empty_parts():
    laid = lay_out(a_notebook("Only words."), question="Who?")
    assert (laid.answer, laid.picture, laid.cards, laid.advice, laid.provenance) == ("", "", "", "", "")
    assert (laid.sections, laid.shows_caveats) == ((), False)
    page = _page(laid, a_task(parameters={"study": "x/y.yaml", "since": None, "n": 3}, descriptions={"n": "How many."}))
    assert page["parameters"] == [
        {"name": "study", "value": "handmade", "meaning": ""},
        {"name": "since", "value": "not set", "meaning": ""},
        {"name": "n", "value": "3", "meaning": "How many."},
    ]
    assert {name: page[name] for name in ("report", "title", "question", "caveats", "answer", "sections")} == {
        "report": "good",
        "title": "Test report",
        "question": "How many customers buy again?",
        "caveats": ("The records are invented.",),
        "answer": "",
        "sections": (),
    }
    facts = a_task().study
    assert (
        page["provenance"]
        == _facts(facts)
        == (
            '<dl class="crm-provenance"><div><dt>Study</dt><dd>Handmade 公司 (handmade)</dd></div>'
            "<div><dt>Data</dt><dd>Invented.</dd></div><div><dt>Currency</dt><dd>EUR</dd></div>"
            "<div><dt>As of</dt><dd>2024-07-01</dd></div><div><dt>Holdout</dt><dd>none</dd></div>"
            "<div><dt>Table orders</dt><dd>orders.csv, fingerprint 0123456789ab</dd></div>"
            "<div><dt>Engine</dt><dd>duckdb</dd></div></dl>"
        )
    )
    late = replace(facts, holdout_until="2024-09-30", provenance="")
    assert "<dt>Holdout</dt><dd>until 2024-09-30</dd>" in _facts(late)
    assert "<dt>Data</dt>" not in _facts(late)


@pytest.mark.parametrize(("n", "is_beside"), [(60_000 - len("data:text/csv;base64,"), False), (59_980, True)])
def test_a_list_of_sixty_thousand_signs_is_still_carried(n, is_beside):
    link = f'<a download="a.csv" href="data:text/csv;base64,{"A" * n}">a.csv</a>'
    laid = lay_out(a_notebook([html_output(link)]), question="?")
    assert laid.notebook.cells[0].outputs[0].data["text/html"] == (
        '<a download="a.csv" href="a.csv">a.csv</a>' if is_beside else link
    )


def stderr(text: str) -> Any:
    return nbformat.v4.new_output("stream", name="stderr", text=text)


def test_warnings_are_told_once_without_places_and_loose_lines_together():
    output = stderr(
        "/x/y.py:3: UserWarning: no convergence.\n  fit()\n/x/z.py:14: UserWarning: no convergence\n"
        "loose one\n  indented\n\n/x/y.py:9: FutureWarning: old \nnot indented\n"
    )
    assert warnings_of(output) == [
        "no convergence (UserWarning).", "old (FutureWarning).", "loose one indented not indented",
    ]  # fmt: skip
    assert warnings_of(stderr("  first line is indented")) == ["first line is indented"]
    assert [len(note) for note in warnings_of(stderr("x" * 601))] == [600]
    assert warnings_of(nbformat.v4.new_output("stream", name="stdout", text="a")) == []
    assert warnings_of(html_output("a")) == []
    assert read_warnings(a_notebook([output, stderr("loose one")], [output])) == (
        "no convergence (UserWarning).", "old (FutureWarning).", "loose one indented not indented", "loose one",
    )  # fmt: skip


def test_of_two_files_of_one_name_the_later_is_read_and_our_own_never():
    def a_file(name: str, text: str) -> Any:
        return nbformat.v4.new_output(
            "display_data", data={"application/vnd.crm-research.file+json": {"name": name, "text": text}}
        )

    given = [
        ("a.csv", "1"),
        ("figures.json", "x"),
        ("run.json", "x"),
        ("../b.csv", "x"),
        ("c.txt", "2"),
        ("a.csv", "3"),
    ]
    assert read_files(a_notebook([a_file(*one) for one in given])) == (("a.csv", "3"), ("c.txt", "2"))


@pytest.mark.parametrize("group", [None, "x"])
def test_a_figure_of_two_values_is_named_with_both(group):
    notebook = a_notebook(
        lambda: show.figures(a_figure(group=group)), lambda: show.figures(a_figure(group=group, estimate=0.6))
    )
    with pytest.raises(CrmError) as refusal:
        read_figures(notebook)
    of = " of group 'x'" if group else ""
    assert str(refusal.value) == (
        f"The figure 'test.repeat_rate'{of} is shown twice with different values (0.5 and 0.6). Give each its own "
        "id or group."
    )


NO_ALT = "A picture has no alt text. Show it with show.chart(..., alt='what one sees')."
NO_TITLE = "A drawing has no title. Show it with show.chart(..., alt='what one sees')."


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<img src="data:image/png;base64,AA" alt="A line.">', None),
        ("<img>", NO_ALT),
        ('<img alt=" No description has been provided for this image "/>', NO_ALT),
        ('<svg aria-label="A"></svg><svg aria-labelledby="a"/><svg aria-hidden="true"></svg>', None),
        ('<svg aria-hidden="false"></svg>', NO_TITLE),
        ('<svg aria-label=" "/>', NO_TITLE),
        ("<svg></svg><svg></svg><img>", f"{NO_TITLE} {NO_ALT}"),
        ('<a href="https://example.org">a link may lead anywhere</a>', None),
        ('<link href="#a"><image href="data:x"/><script src=""></script>', None),
        *[
            (f'<{tag} {attribute}="https://e.org/{"x" * 80}"></{tag}>',
             f"<{tag}> would load 'https://e.org/{'x' * 66}': a page must need no other file. Embed it.")
            for tag, attribute in (
                ("script", "src"), ("iframe", "src"), ("link", "href"), ("source", "src"), ("video", "src"),
                ("audio", "src"), ("object", "data"), ("embed", "src"), ("image", "href"),
            )
        ],
    ],
)  # fmt: skip
def test_a_page_is_refused_with_the_mend_or_passes(html, problem):
    if problem is None:
        check_page(html)
        return
    with pytest.raises(PageError) as refusal:
        check_page(html)
    assert str(refusal.value) == problem


def test_pictures_of_a_kept_notebook_stand_apart_with_their_words():
    drawing = '<figure><div class="crm-headings"><p>T</p></div><div class="scroll" tabindex="0"><svg a>b</svg></div>'
    narrow = '<div class="narrow"><svg c>d</svg></div>'
    output = a_part("s", f"{drawing}{narrow}<figcaption>below</figcaption></figure>", chart=True)
    output.data["image/png"] = "AA"
    other = html_output("<p>x</p>")
    notebook = a_notebook("text", [output, other])
    image, rest, last = with_pictures(notebook).cells[1].outputs
    assert (image.data, image.metadata) == (
        {"image/png": "AA", "text/plain": "p"}, {"image/png": {"alt": "A."}},
    )  # fmt: skip
    assert rest.data["text/html"] == "<figure><figcaption>below</figcaption></figure>"
    assert "image/png" not in rest.data
    assert last == other
    assert "image/png" in notebook.cells[1].outputs[0].data  # the one that was given stays


def test_a_study_is_described_for_pages_and_records():
    study = replace(
        a_study(orders=orders(("a", "2024-01-01", 1.0)), holdout_until="2024-09-30"), caveats=("c",), provenance="p"
    )
    facts = describe_study(study, "x.yaml")
    assert (facts.given, facts.name, facts.title, facts.currency, facts.as_of, facts.holdout_until) == (
        "x.yaml", "handmade", "Handmade", "EUR", "2024-07-01", "2024-09-30",
    )  # fmt: skip
    assert (facts.engine, facts.provenance, facts.caveats, facts.inputs, facts.tables) == (
        "duckdb", "p", ("c",), (), ("orders",),
    )  # fmt: skip
    assert describe_study(replace(study, holdout_until=None), "x").holdout_until is None
    told = replace(study, title="Of kim@shop.example", caveats=("Ring +44 20 7946 0958.",), provenance="ann@a.example")
    facts = describe_study(told, "x")
    assert (facts.title, facts.caveats, facts.provenance) == (
        "Of [an e-mail address tfdbs]", ("Ring [a phone number gkzvp].",), "[an e-mail address jjtnv]",
    )  # fmt: skip


def test_tables_at_fault_are_named_once_and_left_out():
    bad = orders(("a", "2024-01-01", -1.0), ("", "2024-01-01", 1.0))
    study = a_study(orders=bad, customers=pd.DataFrame({"customer_id": ["a"]}))
    broken = find_broken(study, judge(study))
    assert list(broken) == ["orders"]
    assert str(broken["orders"]).startswith(
        "orders.customer_id: every row has a customer_id; broken by 1 of 2 (50.0 %)."
    )
    assert list(without(study, broken).tables) == ["customers"]
    assert list(without(study, []).tables) == ["orders", "customers"]


def test_a_folder_without_studies_is_told_with_the_next_step(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    with pytest.raises(StudyError) as refusal:
        known_studies()
    assert str(refusal.value) == (
        "data/studies holds no study file. Draft one with: crm-research new study NAME --from FILE, or look at the "
        "reports on samples: crm-research demo"
    )


def test_a_study_of_which_no_table_is_read_is_refused_with_each_fault_once(monkeypatch):
    def nothing(given, as_of, tables, faults):
        assert (given, tables) == ("x", ["a"])
        faults |= {"a": CrmError("One."), "b": CrmError("Two."), "c": CrmError("One.")}
        return SimpleNamespace(tables={})

    monkeypatch.setattr("crm_research.sources.opening.open_study", nothing)
    with pytest.raises(NothingReadable) as refusal:
        inputs.open_input("x", None, ["a"])
    assert str(refusal.value) == "One.\nTwo."


def test_a_full_disk_while_staging_is_told_with_its_folder(monkeypatch, tmp_path):
    def full(*_, **__):
        raise duckdb.IOException("no space\nsecond line")

    monkeypatch.setattr("crm_research.sources.snapshot.write_snapshot", full)
    with pytest.raises(StudyError) as refusal:
        inputs.stage_input(a_study(orders=orders(("a", "2024-01-01", 1.0))), tmp_path / "snapshot")
    assert str(refusal.value) == (
        f"Study 'handmade' cannot be staged in {tmp_path}: no space. Free some space there, or set TMPDIR to a folder "
        "on another disk."
    )
    monkeypatch.setattr("crm_research.sources.snapshot.write_snapshot", lambda *_, **__: None)
    study = a_study(orders=orders(("a", "2024-01-01", 1.0)))
    assert inputs.stage_input(study, tmp_path / "s", ["b", "a"]).environment == {
        "CRM_RESEARCH_SNAPSHOT": str(tmp_path / "s"), "CRM_RESEARCH_LEAVE_OUT": "a,b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "is_path"),
    [("telco", False), ("a.YAML", True), ("a.yml", True), ("a/b", True), ("a\\b", True), ("yaml", False)],
)
def test_what_is_a_path_and_what_a_name(given, is_path):
    assert _is_path(given) is is_path


def test_two_studies_of_one_name_and_day_may_not_overwrite_each_other():
    one = a_task()
    same = a_task(study=replace(one.study, given="elsewhere.yaml"))
    with pytest.raises(CrmError) as refusal:
        _check_distinct([one, same])
    assert str(refusal.value) == (
        "Two studies of this run have the name 'handmade' (handmade and elsewhere.yaml): their pages would overwrite "
        "each other. Rename one of them, or run them into separate folders."
    )
    _check_distinct([one, one, a_task(study=replace(same.study, as_of="2024-07-02")), replace(same, report="other")])


def test_what_could_not_be_written_is_told_with_its_path(tmp_path):
    full = OSError(28, "No space left on device", "/x/y")
    mend = ". The page that was there before stays. Free the disk or mend the permissions, and run the report again"
    made = "the page was made but could not be written: "
    assert _say_unpublished(full, tmp_path) == f"{made}/x/y: No space left on device{mend}"
    assert _say_unpublished(OSError("odd"), Path("/out")) == f"{made}/out: odd{mend}"
    assert _say_unpublished(CrmError("As it is."), tmp_path) == "As it is."


def test_a_failure_is_one_paragraph():
    assert Failure(kind="killed", message="gone").in_words() == "killed: gone"
    assert Failure(kind="k", message="m", place="cell 3").in_words() == "k: m (cell 3)"


def test_a_record_that_is_no_json_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(CrmError) as refusal:
        read_json(tmp_path / "run.json", [])
    assert re.fullmatch(
        re.escape(f"{tmp_path / 'run.json'} is not readable as JSON (")
        + r".*\)\. Remove it and run the reports again\.",
        str(refusal.value),
    )
    assert read_json(tmp_path / "none.json", ["empty"]) == ["empty"]


def test_chinese_signs_are_carried_in_the_first_style_only():
    page = "<style>a</style><style>b</style>客户"
    carried = with_carried_signs(page)
    assert carried.count("@font-face") == 1
    assert carried.index("@font-face") < carried.index("<style>b")
    assert with_carried_signs("<style>a</style>plain") == "<style>a</style>plain"


def an_entry(**changes: Any) -> dict[str, Any]:
    given = {
        "report": "churn", "title": "Churn", "question": "Who?", "outcome": "done", "page": "churn.html",
        "answer": ["First.", "Second."], "last_good_at": "2024-07-02T10:11:12+00:00", "failed_since": None,
        "error": None, "started_at": "2024-07-02T10:11:00+00:00", "ended_at": "2024-07-02T10:11:12+00:00",
        "seconds": 12.34, "failed_attempt": None, "engine": "duckdb", "versions": {"python": "3", "numpy": "1"},
        "study": {"name": "s", "title": "The study", "currency": "EUR", "provenance": "p", "caveats": ["c1", "c2"],
                  "holdout_until": "2024-12-31"},
        "inputs": [{"table": "orders", "source": "o.csv", "fingerprint": "sha256:0123456789abcdef", "n_rows": 3}],
    }  # fmt: skip
    return {**given, **changes}


def test_the_index_tells_a_page_a_failure_and_what_does_not_apply(tmp_path):
    def a_record(id_: str, **changes: Any) -> dict[str, Any]:
        return {"report": "churn", **a_figure(id=id_, **changes).as_record()}

    attempt = {"study": {"title": "Of the attempt"}, "ended_at": "2024-07-05T01:02:00+00:00", "seconds": 0.25}
    entries = [
        {"report": "loyalty", "outcome": "not applicable", "page": None, "reason": "needs orders", "title": "L"},
        an_entry(report="zzz", title="Own", outcome="failed", page=None, answer=[], failed_notebook="failed/zzz.ipynb",
                 error={"kind": "ValueError", "message": "no", "place": "cell 2"}, study=None, failed_attempt=attempt),
        an_entry(outcome="failed", failed_since="2024-07-03T00:00:00+00:00", failed_attempt=attempt,
                 error={"kind": "killed", "message": "gone"}),
    ]  # fmt: skip
    folder = tmp_path / "s" / "2024-07-01"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"study": "s", "reports": entries}))
    (folder / "figures.json").write_text(
        json.dumps([a_record("x.b"), a_record("x.c", unit=""), a_record("x.d", group="g")])
    )
    earlier = tmp_path / "s" / "2023-07-01"
    earlier.mkdir()
    (earlier / "run.json").write_text(json.dumps({"study": "s", "reports": []}))
    latest, before = read_shelf(tmp_path)
    assert [study["as_of"] for study in latest["earlier"]] == ["2023-07-01"]
    assert (before["as_of"], before["title"], before["currency"], before["facts"], before["earlier"]) == (
        "2023-07-01", "s", None, [], [],
    )  # fmt: skip
    style, script = (read_template_text(name) for name in ("site/site.css", "site/search.js"))
    html = write_index(tmp_path).read_text(encoding="utf-8")
    assert style in html
    assert script in html
    bare = re.sub(r"<style>.*?</style>|(?<=<script>).*?(?=</script>)", "", html, flags=re.DOTALL)
    hold(bare, TOLD / "index.txt")
    latest = {**latest, "earlier": [], "entries": [], "held": sorted(map(str, latest["held"]))}
    hold(json.dumps(latest, indent=1, ensure_ascii=False) + "\n", TOLD / "shelf.txt")


def test_promised_figures_come_first_and_four_are_shown():
    def a_record(id_: str, **changes: Any) -> dict[str, Any]:
        return a_figure(id=id_, **changes).as_record()

    promised = "churn.contract.median_tenure"
    from crm_research.catalogue import reports

    promised = reports()["churn"].figure_ids[0]
    figures = [a_record("a"), a_record("b", unit="", said="so"), a_record("c", unit=""), a_record("d", group="g"),
               a_record("e"), a_record("f"), a_record(promised)]  # fmt: skip
    assert [figure["id"] for figure in _key_figures("churn", figures)] == [promised, "a", "b", "e"]
    assert [figure["id"] for figure in _key_figures("unknown", figures)] == ["a", "b", "e", "f"]


def test_failures_are_told_with_their_moments():
    assert _failed_in_words({"page": None}) == "Failed; there is no earlier page."
    told = {"page": "p", "last_good_at": "2024-07-02T10:11:12+00:00", "failed_since": "2024-07-03T00:00:59+00:00"}
    assert _failed_in_words(told) == ("Last good page of 2024-07-02 10:11 UTC, failed since 2024-07-03 00:00 UTC.")
    assert _error_in_words({}) == "error: "
    assert _error_in_words({"kind": "k", "message": "m", "place": "cell 3"}) == "k: m (cell 3)"
    done = page_of_index(an_entry(), Path("out/s/2024-07-01"), [])
    assert done == {
        "title": "Churn", "question": "Who?", "href": "s/2024-07-01/churn.html", "answer": "First.", "figures": [],
        "is_summary": False, "failed": None, "error": None, "notebook": None, "ran": "Run 2024-07-02 10:11 UTC, 12.3 s",
    }  # fmt: skip
