"""Nearness to the best of everything and farness from the worst: TOPSIS, from sums that an engine makes in one scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.stats.intervals import FloatArray


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One criterion over all customers.

    Parameters
    ----------
    name
        The criterion.
    square
        Sum of its squares over all customers.
    least, greatest
        Its extremes among them.
    more_is_better
        False for costs: the least is then the best.
    """

    name: str
    square: float
    least: float
    greatest: float
    more_is_better: bool = True

    @property
    def length(self) -> float:
        """What values are divided by, so that units do not matter; 1 where all are nought."""
        return float(np.sqrt(self.square)) or 1.0


def read_measures(values: pd.DataFrame, *, costs: Sequence[str] = ()) -> list[Measure]:
    """The criteria of a frame that holds all customers: a row each, a column a criterion; `costs` are better low."""
    unknown = sorted(set(costs) - set(values.columns))
    if unknown:
        raise ParameterError(f"{unknown[0]!r} is said to be a cost, and is none of the criteria.")
    if not len(values):
        raise NotEnoughData("A grade: customers", needed=1, found=0)
    return [
        Measure(
            name=str(name),
            square=float(np.square(column.to_numpy(dtype=float)).sum()),
            least=float(column.min()),
            greatest=float(column.max()),
            more_is_better=name not in costs,
        )
        for name, column in values.items()
    ]


def closeness(
    values: pd.DataFrame, measures: Sequence[Measure], weights: Mapping[str, float] | pd.Series
) -> FloatArray:
    """How near is each customer to the best of everything: 0 (the worst in all) to 1 (the best in all)?

    Parameters
    ----------
    values
        One row a customer, a column for each measure, no empty cells; any part of the customers.
    measures
        Of all customers: what stands far from the rest of a part may be near in the whole.
    weights
        Criterion to its weight, 0 or more; only their proportions count.

    Returns
    -------
    numpy.ndarray
        Closeness of each row; NaN for all where nothing tells customers apart.

    Notes
    -----
    Distance to the worst over the sum of the distances to worst and best, of values divided by their column's length
    and times their weights. Hwang and Yoon (1981); Tzeng and Huang (2011), "Multiple Attribute Decision Making".
    """
    weighed = proportions(measures, weights)
    best, worst = ideals(measures)
    cells = values[[measure.name for measure in measures]].to_numpy(dtype=float)
    scaled = cells / np.array([measure.length for measure in measures])
    return between(scaled, best, worst, weighed)


def proportions(measures: Sequence[Measure], weights: Mapping[str, float] | pd.Series) -> FloatArray:
    """Weights in the order of the measures, as shares that sum to 1."""
    missing = [measure.name for measure in measures if measure.name not in weights]
    if missing:
        raise ParameterError(f"The criterion {missing[0]!r} has no weight. Give it one; 0 leaves it out.")
    given = np.array([float(weights[measure.name]) for measure in measures])
    if not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
        raise ParameterError("Weights are numbers of 0 or more, and not all of them 0.")
    shares: FloatArray = given / given.sum()
    return shares


def ideals(measures: Sequence[Measure]) -> tuple[FloatArray, FloatArray]:
    """The best and the worst of each measure, in its own length."""
    least = np.array([measure.least / measure.length for measure in measures])
    greatest = np.array([measure.greatest / measure.length for measure in measures])
    is_better = np.array([measure.more_is_better for measure in measures])
    return np.where(is_better, greatest, least), np.where(is_better, least, greatest)


def between(scaled: FloatArray, best: FloatArray, worst: FloatArray, weights: FloatArray) -> FloatArray:
    """Farness from the worst as a share of both distances; NaN where best and worst are one."""
    far = np.square(scaled - worst) @ np.square(weights)
    off = np.square(scaled - best) @ np.square(weights)
    far, off = np.sqrt(far), np.sqrt(off)
    whole = far + off
    found: FloatArray = np.divide(far, whole, out=np.full(len(scaled), np.nan), where=whole > 0)
    return found
