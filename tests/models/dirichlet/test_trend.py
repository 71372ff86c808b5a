"""Heavy buyers in the next period: what chance alone expects, and what came."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.dirichlet import expect_next, follow_buyers
from tests.models.dirichlet.markets import draw_purchases


def followed(first, second, n_groups=40, *, chosen=True):
    frame = pd.DataFrame({"group": np.arange(len(first)) % n_groups, "n": first, "later": second, "customers": 1})
    halves = frame.loc[(frame["n"] > 0) & chosen].groupby(["group", "n"], as_index=False)[["customers", "later"]].sum()
    return follow_buyers(halves, float(frame["later"].sum()), np.arange(n_groups))


def a_growing_shop(n=12_000, *, seed, new=0.6, fall=0.0):
    """Steady rates; part of the customers joins at a time drawn evenly over both halves, with a purchase."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.8, 5.0, n)
    is_new = rng.random(n) < new
    start = np.where(is_new, 2 * rng.random(n), 0.0)
    stays = np.where(rates > 8, 1 - fall, 1.0)
    first = rng.poisson(rates * np.clip(1 - start, 0, 1)) + (is_new & (start < 1))
    second = rng.poisson(rates * stays * np.clip(2 - start, 0, 1)) + (is_new & (start >= 1))
    return first, second, ~is_new


def test_the_expectation_is_that_of_bayes():
    """Posterior mean of a gamma rate after x purchases, by a sum over many rates."""
    mean, shape, x = 3.0, 0.7, 8.0
    rates = np.random.default_rng(1).gamma(shape, mean / shape, 2_000_000)
    weight = np.exp(-rates) * rates**x
    assert float(expect_next(np.array(mean), np.array(shape), np.array(x))) == pytest.approx(
        float((weight * rates).sum() / weight.sum()), rel=0.01
    )


def test_steady_buyers_regress_and_nothing_is_lost():
    first, second = draw_purchases(12_000, m=4, k=0.8, s=1.5, periods=2, seed=4).sum(axis=2)
    trend = followed(first, second)
    assert trend.heavy["observed"] < trend.heavy["first"]
    assert trend.heavy["gap_lower"] <= 0 <= trend.heavy["gap_upper"]
    assert trend.level == pytest.approx(1.0, abs=0.03)
    assert trend.level_lower <= 1 <= trend.level_upper
    assert trend.newcomer_share < 0.01
    assert trend.classes["n"].sum() == trend.n
    one = trend.classes.iloc[0]
    assert one["purchases"] == "1"
    assert one["expected"] == pytest.approx((0.8 + 1) * 4 / 4.8, rel=0.1)


def test_heavy_buyers_who_left_are_seen():
    first, second = draw_purchases(12_000, m=4, k=0.8, s=1.5, periods=2, seed=5).sum(axis=2)
    gone = (first >= 8) & (np.arange(len(first)) % 3 == 0)
    second = np.where(gone, 0, second)
    assert followed(first, second).heavy["gap_upper"] < 0


def test_a_market_that_shrinks_evenly_is_no_loss_of_heavy_buyers():
    rng = np.random.default_rng(6)
    rates = rng.gamma(0.8, 5.0, 12_000)
    trend = followed(rng.poisson(rates), rng.poisson(0.6 * rates))
    assert trend.level == pytest.approx(0.6, abs=0.03)
    assert trend.heavy["gap_lower"] <= 0 <= trend.heavy["gap_upper"]


def test_a_shop_that_grows_by_newcomers_shows_no_fall():
    first, second, settled = a_growing_shop(seed=7)
    trend = followed(first, second, chosen=settled)
    assert second.sum() > 1.4 * first.sum()
    assert trend.level_lower <= 1 <= trend.level_upper
    assert trend.heavy["gap_lower"] <= 0 <= trend.heavy["gap_upper"]
    assert trend.newcomer_share == pytest.approx(second[~settled].sum() / second.sum(), abs=0.02)


def test_newcomers_of_the_second_half_alone_need_no_records_from_before():
    first, second = draw_purchases(12_000, m=4, k=0.8, s=1.5, periods=2, seed=8).sum(axis=2)
    trend = followed(np.where(np.arange(12_000) < 6000, first, 0), second)
    assert trend.heavy["gap_lower"] <= 0 <= trend.heavy["gap_upper"]
    assert trend.level == pytest.approx(1.0, abs=0.04)
    assert trend.newcomer_share == pytest.approx(0.5, abs=0.03)


def test_a_real_fall_is_found_in_a_growing_shop():
    first, second, settled = a_growing_shop(seed=9, fall=0.35)
    trend = followed(first, second, chosen=settled)
    assert trend.level_upper < 1
    assert trend.heavy["gap_upper"] < 0


@pytest.mark.slow
def test_a_false_fall_is_as_rare_as_the_interval_says():
    trends = []
    for seed in range(100):
        first, second, settled = a_growing_shop(3000, seed=seed)
        trends.append(followed(first, second, chosen=settled))
    assert sum(trend.heavy["gap_upper"] < 0 for trend in trends) <= 8


def test_too_little_gives_nothing():
    assert followed(np.ones(10, dtype=int), np.ones(10, dtype=int)) is None
    assert followed(np.ones(100, dtype=int), np.zeros(100, dtype=int)) is None
    alike = followed(np.full(100, 2), np.full(100, 2))
    assert alike.heavy is None
