"""Money is split to the cent."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crm_research.simulate.baskets import split_cents
from crm_research.simulate.products import draw_products
from crm_research.simulate.settings import WorldSettings


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 10**9)), max_size=20), st.integers(0, 1_000))
def test_parts_sum_to_their_total_and_none_is_empty(orders: list[tuple[int, int]], seed: int) -> None:
    n_parts = np.array([n for n, _ in orders], dtype=np.int64)
    total = n_parts + np.array([spare for _, spare in orders], dtype=np.int64)
    weights = np.random.default_rng(seed).standard_exponential(int(n_parts.sum()))
    parts = split_cents(total, n_parts, weights)
    assert (parts >= 1).all()
    owner = np.repeat(np.arange(len(orders)), n_parts)
    assert [int(parts[owner == each].sum()) for each in range(len(orders))] == total.tolist()


def test_a_cent_for_each_part_is_the_least_there_is_to_split() -> None:
    assert split_cents(np.array([3]), np.array([3]), np.array([0.9, 0.05, 0.05])).tolist() == [1, 1, 1]


def test_a_repeated_product_becomes_the_next_of_its_kind() -> None:
    products = draw_products(WorldSettings())
    order, bought = np.array([0, 0, 0, 1, 1]), np.array([7, 7, 3, 24, 24])
    chosen = products.avoid_repeats(order, bought)
    assert chosen.tolist() == [7, 0, 3, 24, 8]
    assert (products.is_own_brand[chosen] == products.is_own_brand[bought]).all()
    assert (products.category[chosen] == products.category[bought]).all()


def test_more_lines_than_there_are_products_of_a_kind_take_others() -> None:
    products = draw_products(WorldSettings())
    chosen = products.avoid_repeats(np.zeros(12, dtype=np.int64), np.zeros(12, dtype=np.int64))
    assert len(set(chosen.tolist())) == 12
