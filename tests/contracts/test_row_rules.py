"""Each rule about single rows: six rows that keep it, six of which some break it, counted and named."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from crm_research.contracts.findings import Finding
from crm_research.study import Study
from tests.builders import a_study, contracts, orders
from tests.contracts.frames import contacts, invoices, order_lines, states, surveys

SIX_ORDERS = orders(
    ("anna", "2024-01-05", 10.0),
    ("anna", "2024-02-05", 20.0),
    ("bert", "2024-03-05", 30.0),
    ("bert", "2024-04-05", 0.0),
    ("cleo", "2024-05-05", 50.0),
    ("王伟", "2024-06-05", 60.0),
)
SIX_CONTRACTS = contracts(
    ("anna", "2023-01-01", None, None),
    ("bert", "2023-01-01", "2023-06-01", "price"),
    ("cleo", "2023-01-01", "2023-01-01", "moved"),
    ("dora", "2023-01-01", "2024-06-01", None),
    ("emil", "2023-01-01", None, None),
    ("王伟", "2023-01-01", None, None),
)
SIX_CONTACTS = contacts(
    ("anna", "2024-01-01", "2024-01-02", "complaint"),
    ("anna", "2024-02-01", "2024-02-01", "enquiry"),
    ("bert", "2024-03-01", None, "visit"),
    ("bert", "2024-04-01", None, "service"),
    ("cleo", "2024-05-01", "2024-05-09", "service"),
    ("dora", "2024-06-20", None, "complaint"),
)
SIX_ANSWERS = surveys(
    ("r1", "anna", "quality", 1.0),
    ("r1", "anna", "price", 5.0),
    ("r2", "bert", "quality", None),
    ("r2", "bert", "price", 3.0),
    ("r3", None, "quality", 4.0),
    ("r3", None, "price", 2.0),
)
SIX_INVOICES = invoices(
    ("anna", "2024-01-01", "2024-01-31", "2024-01-15"),
    ("anna", "2024-02-01", "2024-02-01", "2024-02-01"),
    ("bert", "2024-03-01", "2024-03-31", None),
    ("bert", "2024-04-01", "2024-04-30", "2024-06-01"),
    ("cleo", "2024-05-01", "2024-05-31", None),
    ("dora", "2024-06-20", "2024-07-20", None),
)
SIX_STATES = states(
    ("k1", "2023-01-01", "2023-02-01"),
    ("k1", "2023-02-01", "2023-05-01"),
    ("k1", "2023-06-01", None),
    ("k2", "2023-01-01", None),
    ("k3", "2023-01-01", "2023-01-02"),
    ("k3", "2023-01-02", "2023-01-03"),
)
SOME_LINES = order_lines(
    ("o1", "p1", 1.0, 10.0),
    ("o6", "p2", 2.0, 120.0),
    ("o2", "p1", 1.0, 20.0),
    ("o3", "p1", 1.0, 30.0),
    ("o5", "p3", 1.0, 50.0),
    ("o6", "p3", -1.0, -60.0),
    ("o4", "p3", 1.0, 0.0),
)
SOUND = {
    "orders": SIX_ORDERS,
    "contracts": SIX_CONTRACTS,
    "contacts": SIX_CONTACTS,
    "surveys": SIX_ANSWERS,
    "invoices": SIX_INVOICES,
    "contract_states": SIX_STATES,
    "order_lines": SOME_LINES,
}


def with_values(frame: pd.DataFrame, column: str, values: dict[int, object]) -> pd.DataFrame:
    """The same rows with some values of a column replaced (or the column made)."""
    changed = frame.copy()
    if column not in changed:
        changed[column] = None
    changed[column] = changed[column].astype(object)
    for row, value in values.items():
        changed.loc[row, column] = value
    return changed


def found(study: Study, table: str, rule: str, column: str) -> Finding:
    (only,) = [
        item
        for item in check_study(study, tables=[table]).of_table(table)
        if item.rule == rule and item.column == column
    ]
    return only


@pytest.mark.parametrize("table", SOUND)
def test_a_sound_table_breaks_no_rule(table):
    verdict = check_study(a_study(**{table: SOUND[table]}))
    assert verdict.failed == ()
    assert len(verdict.passed) >= 8
    assert verdict.exit_code(warnings_above=0.0) == 0


# table, column, rows replaced, rule -> checked, bad, examples
BROKEN = [
    (
        "orders",
        "customer_id",
        {1: None, 3: ""},
        "missing-key",
        6,
        2,
        ("order_id=o2 customer_id=missing", "order_id=o4 customer_id=''"),
    ),
    ("orders", "customer_id", {0: "   "}, "missing-key", 6, 1, ("order_id=o1 customer_id=''",)),
    (
        "orders",
        "customer_id",
        {2: "NaN", 4: "null"},
        "placeholder-key",
        6,
        2,
        ("order_id=o3 customer_id=NaN", "order_id=o5 customer_id=null"),
    ),
    ("orders", "ordered_at", {5: None}, "missing-value", 6, 1, ("order_id=o6 ordered_at=missing",)),
    ("orders", "revenue", {0: None}, "missing-value", 6, 1, ("order_id=o1 revenue=missing",)),
    (
        "orders",
        "revenue",
        {1: -0.01, 2: -7.5},
        "negative-revenue",
        6,
        2,
        ("order_id=o2 revenue=-0.01", "order_id=o3 revenue=-7.5"),
    ),
    ("orders", "revenue", {1: 1e13, 2: -2e15, 3: 9.9e12}, "too-large", 6, 2, None),
    (
        "orders",
        "kind",
        {0: "sale", 1: "Sale", 2: "refund"},
        "not-allowed",
        3,
        2,
        ("order_id=o2 kind=Sale", "order_id=o3 kind=refund"),
    ),
    ("orders", "discount", {0: 0.0, 1: -1.0, 2: 3.0}, "below-minimum", 3, 1, ("order_id=o2 discount=-1",)),
    (
        "orders",
        "discount",
        {0: 90.0, 1: 180.5, 3: 5.0},
        "discount-beyond-reason",
        3,
        1,
        ("order_id=o2 discount=180.5 revenue=20",),
    ),
    (
        "orders",
        "ordered_at",
        {0: "1899-12-30", 1: "1900-01-02"},
        "before-1900",
        6,
        1,
        ("order_id=o1 ordered_at=1899-12-30",),
    ),
    (
        "orders",
        "ordered_at",
        {0: "1970-01-01", 1: "1970-01-01 10:00"},
        "zero-date",
        6,
        1,
        ("order_id=o1 ordered_at=1970-01-01",),
    ),
    (
        "orders",
        "ordered_at",
        {0: "2024-07-01", 1: "2024-07-01 00:00:01"},
        "after-window",
        6,
        1,
        ("order_id=o2 ordered_at=2024-07-01 00:00:01",),
    ),
    (
        "order_lines",
        "revenue",
        {2: -20.0, 5: 60.0},
        "line-sign",
        7,
        2,
        ("order_id=o2 product_id=p1 revenue=-20 quantity=1", "order_id=o6 product_id=p3 revenue=60 quantity=-1"),
    ),
    (
        "contracts",
        "ended_at",
        {0: "2022-12-31", 4: "2023-01-01"},
        "time-order",
        5,
        1,
        ("contract_id=k1 ended_at=2022-12-31 started_at=2023-01-01",),
    ),
    (
        "contracts",
        "end_reason",
        {0: "price"},
        "known-too-early",
        3,
        1,
        ("contract_id=k1 end_reason=price ended_at=missing",),
    ),
    (
        "contacts",
        "closed_at",
        {0: "2023-12-31"},
        "time-order",
        3,
        1,
        ("contact_id=t1 closed_at=2023-12-31 opened_at=2024-01-01",),
    ),
    ("contacts", "kind", {0: None}, "missing-value", 6, 1, ("contact_id=t1 kind=missing",)),
    ("contacts", "kind", {0: "complain"}, "not-allowed", 6, 1, ("contact_id=t1 kind=complain",)),
    (
        "invoices",
        "paid_at",
        {0: "2023-12-31", 2: "2024-03-01"},
        "early-payment",
        4,
        1,
        ("invoice_id=i1 paid_at=2023-12-31 issued_at=2024-01-01",),
    ),
    (
        "invoices",
        "due_at",
        {0: "2023-12-31"},
        "time-order",
        6,
        1,
        ("invoice_id=i1 due_at=2023-12-31 issued_at=2024-01-01",),
    ),
    (
        "contract_states",
        "valid_to",
        {3: "2023-01-01"},
        "time-order",
        5,
        1,
        ("contract_id=k2 valid_from=2023-01-01 valid_to=2023-01-01",),
    ),
    (
        "surveys",
        "score",
        {0: 0.5, 1: 99.0, 4: 5.0},
        "outside-scale",
        5,
        2,
        (
            "response_id=r1 item=price score=99 scale_min=1 scale_max=5",
            "response_id=r1 item=quality score=0.5 scale_min=1 scale_max=5",
        ),
    ),
    (
        "surveys",
        "scale_min",
        {0: 6.0, 1: 5.0},
        "scale-reversed",
        6,
        2,
        ("response_id=r1 item=price scale_min=5 scale_max=5", "response_id=r1 item=quality scale_min=6 scale_max=5"),
    ),
]


@pytest.mark.parametrize(
    ("table", "column", "values", "rule", "n_checked", "n_bad", "examples"),
    BROKEN,
    ids=[f"{case[0]}.{case[1]}-{case[3]}" for case in BROKEN],
)
def test_a_broken_rule_is_counted_and_named(table, column, values, rule, n_checked, n_bad, examples):
    finding = found(a_study(**{table: with_values(SOUND[table], column, values)}), table, rule, column)
    assert (finding.n_checked, finding.n_bad) == (n_checked, n_bad)
    assert finding.share_bad == pytest.approx(n_bad / n_checked)
    if examples is not None:
        assert finding.examples == examples
    assert finding.spoils
    assert finding.mend


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_found_once_and_breaks_no_other_rule(value):
    study = a_study(orders=SIX_ORDERS, surveys=SIX_ANSWERS)
    tables = dict(study.tables)
    first = {"orders": tables["orders"].order_id == "o1", "surveys": tables["surveys"].response_id == "r1"}
    backend = study.backend
    for table, column in (("orders", "revenue"), ("surveys", "score")):
        changed = tables[table].mutate(**{column: first[table].ifelse(value, tables[table][column])})
        tables[table] = backend.create_table(f"{table}_changed", changed)
    verdict = check_study(Study(name="x", title="x", currency="EUR", as_of=study.as_of, tables=tables))
    broken = {(finding.table, finding.rule): finding.n_bad for finding in verdict.failed}
    expected = {("orders", "not-finite"): 1, ("surveys", "not-finite"): 2}
    if value == -math.inf:  # less than any number is also less than zero and below the scale
        expected |= {("orders", "negative-revenue"): 1, ("surveys", "outside-scale"): 2}
    assert broken == expected


def test_declared_returns_may_be_negative_but_not_positive():
    kinds = with_values(
        with_values(SIX_ORDERS, "kind", {0: "return", 1: "return", 2: "cancelled", 3: None}),
        "revenue",
        {0: -10.0, 2: -30.0},
    )
    study = a_study(orders=kinds)
    assert found(study, "orders", "negative-revenue", "revenue").holds
    positive = found(study, "orders", "positive-return", "revenue")
    assert (positive.n_bad, positive.examples) == (1, ("order_id=o2 revenue=20 kind=return",))


def test_a_refund_without_a_declared_kind_is_a_negative_revenue():
    kinds = with_values(with_values(SIX_ORDERS, "kind", {0: "sale", 1: None}), "revenue", {0: -10.0, 1: -30.0})
    assert found(a_study(orders=kinds), "orders", "negative-revenue", "revenue").n_bad == 2


def test_rows_in_a_declared_holdout_are_expected():
    late = with_values(SIX_ORDERS, "ordered_at", {4: "2024-08-01", 5: "2025-01-01"})
    without = found(a_study(orders=late), "orders", "after-window", "ordered_at")
    within = found(a_study(orders=late, holdout_until="2024-12-31"), "orders", "after-window", "ordered_at")
    assert (without.n_bad, within.n_bad) == (2, 1)
    assert within.examples == ("order_id=o6 ordered_at=2025-01-01",)
    assert "2024-12-31" in within.expected


def test_at_most_three_examples_are_shown_and_long_texts_are_cut():
    long = with_values(SIX_ORDERS, "kind", dict.fromkeys(range(6), "x" * 200))
    finding = found(a_study(orders=long), "orders", "not-allowed", "kind")
    assert finding.n_bad == 6
    assert [len(example) for example in finding.examples] == [len("order_id=o1 kind=") + 60] * 3


def test_a_left_truncated_contract_may_be_observed_from_later_than_its_start_but_not_after_its_end():
    observed = with_values(SIX_CONTRACTS, "observed_from", {0: "2024-01-01", 1: "2023-06-01", 2: "2023-02-01"})
    ends = [finding for finding in check_study(a_study(contracts=observed)).failed if finding.rule == "time-order"]
    assert [(finding.column, finding.n_checked, finding.n_bad) for finding in ends] == [("ended_at", 2, 1)]
    assert ends[0].examples == ("contract_id=k3 ended_at=2023-01-01 observed_from=2023-02-01",)
