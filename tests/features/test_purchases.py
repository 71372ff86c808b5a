"""Which orders are purchases."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import ParameterError, StudyError
from crm_research.features.purchases import build_purchases
from tests.builders import a_study, contracts, orders
from tests.features.worlds import a_shop, rows


def test_sales_are_purchases_returns_and_cancelled_orders_are_not():
    bought = rows(build_purchases(a_shop()), "ordered_at")
    assert list(zip(bought.customer_id, bought.revenue, strict=True)) == [
        ("ann", 10.0),
        ("ann", 20.0),
        ("ann", 30.0),
        ("bob", 8.0),
    ]


def test_without_a_kind_every_order_is_a_sale():
    study = a_study(orders=orders(("ann", "2024-01-01", 1.0), ("ann", "2024-01-02", -1.0)))
    assert len(rows(build_purchases(study))) == 2


def test_orders_of_nobody_are_left_out():
    frame = orders(("ann", "2024-01-01", 1.0), ("ann", "2024-01-02", 2.0))
    frame.loc[1, "customer_id"] = None
    assert rows(build_purchases(a_study(orders=frame))).revenue.tolist() == [1.0]


def test_orders_of_one_day_become_one_purchase_with_their_money_added():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01 09:00", 1.0),
            ("ann", "2024-01-01 23:59:59", 2.0),
            ("ann", "2024-01-02", 4.0),
            discount=[0.5, 0.25, 0.0],
            cost=[1.0, None, 1.0],
        )
    )
    days = rows(build_purchases(study, occasion="day"), "ordered_at")
    assert days.ordered_at.tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]
    assert days.revenue.tolist() == [3.0, 4.0]
    assert days.discount.tolist() == [0.75, 0.0]
    assert days.cost.tolist() == [1.0, 1.0]


def test_an_unknown_occasion_is_refused_with_the_known_ones():
    with pytest.raises(ParameterError, match="order, day; not 'week'"):
        build_purchases(a_shop(), occasion="week")


def test_a_study_without_orders_says_so():
    study = a_study(contracts=contracts(("ann", "2024-01-01", None, None)))
    with pytest.raises(StudyError, match="orders"):
        build_purchases(study)
