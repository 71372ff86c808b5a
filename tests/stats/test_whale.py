"""The whale curve by numbers worked by hand, and what each customer moves by counting that customer a little more."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.stats.whale import _influence_of_reach, _reach_of, limit_reach, measure_whale

# Seven customers: 100 earned, 30 lost, 70 left.
PROFITS = np.array([40.0, 25.0, 20.0, 10.0, 5.0, -8.0, -22.0])
ONES = np.ones(7)


def _curve(found):
    return np.interp(np.arange(8) / 7, found.curve["customer_share"], found.curve["profit"])


def test_the_curve_is_the_money_added_up_customer_by_customer():
    found = measure_whale(ONES, PROFITS, confidence=0.9, seed=3)
    # Corners of the curve lie between its hundredths, so that a hundredth may cut one by a little.
    assert _curve(found) == pytest.approx([0, 40, 65, 85, 95, 100, 92, 70], abs=0.6)
    assert found.curve["customer_share"].tolist() == pytest.approx(np.linspace(0, 1, 101).tolist())
    assert found.curve["profit"].iloc[[5, 10, 14, 20, 100]].tolist() == pytest.approx([14, 28, 39.2, 50, 70])
    assert found.peak.estimate == pytest.approx(100 / 70)
    assert found.earners_share == pytest.approx(5 / 7)


def test_groups_of_neighbours_have_the_curve_of_their_customers():
    one_by_one = measure_whale(np.ones(20), np.repeat([9.0, 3.0, 1.0, -2.0], 5), confidence=0.9, seed=3)
    grouped = measure_whale(np.full(4, 5.0), np.array([9.0, 3.0, 1.0, -2.0]), confidence=0.9, seed=3)
    assert grouped.curve["profit"].tolist() == pytest.approx(one_by_one.curve["profit"].tolist())
    assert grouped.curve["profit"].iloc[[25, 50, 75, 100]].tolist() == pytest.approx([45, 60, 65, 55])
    assert (grouped.peak.estimate, grouped.earners_share) == (pytest.approx(65 / 55), 0.75)


def test_the_limits_of_the_curve_are_percentiles_of_resampled_customers():
    """Drawn anew here by another generator, and far more often."""
    found = measure_whale(np.full(3, 200.0), np.array([5.0, 2.0, -1.0]), confidence=0.8, seed=5).curve
    rng = np.random.default_rng(11)
    drawn = rng.poisson(200.0, size=(40_000, 3)).astype(float)
    customers = np.hstack([np.zeros((40_000, 1)), np.cumsum(drawn, axis=1)])
    money = np.hstack([np.zeros((40_000, 1)), np.cumsum(drawn * [5.0, 2.0, -1.0], axis=1)])
    for place in (20, 50, 100):
        share = place / 100
        at = [np.interp(share, n / n[-1], m * 600 / n[-1]) for n, m in zip(customers[:4000], money[:4000], strict=True)]
        low, high = np.quantile(at, [0.1, 0.9])
        width = high - low
        assert found["lower"].iloc[place] == pytest.approx(low, abs=0.25 * width + 1e-9)
        assert found["upper"].iloc[place] == pytest.approx(high, abs=0.25 * width + 1e-9)
        assert found["lower"].iloc[place] <= found["profit"].iloc[place] <= found["upper"].iloc[place]


def test_the_peak_has_no_upper_limit_where_all_together_may_earn_nothing():
    found = measure_whale(ONES, np.array([40.0, 20.0, 5.0, -10.0, -15.0, -17.0, -20.0]), confidence=0.95, seed=1)
    assert found.peak.estimate == pytest.approx(65 / 3)
    assert np.isnan(found.peak.upper)
    assert found.peak.lower >= 1
    sure = measure_whale(ONES * 50, PROFITS, confidence=0.95, seed=1).peak
    assert 1 < sure.lower < sure.estimate < sure.upper < 2


@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_nobody_and_one_customer_have_no_limits():
    nobody = measure_whale(np.zeros(1), np.array([3.0]), confidence=0.95, seed=1)
    assert np.isnan(nobody.peak.estimate)
    assert np.isnan(nobody.earners_share)
    assert nobody.curve["profit"].isna().all()
    alone = measure_whale(np.ones(1), np.array([3.0]), confidence=0.95, seed=1)
    assert (float(alone.peak.estimate), alone.earners_share) == (1.0, 1.0)
    assert np.isnan([alone.peak.lower, alone.peak.upper]).all()


@pytest.mark.parametrize(
    ("share", "customers"), [(0.4, 1), (0.41, 2), (0.65, 2), (0.8, 3), (0.85, 3), (0.95, 4), (0.96, 5), (1.0, 5)]
)
def test_the_last_customer_who_is_needed_counts_in_full(share, customers):
    earned = np.maximum(PROFITS, 0.0)
    assert _reach_of(ONES, earned, share) == pytest.approx(customers / 7)


def test_who_earns_nothing_reaches_nothing():
    assert np.isnan(_reach_of(ONES, np.zeros(7), 0.8))
    assert np.isnan(_influence_of_reach(ONES, np.zeros(7), 0.8)).all()


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_what_a_customer_moves_is_what_counting_it_more_often_moves(share):
    """Many customers of a smooth spread: the share in whole customers is nearly smooth, too."""
    n = 4_000
    earned = np.sort(np.random.default_rng(2).gamma(2.0, 10.0, n))[::-1]
    told = _influence_of_reach(np.ones(n), earned, share)
    assert float(told.sum()) == pytest.approx(0, abs=1e-8)
    for block in (slice(0, 200), slice(900, 1_100), slice(3_500, 4_000)):
        more = np.ones(n)
        more[block] += 0.2
        moved = _reach_of(more, earned, share) - _reach_of(np.ones(n), earned, share)
        assert moved == pytest.approx(0.2 * told[block].sum() / n, abs=6e-4)


def test_those_who_earn_a_share_those_who_earn_the_next_and_the_rest_are_everybody():
    gold, silver, bronze = limit_reach(ONES * 30, PROFITS, (0.65, 0.95), confidence=0.95, seed=4)
    # In whole groups: forty and twenty-five, then twenty and ten, and then those of five and all who lose money.
    assert [float(one.estimate) for one in (gold, silver, bronze)] == pytest.approx([2 / 7, 2 / 7, 3 / 7])
    for one in (gold, silver, bronze):
        assert 0 <= one.lower <= one.estimate <= one.upper <= 1


def test_limits_are_wider_the_surer_they_shall_be():
    means = np.sort(np.random.default_rng(8).lognormal(3, 1, 300))[::-1]
    narrow, wide = (limit_reach(np.ones(300), means, (0.8,), confidence=c, seed=4)[0] for c in (0.5, 0.99))
    assert wide.lower < narrow.lower < narrow.estimate < narrow.upper < wide.upper
    # Half of the deviations lie within .67 standard errors, 99 of 100 within 2.58.
    assert (wide.upper - wide.lower) / (narrow.upper - narrow.lower) == pytest.approx(2.576 / 0.674, rel=0.12)
