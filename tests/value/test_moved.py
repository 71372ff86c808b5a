"""Who turns to a loss when costs follow activity: nobody beyond chance where all are served alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.value.profit.measure import measure_profit, open_books, profit_table
from crm_research.study import Study
from tests.builders import a_study, orders
from tests.value.worlds import many


@pytest.mark.slow
def test_of_a_hundred_worlds_without_differences_at_least_95_show_nobody_moved_beyond_chance():
    shown, by_counting = 0, 0
    for seed in range(100):
        study = many(120, seed=seed, lumps=4 if seed % 2 else 1)
        books = open_books(study, volume="orders")
        table = profit_table(study, books)
        row = table.agg(n=table.count(where=table.is_moved), surely=table.count(where=table.is_served_more))
        counts = row.to_pyarrow().to_pylist()[0]
        shown += counts["surely"] > 0
        by_counting += counts["n"]
    assert by_counting > 100, "without noise in use there is nothing to hold"
    assert shown <= 5


@pytest.mark.slow
def test_customers_who_call_all_the_time_are_found():
    found = measure_profit(many(300, seed=3, callers=6), volume="orders").moved
    assert found.n_surely >= 4
    assert found.n_to_loss >= found.n_surely
    assert found.loss < 0


def steady(seed: int, n_callers: int) -> Study:
    """Customers who buy in a few months of the year and call at any time: all alike for their volume, or some often."""
    rng = np.random.default_rng(seed)
    bought, use = [], []
    quarters = [f"2023-{month:02d}-01" for month in (1, 4, 7, 10)]
    for place in range(90):
        who = f"c{place:02d}"
        months = np.flatnonzero(rng.random(12) < 0.25) + 1
        bought += [(who, f"2023-{month:02d}-{1 + rng.integers(28):02d}", 30.0) for month in months]
        usual = 0.5 * len(months) / 4 if place >= n_callers else 8.0
        use += [(who, "calls", quarter, float(rng.poisson(usual))) for quarter in quarters]
    frame = orders(*bought)
    return a_study(
        as_of="2024-01-01",
        orders=frame.assign(cost=frame["revenue"] * 0.5),
        activities=pd.DataFrame({"activity": ["calls"], "cost_pool": [900.0], "driver": ["calls"]}),
        activity_use=pd.DataFrame(use, columns=["customer_id", "activity", "period", "quantity"]),
    )


@pytest.mark.slow
def test_who_calls_at_any_time_is_found_though_they_buy_now_and_then():
    # Each of the five makes 32 calls where about 2 are usual: as clear as can be, lump by lump.
    moved = measure_profit(steady(5, 5)).moved
    assert moved.n_surely == 5


@pytest.mark.slow
def test_where_all_call_alike_for_their_volume_whenever_they_buy_nobody_is_told_apart():
    shown = 0
    for seed in range(25):
        study = steady(seed, 0)
        table = profit_table(study, open_books(study))
        shown += int(table.count(where=table.is_served_more).to_pyarrow().as_py() > 0)
    assert shown <= 3
