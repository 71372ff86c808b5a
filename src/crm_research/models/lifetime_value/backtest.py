"""Forecasts of money held against what came: total, the best tenth, order of rank, and who was clearly better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.stats.intervals import FloatArray
from crm_research.stats.skewed import mean_interval

_BEST_SHARE: Final = 0.1
SCORES: Final = (
    "n_customers", "total_expected", "total_came", "total_error", "rmse", "mae", "captured", "capturable", "regret",
    "rank_correlation",
)  # fmt: skip


def score_forecast(expected: FloatArray, came: FloatArray) -> dict[str, float]:
    """How good was a forecast of each customer's money?

    Returns
    -------
    dict
        ``n_customers``; ``total_expected``, ``total_came``; ``total_error`` (the total too high or low, as a share of
        what came); ``rmse``, ``mae`` (of one customer); ``captured`` (share of the money that came which the best tenth
        by forecast brought; of customers forecast alike each counts in part), ``capturable`` (the most that any tenth
        brought), ``regret`` (the difference); ``rank_correlation`` (Spearman's). NaN where nothing came.
    """
    n, total = len(came), float(came.sum())
    captured, best = _captured(expected, came), _captured(came, came)
    varies = n > 1 and np.ptp(expected) > 0 and np.ptp(came) > 0
    return {
        "n_customers": float(n),
        "total_expected": float(expected.sum()),
        "total_came": total,
        "total_error": float(expected.sum()) / total - 1 if total > 0 else np.nan,
        "rmse": float(np.sqrt(((came - expected) ** 2).mean())) if n else np.nan,
        "mae": float(np.abs(came - expected).mean()) if n else np.nan,
        "captured": captured,
        "capturable": best,
        "regret": best - captured,
        "rank_correlation": float(stats.spearmanr(expected, came).statistic) if varies else np.nan,
    }


def _captured(rank_by: FloatArray, came: FloatArray) -> float:
    """Share of the money of the first tenth by rank; the customers at its edge who tie share its last places."""
    total, places = float(came.sum()), _BEST_SHARE * len(came)
    if not total > 0:
        return float("nan")
    values, own = np.unique(-rank_by, return_inverse=True)
    n_at = np.bincount(own, minlength=len(values)).astype(float)
    money = np.bincount(own, came, len(values))
    before = np.cumsum(n_at) - n_at
    share = np.clip((places - before) / n_at, 0.0, 1.0)
    return float((share * money).sum()) / total


def compare_forecasts(losses: Mapping[str, FloatArray], *, confidence: float = 0.95) -> pd.DataFrame:
    """Which forecast lost least, and are the others clearly worse?

    Parameters
    ----------
    losses
        Forecast to the loss of each customer (the squared error), all of the same customers.

    Returns
    -------
    pandas.DataFrame
        Grain: forecast, the best first. ``forecast``, ``loss`` (mean), ``behind`` (mean loss more than the best),
        ``lower``, ``upper``, ``is_clearly_worse``.

    Notes
    -----
    The best is picked because it came out best, which is a test of many: limits are of as many comparisons together as
    there are pairs of forecasts (Bonferroni), so that the pick itself is covered.
    """
    names = sorted(losses, key=lambda name: float(losses[name].mean()))
    best, n_pairs = names[0], max(len(names) * (len(names) - 1) // 2, 1)
    level = 1 - (1 - confidence) / n_pairs
    rows = []
    for name in names:
        if name == best:
            rows.append((name, float(losses[name].mean()), 0.0, np.nan, np.nan, False))
            continue
        gap = mean_interval(losses[name] - losses[best], confidence=level)
        behind, lower, upper = (float(end) for end in (gap.estimate, gap.lower, gap.upper))
        rows.append((name, float(losses[name].mean()), behind, lower, upper, lower > 0))
    return pd.DataFrame(rows, columns=["forecast", "loss", "behind", "lower", "upper", "is_clearly_worse"])
