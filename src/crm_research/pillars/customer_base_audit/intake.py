"""Who is new: customers first seen when the records begin may be customers of many years, and are never called new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from crm_research.features.audit import BLOCK_DAYS

_FEWEST_BLOCKS: Final = 3
_TIMES_USUAL: Final = 2.0
# So many times the usual number of first-seen customers, at the most, and the records begin with these customers.
_FLAT: Final = 1.5
# A stray date does not begin the records: this share of the customers must have been seen.
_BEGUN: Final = 0.005


@dataclass(frozen=True, kw_only=True)
class Intake:
    """From when on is a customer who is first seen a new one?

    Parameters
    ----------
    new_since
        Whoever was first seen earlier may have bought before the records begin.
    is_flat
        No more customers were first seen when the records begin than later: they begin with these customers.
    usual_gap_days
        Nine of ten repeat customers leave so many days or fewer between purchases on average; None where nobody has
        bought twice.
    """

    new_since: datetime
    is_flat: bool
    usual_gap_days: float | None


def judge_intake(blocks: pd.DataFrame, usual_gap_days: float | None, *, first_at: datetime, as_of: datetime) -> Intake:
    """Who of the customers may have bought before the records begin?

    Parameters
    ----------
    blocks
        block (of 30 days from the first purchase), n_customers first seen in it.
    usual_gap_days
        Of nine in ten repeat customers.

    Notes
    -----
    Two signs say how long first-seen customers may be old ones; the longer holds. The usual gap (at most half of the
    records): so long an old customer may stay away before we see him first. The rush: as long as 30 days bring more
    than twice the usual number of first-seen customers (the median of the later half). Where the records bring no more
    than one and a half times the usual number from their very beginning, there is no old base behind them, and all are
    new; with fewer than three whole blocks of first purchases that cannot be told.
    """
    span = (as_of - first_at).total_seconds() / 86_400
    held = blocks.sort_values("block")
    counts = np.bincount(held["block"].to_numpy(dtype=int), held["n_customers"].to_numpy(dtype=float))
    start = int(np.argmax(np.cumsum(counts) >= _BEGUN * counts.sum()))
    counts = counts[start:]
    warm = min(usual_gap_days if usual_gap_days is not None else span / 2, span / 2)
    # The last block is cut off, by as_of or by the last first purchase, unless it is as full as the others.
    whole = counts if len(counts) <= _FEWEST_BLOCKS else counts[:-1]
    rush = 0
    if len(whole) >= _FEWEST_BLOCKS:
        usual = float(np.median(whole[len(whole) // 2 :]))
        n_warm = max(int(np.ceil(warm / BLOCK_DAYS)), 1)
        if usual_gap_days is not None and whole[:n_warm].max() <= _FLAT * usual:
            began = first_at + timedelta(days=BLOCK_DAYS * start)
            return Intake(new_since=began, is_flat=True, usual_gap_days=usual_gap_days)
        is_rush = whole > _TIMES_USUAL * usual
        rush = len(whole) if is_rush.all() else int(np.argmin(is_rush))
    days = BLOCK_DAYS * start + max(warm, float(BLOCK_DAYS * rush))
    return Intake(new_since=first_at + timedelta(days=days), is_flat=False, usual_gap_days=usual_gap_days)
