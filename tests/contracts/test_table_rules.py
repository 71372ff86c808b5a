"""Rules about a table as a whole: its columns, their types, its rows at all, its clock."""

from __future__ import annotations

import dataclasses

import ibis
import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from tests.builders import a_study, contracts, orders
from tests.contracts.frames import customers
from tests.contracts.test_row_rules import SIX_CONTRACTS, SIX_ORDERS, found, with_values


def changed(study, table, change):
    """The study with one table replaced by an expression of it."""
    return dataclasses.replace(study, tables={**study.tables, table: change(study.tables[table])})


def test_a_required_column_that_is_not_there_is_named_and_what_needs_it_is_left_out():
    study = a_study(orders=SIX_ORDERS.drop(columns="revenue"))
    finding = found(study, "orders", "missing-column", "revenue")
    assert (finding.severity, finding.n_bad) == ("error", 1)
    assert finding.found == "it has only order_id, customer_id, ordered_at"
    rules = {(item.rule, item.column) for item in check_study(study).findings}
    assert ("missing-value", "ordered_at") in rules
    assert ("missing-value", "revenue") not in rules


@pytest.mark.parametrize(
    ("column", "type_", "described"),
    [
        ("ordered_at", "string", "string"),
        ("ordered_at", "date", "date"),
        ("ordered_at", "timestamp('UTC')", "timestamp('UTC'"),
        ("revenue", "string", "string"),
        ("revenue", "decimal(10, 2)", "decimal(10, 2)"),
        ("customer_id", "int64", "int64"),
    ],
)
def test_a_column_of_another_type_is_an_error_and_is_not_read(column, type_, described):
    frame = SIX_ORDERS.assign(customer_id=list("123456"))
    study = changed(a_study(orders=frame), "orders", lambda t: t.mutate(**{column: t[column].cast(type_)}))
    (finding,) = check_study(study).errors
    assert (finding.rule, finding.column, finding.n_bad) == ("wrong-type", column, 1)
    assert described in finding.found


def test_whole_numbers_serve_as_money():
    study = changed(a_study(orders=SIX_ORDERS), "orders", lambda t: t.mutate(revenue=t.revenue.cast("int64")))
    assert check_study(study).errors == ()


def test_an_empty_table_is_unusable_and_nothing_else_is_said_of_it():
    verdict = check_study(a_study(orders=SIX_ORDERS.iloc[:0]))
    assert [finding.rule for finding in verdict.errors] == ["empty-table"]
    assert verdict.tables[0].n_rows == 0
    assert verdict.exit_code() == 2


def test_when_everything_lies_after_as_of_nothing_is_known():
    study = a_study(orders=SIX_ORDERS, as_of="2024-01-01", holdout_until="2024-12-31")
    finding = found(study, "orders", "nothing-known", "ordered_at")
    assert (finding.severity, finding.n_bad) == ("error", 1)
    assert finding.found == "all 6 rows lie after it, the first at 2024-01-05"


def _surveys(day):
    answers = {"response_id": ["1"], "asked_at": pd.to_datetime([day]), "item": ["nps"], "score": [9.0]}
    return pd.DataFrame({**answers, "scale_min": [0.0], "scale_max": [10.0]})


@pytest.mark.parametrize(("day", "severity"), [("2024-08-01", "warning"), ("2026-01-01", "error")])
def test_a_survey_in_the_holdout_spoils_no_report_on_orders(day, severity):
    study = a_study(orders=SIX_ORDERS, surveys=_surveys(day), as_of="2024-07-01", holdout_until="2024-12-31")
    without = a_study(orders=SIX_ORDERS, surveys=_surveys(day), as_of="2024-07-01")
    for one, expected in ((study, severity), (without, "error")):
        (finding,) = [item for item in check_study(one).failed if item.rule == "nothing-known"]
        assert finding.severity == expected


def test_one_known_row_is_something():
    assert found(a_study(orders=SIX_ORDERS, as_of="2024-01-05"), "orders", "nothing-known", "ordered_at").holds


def test_orders_that_end_long_before_as_of_are_stale():
    # five gaps of about 30 days: 150 days of silence are still usual, 153 are not
    usual = a_study(orders=SIX_ORDERS, as_of="2024-11-03")
    silent = a_study(orders=SIX_ORDERS, as_of="2024-11-10")
    assert found(usual, "orders", "stale", "ordered_at").holds
    finding = found(silent, "orders", "stale", "ordered_at")
    assert (finding.severity, finding.share_bad) == ("warning", 1.0)
    assert finding.found == "the last one is of 2024-06-05, 158 days earlier"


def test_months_kept_apart_that_no_order_reaches_judge_nothing():
    # SIX_ORDERS reach from January to 5 June 2024
    kept = {"as_of": "2024-05-15", "holdout_until": "2024-06-30"}
    assert found(a_study(orders=SIX_ORDERS, **kept), "orders", "holdout-empty", "ordered_at").holds
    assert found(a_study(orders=SIX_ORDERS, **kept), "orders", "holdout-short", "ordered_at").holds
    empty = a_study(orders=SIX_ORDERS, as_of="2024-06-10", holdout_until="2024-12-31")
    finding = found(empty, "orders", "holdout-empty", "ordered_at")
    assert (finding.severity, finding.n_bad) == ("error", 1)
    assert finding.found == "the last one is of 2024-06-05"
    assert check_study(empty).errors
    # 153 days are more than five gaps of about 30 days
    short = a_study(orders=SIX_ORDERS, as_of="2024-05-15", holdout_until="2024-11-10")
    finding = found(short, "orders", "holdout-short", "ordered_at")
    assert (finding.severity, finding.n_bad, finding.found) == (
        "warning",
        1,
        "the last one is of 2024-06-05, 158 days earlier",
    )


def test_contracts_may_be_quiet_in_the_months_kept_apart():
    running = contracts(*[("anna", "2024-06-20", None, None)] * 6)
    quiet = a_study(contracts=running, as_of="2024-06-30", holdout_until="2024-12-31")
    assert not check_study(quiet).errors
    assert not found(quiet, "contracts", "holdout-short", "started_at").holds


def test_a_contract_that_ended_lately_shows_that_contracts_are_up_to_date():
    running = contracts(*[("anna", "2020-01-01", None, None)] * 6)
    assert not found(a_study(contracts=running), "contracts", "stale", "started_at").holds
    ended = with_values(running, "ended_at", {5: "2024-06-25"})
    assert found(a_study(contracts=ended), "contracts", "stale", "started_at").holds


def test_a_declared_attribute_must_be_there_typed_and_filled():
    frame = SIX_CONTRACTS.assign(region="north", age=[20.0, 30.0, None, 40.0, 50.0, 60.0], tier=None)
    frame["tier"] = frame["tier"].astype("string")
    declared = {"contracts": {"region": "number", "age": "number", "tier": "category", "shoe_size": "number"}}
    verdict = check_study(a_study(contracts=frame, attributes=declared))
    broken = {(finding.rule, finding.column, finding.severity) for finding in verdict.failed}
    assert broken == {
        ("wrong-type", "region", "error"),
        ("missing-column", "shoe_size", "error"),
        ("attribute-empty", "tier", "warning"),
    }
    assert found(a_study(contracts=frame, attributes=declared), "contracts", "not-finite", "age").n_checked == 5


def test_the_summary_tells_rows_period_and_columns():
    late = with_values(SIX_ORDERS, "ordered_at", {5: "2024-08-01", 0: "1899-12-30"}).assign(shelf="a")
    (summary,) = check_study(a_study(orders=late)).tables
    assert (summary.n_rows, summary.n_not_read) == (6, 1)
    assert (summary.first_at, summary.last_at) == (pd.Timestamp("2024-02-05"), pd.Timestamp("2024-08-01"))
    assert summary.columns == ("order_id", "customer_id", "ordered_at", "revenue", "shelf")


@pytest.mark.parametrize("far", ["0001-01-01", "9999-12-31", "4000-01-01 12:00:00"])
def test_dates_no_pandas_can_hold_are_counted_all_the_same(far):
    study = changed(
        a_study(orders=SIX_ORDERS),
        "orders",
        lambda t: t.mutate(ordered_at=(t.order_id == "o1").ifelse(ibis.timestamp(far), t.ordered_at)),
    )
    rule = "before-1900" if far < "1900" else "after-window"
    finding = found(study, "orders", rule, "ordered_at")
    assert (finding.n_bad, finding.examples) == (1, (f"order_id=o1 ordered_at={far}",))


def test_one_customer_with_one_order_is_a_study():
    study = a_study(orders=orders(("anna", "2024-06-30", 1.0)), customers=customers("anna"))
    assert check_study(study).failed == ()
