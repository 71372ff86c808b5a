"""Heavy buyers regress to the mean: what the NBD expects of them in the next period, and what came."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from crm_research.models.dirichlet import nbd
from crm_research.models.dirichlet.solving import jackknife_interval, leave_out
from crm_research.stats.intervals import FloatArray

_SINGLE_CLASSES = 5
_FEWEST = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionalTrend:
    """Buyers of one period followed into the next, by how much they bought.

    Parameters
    ----------
    classes
        Grain: class of purchases in the first period. Columns ``purchases`` (words), ``n``, ``first`` (purchases per
        head), ``expected``, ``observed`` (in the second), ``lower``, ``upper`` (of the observed).
    heavy
        One row for the heaviest fifth: ``from_purchases``, ``n``, ``first``, ``expected``, ``observed``, ``lower``,
        ``upper``, ``gap`` (observed less expected), ``gap_lower``, ``gap_upper``. None with too few buyers.
    level, level_lower, level_upper
        Purchases of these buyers in the second period over those that the NBD expects of them; the expectation of
        every class is moved with it. Customers who came later have no part in it.
    newcomer_share
        Part of the second period's purchases that neither these buyers made nor customers who, by the NBD, merely
        skipped the first period.
    n
        Buyers of the first period.
    """

    classes: pd.DataFrame
    heavy: pd.Series | None
    level: float
    level_lower: float
    level_upper: float
    newcomer_share: float
    n: int


def expect_next(mean: FloatArray, shape: FloatArray, x: FloatArray) -> FloatArray:
    """Purchases in the next equal period of a customer with x in this one: (K + x) M / (K + M).

    References
    ----------
    Goodhardt and Ehrenberg (1967), Journal of Marketing Research 4, 155-161 (conditional trend analysis).
    """
    return (shape + x) * mean / (shape + mean)


def follow_buyers(
    halves: pd.DataFrame, second: float, groups: FloatArray, *, confidence: float = 0.95
) -> ConditionalTrend | None:
    """Did those who bought much at first buy less later, and no less than chance alone would have it?

    Parameters
    ----------
    halves
        Grain: group of customers and purchases in the first period (from 1 on). Columns ``group``, ``n``,
        ``customers``, ``later``. Best of customers who could buy during all of both periods: whoever came in the midst
        of the first had less time in it than in the second.
    second
        Purchases of all customers, newcomers too, in the second period.
    groups
        The groups, in that order.

    Returns
    -------
    ConditionalTrend or None
        None with fewer than 20 buyers in the first period, or with no purchase of theirs in the second.

    Notes
    -----
    With the level taken from the same buyers, a shop that grows by newcomers raises nobody's expectation. What all
    these buyers lost together shows in the level, what the heavy ones lost beyond that in the gap.
    """
    if halves.empty or halves["customers"].sum() < _FEWEST:
        return None
    values, at = np.unique(halves["n"].to_numpy(dtype=float), return_inverse=True)
    where = {group: i for i, group in enumerate(groups)}
    row = halves["group"].map(where).to_numpy(dtype=int)
    table = np.zeros((2, len(groups), len(values)))
    for layer, column in enumerate(("customers", "later")):
        np.add.at(table[layer], (row, at), halves[column].to_numpy(dtype=float))
    customers, later = leave_out(table[0]), leave_out(table[1])
    if table[1].sum() <= 0:
        return None
    mean, shape = nbd.fit_truncated(values, customers)
    shape = np.clip(shape, nbd.LEAST_ALIKE, nbd.MOST_ALIKE)
    steady = expect_next(mean[:, None], shape[:, None], values)
    level = later.sum(axis=-1) / (customers * steady).sum(axis=-1)
    expected = level[:, None] * steady
    between = jackknife_interval(level, confidence=confidence)
    frames = [
        {"purchases": words, **_compare(values, customers, later, expected, chosen, confidence)}
        for words, chosen in _classes(values, customers[0])
    ]
    heavy = _heavy_from(values, customers[0])
    found = None
    if heavy is not None:
        chosen = values >= heavy
        found = pd.Series({"from_purchases": heavy, **_compare(values, customers, later, expected, chosen, confidence)})
    n = float(customers[0].sum())
    none = float(nbd.none_chance(mean, shape)[0])
    skipped = n * none / (1 - none) * float(level[0] * expect_next(mean, shape, np.zeros(1))[0])
    return ConditionalTrend(
        classes=pd.DataFrame(frames),
        heavy=found,
        level=float(level[0]),
        level_lower=float(between.lower),
        level_upper=float(between.upper),
        newcomer_share=max(0.0, 1 - (float(table[1].sum()) + skipped) / second),
        n=int(n),
    )


def _classes(values: FloatArray, customers: FloatArray) -> list[tuple[str, np.ndarray]]:
    """1, 2, ... 5 purchases, then widening classes of at least 20 customers each where there are as many."""
    edges = [float(n) for n in range(1, _SINGLE_CLASSES + 1)]
    while edges[-1] < values.max():
        edges.append(float(np.ceil(edges[-1] * 1.6)) + 1)
    edges.append(np.inf)
    kept = [edges[0]]
    for high in edges[1:]:
        inside = customers[(values >= kept[-1]) & (values < high)].sum()
        beyond = customers[values >= high].sum()
        if high == np.inf or (inside >= _FEWEST and beyond >= _FEWEST):
            kept.append(high)
    classes = []
    for low, high in pairwise(kept):
        words = f"{low:.0f}" if high == low + 1 else f"{low:.0f} to {high - 1:.0f}"
        words = f"{low:.0f} or more" if high == np.inf else words
        classes.append((words, (values >= low) & (values < high)))
    return classes


def _compare(
    values: FloatArray,
    customers: FloatArray,
    later: FloatArray,
    expected: FloatArray,
    chosen: np.ndarray,
    confidence: float,
) -> dict[str, float]:
    n = customers[:, chosen].sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (customers * values)[:, chosen].sum(axis=-1) / n
        came = later[:, chosen].sum(axis=-1) / n
        foreseen = (customers * expected)[:, chosen].sum(axis=-1) / n
    seen, gap = (jackknife_interval(rows, confidence=confidence) for rows in (came, came - foreseen))
    return {
        "n": float(n[0]),
        "first": float(first[0]),
        "expected": float(foreseen[0]),
        "observed": float(came[0]),
        "lower": float(seen.lower),
        "upper": float(seen.upper),
        "gap": float(gap.estimate),
        "gap_lower": float(gap.lower),
        "gap_upper": float(gap.upper),
    }


def _heavy_from(values: FloatArray, customers: FloatArray) -> float | None:
    """The number of purchases from which on the buyers are nearest to a fifth of all; None where no cut parts them."""
    from_here = np.cumsum(customers[::-1])[::-1]
    total = from_here[0]
    fit = (from_here >= _FEWEST) & (values > values.min())
    if not fit.any():
        return None
    distance = np.where(fit, np.abs(from_here / total - 0.2), np.inf)
    return float(values[int(np.argmin(distance))])
