"""Spells of known shape."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.models.survival import count_rows


def weibull_spells(n: int = 1500, *, seed: int = 1, shape: float = 0.8, scale: float = 200.0, late: bool = False):
    """Tenures above a day, censored at random; half of them met late where asked."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b"], n)
    stay = 1 + scale * np.where(kind == "b", 2.0, 1.0) * rng.weibull(shape, n)
    watch = rng.uniform(50, 700, n)
    entry = np.where(rng.random(n) < 0.5, rng.uniform(0, 60, n), 0.0) if late else np.zeros(n)
    frame = pd.DataFrame(
        {
            "tenure_days": np.minimum(stay, watch),
            "is_ended": stay <= watch,
            "entry_days": entry,
            "kind": kind,
            "size": rng.normal(size=n),
        }
    )
    return frame.loc[frame["tenure_days"] > frame["entry_days"]].reset_index(drop=True)


def as_counts(spells: pd.DataFrame) -> pd.DataFrame:
    """The same, counted by tenure."""
    return count_rows(spells["tenure_days"], spells["is_ended"], entry_days=spells["entry_days"])


def daily_counts(n: int, seed: int, *, shape: float = 1.0, scale: float = 400.0, longest: float = 1500.0):
    """Whole days, contracts begun evenly over the time before the records end."""
    rng = np.random.default_rng(seed)
    stay, watch = np.ceil(scale * rng.weibull(shape, n)), np.ceil(rng.uniform(1, longest, n))
    return count_rows(pd.Series(np.minimum(stay, watch)), pd.Series(stay <= watch))
