"""Limits of the checks held from both sides, and what they say held whole."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import ibis
import pytest

from crm_research.contracts import contract_of
from crm_research.contracts.checks import _unreadable, check_study, require_sound, say_violation
from crm_research.contracts.findings import Finding, TableSummary, Verdict, as_record, say_found, say_share
from crm_research.contracts.scan import show_examples
from crm_research.errors import ContractViolation, StudyError
from crm_research.study import InputFingerprint
from tests.builders import a_study, contracts, orders
from tests.contracts.frames import customers
from tests.contracts.test_row_rules import SIX_ORDERS, found, with_values
from tests.contracts.test_table_rules import _surveys


def a_finding(**changes) -> Finding:
    given = {
        "table": "orders", "column": "revenue", "rule": "negative-revenue", "expected": "every revenue is so",
        "severity": "error", "n_checked": 2_000, "n_bad": 1_234, "spoils": "all", "mend": "Mend it.",
    }  # fmt: skip
    return Finding(**{**given, **changes})


def a_verdict(*findings: Finding) -> Verdict:
    table = TableSummary(table="orders", grain="one order", n_rows=2_000, columns=("order_id", "revenue"))
    return Verdict(study="s", as_of=datetime(2024, 1, 1), holdout_until=None, tables=(table,), findings=findings)


NOT_USABLE = "Not usable as it stands: orders.revenue breaks the rule that every revenue is so"
NOTE, WARNING = a_finding(severity="note", n_bad=1), a_finding(severity="warning", n_bad=100, found="it is old")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ((), "Fit for use: every rule holds."),
        ((a_finding(n_bad=0),), "Fit for use: every rule holds."),
        ((NOTE,), "Fit for use."),
        ((WARNING, NOTE), "Fit for use, with 1 warning: each concerns at most 5.0 % of the rows."),
        ((WARNING, WARNING), "Fit for use, with 2 warnings: each concerns at most 5.0 % of the rows."),
        (
            (WARNING, a_finding(severity="warning", n_bad=101, column="")),
            "Usable with care: orders breaks the rule that every revenue is so (101 of 2,000, 5.1 %).",
        ),
        (
            (WARNING, a_finding(), NOTE),
            f"{NOT_USABLE} (1,234 of 2,000, 61.7 %).",
        ),
        (
            (a_finding(found="none is"), a_finding()),
            f"{NOT_USABLE} (none is) (and 1 more error).",
        ),
        (
            (a_finding(found="none is"), a_finding(), a_finding()),
            f"{NOT_USABLE} (none is) (and 2 more errors).",
        ),
    ],
)
def test_the_headline_names_the_gravest(findings, said):
    assert a_verdict(*findings).headline() == said


@pytest.mark.parametrize(
    ("findings", "code"),
    [((), 0), ((NOTE,), 0), ((WARNING,), 0), ((a_finding(severity="warning", n_bad=101),), 1), ((a_finding(),), 2),
     ((a_finding(severity="warning", n_checked=0, n_bad=1),), 0)],
)  # fmt: skip
def test_a_twentieth_of_the_rows_is_what_a_warning_may_concern(findings, code):
    assert a_verdict(*findings).exit_code() == code


def test_frames_hold_every_field():
    verdict = a_verdict(a_finding(n_bad=0), NOTE, a_finding(examples=("a=1", "b=2"), accepted_share=0.25), WARNING)
    frames = verdict.frames
    assert frames["checks"].columns.tolist() == [
        "table", "column", "rule", "expected", "severity", "n_checked", "n_bad", "examples", "found", "spoils", "mend",
        "accepted_share", "share_bad", "holds",
    ]  # fmt: skip
    assert frames["checks"]["holds"].tolist() == [True, False, False, False]
    assert frames["failed"]["severity"].tolist() == ["error", "warning", "note"]
    assert frames["failed"].iloc[0].to_dict() == as_record(verdict.errors[0]) == {
        "table": "orders", "column": "revenue", "rule": "negative-revenue", "expected": "every revenue is so",
        "severity": "error", "n_checked": 2_000, "n_bad": 1_234, "examples": "a=1; b=2", "found": "", "spoils": "all",
        "mend": "Mend it.", "accepted_share": 0.25, "share_bad": 0.617, "holds": False,
    }  # fmt: skip
    assert frames["tables"].to_dict("records") == [
        {"table": "orders", "grain": "one order", "n_rows": 2_000, "n_not_read": 0, "first_at": None, "last_at": None,
         "n_columns": 2, "n_passed": 1, "n_failed": 3, "source": ""}
    ]  # fmt: skip


def test_a_finding_is_said_with_its_count_or_with_what_was_found():
    assert say_found(a_finding()) == "every revenue is so; broken by 1,234 of 2,000 (61.7 %)"
    assert say_found(WARNING) == "every revenue is so; it is old"
    assert (a_finding().where, a_finding(column="").where, a_finding(n_checked=0).share_bad) == (
        "orders.revenue", "orders", 0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.000099, "under 0.01 %"), (0.0001, "0.01 %"), (0.00994, "0.99 %"), (0.01, "1.0 %"), (0.99, "99.0 %"),
        (0.9901, "99.01 %"), (0.9999, "99.99 %"), (0.99991, "over 99.99 %"),
    ],
)  # fmt: skip
def test_a_share_has_two_places_near_its_ends(share, said):
    assert say_share(share) == said


@pytest.mark.parametrize(
    ("rows", "as_of", "is_stale"),
    [
        # Ten orders a day apart: 31 days of silence are usual, a second more is not.
        ([f"2024-01-{day:02}" for day in range(1, 11)], "2024-02-10", False),
        ([f"2024-01-{day:02}" for day in range(1, 11)], "2024-02-10 00:00:01", True),
        # Three orders 20 days apart: five gaps are 100 days.
        (["2024-01-01", "2024-01-21", "2024-02-10"], "2024-05-20", False),
        (["2024-01-01", "2024-01-21", "2024-02-10"], "2024-05-20 00:00:01", True),
        # A single one has no gaps.
        (["2024-01-01"], "2024-02-01", False),
        (["2024-01-01"], "2024-02-01 00:00:01", True),
    ],
)
def test_silence_is_news_after_a_month_and_after_five_gaps(rows, as_of, is_stale):
    study = a_study(orders=orders(*[("anna", day, 1.0) for day in rows]), as_of=as_of)
    finding = found(study, "orders", "stale", "ordered_at")
    assert finding.holds is not is_stale
    assert finding.expected == f"records reach to within 31 days of as_of, {as_of[:10]}"


def test_rows_that_lie_after_as_of_are_counted_also_one_without_a_time_is_known():
    only = a_study(orders=orders(("anna", "2024-08-01", 1.0)), as_of="2024-07-01")
    assert found(only, "orders", "nothing-known", "ordered_at").found == (
        "its only row lies after it, the first at 2024-08-01"
    )
    timeless = a_study(orders=with_values(SIX_ORDERS, "ordered_at", {0: None}), as_of="2023-07-01")
    assert found(timeless, "orders", "nothing-known", "ordered_at").holds
    beyond = a_study(orders=orders(("a", "2240-01-01", 1.0), ("a", "2250-01-01", 1.0)), as_of="2024-07-01")
    assert found(beyond, "orders", "nothing-known", "ordered_at").found == "all 2 rows lie after it"


@pytest.mark.parametrize(
    ("day", "as_of", "holdout", "severity"),
    [
        ("2024-12-31", "2024-07-01", "2024-12-31", "warning"),
        ("2025-01-01", "2024-07-01", "2024-12-31", "error"),
        # Orders that begin after as_of do not make a survey's date right.
        ("2024-08-01", "2024-01-04", "2024-12-31", "error"),
        ("2024-08-01", "2024-01-05", "2024-12-31", "warning"),
    ],
)
def test_what_begins_in_the_holdout_is_a_warning_where_something_else_is_known(day, as_of, holdout, severity):
    # A table without times stands beside them.
    study = a_study(
        customers=customers("anna"), orders=SIX_ORDERS, surveys=_surveys(day), as_of=as_of, holdout_until=holdout
    )
    finding = found(study, "surveys", "nothing-known", "asked_at")
    if severity == "warning":
        # The other tables have to be looked at for that.
        (finding,) = [item for item in check_study(study).warnings if item.table == "surveys"]
        assert finding.spoils == (
            "it lies in the holdout, so what rests on it says that nothing is known; other reports are as they are"
        )
    else:
        (finding,) = [item for item in check_study(study).errors if item.table == "surveys"]
    assert (finding.rule, finding.severity) == ("nothing-known", severity)


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ({"orders": {"orphan": 1.01}}, "orders: accept: orphan is 1.01; it must be a share between 0 and 1."),
        ({"orders": {"orphan": -0.01}}, "orders: accept: orphan is -0.01; it must be a share between 0 and 1."),
    ],
)
def test_an_accepted_share_lies_between_nought_and_one(accepted, words):
    study = a_study(orders=SIX_ORDERS)
    with pytest.raises(StudyError) as refusal:
        check_study(dataclasses.replace(study, accepted=accepted))
    assert str(refusal.value) == f"Study 'handmade': tables: {words}"
    for share in (0.0, 1.0):
        assert check_study(dataclasses.replace(study, accepted={"orders": {"orphan": share}})).failed == ()


def test_a_study_without_file_and_with_one_more_error_is_refused_in_those_words():
    bad = with_values(with_values(SIX_ORDERS, "revenue", {1: -5.0}), "customer_id", {3: None})
    with pytest.raises(ContractViolation) as refusal:
        require_sound(a_study(orders=bad))
    assert str(refusal.value) == (
        "orders.customer_id: every row has a customer_id; broken by 1 of 6 (16.7 %). Found for example: order_id=o4 "
        "customer_id=missing. Fill the key at the source, or leave such rows out with 'where:' under orders. "
        "1 more rule is broken. See all with 'crm-research check handmade'."
    )


def test_the_errors_of_one_table_are_told_where_it_is_named():
    study = dataclasses.replace(
        a_study(),
        path=Path("p.yaml"),
        inputs=(InputFingerprint(table="orders", source="o.csv", fingerprint="f"),),
    )
    verdict = a_verdict(a_finding(), a_finding(table="contracts", found="it is empty"), WARNING)
    told = str(say_violation(study, verdict, "contracts"))
    assert told == (
        "contracts.revenue: every revenue is so; it is empty. Mend it. See all with 'crm-research check p.yaml'."
    )
    assert str(say_violation(study, verdict)) == (
        "orders.revenue: every revenue is so; broken by 1,234 of 2,000 (61.7 %). Mend it. The table is read from "
        "o.csv. 1 more rule is broken. See all with 'crm-research check p.yaml'."
    )


def test_what_stops_a_scan_is_told_without_credentials_and_an_error_of_ours_as_it_is():
    study = dataclasses.replace(a_study(), inputs=(InputFingerprint(table="orders", source="o.csv", fingerprint="f"),))
    told = _unreadable(study, "orders", RuntimeError("no postgresql://me:secret@host/db\nsecond line"))
    assert isinstance(told, StudyError)
    assert "secret" not in str(told)
    assert str(told).startswith(
        "Table 'orders' of study 'handmade', read from o.csv, cannot be scanned: no postgresql://"
    )
    assert str(told).endswith(". Check the source and the expressions in the study file.")
    assert "second" not in str(told)
    assert str(_unreadable(study, "contracts", OSError(" "))) == (
        "Table 'contracts' of study 'handmade' cannot be scanned: no reason was given. Check the source and the "
        "expressions in the study file."
    )
    ours = StudyError("as it is")
    assert _unreadable(study, "orders", ours) is ours


def test_an_example_is_cut_beyond_sixty_signs_and_numbers_are_said_short():
    rows = ibis.memtable(
        {
            "n": [1.0, 1.5, 2.0, 3.0],
            "text": ["x" * 60, "y" * 61, None, "never shown"],
            "at": [datetime(2024, 1, 1), datetime(2024, 1, 1, 5), None, None],
            "blank": ["", " a\n b ", "7.0", ""],
        }
    ).order_by("n")
    assert show_examples(rows) == (
        f"n=1 text={'x' * 60} at=2024-01-01 blank=''",
        f"n=1.5 text={'y' * 57}... at=2024-01-01 05:00:00 blank=a b",
        "n=2 text=missing at=missing blank=7.0",
    )


def test_a_column_that_is_not_there_is_refused_with_the_nearest():
    contract = contract_of("customers")
    assert contract.column("registered_at").type == "timestamp"
    with pytest.raises(StudyError) as refusal:
        contract.column("registred_at")
    assert str(refusal.value) == (
        "The canonical table 'customers' has no column 'registred_at'. Did you mean 'registered_at'? Known: "
        "customer_id, kind, registered_at."
    )
    with pytest.raises(StudyError, match="canonical table") as refused:
        contract_of("order")
    assert "Did you mean 'orders'?" in str(refused.value)


@pytest.mark.parametrize(
    ("gap", "n_bad"),
    # The day before the end, the seventh day after it, and a day beyond either.
    [(-2, 0), (-1, 1), (0, 1), (7, 1), (8, 0)],
)
def test_a_contract_is_followed_from_the_day_before_to_the_seventh_after(gap, n_bad):
    ended = datetime(2024, 1, 10, 23, 59)
    began = f"2024-01-{10 + gap:02} 00:00"
    study = a_study(contracts=contracts(("anna", "2023-01-01", str(ended), None), ("anna", began, None, None)))
    finding = found(study, "contracts", "goes-on", "ended_at")
    assert (finding.n_checked, finding.n_bad) == (1, n_bad)


@pytest.mark.parametrize(("n_followed", "n_bad"), [(1, 0), (2, 2)])
def test_a_twentieth_of_the_ends_may_be_followed(n_followed, n_bad):
    rows = [(f"c{i}", "2023-01-01", "2024-01-10", None) for i in range(20)]
    rows += [(f"c{i}", "2024-01-10", None, None) for i in range(n_followed)]
    finding = found(a_study(contracts=contracts(*rows)), "contracts", "goes-on", "ended_at")
    assert (finding.n_checked, finding.n_bad) == (20, n_bad)


@pytest.mark.parametrize(
    ("column", "value", "rule", "is_bad"),
    [
        ("revenue", 9.999999e12, "too-large", False),
        ("revenue", -1e13, "too-large", True),
        ("revenue", -0.0, "negative-revenue", False),
        ("ordered_at", "1900-01-01 00:00", "before-1900", False),
        ("ordered_at", "1899-12-31 23:59:59", "before-1900", True),
        ("ordered_at", "1900-01-01", "zero-date", True),
        ("ordered_at", "1900-01-01 00:00:01", "zero-date", False),
    ],
)
def test_the_edges_of_what_is_believable(column, value, rule, is_bad):
    study = a_study(orders=with_values(SIX_ORDERS, column, {0: value}))
    assert found(study, "orders", rule, column).n_bad == int(is_bad)


@pytest.mark.parametrize(
    ("revenue", "discount", "is_bad"),
    [(10.0, 90.0, False), (10.0, 90.01, True), (0.0, 5.0, False), (-1.0, 5.0, False)],
)
def test_a_discount_is_at_most_nine_times_what_is_left(revenue, discount, is_bad):
    frame = with_values(with_values(SIX_ORDERS, "revenue", {0: revenue}), "discount", {0: discount})
    assert found(a_study(orders=frame), "orders", "discount-beyond-reason", "discount").n_bad == int(is_bad)
