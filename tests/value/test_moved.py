"""Who turns to a loss when costs follow activity: nobody beyond chance where all are served alike."""

from __future__ import annotations

import pytest

from crm_research.pillars.value.profit.measure import measure_profit, open_books, profit_table
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
