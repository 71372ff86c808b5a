"""A table at fault stops the reports that read it, and no other."""

from __future__ import annotations

import ast
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import duckdb
import pytest

from crm_research.catalogue import reports
from crm_research.contracts import TABLES
from crm_research.errors import ContractViolation, CrmError, ParameterError, StudyError
from crm_research.reporting.plan import plan_run
from crm_research.reporting.run import run_reports
from crm_research.results import read_run
from crm_research.sources.opening import open_study
from tests.reporting.conftest import NOTEBOOKS, a_report

TWO_TABLES = """\
name: handmade
currency: EUR
as_of: 2024-07-01
tables:
  orders: {from: orders.csv}
  contracts: {from: contracts.csv}
"""
SOUND = "contract_id,customer_id,started_at\nk1,a,2024-01-01\n"
FAULTS = {
    "no file": (None, StudyError, "no file 'contracts.csv'"),
    "no date": ("contract_id,customer_id,started_at\nk1,a,soon\n", ContractViolation, "every value is a time"),
    "a key twice": (SOUND + "k1,a,2024-01-01\n", ContractViolation, "contract_id stands in one row only"),
}


@pytest.fixture(params=FAULTS)
def fault(request, project):
    """A study whose orders are sound and whose contracts are not."""
    folder = project / "data" / "studies"
    (folder / "handmade.yaml").write_text(TWO_TABLES)
    text, kind, said = FAULTS[request.param]
    if text is not None:
        (folder / "contracts.csv").write_text(text)
    return kind, said


def planned(tmp_path: Path, *names: tuple[str, tuple[str, ...] | None], studies=("handmade",)):
    """Plan reports that need orders (or contracts, by name) and read what is given."""
    candidates = [
        a_report(name, needs="contracts" if name == "killed" else "orders").__class__(
            **{**vars(a_report(name, needs="contracts" if name == "killed" else "orders")), "may_read": may_read}
        )
        for name, may_read in names
    ]
    return plan_run(
        candidates, studies=studies, as_of=None, parameters={}, scratch=tmp_path, is_checking_input=True,
        notebooks=NOTEBOOKS,
    )  # fmt: skip


def test_only_reports_that_read_it_are_hindered_and_the_reason_is_told(fault, tmp_path):
    kind, said = fault
    plan = planned(tmp_path, ("good", ("orders",)), ("warning", ("orders", "contracts")), ("failing", None),
                   ("killed", ("contracts",)))  # fmt: skip
    assert [task.report for task in plan.tasks] == ["good"]
    assert [task.report for task, _ in plan.hindered] == ["warning", "failing", "killed"]
    assert all(said in outcome.failure.message for _, outcome in plan.hindered)
    assert [type(one) for one in plan.faults] == [kind]


def test_the_study_of_those_that_are_made_opens_without_the_table(fault, tmp_path, monkeypatch):
    plan = planned(tmp_path, ("good", ("orders",)))
    for name, value in plan.tasks[0].environment.items():
        monkeypatch.setenv(name, value)
    assert list(open_study("handmade").tables) == ["orders"]


def test_where_nothing_can_be_made_the_fault_is_raised_as_it_is(fault, tmp_path):
    kind, said = fault
    with pytest.raises(kind, match=said):
        planned(tmp_path, ("killed", ("contracts",)), ("failing", None))


def test_one_study_that_cannot_be_read_leaves_the_others(project, tmp_path):
    folder = project / "data" / "studies"
    (folder / "other.yaml").write_text(TWO_TABLES.replace("handmade", "other").replace(".csv", "-gone.csv"))
    plan = planned(tmp_path, ("good", ("orders",)), studies=("other", "handmade"))
    assert [task.study.name for task in plan.tasks] == ["handmade"]
    assert len(plan.unreadable) == 1
    assert "orders-gone.csv" in plan.unreadable[0]
    assert "contracts-gone.csv" in plan.unreadable[0]


@pytest.mark.slow
def test_a_study_that_is_not_there_stops_the_run_whatever_others_there_are(project, tmp_path):
    with pytest.raises(CrmError, match="no study 'othre'"):
        planned(tmp_path, ("good", ("orders",)), studies=("othre", "handmade"))


@pytest.mark.slow
def test_pages_records_and_counts_of_a_run_say_so(fault, project, tmp_path, monkeypatch):
    _, said = fault
    sound = a_report("good")
    known = MappingProxyType(
        {
            "good": type(sound)(**{**vars(sound), "may_read": ("orders",)}),
            "warning": a_report("warning", needs="contracts"),
        }
    )
    monkeypatch.setattr("crm_research.reporting.run.reports", lambda: known)
    summary = run_reports(studies=["handmade"], out=tmp_path / "out")
    assert summary.n_failed == 1
    held = {entry["report"]: entry for entry in read_run(tmp_path / "out" / "handmade" / "2024-07-01")["reports"]}
    assert held["good"]["outcome"] == "done"
    assert held["warning"]["outcome"] == "failed"
    assert said in held["warning"]["error"]["message"]


PACKAGE = Path(__file__).parents[2] / "src" / "crm_research"


def names_in(node: ast.AST) -> set[str]:
    """Names that stand below a node."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def tables_in(node: ast.AST) -> set[str]:
    """Canonical tables whose names stand as texts below a node."""
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and part.value in TABLES}


def tables_named_in(pillar: str) -> set[str]:
    """Canonical tables that a pillar names, or a function of features that it reaches by name.

    A name that begins with an underscore belongs to its own file: another file's function of that name is another one.
    """
    own = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((PACKAGE / "pillars" / pillar).rglob("*.py"))]
    functions: dict[str, dict[str, ast.FunctionDef]] = {}
    for path in sorted((PACKAGE / "features").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions[path.name] = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    offered = {name: file for file, held in functions.items() for name in held if not name.startswith("_")}

    found = {table for tree in own for table in tables_in(tree)}
    its_own = {node.name for tree in own for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    called = {name for tree in own for name in names_in(tree)} - its_own
    waiting = [(offered[name], name) for name in sorted(called & set(offered))]
    seen = set(waiting)
    while waiting:
        file, name = waiting.pop()
        found |= tables_in(functions[file][name])
        for other in names_in(functions[file][name]):
            reached = (file, other) if other in functions[file] else (offered.get(other, ""), other)
            if reached[0] and reached not in seen:
                seen.add(reached)
                waiting.append(reached)
    return found


# Texts that are no tables: the audit has customers as a factor of revenue and as a unit, and reads orders alone; the
# single view has them as a column and as a unit, value counts people.
NO_TABLE = {"customer-base-audit": {"customers"}, "single-view": {"customers"}, "value": {"people"}}
DECLARED = [report for report in reports().values() if report.may_read is not None]


@pytest.mark.slow
@pytest.mark.parametrize("report", DECLARED, ids=lambda report: report.id)
def test_a_report_declares_every_table_that_its_pillar_names(report):
    named = tables_named_in(report.id.replace("-", "_")) - NO_TABLE.get(report.id, set())
    assert named, "a pillar names a table at the least"
    assert {name for group in report.needs_any_of for name in group} <= set(report.may_read)
    assert named <= set(report.may_read)


def test_a_disk_that_is_full_while_tables_are_staged_is_told(project, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr("crm_research.sources.snapshot.write_snapshot", full)
    with pytest.raises(StudyError, match=r"No space left on device\. Free some space there, or set TMPDIR"):
        planned(tmp_path, ("good", ("orders",)))


def test_contracts_at_fault_hinder_a_segmentation_only_where_it_groups_those_who_hold_them(fault, tmp_path):
    report = reports()["segmentation"]
    plan = plan_run(
        [report], studies=("handmade",), as_of=None, parameters={}, scratch=tmp_path, is_checking_input=True,
        notebooks=None,
    )  # fmt: skip
    assert ([task.report for task in plan.tasks], list(plan.hindered)) == (["segmentation"], [])
    every = {"orders", "contracts", "surveys", "activities", "activity_use"}
    read = {
        purpose: report.read_among(sorted(every), every, {"purpose": purpose})
        for purpose in (None, "needs", "contracts", "attitudes", "usage")
    }
    assert read == {
        None: ["orders"],
        "needs": ["orders"],
        "contracts": ["contracts", "orders", "surveys"],
        "attitudes": ["orders", "surveys"],
        "usage": ["activities", "activity_use", "orders"],
    }
    # Without orders those who hold contracts are grouped, and what they are at fault in stops it.
    assert report.read_among(["contracts"], {"contracts", "surveys"}, {"purpose": None}) == ["contracts"]


def the_tables_that_are_open(plan, monkeypatch):
    for name, value in plan.tasks[0].environment.items():
        monkeypatch.setenv(name, value)
    return list(open_study("handmade").tables)


def test_a_run_opens_only_the_tables_that_its_reports_read(project, tmp_path, monkeypatch):
    folder = project / "data" / "studies"
    (folder / "handmade.yaml").write_text(TWO_TABLES)
    (folder / "contracts.csv").write_text(SOUND)
    asked = {"studies": ("handmade",), "as_of": None, "parameters": {}, "is_checking_input": True}
    alone = plan_run([reports()["segmentation"]], **asked, scratch=tmp_path / "alone", notebooks=None)
    assert [one["table"] for one in alone.tasks[0].study.inputs] == ["orders"]
    assert alone.tasks[0].environment["CRM_RESEARCH_LEAVE_OUT"] == "contracts"
    both = plan_run(
        [reports()["segmentation"], reports()["customer-base"]], **asked, scratch=tmp_path / "both", notebooks=None
    )
    assert [one["table"] for one in both.tasks[0].study.inputs] == ["orders", "contracts"]
    assert both.tasks[0].environment["CRM_RESEARCH_LEAVE_OUT"] == ""
    # What somebody's own notebook reads is not known.
    changed = tmp_path / "changed"
    changed.mkdir()
    shutil.copy(PACKAGE.parents[1] / "notebooks" / "01_segmentation.ipynb", changed)
    own = plan_run([reports()["segmentation"]], **asked, scratch=tmp_path / "own", notebooks=changed)
    assert [one["table"] for one in own.tasks[0].study.inputs] == ["orders", "contracts"]
    assert the_tables_that_are_open(alone, monkeypatch) == ["orders"]
    assert the_tables_that_are_open(both, monkeypatch) == ["orders", "contracts"]


def test_reports_whose_tables_cannot_be_read_fail_by_name_where_the_study_holds_others(project, tmp_path):
    folder = project / "data" / "studies"
    (folder / "handmade.yaml").write_text(TWO_TABLES)
    (folder / "handmade2.yaml").write_text(
        TWO_TABLES.replace("name: handmade", "name: handmade2").replace("ts.csv", "ts2.csv")
    )
    (folder / "contracts.csv").write_text("contract_id,customer_id,started_at\nk1,a,soon\n")
    (folder / "contracts2.csv").write_text(SOUND)
    plan = plan_run(
        [reports()["churn"]], studies=("handmade", "handmade2"), as_of=None, parameters={}, scratch=tmp_path,
        is_checking_input=True, notebooks=None,
    )  # fmt: skip
    assert [task.study.name for task in plan.tasks] == ["handmade2"]
    assert [task.study.name for task, _ in plan.hindered] == ["handmade"]
    assert plan.unreadable == ()


def looking(name: str, found: dict[str, CrmError]):
    """A report that looks for its parameters in the study, and does not find what `found` names."""

    def look_up(study, values):
        assert study.tables
        if values["since"] in found:
            raise found[values["since"]]

    return replace(a_report(name), look_up=look_up)


def plan_with(tmp_path: Path, since: str, *candidates):
    return plan_run(
        candidates, studies=("handmade",), as_of=None, parameters={"since": since}, scratch=tmp_path,
        is_checking_input=True, notebooks=NOTEBOOKS,
    )  # fmt: skip


def test_a_parameter_that_names_what_the_study_does_not_hold_is_refused_before_anything_runs(project, tmp_path):
    with pytest.raises(ParameterError, match=r"^no 'plann'$"):
        plan_with(tmp_path, "plann", looking("good", {"plann": ParameterError("no 'plann'")}))
    assert len(plan_with(tmp_path, "plan", looking("good", {"plann": ParameterError("no 'plann'")})).tasks) == 1


def test_a_parameter_that_is_wrong_for_one_report_is_told_for_that_one(project, tmp_path):
    wrong = looking("warning", {"plann": ParameterError("no 'plann'")})
    plan = plan_with(tmp_path, "plann", looking("good", {}), wrong)
    assert [task.report for task in plan.tasks] == ["good"]
    assert [(task.report, outcome.failure.in_words()) for task, outcome in plan.hindered] == [("warning", "no 'plann'")]
