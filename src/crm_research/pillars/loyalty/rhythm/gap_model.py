"""The common scale of gaps, and the silences that break a rhythm, from counts."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from crm_research.errors import NotEnoughData
from crm_research.features.own_rhythm import SCORE_STEP, RhythmScale

FloatArray = NDArray[np.float64]
FADING_SHARE: Final = 0.80
LOST_SHARE: Final = 0.95
FEWEST_GAPS: Final = 30
# Standard normal quantiles of the two shares: where the limits begin before gaps have been scored.
_NORMAL_LIMITS: Final = (0.8416212, 1.6448536)


def fit_gap_scale(counts: pd.DataFrame) -> RhythmScale:
    """How do gaps between purchases spread, between customers and within each?

    Parameters
    ----------
    counts
        As from `count_log_gaps`.

    Returns
    -------
    RhythmScale
        With limits as if logarithms of gaps were normal; `set_limits` replaces them by what was seen.

    Raises
    ------
    NotEnoughData
        With fewer than 30 completed gaps.

    Notes
    -----
    Each customer has one vote, weighted by 1 / (between² + within² / n). The variance between customers solves the
    moment equation of Paule and Mandel; 0 where customers differ less than chance would have it. Without a customer who
    has two gaps, all spread is taken to lie within. Gaps not completed are not read, so records that are short beside
    the rhythm make customers look quicker.

    References
    ----------
    Paule and Mandel (1982), Journal of Research of the National Bureau of Standards 87, 377-385; DerSimonian and
    Kacker (2007), Contemporary Clinical Trials 28, 105-114.
    """
    n, m, total, squares = (
        counts[name].to_numpy(dtype=float) for name in ("n_gaps", "n_customers", "sum_mean", "sum_mean_sq")
    )
    n_all = int((n * m).sum())
    if n_all < FEWEST_GAPS:
        raise NotEnoughData("The rhythm of purchases: gaps between purchases", needed=FEWEST_GAPS, found=n_all)
    degrees = float((m * (n - 1)).sum())
    if degrees < 1:
        mean = float(total.sum() / m.sum())
        return _scale(mean, 0.0, np.sqrt(max(float(squares.sum() / m.sum()) - mean**2, 0.0)))
    within = float(counts["within"].sum()) / degrees

    def mean_at(between: float) -> float:
        weight = 1 / (between + within / n)
        return float((weight * total).sum() / (weight * m).sum())

    def excess(between: float) -> float:
        mean = mean_at(between)
        weight = 1 / (between + within / n)
        return float((weight * (squares - 2 * mean * total + m * mean**2)).sum() - (m.sum() - 1))

    between = 0.0
    if within <= 0:
        mean = float(total.sum() / m.sum())
        return _scale(mean, float(np.sqrt(max(squares.sum() / m.sum() - mean**2, 0.0))), 0.0)
    if excess(0.0) > 0:
        high = 1.0
        while excess(high) > 0:
            high *= 4
        between = float(brentq(excess, 0.0, high))
    return _scale(mean_at(between), float(np.sqrt(between)), float(np.sqrt(within)))


def set_limits(scale: RhythmScale, scores: pd.DataFrame) -> RhythmScale:
    """The scale with limits that four of five, and 19 of 20, completed gaps kept within.

    Parameters
    ----------
    scores
        As from `count_gap_scores`.

    Notes
    -----
    Gaps after a first purchase have limits of their own if there are 30 of them, since nothing is known yet of such a
    customer's rhythm; else both kinds share theirs.
    """
    found = {}
    for name, is_first in (("first", True), ("later", False)):
        found[f"fading_{name}"], found[f"lost_{name}"] = _quantiles(_scores_after(scores, is_first=is_first))
    return RhythmScale(centre=scale.centre, between_sd=scale.between_sd, within_sd=scale.within_sd, **found)


def chance_beyond(scores: pd.DataFrame, score: FloatArray, is_first: NDArray[np.bool_]) -> FloatArray:
    """What share of completed gaps was longer, by the rhythm known before them? Never 0: at least half a gap."""
    found = np.full(len(score), np.nan)
    for flag in (True, False):
        part = _scores_after(scores, is_first=flag)
        n = part["n"].to_numpy(dtype=float)
        edges = part["score"].to_numpy(dtype=float) + SCORE_STEP / 2
        above = n.sum() - np.concatenate([[0.0], np.cumsum(n)])
        here = is_first == flag
        found[here] = np.maximum(above[np.searchsorted(edges, score[here], side="right")], 0.5) / n.sum()
    return found


def _scores_after(scores: pd.DataFrame, *, is_first: bool) -> pd.DataFrame:
    """Scores of gaps after first purchases, or after later ones; of both where there are too few."""
    part = scores.loc[scores["is_first"] == is_first]
    if part["n"].sum() >= FEWEST_GAPS:
        return part.sort_values("score")
    pooled: pd.DataFrame = scores.groupby("score", as_index=False)[["n"]].sum()
    return pooled


def _quantiles(part: pd.DataFrame) -> tuple[float, float]:
    share = part["n"].cumsum().to_numpy(dtype=float) / float(part["n"].sum())
    upper = part["score"].to_numpy(dtype=float) + SCORE_STEP / 2
    places = np.minimum(np.searchsorted(share, [FADING_SHARE, LOST_SHARE], side="left"), len(upper) - 1)
    return float(upper[places[0]]), float(upper[places[1]])


def _scale(centre: float, between_sd: float, within_sd: float) -> RhythmScale:
    fading, lost = _NORMAL_LIMITS
    return RhythmScale(
        centre=centre,
        between_sd=between_sd,
        within_sd=within_sd,
        fading_first=fading,
        lost_first=lost,
        fading_later=fading,
        lost_later=lost,
    )
