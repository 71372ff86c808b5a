import json
from dataclasses import replace

import pandas as pd
import pytest

from crm_research.errors import CrmError
from crm_research.reporting import records
from crm_research.reporting.inputs import describe_study
from crm_research.reporting.site import _key_figures, write_index
from crm_research.reporting.tasks import Failure, Outcome
from tests.builders import a_study
from tests.reporting.pages import a_figure, a_task


def an_outcome(*, failure=None, estimate=0.5, ended_at="2026-01-02T03:04:05+00:00"):
    figures = () if failure else (a_figure(estimate=estimate).as_record(),)
    return Outcome(
        started_at="2026-01-02T03:04:00+00:00",
        ended_at=ended_at,
        seconds=5.0,
        figures=figures,
        answer=() if failure else ("Half <stay>.",),
        failure=failure,
    )


def publish(out, scratch, outcome, *, report="good", page="<p>page</p>"):
    task = a_task(scratch, report=report)
    scratch.mkdir(exist_ok=True)
    task.executed.write_text("{}", encoding="utf-8")
    if outcome.failure is None:
        task.page.write_text(page, encoding="utf-8")
    return records.publish(out, task, outcome, {"python": "3.11"})


def test_a_good_report_leaves_page_notebook_figures_and_record(tmp_path):
    out = tmp_path / "out"
    page = publish(out, tmp_path / "scratch", an_outcome())
    folder = out / "handmade" / "2024-07-01"
    assert page == folder / "good.html"
    assert sorted(path.name for path in folder.iterdir()) == ["figures.json", "good.html", "good.ipynb", "run.json"]
    (figure,) = json.loads((folder / "figures.json").read_text())
    names = "report id label estimate lower upper unit n window estimator validation group verdict said"
    assert list(figure) == names.split()
    entry = records.read_run(folder)["reports"][0]
    assert entry["outcome"] == "done"
    assert entry["parameters"] == {"study": "handmade", "since": "007"}
    assert entry["inputs"][0]["fingerprint"] == "sha256:0123456789abcdef"


def test_a_list_changes_with_its_page_and_goes_with_it_and_those_of_other_reports_stay(tmp_path):
    out, folder = tmp_path / "out", tmp_path / "out" / "handmade" / "2024-07-01"
    first = replace(an_outcome(), files=(("one-all.csv", "\ufeffid\n客户\n"), ("one-few.csv", "id\n1\n")))
    publish(out, tmp_path / "a", first, report="one")
    publish(out, tmp_path / "b", replace(an_outcome(), files=(("two.csv", "id\n"),)), report="two")
    assert (folder / "one-all.csv").read_bytes() == b"\xef\xbb\xbfid\n\xe5\xae\xa2\xe6\x88\xb7\n"
    publish(out, tmp_path / "c", replace(an_outcome(), files=(("one-all.csv", "id\n2\n"),)), report="one")
    assert sorted(path.name for path in folder.glob("*.csv")) == ["one-all.csv", "two.csv"]
    assert (folder / "one-all.csv").read_text() == "id\n2\n"
    # A run that fails leaves the page that was there, and its list with it.
    publish(out, tmp_path / "d", an_outcome(failure=Failure(kind="E", message="m")), report="one")
    assert (folder / "one-all.csv").read_text() == "id\n2\n"


def test_running_one_report_again_replaces_only_its_own_figures(tmp_path):
    out = tmp_path / "out"
    publish(out, tmp_path / "a", an_outcome(), report="one")
    publish(out, tmp_path / "b", an_outcome(), report="two")
    publish(out, tmp_path / "c", an_outcome(estimate=0.7), report="one")
    figures = json.loads((out / "handmade" / "2024-07-01" / "figures.json").read_text())
    assert [(figure["report"], figure["estimate"]) for figure in figures] == [("one", 0.7), ("two", 0.5)]


def test_a_failure_keeps_the_last_good_page_and_the_index_says_since_when(tmp_path):
    out = tmp_path / "out"
    publish(out, tmp_path / "a", an_outcome(), page="<p>good</p>")
    failure = Failure(kind="ValueError", message="no <customers>", place="cell 3 of 9")
    for day in (3, 4):
        publish(out, tmp_path / "b", an_outcome(failure=failure, ended_at=f"2026-01-0{day}T00:00:00+00:00"))
    folder = out / "handmade" / "2024-07-01"
    assert (folder / "good.html").read_text() == "<p>good</p>"
    assert len(json.loads((folder / "figures.json").read_text())) == 1
    assert (folder / "failed" / "good.ipynb").exists()
    index = write_index(out).read_text()
    assert "Last good page of 2026-01-02 03:04 UTC, failed since 2026-01-03 00:00 UTC." in index
    assert "ValueError: no &lt;customers&gt; (cell 3 of 9)" in index
    assert "Half &lt;stay&gt;." in index
    publish(out, tmp_path / "c", an_outcome())
    assert not (folder / "failed").exists()


def test_a_report_that_never_worked_has_no_page(tmp_path):
    publish(tmp_path, tmp_path / "a", an_outcome(failure=Failure(kind="E", message="m")))
    index = write_index(tmp_path).read_text()
    assert "Failed; there is no earlier page." in index
    assert 'href="handmade/2024-07-01/good.html"' not in index


def test_the_index_of_an_empty_shelf_says_what_to_do(tmp_path):
    assert "No report has been made yet." in write_index(tmp_path).read_text()


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "run.json"
    records.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="nan"):
        records.write_json(path, {"a": float("nan")})
    assert records.read_json(path, None) == {"a": 1}
    with pytest.raises(UnicodeEncodeError):
        records.write_text(path, "\ud800")
    assert [found.name for found in tmp_path.iterdir()] == ["run.json"]


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(CrmError, match=r"run\.json is not readable"):
        records.read_run(tmp_path)


def test_the_index_shows_promised_figures_first_and_none_of_a_single_group(tmp_path):
    given = [
        ("other", None),
        ("test.repeat_rate", "south"),
        ("test.repeat_rate", None),
        ("more", "north"),
        ("last", None),
    ]
    figures = [{"id": name, "group": group, "unit": "share", "label": "Share"} for name, group in given]
    shown = [(figure["id"], figure["group"]) for figure in _key_figures("churn", figures)]
    assert shown == [("other", None), ("test.repeat_rate", None), ("last", None)]
    promised = {**figures[0], "id": "churn.contract.survival_12m"}
    assert _key_figures("churn", [*figures, promised])[0] == promised
    assert len(_key_figures("churn", [*figures, promised, promised])) == 4
    # A number without a unit, such as a model's parameter, says nothing to a manager; one with words does.
    parameter = {**promised, "unit": ""}
    assert parameter not in _key_figures("churn", [*figures, parameter])
    assert {**parameter, "said": "natural"} in _key_figures("churn", [*figures, {**parameter, "said": "natural"}])


def test_the_record_names_both_days_of_the_study(tmp_path):
    orders = pd.DataFrame(
        {"order_id": ["1"], "customer_id": ["a"], "ordered_at": [pd.Timestamp("2024-01-01")], "revenue": [1.0]}
    )
    study = a_study(as_of="2024-03-01", holdout_until="2024-09-30", orders=orders)
    facts = describe_study(study, "given.yaml")
    assert (facts.as_of, facts.holdout_until, facts.given) == ("2024-03-01", "2024-09-30", "given.yaml")
    records.publish(tmp_path, replace(_made(tmp_path / "scratch"), study=facts), an_outcome(), {})
    entry = records.read_run(tmp_path / facts.name / "2024-03-01")["reports"][0]
    assert (entry["study"]["as_of"], entry["study"]["holdout_until"]) == ("2024-03-01", "2024-09-30")


def _made(scratch):
    task = a_task(scratch)
    scratch.mkdir()
    task.executed.write_text("{}", encoding="utf-8")
    task.page.write_text("<p>page</p>", encoding="utf-8")
    return task
