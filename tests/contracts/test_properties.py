"""What must hold for any table: clean ones pass, planted defects are counted exactly, row order is nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.contracts.checks import check_study
from tests.builders import a_study

FIRST = pd.Timestamp("2022-01-01")
MINUTES = int((pd.Timestamp("2024-07-01") - FIRST) / pd.Timedelta(minutes=1))
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=4).filter(
    lambda name: name.lower() not in {"nan", "none", "null", "nat"}
)


@st.composite
def clean_orders(draw):
    """Orders that keep every rule, of customers that are all known, each of whom bought."""
    n_rows = draw(st.integers(1, 30))
    buyers = draw(st.lists(NAMES, min_size=1, max_size=n_rows, unique=True))
    minutes = draw(st.lists(st.integers(0, MINUTES), min_size=n_rows, max_size=n_rows))
    cents = draw(st.lists(st.integers(0, 10**9), min_size=n_rows, max_size=n_rows))
    # the last order is recent, so that the table is not stale
    frame = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(n_rows)],
            "customer_id": [buyers[i % len(buyers)] for i in range(n_rows)],
            "ordered_at": [FIRST + pd.Timedelta(minutes=m) for m in minutes[:-1]] + [pd.Timestamp("2024-06-30")],
            "revenue": [c / 100 for c in cents],
        }
    )
    return frame, pd.DataFrame({"customer_id": buyers})


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(clean_orders())
def test_clean_tables_pass(world):
    frame, customers = world
    assert check_study(a_study(orders=frame, customers=customers)).failed == ()


DEFECTS = {
    "negative-revenue": ("revenue", -1.0),
    "missing-value": ("revenue", None),
    "orphan": ("customer_id", "nobody we know"),
    "missing-key": ("customer_id", None),
    "before-1900": ("ordered_at", pd.Timestamp("1812-06-24")),
    "after-window": ("ordered_at", pd.Timestamp("2024-07-02")),
}


@settings(max_examples=12, deadline=None)
@given(clean_orders(), st.sampled_from(sorted(DEFECTS)), st.data())
@pytest.mark.slow
def test_planted_defects_are_counted_exactly_in_any_order_of_rows(world, rule, data):
    frame, customers = world
    column, value = DEFECTS[rule]
    rows = data.draw(st.sets(st.integers(0, len(frame) - 1)))
    planted = frame.copy()
    planted[column] = planted[column].astype(object)
    for row in rows:
        planted.loc[row, column] = value
    order = data.draw(st.permutations(range(len(planted))))
    verdict = check_study(a_study(orders=planted, customers=customers))
    counted = {finding.rule: finding.n_bad for finding in verdict.of_table("orders") if finding.column == column}
    assert counted[rule] == len(rows)
    assert verdict.findings == check_study(a_study(orders=planted.iloc[order], customers=customers)).findings


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(clean_orders(), st.lists(st.integers(0, 29), max_size=10))
def test_copies_are_counted_exactly(world, copied):
    frame, customers = world
    copies = frame.iloc[[row % len(frame) for row in copied]]
    verdict = check_study(a_study(orders=pd.concat([frame, copies]), customers=customers))
    (finding,) = [finding for finding in verdict.of_table("orders") if finding.rule == "duplicate-key"]
    assert finding.n_bad == len(copied)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.integers(0, 10**7), min_size=1, max_size=8), min_size=1, max_size=8), st.data())
def test_lines_in_cents_sum_to_their_orders_and_a_cent_a_line_more_does_not(lines_of_orders, data):
    orders = pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(lines_of_orders))],
            "customer_id": "anna",
            "ordered_at": "2024-06-30",
            "revenue": [sum(lines) / 100 for lines in lines_of_orders],
        }
    )
    lines = pd.DataFrame(
        [
            (f"o{i}", f"p{j}", 1.0, cents / 100)
            for i, order in enumerate(lines_of_orders)
            for j, cents in enumerate(order)
        ],
        columns=["order_id", "product_id", "quantity", "revenue"],
    )
    wrong = data.draw(st.sets(st.integers(0, len(orders) - 1)))
    for row in wrong:
        orders.loc[row, "revenue"] += 0.01 * len(lines_of_orders[row]) + 2e-6 * orders.loc[row, "revenue"]
    verdict = check_study(a_study(orders=orders, order_lines=lines))
    (finding,) = [finding for finding in verdict.of_table("orders") if finding.rule == "lines-sum"]
    assert (finding.n_checked, finding.n_bad) == (len(orders), len(wrong))
