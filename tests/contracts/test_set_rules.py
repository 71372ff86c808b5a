"""Rules about rows together: keys, references, identities, overlaps."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from crm_research.engine import connect
from crm_research.study import Study
from tests.builders import a_study, contracts, orders
from tests.contracts.frames import customers, order_lines, states, surveys
from tests.contracts.test_row_rules import SIX_ANSWERS, SIX_ORDERS, SIX_STATES, found, with_values

BUYERS = customers("anna", "bert", "cleo", "王伟")


def test_an_order_number_that_repeats_is_counted_once_for_each_row_too_many():
    copies = with_values(SIX_ORDERS, "order_id", {1: "o1", 2: "o1", 4: "o4"})
    finding = found(a_study(orders=copies), "orders", "duplicate-key", "order_id")
    assert (finding.n_checked, finding.n_bad) == (6, 3)
    assert finding.examples == ("order_id=o1 n_rows=3", "order_id=o4 n_rows=2")
    assert "sum_lines" in finding.mend


def test_two_rows_without_a_key_repeat_each_other():
    nameless = with_values(SIX_ANSWERS, "item", {0: None, 1: None})
    finding = found(a_study(surveys=nameless), "surveys", "duplicate-key", "response_id, item")
    assert (finding.n_bad, finding.examples) == (1, ("response_id=r1 item=missing n_rows=2",))


def test_a_part_of_a_key_may_repeat():
    assert found(a_study(surveys=SIX_ANSWERS), "surveys", "duplicate-key", "response_id, item").holds


def test_lines_alike_in_all_columns_are_suspicious():
    line = ("o1", "p1", 1.0, 5.0)
    finding = found(
        a_study(order_lines=order_lines(line, line, line, ("o1", "p1", 2.0, 5.0))), "order_lines", "repeated-row", ""
    )
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("warning", 4, 2)
    assert finding.examples == ("order_id=o1 product_id=p1 quantity=1 revenue=5 n_rows=3",)


def test_lines_that_differ_in_an_extra_column_are_no_copies():
    lines = order_lines(("o1", "p1", 1.0, 5.0), ("o1", "p1", 1.0, 5.0)).assign(line_number=[1, 2])
    assert found(a_study(order_lines=lines), "order_lines", "repeated-row", "").holds


def test_orders_of_unknown_customers_are_orphans_and_missing_ids_are_not():
    buyers = with_values(SIX_ORDERS, "customer_id", {0: "zoe", 1: "zoe", 2: None, 3: " "})
    finding = found(a_study(orders=buyers, customers=BUYERS), "orders", "orphan", "customer_id")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("error", 4, 2)
    assert finding.examples == ("customer_id=zoe n_rows=2",)
    assert "customers" in finding.mend


def test_a_reference_is_checked_only_where_the_other_table_is_held():
    rules = {finding.rule for finding in check_study(a_study(orders=SIX_ORDERS)).findings}
    assert "orphan" not in rules


def test_a_customer_id_missing_from_customers_does_not_hide_orphans():
    study = a_study(orders=SIX_ORDERS, customers=customers("anna", None))
    assert found(study, "orders", "orphan", "customer_id").n_bad == 4


def test_anonymous_answers_are_no_orphans():
    finding = found(a_study(surveys=SIX_ANSWERS, customers=BUYERS), "surveys", "orphan", "customer_id")
    assert (finding.n_checked, finding.n_bad) == (4, 0)


def test_a_line_of_a_product_nobody_described_is_a_warning():
    lines = order_lines(("o1", "p1", 1.0, 10.0), ("o2", "p9", 1.0, 20.0))
    study = a_study(order_lines=lines, products=pd.DataFrame({"product_id": ["p1"]}))
    finding = found(study, "order_lines", "undescribed", "product_id")
    assert (finding.severity, finding.n_bad, finding.examples) == ("warning", 1, ("product_id=p9 n_rows=1",))


def test_customers_without_dealings_are_noted():
    study = a_study(
        customers=customers("anna", "bert", "cleo", "zoe"),
        orders=orders(("anna", "2024-06-30", 1.0)),
        contracts=contracts(("bert", "2024-06-30", None, None)),
        surveys=surveys(("r1", "cleo", "price", 3.0)),
    )
    finding = found(study, "customers", "no-dealings", "customer_id")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("note", 4, 1)
    assert finding.examples == ("customer_id=zoe",)


@pytest.mark.parametrize(
    ("revenue", "differs"),
    [(30.0, False), (30.015, False), (29.985, False), (30.02, True), (29.97, True), (0.0, True), (None, False)],
)
def test_lines_sum_to_their_order_within_half_a_cent_a_line(revenue, differs):
    # three lines: 0.015 and a millionth of the revenue are allowed
    bought = with_values(orders(("anna", "2024-06-30", 0.0)), "revenue", {0: revenue})
    lines = order_lines(("o1", "p1", 1.0, 9.99), ("o1", "p2", 1.0, 10.01), ("o1", "p3", 1.0, 10.0))
    finding = found(a_study(orders=bought, order_lines=lines), "orders", "lines-sum", "revenue")
    assert finding.n_bad == int(differs)


def test_a_large_order_may_differ_by_a_millionth():
    bought = orders(("anna", "2024-06-30", 2_000_001.0), ("anna", "2024-06-30", 2_000_003.0))
    lines = order_lines(("o1", "p1", 1.0, 2_000_000.0), ("o2", "p1", 1.0, 2_000_000.0))
    finding = found(a_study(orders=bought, order_lines=lines), "orders", "lines-sum", "revenue")
    assert finding.examples == ("order_id=o2 revenue=2000003 lines_revenue=2000000",)


def test_orders_without_lines_are_noted_and_cancelled_ones_need_none():
    bought = with_values(SIX_ORDERS, "kind", {4: "cancelled", 5: "sale"})
    lines = order_lines(("o1", "p1", 1.0, 10.0), ("o2", "p1", 1.0, 19.0), ("o5", "p1", 1.0, 1.0))
    study = a_study(orders=bought, order_lines=lines)
    bare = found(study, "orders", "order-without-lines", "order_id")
    assert (bare.severity, bare.n_checked, bare.n_bad) == ("note", 5, 3)
    assert bare.examples == ("order_id=o3 revenue=30", "order_id=o4 revenue=0", "order_id=o6 revenue=60")
    sums = found(study, "orders", "lines-sum", "revenue")
    assert (sums.n_checked, sums.n_bad) == (2, 1)
    assert sums.examples == ("order_id=o2 revenue=20 lines_revenue=19",)


def test_a_response_of_two_customers_is_an_error_and_an_anonymous_one_is_not():
    mixed = with_values(SIX_ANSWERS, "customer_id", {1: "zoe"})
    finding = found(a_study(surveys=mixed), "surveys", "one-customer", "customer_id")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("error", 3, 1)
    assert finding.examples == ("response_id=r1 lowest_customer_id=anna highest_customer_id=zoe",)


def test_an_item_asked_on_two_scales_is_a_warning():
    ten = with_values(SIX_ANSWERS, "scale_max", {0: 10.0})
    finding = found(a_study(surveys=ten), "surveys", "one-scale", "scale_min")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("warning", 2, 1)
    assert finding.examples[0].startswith("item=quality")


@pytest.mark.parametrize(
    ("rows", "overlapping"),
    [
        # the second begins before the first has ended
        ((("k1", "2023-01-01", "2023-03-01"), ("k1", "2023-02-01", None)), ["2023-02-01"]),
        # the third lies in the first, though the second has ended
        (
            (("k1", "2023-01-01", "2023-12-01"), ("k1", "2023-02-01", "2023-03-01"), ("k1", "2023-05-01", None)),
            ["2023-02-01", "2023-05-01"],
        ),
        # an open state never ends
        ((("k1", "2023-01-01", None), ("k1", "2023-05-01", None)), ["2023-05-01"]),
        # another contract's state does not count
        ((("k1", "2023-01-01", None), ("k2", "2023-05-01", None)), []),
    ],
)
def test_states_of_a_contract_follow_one_another(rows, overlapping):
    finding = found(a_study(contract_states=states(*rows)), "contract_states", "overlap", "valid_from")
    assert finding.n_bad == len(overlapping)
    assert [example.split("valid_from=")[1].split()[0] for example in finding.examples] == overlapping


def test_states_that_touch_do_not_overlap():
    assert found(a_study(contract_states=SIX_STATES), "contract_states", "overlap", "valid_from").holds


def test_an_account_that_a_crowd_buys_under_is_noted():
    # 300 customers with one order each, and the till with 31 of 331 orders
    singles = [(f"c{i:03}", "2024-06-30", 1.0) for i in range(300)]
    till = [("till", "2024-06-30", 1.0)]
    usual = found(a_study(orders=orders(*singles, *till * 31)), "orders", "crowd-account", "customer_id")
    assert (usual.n_checked, usual.n_bad) == (331, 0)  # over 5 %, but not a hundred times the average
    crowd = found(a_study(orders=orders(*singles, *till * 160)), "orders", "crowd-account", "customer_id")
    assert (crowd.severity, crowd.n_checked, crowd.n_bad) == ("note", 460, 160)
    assert crowd.examples == ("customer_id=till n_orders=160",)


def test_lines_may_carry_columns_of_any_name():
    lines = order_lines(("o1", "p1", 1.0, 5.0), ("o1", "p1", 1.0, 5.0)).assign(
        n_rows=7, extra_0="a", **{"Größe, cm": 1}
    )
    assert found(a_study(order_lines=lines), "order_lines", "repeated-row", "").n_bad == 1


@pytest.mark.slow
def test_a_million_orders_are_checked_and_the_planted_defects_found():
    backend = connect()
    orders_ = backend.sql(
        """
        SELECT 'o' || CAST(i AS VARCHAR) AS order_id,
               'c' || CAST(i % 100000 AS VARCHAR) AS customer_id,
               TIMESTAMP '2023-01-01' + to_minutes(CAST(i % 700000 AS INTEGER)) AS ordered_at,
               CAST(CASE WHEN i % 1000 = 0 THEN -1 ELSE i % 977 END AS DOUBLE) AS revenue
        FROM range(1000000) AS numbers(i)
        """
    )
    buyers = backend.sql("SELECT 'c' || CAST(i AS VARCHAR) AS customer_id FROM range(99990) AS numbers(i)")
    tables = {"orders": orders_, "customers": buyers}
    verdict = check_study(Study(name="x", title="x", currency="EUR", as_of=datetime(2024, 6, 1), tables=tables))
    assert {finding.rule: finding.n_bad for finding in verdict.failed} == {"negative-revenue": 1000, "orphan": 100}
