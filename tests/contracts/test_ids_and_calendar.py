"""Ids that are one or have become one, and times that no calendar of ours holds."""

from __future__ import annotations

import pytest

from tests.builders import a_study, orders
from tests.contracts.frames import customers, order_lines
from tests.contracts.test_row_rules import SIX_ORDERS, found, with_values


@pytest.mark.parametrize(
    "other", ["Anna", "ANNA", " anna", "anna\u00a0", "an na", "ａｎｎａ", "Ａnna", "anna\u200b", "anna\u3000"]
)
def test_a_customer_written_in_two_ways_is_counted(other):
    finding = found(
        a_study(orders=with_values(SIX_ORDERS, "customer_id", {1: other})), "orders", "one-spelling", "customer_id"
    )
    # anna, her other spelling, bert, cleo and 王伟 are five ids of four customers
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("warning", 5, 1)
    assert "one_spelling: true" in finding.mend
    assert "n_rows=2" in finding.examples[0]


@pytest.mark.parametrize("other", ["annb", "anna2", "anna-", "a.nna", "änna"])
def test_other_differences_are_other_customers(other):
    study = a_study(orders=with_values(SIX_ORDERS, "customer_id", {1: other}))
    assert found(study, "orders", "one-spelling", "customer_id").holds


@pytest.mark.parametrize(("ids", "n_bad"), [(("7", "007"), 1), (("7", "70"), 0), (("0", "00"), 0), (("7a", "07a"), 0)])
def test_leading_zeros_that_a_spreadsheet_took_are_counted(ids, n_bad):
    study = a_study(orders=orders((ids[0], "2024-06-05", 1.0), (ids[1], "2024-06-06", 1.0)))
    assert found(study, "orders", "one-spelling", "customer_id").n_bad == n_bad


def test_spelling_is_asked_of_the_table_of_customers_where_there_is_one():
    study = a_study(orders=SIX_ORDERS, customers=customers("anna", "ANNA", "bert", "cleo", "王伟"))
    assert found(study, "customers", "one-spelling", "customer_id").n_bad == 1
    from crm_research.contracts.checks import check_study

    assert not [one for one in check_study(study).of_table("orders") if one.rule == "one-spelling"]


def test_products_in_two_spellings_are_counted():
    lines = order_lines(("o1", "p1", 1.0, 5.0), ("o1", "P1", 1.0, 5.0), ("o2", "p2", 1.0, 5.0))
    finding = found(a_study(order_lines=lines), "order_lines", "one-spelling", "product_id")
    assert (finding.n_checked, finding.n_bad) == (3, 1)


@pytest.mark.parametrize(
    ("written", "n_bad"),
    [("1.23E+15", 1), ("1,23E+15", 1), ("1E+12", 1), ("1.2345678901234568e+18", 1), ("1E5", 0), ("2E10", 0),
     ("A1.23E+15", 0), ("1.23E+150", 0), ("+49301234", 0), ("12.3E+15", 0), ("1230000000000000", 0)],
)  # fmt: skip
def test_an_id_that_a_spreadsheet_shortened_is_an_error(written, n_bad):
    study = a_study(orders=with_values(SIX_ORDERS, "customer_id", {1: written}))
    finding = found(study, "orders", "rounded-key", "customer_id")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("error", 6, n_bad)


@pytest.mark.parametrize(
    ("at", "n_bad"),
    [("0001-01-01", 1), ("1677-12-31", 1), ("1678-01-01", 0), ("2261-12-31", 0), ("2262-01-01", 1), ("9999-12-31", 1)],
)
def test_times_that_no_analysis_can_hold_are_an_error(at, n_bad):
    from datetime import datetime

    import ibis

    from crm_research.contracts.checks import check_study
    from crm_research.study import Study

    study = a_study(orders=SIX_ORDERS)
    table = study.table("orders").mutate(
        ordered_at=ibis.cases(
            (study.table("orders").order_id == "o2", ibis.timestamp(at)), else_=study.table("orders").ordered_at
        )
    )
    changed = Study(
        name="x", title="X", currency="EUR", as_of=datetime(2024, 7, 1), holdout_until=None,
        tables={"orders": table}, attributes={},
    )  # fmt: skip
    (finding,) = [one for one in check_study(changed).of_table("orders") if one.rule == "beyond-calendar"]
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("error", 6, n_bad)
