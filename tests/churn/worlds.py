"""Contracts whose leaving is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2020-01-01")


def a_world(
    n: int = 2000,
    *,
    seed: int = 1,
    daily_rate: float = 1 / 400,
    until: str = "2024-01-01",
    reasons: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Contracts begun evenly over four years that end at one rate, twice as fast in the plan 'flex'."""
    rng = np.random.default_rng(seed)
    end_of_world = pd.Timestamp(until)
    started = START + pd.to_timedelta(rng.integers(0, (end_of_world - START).days, n), unit="D")
    plan = rng.choice(["flex", "fixed"], n)
    stay = rng.exponential(1 / (daily_rate * np.where(plan == "flex", 2.0, 1.0)))
    ended = started + pd.to_timedelta(np.ceil(stay), unit="D")
    is_over = ended <= end_of_world
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(is_over),
            "plan": plan,
        }
    )
    if reasons:
        frame["end_reason"] = np.where(is_over, rng.choice(reasons, n), None)
    return frame
