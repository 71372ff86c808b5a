"""Contracts renewed at fixed moments, customers leaving each with its own chance."""

from __future__ import annotations

import numpy as np
import pandas as pd


def a_renewed_world(
    n: int = 3000,
    *,
    alpha: float = 0.7,
    beta: float = 2.5,
    months: int = 12,
    seed: int = 7,
    start: str = "2014-01-01",
    until: str = "2024-01-01",
    late_days: int = 0,
) -> pd.DataFrame:
    """Contracts begun evenly from `start` on that end only at a renewal, up to so many days late."""
    rng = np.random.default_rng(seed)
    first, last = pd.Timestamp(start), pd.Timestamp(until)
    started = first + pd.to_timedelta(rng.integers(0, (last - first).days - 200, n), unit="D")
    left_at = np.minimum(rng.geometric(np.clip(rng.beta(alpha, beta, n), 1e-9, 1)), 600 // months)
    month = started.year * 12 + started.month - 1 + months * left_at
    month_start = pd.to_datetime({"year": month // 12, "month": month % 12 + 1, "day": 1})
    day = np.minimum(started.day, month_start.dt.days_in_month.to_numpy())
    ended = month_start + pd.to_timedelta(day - 1 + rng.integers(0, late_days + 1, n), unit="D")
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(ended <= last).to_numpy(),
            "plan": rng.choice(["甲套餐", "basic"], n),
        }
    )
