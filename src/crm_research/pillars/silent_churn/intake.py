"""Are the customers new? Many records begin in the middle of a business, and bring its old customers first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_research.show.shown import Shown

_BLOCK_DAYS: Final = 30
_FEWEST_BLOCKS: Final = 3
_TIMES_USUAL: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Intake(Shown):
    """Whom do the records hold from their first purchase on, and whom only from the records' beginning?

    Parameters
    ----------
    n_customers
        All customers.
    n_old
        Of them, those first seen while the records still brought far more first-seen customers than later on.
    old_from_age_days
        Customers of at least this age are those; None where none are.
    usual
        First-seen customers in 30 days, later in the records; missing where the records are too short to say.
    span_days
        Days from the first to the last first purchase.
    """

    n_customers: int
    n_old: int
    old_from_age_days: float | None
    usual: float
    span_days: float

    @property
    def old_share(self) -> float:
        """Share of customers whose first purchase seen is probably not their first."""
        return self.n_old / self.n_customers if self.n_customers else 0.0

    @property
    def is_mostly_old(self) -> bool:
        """Were most customers won before the records begin?"""
        return self.old_share > 0.5


def judge_intake(patterns: pd.DataFrame) -> Intake:
    """Which customers were probably won before the records begin (left-truncated)?

    Parameters
    ----------
    patterns
        ``age_days``, ``n_customers``.

    Notes
    -----
    First purchases are counted in blocks of 30 days. What is usual is the median of the later half of the blocks;
    from the first block on, as long as a block holds more than twice that, its customers are taken to be old. With
    fewer than three whole blocks of first purchases (one intake) nothing can be told, and none are.
    """
    n = int(patterns["n_customers"].sum()) if len(patterns) else 0
    if n == 0:
        return Intake(n_customers=0, n_old=0, old_from_age_days=None, usual=float("nan"), span_days=0.0)
    age = patterns["age_days"].to_numpy(dtype=float)
    weights = patterns["n_customers"].to_numpy(dtype=float)
    since_start = age.max() - age
    span = float(since_start.max())
    n_blocks = int((span + 1) // _BLOCK_DAYS)
    unknown = Intake(n_customers=n, n_old=0, old_from_age_days=None, usual=float("nan"), span_days=span)
    if n_blocks < _FEWEST_BLOCKS:
        return unknown
    block = np.minimum(since_start // _BLOCK_DAYS, n_blocks).astype(int)
    counts = np.bincount(block, weights, n_blocks + 1)[:n_blocks]
    usual = float(np.median(counts[n_blocks // 2 :]))
    is_rush = counts > _TIMES_USUAL * usual
    n_rush = n_blocks if is_rush.all() else int(np.argmin(is_rush))
    if n_rush == 0:
        return Intake(n_customers=n, n_old=0, old_from_age_days=None, usual=usual, span_days=span)
    is_old = since_start < n_rush * _BLOCK_DAYS
    return Intake(
        n_customers=n,
        n_old=int(weights[is_old].sum()),
        old_from_age_days=float(age[is_old].min()),
        usual=usual,
        span_days=span,
    )
