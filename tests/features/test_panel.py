"""Customers by period, and retention by intake."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import ParameterError
from crm_research.features.panel import build_customer_periods, count_retention
from tests.builders import a_study, orders
from tests.features.test_rfm import some_orders
from tests.features.worlds import a_shop, rows


def test_each_month_from_the_first_purchase_on_also_the_empty_ones():
    panel = rows(build_customer_periods(a_shop()), "customer_id", "period_start")
    ann = panel[panel.customer_id == "ann"]
    assert ann.period_start.dt.strftime("%Y-%m-%d").tolist() == [f"2024-0{month}-01" for month in range(1, 7)]
    assert ann.period_index.tolist() == [0, 1, 2, 3, 4, 5]
    assert ann.n_orders.tolist() == [2, 0, 1, 0, 0, 0]
    assert ann.spend.tolist() == [30.0, -5.0, 30.0, 0.0, 0.0, 0.0]
    assert ann.is_active.tolist() == [True, False, True, False, False, False]
    assert (ann.cohort == pd.Timestamp("2024-01-01")).all()
    assert panel[panel.customer_id == "bob"].period_index.tolist() == [0]
    assert not panel.customer_id.isin(["cy", "dee"]).any()


def test_a_month_that_is_not_over_is_left_out_but_its_last_second_ends_it():
    for as_of, last in [("2024-06-30", 5), ("2024-06-30T23:59:59", 6), ("2024-07-01", 6), ("2024-07-31", 6)]:
        panel = rows(build_customer_periods(a_shop(as_of=as_of)))
        assert panel.period_start.max() == pd.Timestamp(2024, last, 1), as_of


def test_who_first_bought_in_a_month_that_is_not_over_is_in_no_intake():
    panel = rows(build_customer_periods(a_shop(as_of="2024-06-30T20:00:00")))
    assert "bob" not in panel.customer_id.tolist()


def test_quarters_and_years_begin_in_january():
    assert rows(count_retention(a_shop(), period_months=3)).to_dict("list") == {
        "cohort": [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01"), pd.Timestamp("2024-04-01")],
        "period_index": [0, 1, 0],
        "n_customers": [1, 1, 1],
        "n_active": [1, 0, 1],
        "n_orders": [3, 0, 1],
        "spend": [55.0, 0.0, 8.0],
    }
    assert rows(
        count_retention(a_shop(as_of="2024-12-31T23:59:59", holdout_until=None), period_months=12)
    ).n_active.tolist() == [2]


def test_periods_over_the_turn_of_the_year():
    study = a_study(orders=orders(("ann", "2023-11-30", 1.0), ("ann", "2024-01-31", 1.0)), as_of="2024-02-01")
    found = rows(count_retention(study))
    assert found.n_active.tolist() == [1, 0, 1]
    assert rows(build_customer_periods(study), "period_start").period_start.dt.month.tolist() == [11, 12, 1]


def test_no_complete_period_gives_no_rows_but_columns():
    study = a_shop(as_of="2024-01-15")
    assert rows(build_customer_periods(study)).empty
    assert rows(count_retention(study)).columns.tolist() == [
        "cohort", "period_index", "n_customers", "n_active", "n_orders", "spend",
    ]  # fmt: skip


@pytest.mark.parametrize("months", [0, -1, 1.5, True])
def test_a_period_is_a_whole_number_of_months(months):
    with pytest.raises(ParameterError, match="period_months"):
        count_retention(a_shop(), period_months=months)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(some_orders(), st.sampled_from([1, 2, 3, 12]))
def test_the_panel_adds_up_to_the_orders_and_the_retention_to_the_panel(frame, months):
    study = a_study(orders=frame, as_of="2024-12-31T23:59:59")
    panel = rows(build_customer_periods(study, period_months=months))
    sales = frame[frame.kind.fillna("sale") == "sale"]
    assert panel.n_orders.sum() == len(sales)
    assert panel.customer_id.nunique() == sales.customer_id.nunique()
    assert (panel.groupby("customer_id").size() == panel.groupby("customer_id").period_index.max() + 1).all()
    retention = rows(count_retention(study, period_months=months))
    of_panel = panel.groupby(["cohort", "period_index"], as_index=False).agg(
        n_customers=("customer_id", "size"),
        n_active=("is_active", "sum"),
        n_orders=("n_orders", "sum"),
        spend=("spend", "sum"),
    )
    pd.testing.assert_frame_equal(of_panel, retention, check_dtype=False)
    assert (retention[retention.period_index == 0].n_active == retention[retention.period_index == 0].n_customers).all()


@settings(max_examples=10, deadline=None)
@given(some_orders())
def test_money_adds_up_where_nobody_returns_before_buying(frame):
    bought = frame.assign(kind="sale")
    study = a_study(orders=bought, as_of="2024-12-31T23:59:59")
    assert rows(build_customer_periods(study)).spend.sum() == pytest.approx(bought.revenue.sum())
