"""A file that is asked for by an id leaves no id behind, management gets none, and nobody unknown is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_research.catalogue import find_report
from crm_research.errors import CrmError, ParameterError
from crm_research.features.window import known_rows
from crm_research.privacy.known_ids import IdsOfStudy
from crm_research.privacy.scan import scan
from crm_research.reporting.plan import plan_run
from crm_research.reporting.run import run_reports
from crm_research.sources.opening import open_study
from tests.pages.worlds import world

HOW = {
    "as_of": None, "is_checking_input": False, "notebooks": None, "parameters": {}, "shown": {"audience": "research"},
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return world("everything", tmp_path_factory.mktemp("worlds"))


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("CRM_PSEUDONYM_KEY", "0123456789abcdefghijklmnopqrstuvwxyz")


def plan(study, scratch, **changes):
    return plan_run([find_report("customer-file")], studies=[study], scratch=scratch, **{**HOW, **changes})


@pytest.mark.slow
def test_ids_that_are_asked_for_reach_the_notebook_as_pseudonyms(study, key, tmp_path):
    (task,) = plan(study, tmp_path, parameters={"customers": '["C00000016", "C00000002"]'}).tasks
    named = task.parameters["customers"]
    assert len(named) == 2
    assert all(one.startswith("C-") and len(one) == 10 for one in named)
    # What a page shows names the same customers again.
    (again,) = plan(study, tmp_path / "again", parameters={"customers": json.dumps(named)}).tasks
    assert again.parameters["customers"] == named
    (usual,) = plan(study, tmp_path / "usual").tasks
    assert usual.parameters["customers"] == "top"


@pytest.mark.slow
def test_who_is_not_known_is_refused_in_one_paragraph_before_anything_is_made(study, key, tmp_path):
    with pytest.raises(CrmError) as told:
        plan(study, tmp_path, parameters={"customers": "C99999999"})
    assert "the customer named is nobody" in str(told.value)
    assert "C99999999" not in str(told.value)


@pytest.mark.slow
def test_management_gets_no_file_unless_groups_of_one_may_be_told(study, key, tmp_path):
    for_management = {"shown": {"audience": "management"}}
    made = plan(study, tmp_path, **for_management)
    assert made.tasks == []
    (omitted,) = made.omissions
    assert "tells of single customers, and the study withholds groups of fewer than 5" in omitted.reason
    file = tmp_path / "open" / "study.yaml"
    file.parent.mkdir()
    folder = study.rsplit("/", 1)[0]
    text = Path(study).read_text(encoding="utf-8").replace("from: ", f"from: {folder}/")
    for least, n_made in ((2, 0), (1, 1), (0, 1)):
        file.write_text(f"{text}\nprivacy: {{least_group: {least}}}\n", encoding="utf-8")
        assert len(plan(str(file), tmp_path / f"open{least}", **for_management).tasks) == n_made


def test_other_reports_are_made_for_management():
    assert [one for one in ("value", "churn") if find_report(one).why_not_told(5)] == []
    assert find_report("customer-file").why_not_told(1) is None


@pytest.mark.slow
def test_no_file_that_a_run_writes_holds_an_id_or_a_name(study, key, tmp_path):
    opened = open_study(study)
    people = known_rows(opened, "people").filter(lambda t: t.until.isnull()).to_pandas()
    customer = sorted(people["customer_id"])[0]
    names = set(people.loc[people["customer_id"] == customer, "name"])
    out = tmp_path / "out"
    summary = run_reports(("customer-file",), studies=(study,), parameters={"customers": customer}, out=out, jobs=1)
    assert [outcome.failure for _, outcome in summary.outcomes] == [None]
    assert scan(out, IdsOfStudy(opened)) == []
    written = [file for file in out.rglob("*") if file.is_file() and "private" not in file.parts]
    assert {file.suffix for file in written} >= {".html", ".json", ".ipynb", ".csv"}
    for file in written:
        text = file.read_text(encoding="utf-8", errors="replace")
        assert customer not in text, file
        assert not [name for name in names if name in text], file
    (listed,) = out.glob("private/*/*/customer-file-people.csv")
    assert all(name in listed.read_text(encoding="utf-8") for name in names)
    assert listed.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "read"),
    [("top", "top"), (" top ", "top"), ("C1", ["C1"]), ('["C1", "C2"]', ["C1", "C2"]), ("[12, 13]", ["12", "13"])],
)
def test_customers_are_given_as_one_id_or_a_list(given, read):
    from crm_research.reporting.parameters import complete_parameters

    values = complete_parameters(find_report("customer-file"), {"customers": given}, study="x", as_of=None)
    assert values["customers"] == read


def test_a_number_of_customers_that_is_none_is_refused():
    from crm_research.reporting.parameters import complete_parameters

    with pytest.raises(ParameterError, match="n_top"):
        complete_parameters(find_report("customer-file"), {"n_top": "21"}, study="x", as_of=None)
