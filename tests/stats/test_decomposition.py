"""Parts of a change: they are the whole, and no factor comes first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.pillars.customer_base_audit.change import split_profit, split_revenue
from crm_research.stats.decomposition import share_change, slopes_of

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))
FACTORS = st.integers(1, 5).flatmap(lambda n: st.tuples(*[st.lists(NUMBERS, min_size=n, max_size=n)] * 2))


def size_of(before, after) -> float:
    """What rounding is measured against: the product of the largest of each factor."""
    return float(np.prod(np.maximum(np.abs(before), np.abs(after))) + 1.0)


@given(FACTORS)
def test_parts_sum_to_the_change(factors):
    before, after = factors
    assert share_change(before, after).sum() == pytest.approx(
        np.prod(after) - np.prod(before), abs=1e-11 * size_of(before, after)
    )


@given(FACTORS, st.randoms(use_true_random=False))
def test_parts_do_not_hang_on_the_order_of_the_factors(factors, chance):
    before, after = factors
    order = list(range(len(before)))
    chance.shuffle(order)
    shuffled = share_change([before[place] for place in order], [after[place] for place in order])
    straight = share_change(before, after)[order]
    assert shuffled == pytest.approx(straight, abs=1e-11 * size_of(before, after))


@given(FACTORS)
def test_then_and_now_exchanged_turn_every_sign(factors):
    before, after = factors
    assert share_change(after, before) == pytest.approx(
        -share_change(before, after), abs=1e-11 * size_of(before, after)
    )


@given(FACTORS)
def test_a_factor_that_stays_moves_nothing(factors):
    before, after = factors
    after[0] = before[0]
    assert share_change(before, after)[0] == 0.0


def test_two_and_three_factors_by_hand():
    assert share_change([2.0, 5.0], [3.0, 7.0]).tolist() == [6.0, 5.0]
    # 1 x 2 x 3 to 2 x 4 x 6: the first moves (6 + 24) / 3 + (12 + 12) / 6 = 14.
    assert share_change([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]) == pytest.approx([14.0, 14.0, 14.0])


COUNTS = st.tuples(st.integers(0, 500), st.integers(0, 900), NUMBERS, NUMBERS).map(
    lambda row: (row[0], row[0] + row[1] if row[0] else 0, row[2] if row[0] else 0.0, row[3] if row[0] else 0.0)
)


@given(COUNTS, COUNTS)
def test_revenue_and_profit_of_any_two_periods_sum(then, now):
    revenue = split_revenue(np.asarray([*then[:3], *now[:3]], dtype=float))
    assert np.isfinite(revenue).all()
    assert revenue.sum() == pytest.approx(now[2] - then[2], abs=1e-6 * (1 + abs(now[2]) + abs(then[2])))
    profit = split_profit(np.asarray([*then, *now], dtype=float))
    scale = sum(abs(value) for value in (*then[2:], *now[2:]))
    # A margin of a tiny revenue is huge; its parts are, too, and so is their rounding.
    margins = [abs(side[3] / side[2]) if side[2] else 0.0 for side in (then, now)]
    assert profit.sum() == pytest.approx(now[3] - then[3], abs=1e-8 * (1 + scale) * (1 + sum(margins)))


def test_slopes_are_those_of_small_steps():
    at = np.array([40.0, 90.0, 3600.0, 55.0, 160.0, 5000.0])
    found = slopes_of(split_revenue, at)
    for place in range(6):
        step = np.zeros(6)
        step[place] = at[place] * 1e-5
        numeric = (split_revenue(at + step) - split_revenue(at - step)) / (2 * step[place])
        assert found[:, place] == pytest.approx(numeric, rel=1e-5, abs=1e-6)
    # Every part grows with the whole: Euler's theorem for functions of the first degree.
    assert found @ at == pytest.approx(split_revenue(at))
