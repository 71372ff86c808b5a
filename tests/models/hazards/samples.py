"""Spells with known truth, and Rossi's recidivism data as the literature analyses them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def rossi() -> pd.DataFrame:
    from lifelines.datasets import load_rossi

    frame: pd.DataFrame = load_rossi().rename(columns={"week": "tenure_days", "arrest": "is_ended"})
    return frame


def simulated_spells(n: int, *, seed: int, months: bool = False) -> pd.DataFrame:
    """Log hazard ratios: fee 0.02, age -0.01, gold -0.5 and basic 0.4 against standard."""
    rng = np.random.default_rng(seed)
    plan = rng.choice(["standard", "gold", "basic"], n, p=[0.5, 0.3, 0.2])
    fee, age = rng.uniform(10, 60, n), rng.uniform(20, 80, n)
    eta = 0.02 * (fee - 35) - 0.01 * (age - 50) + np.select([plan == "gold", plan == "basic"], [-0.5, 0.4])
    stay, watch = rng.exponential(400 * np.exp(-eta)), rng.uniform(30, 900, n)
    tenure = np.minimum(stay, watch)
    return pd.DataFrame(
        {
            "tenure_days": np.ceil(tenure / 30) * 30 if months else tenure,
            "is_ended": stay <= watch,
            "plan": plan,
            "fee": fee,
            "age": age,
        }
    )
