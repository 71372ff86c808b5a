"""How do customers rate each thing, and has that changed since they were asked before?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_research.features.answers import Survey
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.stats.multiplicity import adjust_holm

FloatArray = NDArray[np.float64]

_LONG_SCALE: Final = 5.0
_POWER: Final = 0.80


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemMeans:
    """Ratings of the latest wave that stands for now, and of the wave before.

    Parameters
    ----------
    table
        Grain: item. ``item``, ``scale`` (such as 1 to 7), ``n``, ``mean``, ``lower``, ``upper`` (on the item's
        scale), ``performance``, ``performance_lower``, ``performance_upper`` (0 to 100), ``top_share``, ``top_lower``,
        ``top_upper``, ``top_box`` (which answers count), ``is_alike`` (everybody answered the same).
    changes
        Grain: item asked in both waves. ``item``, ``n_before``, ``n_now``, ``n_both`` (customers with an answer in
        both), ``change``, ``lower``, ``upper`` (on the item's scale), ``p_value``, ``p_adjusted`` (Holm over the
        items), ``detectable`` (the least change that would be found four times of five); empty with one wave.
    """

    table: pd.DataFrame
    changes: pd.DataFrame


def measure_items(survey: Survey, *, now: int, before: int | None, confidence: float) -> ItemMeans:
    """What is the mean answer to each item now, and how far has it moved since the wave before?

    Notes
    -----
    A customer counts once a wave, so Student's interval holds within a wave. Where everybody answers alike it has no
    width, and is replaced by what as many answers leave open: the largest share that could answer otherwise, at the far
    end of the scale. Differences use all answers of both waves and allow for customers who stand in both (partially
    overlapping samples); with the same customers in both waves that is the paired comparison.

    References
    ----------
    Derrick, Russ, Toher and White (2017), Journal of Modern Applied Statistical Methods 16(1), 137-157.
    """
    answers = survey.answers
    latest = answers.loc[answers["wave"] == now]
    rows = [_describe(item, latest[item["item"]], confidence) for _, item in survey.items.iterrows()]
    table = pd.DataFrame(rows)
    return ItemMeans(
        table=table.loc[table["n"] > 0].reset_index(drop=True), changes=_changes(survey, now, before, confidence)
    )


def mean_interval(values: FloatArray, low: float, high: float, confidence: float) -> Interval:
    """The mean of answers on a bounded scale and its limits, never outside the scale; NaN without an answer."""
    n = len(values)
    if n == 0:
        return Interval(np.array(np.nan), np.array(np.nan), np.array(np.nan))
    mean = float(values.mean())
    if n < 2 or np.ptp(values) == 0:
        others = 1 - ((1 - confidence) / 2) ** (1 / n)
        return Interval(np.array(mean), np.array(mean - others * (mean - low)), np.array(mean + others * (high - mean)))
    half = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * float(values.std(ddof=1)) / np.sqrt(n)
    return Interval(np.array(mean), np.array(max(low, mean - half)), np.array(min(high, mean + half)))


def compare_waves(
    before: pd.Series, now: pd.Series, before_ids: pd.Series, now_ids: pd.Series, confidence: float
) -> dict[str, float]:
    """By how much does the mean of the later answers exceed that of the earlier, where some answered both times?

    Returns
    -------
    dict
        ``n_before``, ``n_now``, ``n_both``, ``change``, ``lower``, ``upper``, ``p_value``, ``std_error``; the last
        four NaN where they cannot be had.
    """
    first = pd.DataFrame({"id": before_ids, "value": before}).dropna(subset=["value"])
    last = pd.DataFrame({"id": now_ids, "value": now}).dropna(subset=["value"])
    both = first.dropna(subset=["id"]).merge(last.dropna(subset=["id"]), on="id", suffixes=("_before", "_now"))
    n_first, n_last, n_both = len(first), len(last), len(both)
    found = {"n_before": n_first, "n_now": n_last, "n_both": n_both}
    unknown = dict.fromkeys(("lower", "upper", "p_value", "std_error"), np.nan)
    if n_first == 0 or n_last == 0:
        return {**found, "change": np.nan, **unknown}
    change = float(last["value"].mean() - first["value"].mean())
    if n_first < 2 or n_last < 2:
        return {**found, "change": change, **unknown}
    covariance = float(np.cov(both["value_before"], both["value_now"])[0, 1]) if n_both > 1 else 0.0
    parts = first["value"].var() / n_first, last["value"].var() / n_last
    error = float(np.sqrt(max(sum(parts) - 2 * covariance * n_both / (n_first * n_last), 0.0)))
    if error == 0:
        return {**found, "change": change, **unknown}
    welch = sum(parts) ** 2 / (parts[0] ** 2 / (n_first - 1) + parts[1] ** 2 / (n_last - 1))
    # Between the degrees of freedom of pairs and of Welch's test, by the share that is paired.
    share = 2 * n_both / (n_first + n_last)
    freedom = max(1.0, share * (n_both - 1) + (1 - share) * welch)
    half = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    return {
        **found,
        "change": change,
        "lower": change - half,
        "upper": change + half,
        "p_value": float(2 * stats.t.sf(abs(change) / error, freedom)),
        "std_error": error,
    }


def top_box(low: float, high: float) -> tuple[float, str]:
    """The least answer that counts as a top answer, and in words; a convention, stated beside every share."""
    reach = high - low
    below = 0.1 * reach if reach > 10 else 1 if reach > _LONG_SCALE else 0
    least = high - below
    words = f"{least:g} or more" if least < high else f"{high:g}"
    return least, words


def _describe(item: pd.Series, answers: pd.Series, confidence: float) -> dict[str, object]:
    low, high = float(item["scale_min"]), float(item["scale_max"])
    values = answers.dropna().to_numpy(dtype=float)
    mean = mean_interval(values, low, high, confidence)
    least, words = top_box(low, high)
    top = wilson_share(int((values >= least).sum()), len(values), confidence=confidence)
    reach = high - low if high > low else np.nan
    return {
        "item": item["item"],
        "scale": f"{low:g} to {high:g}",
        "n": len(values),
        **{name: float(value) for name, value in zip(("mean", "lower", "upper"), mean, strict=True)},
        **{
            name: 100 * (float(value) - low) / reach
            for name, value in zip(("performance", "performance_lower", "performance_upper"), mean, strict=True)
        },
        **{name: float(v) for name, v in zip(("top_share", "top_lower", "top_upper"), top, strict=True)},
        "top_box": words,
        "is_alike": bool(len(values) > 0 and np.ptp(values) == 0),
    }


def _changes(survey: Survey, now: int, before: int | None, confidence: float) -> pd.DataFrame:
    columns = ["item", "n_before", "n_now", "n_both", "change", "lower", "upper", "p_value", "p_adjusted", "detectable"]
    if before is None:
        return pd.DataFrame(columns=columns)
    first = survey.answers.loc[survey.answers["wave"] == before]
    last = survey.answers.loc[survey.answers["wave"] == now]
    rows = [
        {"item": name, **compare_waves(first[name], last[name], first["customer_id"], last["customer_id"], confidence)}
        for name in survey.names
    ]
    frame = pd.DataFrame(rows)
    frame = frame.loc[(frame["n_before"] > 0) & (frame["n_now"] > 0)].reset_index(drop=True)
    frame["p_adjusted"] = adjust_holm(frame["p_value"])
    reach = stats.norm.ppf(0.5 + confidence / 2) + stats.norm.ppf(_POWER)
    return frame.assign(detectable=reach * frame["std_error"])[columns]
