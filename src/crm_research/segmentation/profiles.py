"""How far does each segment stand apart from all other customers, input by input, and who is typical of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.segmentation.inputs import WORDS
from crm_research.stats.intervals import Interval, normal_interval, normal_quantile
from crm_research.theme import say_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from crm_research.segmentation.segments import Grouping

FEWEST: Final = 2


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
        One segment and input, in the order of the cards: segment, input, what, n, median, median_others, effect
        (standardised difference on the scale of the input) with lower and upper, ratio (of the means, in the input's
        own units; missing where a mean is not positive) with ratio_lower and ratio_upper.

    Notes
    -----
    The effect is Hedges' g: difference of the means over the pooled standard deviation, corrected for small groups;
    its standard error is the usual normal one. The ratio is the log response ratio with its delta-method error.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128; Hedges, Gurevitch and Curtis (1999), Ecology 80,
    1150-1156.
    """
    raw = found.inputs.raw
    rows = []
    for card in found.cards.to_dict("records"):
        is_member = found.labels == card["group"]
        for place, name in enumerate(found.inputs.used):
            scaled = found.inputs.scaled[:, place]
            row: dict[str, object] = {"segment": card["segment"], "input": name, "what": say_input(found, name)}
            if name in raw:
                row |= _in_own_units(raw[name].to_numpy(dtype=float), is_member, confidence)
            effect = compare_means(scaled[is_member], scaled[~is_member], confidence=confidence)
            row |= {"effect": float(effect.estimate), "lower": float(effect.lower), "upper": float(effect.upper)}
            rows.append(row | {"n": int(is_member.sum())})
    columns = ["segment", "input", "what", "n", "median", "median_others", "effect", "lower", "upper"]
    return pd.DataFrame(rows).reindex(columns=[*columns, "ratio", "ratio_lower", "ratio_upper"])


def say_input(found: Grouping, name: str) -> str:
    """An input in words."""
    choice = found.inputs.choice
    if "what" in choice and "input" in choice:
        words = choice.loc[choice["input"] == name, "what"]
        if len(words):
            return str(words.iloc[0]).replace("_", " ")
    return WORDS.get(name, name.replace("_", " "))


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


def _in_own_units(values: NDArray[np.float64], is_member: NDArray[np.bool_], confidence: float) -> Mapping[str, float]:
    members, others = values[is_member], values[~is_member]
    ratio = compare_ratio(members, others, confidence=confidence)
    return {
        "median": float(np.median(members)) if len(members) else np.nan,
        "median_others": float(np.median(others)) if len(others) else np.nan,
        "ratio": float(ratio.estimate),
        "ratio_lower": float(ratio.lower),
        "ratio_upper": float(ratio.upper),
    }


def find_typical(found: Grouping) -> pd.DataFrame:
    """Which customer stands for each segment best?

    The one with the least sum of squared distances to the other members on the scaled inputs (the medoid), which is
    the one nearest to their mean; of several the first by id.

    Returns
    -------
    frame
        One segment in the order of the cards: segment, customer_id, and what he did: spend (net) and each used input
        in its own units.
    """
    rows = []
    raw = found.inputs.raw
    for card in found.cards.to_dict("records"):
        members = np.flatnonzero(found.labels == card["group"])
        points = found.inputs.scaled[members]
        nearest = members[int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
        customer = found.inputs.customers.iloc[nearest]
        known = {name: raw[name].iloc[nearest] for name in found.inputs.used if name in raw}
        rows.append(
            {"segment": card["segment"], "customer_id": customer["customer_id"], "spend": customer["spend"]} | known
        )
    return pd.DataFrame(rows)


def say_profile(profiles: pd.DataFrame, segment: str, *, most: int = 2) -> str:
    """What marks a segment most, in words and sizes: ``number of purchases 3.1 times that of the others``."""
    own = profiles[(profiles["segment"] == segment) & (profiles["effect"].abs() >= 0.5)]
    own = own[(own["lower"] > 0) | (own["upper"] < 0)]
    said = []
    for row in own.reindex(own["effect"].abs().sort_values(ascending=False).index).head(most).to_dict("records"):
        if row["ratio"] == row["ratio"]:
            size = f"{row['ratio']:.2g} times" if row["ratio"] >= 1 else f"{say_percent(row['ratio'])} of"
            said.append(f"{row['what']} {size} that of the others")
        else:
            said.append(f"{row['what']} {'above' if row['effect'] > 0 else 'below'} that of the others")
    return "; ".join(said) or "near the others in everything"
