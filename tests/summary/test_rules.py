"""Rules: the package's own agree with themselves, a company's change them, and what is wrong is said with its mend."""

from __future__ import annotations

import re

import pytest

from crm_research.catalogue import reports
from crm_research.pillars.summary.rules import DEPARTMENTS, RulesError, company_rules, read_rules

OWN = {
    "name": "remind-the-overdue", "department": "sales", "figure": "loyalty.overdue_share", "above": 0.2,
    "for_whom": "them", "do": "Ring.", "why": "It is {value}.", "trial": "Draw lots.",
}  # fmt: skip


def write(path, *rules, **more):
    import yaml

    path.write_text(yaml.safe_dump({"rules": list(rules), **more}, allow_unicode=True), encoding="utf-8")
    return path


def test_every_department_has_a_rule_and_every_rule_a_way_to_measure_it():
    rules = read_rules()
    assert {rule.department for rule in rules} == set(DEPARTMENTS)
    assert all(rule.effect or rule.trial for rule in rules)
    assert len({rule.name for rule in rules}) == len(rules) == 25


def test_rules_speak_of_figures_that_the_reports_make():
    # Ids stand as constants in the pillars; a rule for a figure that nobody makes would never hold.
    from tests.architecture import ROOT

    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    promised = {id_ for report in reports().values() for id_ in report.figure_ids}
    for rule in read_rules():
        for id_ in (rule.figure, rule.effect, *((rule.money.share, *rule.money.of) if rule.money else ())):
            stem = id_ or ""
            named = f'"{stem}"' in source or any(part in source for part in (f"{stem.rpartition('.')[2]}",))
            assert not stem or stem in promised or named, stem


def test_a_company_changes_adds_and_leaves_out(tmp_path):
    added = OWN | {"name": "ours", "department": "finance"}
    path = write(tmp_path / "rules.yaml", OWN, added, leave_out=["raise-satisfaction"])
    rules = {rule.name: rule for rule in read_rules(path)}
    assert (rules["remind-the-overdue"].department, rules["remind-the-overdue"].above) == ("sales", 0.2)
    assert rules["ours"].department == "finance"
    assert "raise-satisfaction" not in rules
    assert len(rules) == 25


def test_a_study_changes_what_the_company_says(tmp_path):
    added = OWN | {"name": "ours", "department": "finance"}
    company = write(tmp_path / "company.yaml", OWN, added, leave_out=["raise-satisfaction"])
    study = write(tmp_path / "study.yaml", OWN | {"above": 0.35}, leave_out=["ours"])
    rules = {rule.name: rule for rule in read_rules(company, study)}
    assert rules["remind-the-overdue"].above == 0.35
    assert not {"ours", "raise-satisfaction"} & set(rules)
    assert len(rules) == 24
    assert len(read_rules(None, None)) == 25
    with pytest.raises(RulesError, match=r"study\.yaml: leave_out: there is no rule 'ours'"):
        read_rules(None, study)


def test_a_company_s_file_is_found_in_its_desk(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    assert company_rules() is None
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "rules.yaml", OWN)
    assert company_rules() == tmp_path / "data" / "rules.yaml"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"departmnt": "sales"}, "rules.remind-the-overdue.departmnt: unknown key. Did you mean 'department'?"),
        (
            {"department": "sale"},
            "rules.remind-the-overdue.department: Did you mean 'sales'? Known: finance",
        ),
        ({"above": "much"}, "rules.remind-the-overdue.above: must be a number; found 'much'"),
        ({"below": 0.1}, "rules.remind-the-overdue: a rule has above or below, not both"),
        ({"any": True, "group": "x"}, "a rule has group (one group) or any (each of them), not both"),
        ({"trial": ""}, "name the figure that says what it brings (effect), or what would measure that (trial)"),
        ({"why": "It is {valu}."}, "rules.remind-the-overdue.why: only {value} and {group} can stand in braces; found"),
        ({"do": "Ring {value"}, "rules.remind-the-overdue.do: the braces do not close"),
        ({"why": "{value.__class__}"}, "only {value} and {group} can stand in braces"),
        ({"money": {"share": "x"}}, "rules.remind-the-overdue.money.of: is missing. Add it."),
    ],
)
def test_a_broken_rule_is_told_with_file_key_and_mend(tmp_path, changes, said):
    path = write(tmp_path / "rules.yaml", OWN | changes)
    with pytest.raises(RulesError, match=re.escape(said)) as told:
        read_rules(path)
    assert str(told.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "no valid YAML"),
        ("- a\n- b\n", "a file of rules holds the keys rules and leave_out; found"),
        ("", "found nothing"),
        ("leave_out: [raise-satisfactoin]\n", "leave_out: there is no rule 'raise-satisfactoin'. Did you mean"),
        ("rule: []\n", "rule: unknown key. Did you mean 'rules'?"),
        ("rules: []\nrules: []\n", "the key 'rules' stands here a second time"),
    ],
)
def test_a_broken_file_is_told_as_one_paragraph(tmp_path, text, said):
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError, match=re.escape(said)):
        read_rules(path)


def test_bytes_that_are_no_text_and_a_name_twice(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"rules: \xff\n")
    with pytest.raises(RulesError, match="byte 7 is not UTF-8"):
        read_rules(path)
    with pytest.raises(RulesError, match="two have the name 'remind-the-overdue'"):
        read_rules(write(path, OWN, OWN))
