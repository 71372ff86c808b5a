"""Published cohorts, and renewals drawn from a known mixture."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Fader and Hardie (2007), table 1: per cent of 1,000 customers still there after 0, 1, ... 12 years; the first seven
# renewals fit the model, the others judge it.
REGULAR = (100.0, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1)
HIGH_END = (100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1)


def a_cohort(percent: tuple[float, ...]) -> pd.DataFrame:
    """The counts of a cohort of 1,000."""
    there = np.round(10 * np.array(percent))
    return pd.DataFrame({"renewal": np.arange(1, len(there)), "n_up": there[:-1], "n_left": there[:-1] - there[1:]})


def some_counts(*rows: tuple[int, int, int]) -> pd.DataFrame:
    """Counts from (renewal, n_up, n_left)."""
    return pd.DataFrame(rows, columns=["renewal", "n_up", "n_left"])


def a_mixture(
    n: int, alpha: float, beta: float, *, n_renewals: int = 8, seed: int = 1, late_share: float = 0.0
) -> pd.DataFrame:
    """Customers whose chance to leave is beta distributed, watched for 1 to n_renewals; some met after two renewals."""
    rng = np.random.default_rng(seed)
    leaves_at = rng.geometric(rng.beta(alpha, beta, n))
    watched = rng.integers(1, n_renewals + 1, n)
    met_after = np.where(rng.random(n) < late_share, 2, 0)
    rows = []
    for renewal in range(1, n_renewals + 1):
        is_up = (leaves_at >= renewal) & (watched >= renewal) & (met_after < renewal)
        rows.append((renewal, is_up.sum(), (is_up & (leaves_at == renewal)).sum()))
    return some_counts(*rows)
