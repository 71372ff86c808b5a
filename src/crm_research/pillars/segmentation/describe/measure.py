"""How far does each segment stand apart from all other customers, input by input, and who is typical of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.inputs.base import WORTH
from crm_research.pillars.segmentation.inputs.labels import Term, read_term
from crm_research.stats.intervals import Interval, normal_interval, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crm_research.pillars.segmentation.result import Grouping

FEWEST: Final = 2
CLEAR: Final = 0.5
# More rows than this no picture shows.
_MOST_SHOWN: Final = 15


def measure_profiles(found: Grouping, *, confidence: float = 0.95) -> pd.DataFrame:
    """By how much does each segment differ from all other customers in each input?

    Parameters
    ----------
    found
        The groups.
    confidence
        Level of each interval; they are not adjusted, for no claim of significance is made: the groups were made to
        differ in these very inputs.

    Returns
    -------
    frame
        One segment and input, in the order of the cards: segment, input, what, n, median, median_others, mean,
        mean_others, usual and usual_others (the mean where the input is a share or a level, otherwise the median, in
        words), effect (standardised difference on the scale of the input) with lower and upper, ratio (of the means,
        in the input's own units; missing where a mean is not positive) with ratio_lower and ratio_upper.

    Notes
    -----
    The effect is Hedges' g: difference of the means over the pooled standard deviation, corrected for small groups;
    its standard error is the usual normal one. The ratio is the log response ratio with its delta-method error.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128; Hedges, Gurevitch and Curtis (1999), Ecology 80,
    1150-1156.
    """
    raw, terms = found.inputs.raw, found.inputs.terms
    rows = []
    for card in found.cards.to_dict("records"):
        is_member = found.labels == card["group"]
        for place, name in enumerate(found.inputs.used):
            scaled = found.inputs.scaled[:, place]
            row: dict[str, object] = {"segment": card["segment"], "input": name, "what": terms[name].words}
            if name in raw:
                row |= _in_own_units(raw[name].to_numpy(dtype=float), is_member, confidence, terms[name])
            effect = compare_means(scaled[is_member], scaled[~is_member], confidence=confidence)
            row |= {"effect": float(effect.estimate), "lower": float(effect.lower), "upper": float(effect.upper)}
            rows.append(row | {"n": int(is_member.sum())})
    columns = ["segment", "input", "what", "n", "median", "median_others", "mean", "mean_others"]
    columns += ["usual", "usual_others", "effect", "lower", "upper"]
    return pd.DataFrame(rows).reindex(columns=[*columns, "ratio", "ratio_lower", "ratio_upper"])


def compare_means(members: NDArray[np.float64], others: NDArray[np.float64], *, confidence: float = 0.95) -> Interval:
    """Hedges' g of two independent groups with its interval; NaN where one has fewer than two or nobody differs."""
    n, m = len(members), len(others)
    nothing = np.asarray(np.nan)
    if min(n, m) < FEWEST:
        return Interval(nothing, nothing, nothing)
    freedom = n + m - 2
    pooled = np.sqrt(((n - 1) * members.var(ddof=1) + (m - 1) * others.var(ddof=1)) / freedom)
    if not pooled > 0:
        return Interval(nothing, nothing, nothing)
    effect = (members.mean() - others.mean()) / pooled * (1 - 3 / (4 * freedom - 1))
    error = np.sqrt((n + m) / (n * m) + effect**2 / (2 * (n + m)))
    return normal_interval(effect, error, confidence=confidence)


def compare_ratio(members: NDArray[np.float64], others: NDArray[np.float64], *, confidence: float = 0.95) -> Interval:
    """Ratio of two means with its interval on the logarithm; NaN where a mean is not positive."""
    nothing = np.asarray(np.nan)
    if min(len(members), len(others)) < FEWEST or not (members.mean() > 0 and others.mean() > 0):
        return Interval(nothing, nothing, nothing)
    parts = [values.var(ddof=1) / (len(values) * values.mean() ** 2) for values in (members, others)]
    ratio = members.mean() / others.mean()
    factor = np.exp(normal_quantile(confidence) * np.sqrt(sum(parts)))
    return Interval(np.asarray(ratio), np.asarray(ratio / factor), np.asarray(ratio * factor))


def say_usual(values: NDArray[np.float64], term: Term) -> str:
    """What is usual of an input: the mean of a share or level, for halves of many are nought; otherwise the median."""
    if not len(values):
        return ""
    return term.say_value(float(np.mean(values) if term.is_percent else np.median(values)))


def _in_own_units(
    values: NDArray[np.float64], is_member: NDArray[np.bool_], confidence: float, term: Term
) -> Mapping[str, object]:
    members, others = values[is_member], values[~is_member]
    ratio = compare_ratio(members, others, confidence=confidence)
    return {
        "median": float(np.median(members)) if len(members) else np.nan,
        "median_others": float(np.median(others)) if len(others) else np.nan,
        "mean": float(members.mean()) if len(members) else np.nan,
        "mean_others": float(others.mean()) if len(others) else np.nan,
        "usual": say_usual(members, term),
        "usual_others": say_usual(others, term),
        "ratio": float(ratio.estimate),
        "ratio_lower": float(ratio.lower),
        "ratio_upper": float(ratio.upper),
    }


def pick_strongest(strength: Sequence[float] | NDArray[np.float64]) -> tuple[list[int], str]:
    """Which inputs does a picture show, of how strongly each sets the groups apart? Places, and words on the others."""
    far = np.nan_to_num(np.asarray(strength, dtype=float))
    if len(far) <= _MOST_SHOWN:
        return list(range(len(far))), ""
    strongest = np.sort(np.argsort(-far, kind="stable")[:_MOST_SHOWN])
    n_more = len(far) - _MOST_SHOWN
    return strongest.tolist(), f"; the {_MOST_SHOWN} strongest inputs, {n_more} more are in the numbers"


def find_typical(found: Grouping) -> pd.DataFrame:
    """Which customer stands for each segment best?

    The one with the least sum of squared distances to the other members on the scaled inputs (the medoid), which is
    the one nearest to their mean; of several the first by id.

    Returns
    -------
    frame
        One segment in the order of the cards: segment, customer_id, worth (net spend, or fees a month) and place (row
        of the customer in `inputs.raw`, which holds each used input in its own units).
    """
    rows = []
    for card in found.cards.to_dict("records"):
        members = np.flatnonzero(found.labels == card["group"])
        points = found.inputs.scaled[members]
        nearest = int(members[int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))])
        customer = found.inputs.customers.iloc[nearest]
        row = {"segment": card["segment"], "customer_id": customer["customer_id"], "worth": customer[WORTH]}
        rows.append(row | {"place": nearest})
    return pd.DataFrame(rows)


def say_profile(profiles: pd.DataFrame, segment: str, *, most: int = 3) -> str:
    """What marks a segment most, beside what is usual of the others: ``number of purchases 16 (others 5)``."""
    own = profiles[(profiles["segment"] == segment) & (profiles["effect"].abs() >= CLEAR)]
    own = own[(own["lower"] > 0) | (own["upper"] < 0)]
    # Where the plain values say the opposite of the scale, or the same, they would only confuse.
    own = own[(own["usual"] != own["usual_others"]) & (own["effect"] * (own["mean"] - own["mean_others"]) > 0)]
    rows = own.reindex(own["effect"].abs().sort_values(ascending=False, kind="stable").index)
    said: list[str] = []
    high: set[str] = set()
    for row in rows.to_dict("records"):
        term = read_term(str(row["input"]), str(row["what"]))
        whole = term.head if term.kind in ("part", "level") else ""
        # Where one part or level is high others must be low.
        if row["effect"] > 0 or whole not in high:
            said.append(f"{row['what']} {row['usual']} (others {row['usual_others']})")
            high |= {whole} if row["effect"] > 0 and whole else set()
    return "; ".join(said[:most]) or "near the others in everything"
