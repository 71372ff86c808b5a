"""What the study's main figures would be without the records under suspicion: paired, the same customers in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.features.without import ALL, Dealing, Suspects, read_without
from crm_research.stats.concentration import FEWEST_CUSTOMERS, concentration_of, influence_of
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.stats.skewed import mean_interval

if TYPE_CHECKING:
    from crm_research.study import Study

Numbers = NDArray[np.float64]
CUSTOMERS: Final = "customers"
DEALINGS: Final = "dealings"
MONEY: Final = "money"
AVERAGE: Final = "average"
TOP: Final = "top"
AGAIN: Final = "again"
FIGURES: Final = (CUSTOMERS, DEALINGS, MONEY, AVERAGE, TOP, AGAIN)
COLUMNS: Final = ("suspicion", "figure", "n", "n_touched", "as_they_are", "without", "change", "lower", "upper")
HOW: Final = (
    "difference over the same customers; limits of the mean of what each customer moves (linearised), out to the long "
    "tail, and of the top fifth at least those of a paired Poisson bootstrap"
)
# Of more customers, limits by what each moves are as good, and quicker.
_MOST_DRAWN: Final = 20_000
_N_RESAMPLES: Final = 300
_SEED: Final = 20170101
# Times a customer must have dealt to count as having come again (orders), or contracts that run.
_AGAIN_FROM: Final[Mapping[str, int]] = {"orders": 2, "contracts": 1}


def measure_effects(
    study: Study, dealing: Dealing, suspects: Mapping[str, Suspects], *, confidence: float
) -> pd.DataFrame:
    """By how much does each main figure change without the rows under each suspicion, and without all of them?

    Returns
    -------
    pandas.DataFrame
        Grain: suspicion (the last is ``all`` of them together, where there are several) and figure. Columns
        ``suspicion``, ``figure``, ``n`` (customers), ``n_touched`` (customers of whom anything changes),
        ``as_they_are``, ``without``, ``change`` with ``lower`` and ``upper``; a figure that cannot be had is missing.
    """
    if not suspects:
        return pd.DataFrame(columns=list(COLUMNS))
    read = read_without(study, dealing, suspects, tuple(suspects))
    rows = []
    for name in [*suspects, ALL] if len(suspects) > 1 else suspects:
        before, after = read(name)
        touched = int((before != after).any(axis=0).sum())
        for figure in FIGURES:
            found = _FIGURES[figure](before, after, _AGAIN_FROM[dealing], confidence)
            rows.append((name, figure, before.shape[1], touched, *found))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _change(before: float, after: float, moved: Numbers, confidence: float) -> tuple[float, ...]:
    """Both values, their difference, and its limits from what each customer moves (times their number)."""
    change = after - before
    if not np.isfinite(change):
        return before, after, np.nan, np.nan, np.nan
    if not moved.any():
        return before, after, change, change, change
    about = mean_interval(moved, confidence=confidence)
    lower, upper = (change + float(end) - float(about.estimate) for end in (about.lower, about.upper))
    return before, after, change, lower, upper


def _customers(before: Numbers, after: Numbers, _from: int, confidence: float) -> tuple[float, ...]:
    there, left = int((before[0] > 0).sum()), int((after[0] > 0).sum())
    gone: Interval = wilson_share(there - left, there, confidence=confidence)
    ends = (-there * float(gone.upper), -there * float(gone.lower)) if there else (np.nan, np.nan)
    return float(there), float(left), float(left - there), *ends


def _total(part: int) -> Callable[[Numbers, Numbers, int, float], tuple[float, ...]]:
    def total(before: Numbers, after: Numbers, _from: int, confidence: float) -> tuple[float, ...]:
        moved = (after[part] - before[part]) * before.shape[1]
        *found, lower, upper = _change(float(before[part].sum()), float(after[part].sum()), moved, confidence)
        # Where nobody gains by what is left out, all together do not either.
        return (*found, lower, min(upper, 0.0) if moved.max(initial=0.0) <= 0 else upper)

    return total


def _average(before: Numbers, after: Numbers, _from: int, confidence: float) -> tuple[float, ...]:
    """Money of each customer who is there."""
    return _ratio(before, after, lambda held: held[2] * (held[0] > 0), confidence)


def _again(before: Numbers, after: Numbers, again_from: int, confidence: float) -> tuple[float, ...]:
    return _ratio(before, after, lambda held: ((held[1] >= again_from) & (held[0] > 0)).astype(float), confidence)


def _ratio(before: Numbers, after: Numbers, of: Callable[[Numbers], Numbers], confidence: float) -> tuple[float, ...]:
    """A mean over those who are there: of a ratio each customer moves its distance from it (Cochran 1977, 6.4)."""
    values, moved = [], np.zeros(before.shape[1])
    for held, sign in ((before, -1.0), (after, 1.0)):
        there = (held[0] > 0).astype(float)
        if not there.any():
            return tuple(np.nan for _ in range(5))
        mean = float(of(held).sum() / there.sum())
        values.append(mean)
        moved += sign * (of(held) - mean * there) / there.mean()
    return _change(values[0], values[1], moved, confidence)


def _top(before: Numbers, after: Numbers, _from: int, confidence: float) -> tuple[float, ...]:
    """The share of money that the fifth of customers brings who bring most."""
    values, moved, orders = [], np.zeros(before.shape[1]), []
    for held, sign in ((before, -1.0), (after, 1.0)):
        there = np.flatnonzero(held[0] > 0)
        order = there[np.argsort(-held[2][there], kind="stable")]
        spend, ones = held[2][order], np.ones(len(order))
        share = concentration_of(spend, ones)[0] if len(order) >= FEWEST_CUSTOMERS else np.nan
        values.append(float(share))
        orders.append(order)
        if np.isfinite(share):
            moved[order] += sign * influence_of(spend, ones)[0] * before.shape[1] / len(order)
    *found, lower, upper = _change(values[0], values[1], moved, confidence)
    if before.shape[1] > _MOST_DRAWN or not moved.any() or not np.isfinite(lower):
        return (*found, lower, upper)
    drawn = _draw_top(before, after, orders)
    ends = np.nanquantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    bias = float(np.nanmean(drawn)) - found[2]
    return (*found, min(lower, lower - bias, float(ends[0])), max(upper, upper - bias, float(ends[1])))


def _draw_top(before: Numbers, after: Numbers, orders: list[NDArray[np.intp]]) -> Numbers:
    """The change in resamples of the same customers on both sides (a Poisson bootstrap)."""
    rng = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(_N_RESAMPLES):
        weights = np.asarray(rng.poisson(1.0, before.shape[1]), dtype=float)
        shares = [
            concentration_of(held[2][order], weights[order])[0]
            for held, order in zip((before, after), orders, strict=True)
        ]
        drawn.append(shares[1] - shares[0])
    return np.array(drawn)


_FIGURES: Final[Mapping[str, Callable[[Numbers, Numbers, int, float], tuple[float, ...]]]] = {
    CUSTOMERS: _customers,
    DEALINGS: _total(0),
    MONEY: _total(2),
    AVERAGE: _average,
    TOP: _top,
    AGAIN: _again,
}
