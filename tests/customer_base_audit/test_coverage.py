"""Do the limits of the parts of a change hold what they claim? Worlds whose parts are known (slow)."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.pillars.customer_base_audit.change import limit_sum, split_profit, split_revenue
from crm_research.stats.decomposition import slopes_of

N_WORLDS = 1500


def a_world(rng: np.random.Generator, n: float, *, is_heavy: bool):
    """Customers as a Poisson number; each buys in either period as his pace has it, for money of his own size."""
    size = rng.poisson(n)
    pace = rng.gamma(1.2, 1.0, size)
    orders = [rng.poisson(pace * 1.1), rng.poisson(pace * 1.4 * (rng.random(size) < 0.7))]
    sigma = 1.1 if is_heavy else 0.5
    worth = np.exp(rng.normal(3, sigma, size))
    columns = []
    for when, level in ((0, 1.0), (1, 1.1)):
        count = orders[when]
        money = level * worth * count * np.where(count > 0, rng.gamma(4, 0.25, size), 0.0)
        margin = money * np.where(when == 0, 0.40, 0.36)
        columns += [(count > 0).astype(float), count.astype(float), money, margin]
    return np.stack(columns)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "is_heavy"), [(400, False), (400, True), (3000, True)])
def test_limits_hold_the_truth_about_as_often_as_they_say(n, is_heavy):
    rng = np.random.default_rng(20170101 + n)
    # The truth: the parts of the expected sums, of a world so large that nothing is left to chance.
    large = np.random.default_rng(7)
    expected = sum(a_world(large, 100_000, is_heavy=is_heavy).sum(axis=1) for _ in range(20)) / 2_000_000 * n
    revenue, profit = [0, 1, 2, 4, 5, 6], list(range(8))
    truth = np.concatenate([split_revenue(expected[revenue]), split_profit(expected[profit])])
    held = np.zeros(len(truth))
    for _ in range(N_WORLDS):
        world = a_world(rng, n, is_heavy=is_heavy)
        totals = world.sum(axis=1)
        moved = np.concatenate(
            [
                slopes_of(split_revenue, totals[revenue]) @ world[revenue],
                slopes_of(split_profit, totals[profit]) @ world[profit],
            ]
        )
        parts = np.concatenate([split_revenue(totals[revenue]), split_profit(totals[profit])])
        for place, (part, each) in enumerate(zip(parts, moved, strict=True)):
            assert each.sum() == pytest.approx(part, rel=1e-6, abs=1e-6)
            found = limit_sum(part, (each**2).sum(), (each**3).sum(), n=world.shape[1], n_looked_at=3, confidence=0.95)
            held[place] += found["lower"] <= truth[place] <= found["upper"]
    share = held / N_WORLDS
    # Two standard errors of 1,500 worlds are .011; where few carry the money the limits may be a little wide.
    assert share.min() > 0.93, share
    assert share.max() < 0.985, share


@pytest.mark.slow
def test_a_direction_is_said_by_chance_about_as_seldom_as_claimed():
    """Periods that are alike: with three parts looked at, one of them is called up or down in 5 of 100 worlds."""
    rng = np.random.default_rng(11)
    said = 0
    for _ in range(N_WORLDS):
        size = rng.poisson(800)
        pace = rng.gamma(1.2, 1.0, size)
        worth = np.exp(rng.normal(3, 0.7, size))
        columns = []
        for _when in range(2):
            count = rng.poisson(pace)
            columns += [(count > 0).astype(float), count.astype(float), worth * count]
        world = np.stack(columns)
        totals = world.sum(axis=1)
        parts = split_revenue(totals)
        moved = slopes_of(split_revenue, totals) @ world
        said += any(
            limit_sum(part, (each**2).sum(), (each**3).sum(), n=size, n_looked_at=3, confidence=0.95)["direction"]
            for part, each in zip(parts, moved, strict=True)
        )
    assert 0.02 < said / N_WORLDS < 0.065
