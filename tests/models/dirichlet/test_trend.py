"""Heavy buyers in the next period: what chance alone expects, and what came."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.dirichlet import expect_next, follow_buyers
from tests.models.dirichlet.markets import draw_purchases


def followed(first, second, n_groups=40):
    frame = pd.DataFrame({"group": np.arange(len(first)) % n_groups, "n": first, "later": second, "customers": 1})
    halves = frame.loc[frame["n"] > 0].groupby(["group", "n"], as_index=False)[["customers", "later"]].sum()
    total = (frame["n"] + frame["later"]).groupby(frame["group"]).sum().to_numpy()
    return follow_buyers(halves, total, np.arange(n_groups))


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


def test_too_little_gives_nothing():
    assert followed(np.ones(10, dtype=int), np.ones(10, dtype=int)) is None
    assert followed(np.ones(100, dtype=int), np.zeros(100, dtype=int)) is None
    alike = followed(np.full(100, 2), np.full(100, 2))
    assert alike.heavy is None
