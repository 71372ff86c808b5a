"""The verdict as a whole: gravity, exit status, accepted defects, refusal."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from crm_research.catalogue import reports
from crm_research.contracts.checks import check_study, require_sound
from crm_research.contracts.findings import say_share
from crm_research.contracts.readers import READERS
from crm_research.contracts.rules import RULES, SEVERITIES
from crm_research.contracts.tables import TABLES
from crm_research.errors import ContractViolation, CrmError, StudyError
from crm_research.study import InputFingerprint
from tests.builders import a_study, orders
from tests.contracts.frames import customers
from tests.contracts.test_row_rules import SIX_ORDERS, SOUND, found, with_values
from tests.contracts.test_set_rules import BUYERS

NEGATIVE = with_values(SIX_ORDERS, "revenue", {1: -5.0})
PLACEHOLDER = with_values(SIX_ORDERS, "customer_id", {1: "nan"})


def accepting(study, **accepted):
    return dataclasses.replace(study, accepted=accepted)


def test_a_sound_study_is_fit_for_use():
    verdict = check_study(a_study(**SOUND))
    assert verdict.failed == ()
    assert verdict.headline() == "Fit for use: every rule holds."
    assert verdict.exit_code(warnings_above=0.0) == 0
    assert [table.table for table in verdict.tables] == [name for name in TABLES if name in SOUND]


def test_an_error_makes_a_study_unusable_however_few_rows_it_concerns():
    verdict = check_study(a_study(orders=NEGATIVE))
    assert verdict.exit_code(warnings_above=1.0) == 2
    assert verdict.headline() == (
        "Not usable as it stands: orders.revenue breaks the rule that every revenue is zero or more, but for declared "
        "returns (1 of 6, 16.7 %)."
    )


@pytest.mark.parametrize(("limit", "code"), [(0.16, 1), (1 / 6, 0), (0.17, 0), (0.0, 1)])
def test_a_warning_counts_when_it_concerns_more_than_the_limit(limit, code):
    verdict = check_study(a_study(orders=PLACEHOLDER))
    assert [finding.rule for finding in verdict.failed] == ["placeholder-key"]
    assert verdict.exit_code(warnings_above=limit) == code
    assert verdict.headline(limit).startswith("Usable with care" if code else "Fit for use, with 1 warning")


def test_a_note_never_changes_the_exit_status():
    verdict = check_study(a_study(orders=SIX_ORDERS, customers=customers("anna", "bert", "cleo", "王伟", "zoe")))
    assert [finding.rule for finding in verdict.failed] == ["no-dealings"]
    assert verdict.exit_code(warnings_above=0.0) == 0


def test_an_accepted_error_is_a_warning_up_to_the_accepted_share():
    study = a_study(orders=NEGATIVE)
    within = accepting(study, orders={"negative-revenue": 0.2})
    beyond = accepting(study, orders={"negative-revenue": 0.1})
    assert found(within, "orders", "negative-revenue", "revenue").severity == "warning"
    assert require_sound(within).exit_code(warnings_above=0.2) == 0
    finding = found(beyond, "orders", "negative-revenue", "revenue")
    assert (finding.severity, finding.accepted_share) == ("error", 0.1)
    assert finding.mend.endswith("The study file accepts a share of 0.1.")


def test_a_share_that_is_accepted_is_accepted_itself():
    a_hundred = orders(*[("anna", "2024-06-30", -1.0 if i < 29 else 1.0) for i in range(100)])
    study = accepting(a_study(orders=a_hundred), orders={"negative-revenue": 0.29})
    assert check_study(study).errors == ()


def test_an_accepted_warning_is_a_note():
    study = accepting(a_study(orders=PLACEHOLDER), orders={"placeholder-key": 0.5})
    assert found(study, "orders", "placeholder-key", "customer_id").severity == "note"


def test_accepting_a_rule_on_one_table_does_not_accept_it_on_another():
    study = accepting(a_study(orders=NEGATIVE), order_lines={"negative-revenue": 1.0})
    assert check_study(study).exit_code() == 2


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ({"orders": {"orphans": 0.1}}, "Did you mean 'orphan'"),
        ({"orders": {"orphan": 5}}, "share between 0 and 1"),
        ({"oders": {"orphan": 0.1}}, "Did you mean 'orders'"),
    ],
)
def test_an_unknown_rule_table_or_share_cannot_be_accepted(accepted, said):
    with pytest.raises(StudyError, match=said):
        check_study(accepting(a_study(orders=SIX_ORDERS), **accepted))


def test_an_unsound_study_is_refused_in_one_paragraph():
    bad = with_values(NEGATIVE, "customer_id", {2: "zoe", 3: None})
    study = dataclasses.replace(
        a_study(orders=bad, customers=BUYERS),
        path=Path("mine.yaml"),
        inputs=(InputFingerprint(table="orders", source="shop/orders.csv", fingerprint="x"),),
    )
    with pytest.raises(ContractViolation) as refusal:
        require_sound(study, ["orders"])
    assert str(refusal.value) == (
        "orders.customer_id: every row has a customer_id; broken by 1 of 6 (16.7 %). Found for example: "
        "order_id=o4 customer_id=missing. Fill the key at the source, or leave such rows out with 'where:' under "
        "orders. The table is read from shop/orders.csv. 2 more rules are broken. See all with "
        "'crm-research check mine.yaml'."
    )
    assert (refusal.value.table, refusal.value.column, refusal.value.n_bad) == ("orders", "customer_id", 1)


def test_a_table_that_no_report_needs_does_not_stand_in_the_way():
    study = a_study(orders=NEGATIVE, contracts=SOUND["contracts"])
    assert require_sound(study, ["contracts", "surveys"]).exit_code() == 0


def test_a_table_that_is_none_of_ours_is_refused():
    with pytest.raises(StudyError, match="Did you mean 'orders'"):
        check_study(a_study(orders=SIX_ORDERS), tables=["order"])


def test_a_source_that_cannot_be_scanned_is_told_in_one_paragraph():
    study = a_study(orders=SIX_ORDERS.assign(revenue=0.0))
    broken = study.tables["orders"].mutate(revenue=study.tables["orders"].customer_id.cast("float64"))
    with pytest.raises(StudyError, match=r"Table 'orders' of study 'handmade' cannot be scanned: .*anna") as told:
        check_study(dataclasses.replace(study, tables={"orders": broken}))
    assert "\n" not in str(told.value)
    assert isinstance(told.value, CrmError)


def test_the_order_of_rows_does_not_change_the_verdict():
    bad = with_values(NEGATIVE, "customer_id", {2: "zoe", 3: None, 4: "zoe"})
    verdicts = [
        check_study(a_study(orders=frame, customers=BUYERS)).findings
        for frame in (bad, bad.iloc[::-1], bad.sample(frac=1, random_state=3))
    ]
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_frames_for_a_notebook_are_tidy():
    verdict = check_study(a_study(orders=NEGATIVE, customers=BUYERS))
    frames = verdict.frames
    assert frames["tables"][["table", "n_rows", "n_passed", "n_failed"]].to_dict("list") == {
        "table": ["customers", "orders"],
        "n_rows": [4, 6],
        "n_passed": [len([f for f in verdict.of_table("customers") if f.holds]), len(verdict.of_table("orders")) - 1],
        "n_failed": [0, 1],
    }
    assert len(frames["checks"]) == len(verdict.findings)
    assert frames["failed"]["rule"].tolist() == ["negative-revenue"]
    assert frames["failed"]["examples"].tolist() == ["order_id=o2 revenue=-5"]
    assert check_study(a_study(orders=SIX_ORDERS)).frames["failed"].empty


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0.00 %"),
        (1.0, "100.0 %"),
        (1e-7, "under 0.01 %"),
        (0.9999999, "over 99.99 %"),
        (0.0033, "0.33 %"),
        (0.167, "16.7 %"),
    ],
)
def test_a_share_never_rounds_something_to_nothing(share, said):
    assert say_share(share) == said


def test_every_report_is_named_where_one_of_its_tables_is_spoilt():
    # What stands on the others is spoilt through them.
    for report in (each for each in reports().values() if not each.is_last):
        for table in {table for group in report.needs_any_of for table in group}:
            assert report.id in READERS[table]
    assert {report for readers in READERS.values() for report in readers} <= set(reports())
    assert set(READERS) <= set(TABLES)


def test_the_page_on_checks_explains_every_rule_and_its_gravity():
    page = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    for rule in RULES.values():
        assert rule.severity in SEVERITIES
        assert f"| `{rule.id}` | {rule.severity} |" in page


def test_rules_speak_in_whole_sentences():
    for rule in RULES.values():
        for mend in (rule.mend, *rule.mend_of.values()):
            assert mend.format(table="orders", column="revenue", other="customers").endswith(".")
        assert not rule.spoils.endswith(".")
