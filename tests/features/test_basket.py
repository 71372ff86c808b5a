"""Breadth, discounts and own brands."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from crm_research.features.basket import build_basket
from tests.builders import a_study, orders
from tests.features.worlds import a_full_study, a_shop, rows


def test_breadth_discount_and_own_brand_by_hand():
    found = rows(build_basket(a_full_study()), "customer_id").set_index("customer_id")
    ann, bob = found.loc["ann"], found.loc["bob"]
    assert (ann.n_products, ann.n_categories) == (3, 2)  # the pot is of the holdout
    assert ann.discount_share == pytest.approx(3 / 63)  # 1 + 2 off, 60 paid
    assert ann.own_brand_share == pytest.approx(15 / 30)  # 10 + 5 ours; the cups' 30 are of no known brand
    assert (bob.n_products, bob.own_brand_share) == (1, 0.0)
    assert math.isnan(bob.discount_share)  # his one order does not say


def test_what_the_study_has_no_data_for_is_left_out():
    assert rows(build_basket(a_shop()), "customer_id").to_dict("list") == {"customer_id": ["ann", "bob"]}


def test_discounts_of_lines_serve_where_orders_have_none():
    lines = pd.DataFrame(
        {
            "order_id": ["o1", "o1"],
            "product_id": ["p", "q"],
            "quantity": 1.0,
            "revenue": [6.0, 3.0],
            "discount": [1.0, 0.0],
        }
    )
    study = a_study(orders=orders(("ann", "2024-01-01", 9.0), ("bob", "2024-01-01", 9.0)), order_lines=lines)
    found = rows(build_basket(study), "customer_id")
    assert found.columns.tolist() == ["customer_id", "n_products", "discount_share"]
    assert found.discount_share[0] == pytest.approx(0.1)
    assert found.loc[1].isna().sum() == 2  # no lines, so nothing is known of bob's basket


def test_nothing_paid_gives_no_share():
    study = a_study(orders=orders(("ann", "2024-01-01", 0.0), discount=[0.0]))
    assert rows(build_basket(study)).discount_share.isna().all()


def test_products_recorded_twice_count_once():
    study = a_full_study()
    once = rows(build_basket(study), "customer_id")
    backend = study.backend
    doubled = {
        name: backend.create_table(f"{name}_doubled", table.union(table)) if name == "products" else table
        for name, table in study.tables.items()
    }
    pd.testing.assert_frame_equal(once, rows(build_basket(replace(study, tables=doubled)), "customer_id"))
