"""Event times have exactly the hazards they are asked to have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crm_research.simulate.hazards import Steps, cumulative_hazard, draw_event_times
from crm_research.simulate.settings import Reason

_NO_STEPS = Steps(subject=np.zeros(0, dtype=np.int64), at_days=np.zeros(0), change=np.zeros(0))


@pytest.mark.parametrize("log_ratio", [-1.0, 0.0, 0.7])
@pytest.mark.parametrize("shape", [0.7, 1.0, 1.4])
def test_without_steps_times_are_weibull_with_the_ratio(shape: float, log_ratio: float) -> None:
    reason = Reason(name="x", scale_days=500.0, shape=shape)
    times = draw_event_times(np.random.default_rng(3), reason, np.full(4_000, log_ratio), _NO_STEPS)
    used = np.exp(log_ratio) * cumulative_hazard(reason, times)
    assert stats.kstest(used, "expon").pvalue > 0.01


def test_steps_weigh_only_while_they_last_whatever_their_order() -> None:
    reason, n = Reason(name="x", scale_days=400.0, shape=1.2), 6_000
    everyone = np.arange(n)
    steps = Steps(
        subject=np.concatenate((everyone, everyone)),
        at_days=np.concatenate((np.full(n, 300.0), np.full(n, 100.0))),
        change=np.concatenate((np.full(n, -1.5), np.full(n, 1.5))),
    )
    times = draw_event_times(np.random.default_rng(4), reason, np.zeros(n), steps)
    during = cumulative_hazard(reason, np.clip(times, 100.0, 300.0)) - cumulative_hazard(reason, 100.0)
    used = cumulative_hazard(reason, times) + (np.exp(1.5) - 1.0) * during
    assert stats.kstest(used, "expon").pvalue > 0.01


def test_a_step_before_the_beginning_counts_from_the_beginning() -> None:
    reason, n = Reason(name="x", scale_days=100.0), 500
    early = Steps(subject=np.arange(n), at_days=np.full(n, -50.0), change=np.full(n, 0.4))
    stepped = draw_event_times(np.random.default_rng(5), reason, np.zeros(n), early)
    plain = draw_event_times(np.random.default_rng(5), reason, np.full(n, 0.4), _NO_STEPS)
    np.testing.assert_allclose(stepped, plain)


def test_nobody_gives_no_times() -> None:
    assert (
        len(draw_event_times(np.random.default_rng(1), Reason(name="x", scale_days=1.0), np.zeros(0), _NO_STEPS)) == 0
    )
