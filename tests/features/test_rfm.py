"""Recency, frequency, age, money and outcomes, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import LeakageError, ParameterError
from crm_research.features.rfm import build_outcomes, build_rfm, count_patterns
from tests.builders import a_study, orders
from tests.features.worlds import SIX_MONTHS, a_shop, rows

COLUMNS = [
    "customer_id", "n_orders", "frequency", "first_order_at", "last_order_at", "recency_days", "age_days",
    "days_since_last", "spend", "mean_order_value", "n_returns",
]  # fmt: skip


def test_every_number_of_a_customer_with_returns():
    ann = rows(build_rfm(a_shop()), "customer_id").set_index("customer_id").loc["ann"]
    assert ann.n_orders == 3
    assert ann.frequency == 2
    assert ann.first_order_at == pd.Timestamp("2024-01-10")
    assert ann.last_order_at == pd.Timestamp("2024-03-01 12:00")
    assert ann.recency_days == 51.5  # 10 January to 1 March noon in a leap year
    assert ann.age_days == 173.0
    assert ann.days_since_last == 121.5
    assert ann.spend == 55.0  # 60 sold, 5 given back
    assert ann.mean_order_value == 20.0
    assert ann.n_returns == 1


def test_a_single_purchase_has_no_recency_and_a_fraction_of_a_day_of_age():
    bob = rows(build_rfm(a_shop()), "customer_id").set_index("customer_id").loc["bob"]
    assert (bob.n_orders, bob.frequency, bob.recency_days, bob.age_days) == (1, 0, 0.0, 0.25)


def test_who_only_returned_or_cancelled_is_no_purchaser():
    assert rows(build_rfm(a_shop()), "customer_id").customer_id.tolist() == ["ann", "bob"]


def test_two_orders_at_one_instant_are_two_occasions_by_order_and_one_by_day():
    study = a_study(orders=orders(("ann", "2024-01-01 08:00", 1.0), ("ann", "2024-01-01 08:00", 2.0)))
    assert rows(build_rfm(study)).n_orders.tolist() == [2]
    by_day = rows(build_rfm(study, occasion="day")).iloc[0]
    assert (by_day.n_orders, by_day.frequency, by_day.mean_order_value) == (1, 0, 3.0)
    assert by_day.age_days == 182.0  # from midnight on


@pytest.mark.parametrize("occasion", ["order", "day"])
def test_before_the_first_record_there_is_nobody_but_there_are_columns(occasion):
    study = a_shop().standing_at(pd.Timestamp("1999-01-01").to_pydatetime())
    empty = rows(build_rfm(study, occasion=occasion))
    assert empty.columns.tolist() == COLUMNS
    assert empty.empty


def test_money_beyond_all_bounds_stays_finite_and_names_may_be_chinese():
    study = a_study(orders=orders(("王小明", "2024-01-01", 1e300), ("王小明", "2024-01-02", 1e300)))
    only = rows(build_rfm(study)).iloc[0]
    assert only.customer_id == "王小明"
    assert only.spend == 2e300


def test_the_holdout_of_those_who_came_back_and_of_those_who_did_not():
    later = rows(build_outcomes(a_shop()), "customer_id")
    assert later.to_dict("list") == {
        "customer_id": ["ann", "bob"],
        "holdout_orders": [1, 0],
        "holdout_spend": [40.0, 0.0],
        "is_repeat": [True, False],
    }


def test_new_customers_of_the_holdout_are_nobodys_outcome():
    study = a_shop(orders=pd.concat([SIX_MONTHS, orders(("new", "2024-08-01", 1.0)).assign(order_id="o9")]))
    assert "new" not in rows(build_outcomes(study)).customer_id.tolist()


def test_a_return_in_the_holdout_is_money_but_no_repeat():
    frame = orders(("ann", "2024-01-01", 10.0), ("ann", "2024-07-02", -10.0), kind=["sale", "return"])
    only = rows(build_outcomes(a_study(holdout_until="2024-08-01", orders=frame))).iloc[0]
    assert (only.holdout_orders, only.holdout_spend, bool(only.is_repeat)) == (0, -10.0, False)


def test_outcomes_without_a_holdout_are_refused():
    with pytest.raises(LeakageError, match="holdout_until"):
        build_outcomes(a_shop(holdout_until=None))


def test_customers_of_one_history_are_counted_together():
    study = a_study(
        orders=orders(
            ("ann", "2024-01-01", 1.0), ("ann", "2024-02-01", 1.0), ("bob", "2024-01-01", 9.0),
            ("bob", "2024-02-01", 9.0), ("cy", "2024-01-01", 1.0),
        )
    )  # fmt: skip
    counted = rows(count_patterns(study))
    assert counted.to_dict("list") == {
        "frequency": [0, 1],
        "recency_days": [0.0, 31.0],
        "age_days": [182.0, 182.0],
        "n_customers": [1, 2],
    }


def test_patterns_may_be_rounded_to_a_stated_unit():
    study = a_study(orders=orders(("ann", "2024-06-24 11:00", 1.0), ("bob", "2024-06-24 13:00", 1.0)))
    assert len(rows(count_patterns(study))) == 2
    assert rows(count_patterns(study, unit_days=7)).to_dict("list") == {
        "frequency": [0], "recency_days": [0.0], "age_days": [7.0], "n_customers": [2],
    }  # fmt: skip
    with pytest.raises(ParameterError, match="unit_days"):
        count_patterns(study, unit_days=0)


def some_orders(*, least: int = 1) -> st.SearchStrategy[pd.DataFrame]:
    """Orders of up to five customers around as_of, of all kinds, with clock times that may repeat."""
    one = st.tuples(
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.integers(0, 40 * 8).map(lambda n: pd.Timestamp("2024-05-30") + pd.Timedelta(hours=3 * n)),
        st.integers(-5_000, 50_000).map(lambda cents: cents / 100),
        st.sampled_from(["sale", "sale", "sale", "return", "cancelled", None]),
    )

    def frame(found: list[tuple]) -> pd.DataFrame:
        made = pd.DataFrame(found, columns=["customer_id", "ordered_at", "revenue", "kind"])
        return made.assign(order_id=[f"o{i}" for i in range(len(made))])

    return st.lists(one, min_size=least, max_size=25).map(frame)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(some_orders(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(frame, chance):
    shuffled = frame.sample(frac=1, random_state=chance.randint(0, 10**6))
    one = rows(build_rfm(a_study(orders=frame)), "customer_id")
    other = rows(build_rfm(a_study(orders=shuffled)), "customer_id")
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(some_orders(), st.sampled_from(["order", "day"]))
def test_money_in_cents_is_a_hundred_times_the_money_and_moves_nothing_else(frame, occasion):
    euros = rows(build_rfm(a_study(orders=frame), occasion=occasion), "customer_id")
    cents = rows(build_rfm(a_study(orders=frame.assign(revenue=frame.revenue * 100)), occasion=occasion), "customer_id")
    money = ["spend", "mean_order_value"]
    pd.testing.assert_frame_equal(euros.drop(columns=money), cents.drop(columns=money))
    pd.testing.assert_frame_equal(euros[money] * 100, cents[money], atol=1e-6)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(some_orders(), st.sampled_from(["order", "day"]))
def test_sums_reconcile_with_the_orders(frame, occasion):
    study = a_study(orders=frame, as_of="2024-06-20")
    rfm = rows(build_rfm(study, occasion=occasion))
    known = frame[(frame.ordered_at <= "2024-06-20") & (frame.kind != "cancelled")]
    sales = known[known.kind.fillna("sale") == "sale"]
    of_buyers = known[known.customer_id.isin(sales.customer_id)]
    if occasion == "order":
        assert rfm.n_orders.sum() == len(sales)
    else:
        assert rfm.n_orders.sum() == len(
            sales.assign(day=sales.ordered_at.dt.date)[["customer_id", "day"]].drop_duplicates()
        )
    assert len(rfm) == sales.customer_id.nunique()
    assert rfm.spend.sum() == pytest.approx(of_buyers.revenue.sum())
    assert (rfm.mean_order_value * rfm.n_orders).sum() == pytest.approx(sales.revenue.sum())
    assert rfm.n_returns.sum() == (of_buyers.kind == "return").sum()
    assert (rfm.recency_days + rfm.days_since_last).tolist() == pytest.approx(rfm.age_days.tolist())
    assert rows(count_patterns(study, occasion=occasion)).n_customers.sum() == len(rfm)
