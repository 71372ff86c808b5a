"""What came and what was expected, by what customers had done before (conditional expectations)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from crm_research.pillars.silent_churn.scores import GROUPS, group_of
from crm_research.stats.intervals import wilson_share
from crm_research.vocabulary import DAYS_PER_WEEK

_FREQUENCIES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 10, 15, 25, 50, 100)
_SILENT_WEEKS: Final = (1, 2, 4, 8, 13, 26, 39, 52, 104)
_FEWEST_IN_CLASS: Final = 20.0


def average_by_frequency(rows: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """How much did customers buy in the holdout, by their repeat purchases before it?

    Parameters
    ----------
    rows
        ``frequency`` of each history.
    means
        The same rows: ``n`` (customers), ``observed``, ``expected``, ``rule`` (purchases in the holdout).

    Returns
    -------
    pandas.DataFrame
        Grain: class of repeat purchases, one by one where few; the last holds 20 customers or more. Columns
        ``repeats_before``, ``n_customers``, ``observed``, ``expected``, ``rule`` (means per customer).
    """
    frequency = rows["frequency"].to_numpy(dtype=int)
    edges = np.array(_FREQUENCIES)
    n_from = np.array([means["n"].to_numpy()[frequency >= edge].sum() for edge in edges])
    kept = edges[(n_from >= _FEWEST_IN_CLASS) | (edges == 0)]
    names = [str(low) if high == low + 1 else f"{low}-{high - 1}" for low, high in pairwise(kept)]
    place = np.searchsorted(kept, frequency, side="right") - 1
    return _average(means, place, [*names, f"{kept[-1]}+"], "repeats_before")


def average_by_recency(rows: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """How much did customers buy in the holdout, by the weeks they had been silent?

    As `average_by_frequency`, with ``silent_weeks`` in words for its classes.
    """
    weeks = (rows["age_days"] - rows["recency_days"]).to_numpy(dtype=float) / DAYS_PER_WEEK
    place = np.searchsorted(_SILENT_WEEKS, weeks, side="right")
    names = [f"{low} to {high}" for low, high in pairwise(_SILENT_WEEKS)]
    return _average(means, place, [f"under {_SILENT_WEEKS[0]}", *names, f"{_SILENT_WEEKS[-1]} or more"], "silent_weeks")


def average_by_group(buying: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Did those called gone stay away, and those called active buy?

    Parameters
    ----------
    buying
        One row per history: ``n``, ``bought`` (0 or 1), ``chance`` (to buy), ``alive``.

    Returns
    -------
    pandas.DataFrame
        As `HoldoutCheck.by_group`.
    """
    place = group_of(buying["alive"])
    size = np.bincount(place, buying["n"], len(GROUPS))
    held = size > 0
    sums = {
        name: np.bincount(place, buying[name] * buying["n"], len(GROUPS))[held]
        for name in ("alive", "chance", "bought")
    }
    share = wilson_share(sums["bought"], size[held], confidence=confidence)
    return pd.DataFrame(
        {
            "customers": np.array([name for name, _ in GROUPS], dtype=object)[held],
            "n_customers": size[held].astype(int),
            "alive_share": sums["alive"] / size[held],
            "expected_share": sums["chance"] / size[held],
            "observed_share": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
        }
    )


def _average(means: pd.DataFrame, place: np.ndarray, names: list[str], title: str) -> pd.DataFrame:
    n = np.bincount(place, means["n"], len(names))
    held = n > 0
    averages = {
        column: np.bincount(place, means[column] * means["n"], len(names))[held] / n[held]
        for column in ("observed", "expected", "rule")
    }
    return pd.DataFrame({title: np.array(names, dtype=object)[held], "n_customers": n[held].astype(int), **averages})
