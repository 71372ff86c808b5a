"""What is known at as_of, and what is kept for the holdout."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import LeakageError
from crm_research.features.window import known_rows, outcome_rows
from tests.builders import a_study, contracts, orders
from tests.features.worlds import rows


def test_an_order_at_the_very_instant_is_known_and_one_a_microsecond_later_is_an_outcome():
    study = a_study(
        as_of="2024-07-01T12:00:00",
        holdout_until="2024-08-01",
        orders=orders(
            ("ann", "2024-07-01 12:00:00", 1.0), ("ann", "2024-07-01 12:00:00.000001", 2.0), ("ann", "2024-08-01", 4.0)
        ),
    )
    assert rows(known_rows(study, "orders")).revenue.tolist() == [1.0]
    assert rows(outcome_rows(study, "orders"), "revenue").revenue.tolist() == [2.0, 4.0]


def test_an_end_that_has_not_come_is_empty_and_so_is_its_reason():
    study = a_study(
        as_of="2024-07-01",
        contracts=contracts(
            ("ann", "2024-01-01", "2024-07-01", "price"),
            ("bob", "2024-01-01", "2024-07-02", "moved"),
            ("cy", "2024-01-01", None, "typed too early"),
        ),
    )
    known = rows(known_rows(study, "contracts"), "contract_id")
    assert known.ended_at.notna().tolist() == [True, False, False]
    assert known.end_reason.fillna("").tolist() == ["price", "", ""]


def test_order_lines_are_known_with_their_order_and_orphans_are_kept():
    lines = pd.DataFrame(
        {"order_id": ["o1", "o2", "lost"], "product_id": "p", "quantity": 1.0, "revenue": [1.0, 2.0, 3.0]}
    )
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0), ("ann", "2024-08-01", 2.0)), order_lines=lines)
    assert rows(known_rows(study, "order_lines"), "revenue").order_id.tolist() == ["o1", "lost"]


def test_order_lines_without_orders_are_all_kept():
    lines = pd.DataFrame({"order_id": ["o1"], "product_id": "p", "quantity": 1.0, "revenue": [1.0]})
    assert len(rows(known_rows(a_study(order_lines=lines), "order_lines"))) == 1


def test_outcomes_need_a_holdout():
    with pytest.raises(LeakageError, match="holdout_until"):
        outcome_rows(a_study(orders=orders(("ann", "2024-01-01", 1.0))), "orders")


def test_products_can_be_no_outcome():
    study = a_study(holdout_until="2024-08-01", products=pd.DataFrame({"product_id": ["p"]}))
    with pytest.raises(LeakageError, match="carry no time"):
        outcome_rows(study, "products")


def test_what_a_period_holds_is_not_known_at_its_first_instant():
    months = pd.DataFrame(
        {"period": pd.to_datetime(["2024-05-01", "2024-06-01", "2024-07-01"]), "name": "gdp", "value": [1.0, 2.0, 3.0]}
    )
    study = a_study(as_of="2024-06-01", holdout_until="2024-08-01", indicators=months)
    assert rows(known_rows(study, "indicators")).value.tolist() == [1.0]
    assert rows(outcome_rows(study, "indicators"), "value").value.tolist() == [2.0, 3.0]
