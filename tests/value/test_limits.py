"""Do the limits hold the truth as often as they say?"""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.stats.whale import limit_reach, measure_whale

N_WORLDS = 300


def draw(rng, n, spread):
    """Skewed profits of which a part are losses."""
    return np.sort(rng.lognormal(3.0, spread, n) - rng.gamma(2.0, 6.0, n))[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.6, 1.2])
def test_the_peak_and_the_share_of_gold_lie_within_their_limits(spread):
    rng = np.random.default_rng(7)
    everybody = draw(rng, 2_000_000, spread)
    earned = np.maximum(everybody, 0.0)
    peak = earned.sum() / everybody.sum()
    cumulated = np.cumsum(earned) / earned.sum()
    ends = np.searchsorted(cumulated, [0.8, 0.95]) / len(everybody)
    shares = np.diff([0.0, *ends, 1.0])
    held = np.zeros(4)
    for world in range(N_WORLDS):
        sample, sizes = draw(rng, 500, spread), np.ones(500)
        found = measure_whale(sizes, sample, confidence=0.95, seed=world).peak
        held[0] += found.lower <= peak <= found.upper
        for place, one in enumerate(limit_reach(sizes, sample, (0.8, 0.95), confidence=0.95, seed=world)):
            held[1 + place] += one.lower <= shares[place] <= one.upper
    # Two standard errors of a share of 300 below 95 %; wider than they say they may be, not narrower.
    assert (held / N_WORLDS > 0.925).all(), held / N_WORLDS
