"""How much each criterion weighs: as given, as judged in pairs, and as customers differ; and the grades that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.grading import (
    ComparedWeights,
    closeness,
    read_judgements,
    read_measures,
    read_name,
    weigh_by_comparison,
    weigh_by_entropy,
)
from crm_research.pillars.grades.criteria import COSTS, CRITERIA

if TYPE_CHECKING:
    from crm_research.stats.intervals import FloatArray

GIVEN: Final = "given"
JUDGED: Final = "judgements"
DATA: Final = "entropy"
WEIGHTINGS: Final = (GIVEN, JUDGED, DATA)
GRADES: Final = ("A", "B", "C")


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighting:
    """What each criterion weighs in one way of weighing?

    Parameters
    ----------
    name
        ``given``, ``judgements`` or ``entropy``.
    weights
        Criterion to its share; they sum to 1.
    is_equal
        Nobody gave weights, so all weigh the same.
    unweighed
        Criteria that the given weights, or the judgements, do not name, and that weigh nothing.
    judged
        The judgements behind it, where there are any.
    """

    name: str
    weights: pd.Series
    is_equal: bool = False
    unweighed: tuple[str, ...] = ()
    judged: ComparedWeights | None = None


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Up to which place does each grade go?

    Parameters
    ----------
    n_a, n_b
        Customers of grade A at most, and of A and B together.
    """

    n_a: int
    n_b: int


def check_weights(given: Mapping[str, float]) -> dict[str, float]:
    """Weights by the names of the criteria; ParameterError where one is unknown, told twice, negative or no number."""
    found: dict[str, float] = {}
    for text, weight in given.items():
        name = read_name(text, CRITERIA)
        if name in found:
            raise ParameterError(f"The criterion {name!r} is given two weights. Keep one.")
        if isinstance(weight, bool) or not np.isfinite(weight) or weight < 0:
            raise ParameterError(f"The weight of {name!r} must be a number of 0 or more; not {weight!r}.")
        found[name] = float(weight)
    if found and not any(found.values()):
        raise ParameterError("Not all weights can be 0: then nothing is weighed.")
    return found


def weigh_as_given(given: Mapping[str, float], names: list[str]) -> Weighting:
    """The weights given, among the criteria that there are; without any, all weigh the same."""
    found = check_weights(given)
    if not found:
        return Weighting(name=GIVEN, weights=_shares(pd.Series(1.0, index=names)), is_equal=True)
    held = pd.Series({name: found.get(name, 0.0) for name in names})
    if held.sum() <= 0:
        raise NotEnoughData("A grade: criteria with a weight that these records hold", needed=1, found=0)
    unweighed = tuple(name for name in names if name not in found)
    return Weighting(name=GIVEN, weights=_shares(held), unweighed=unweighed)


def weigh_as_judged(given: Mapping[str, float | str], names: list[str]) -> Weighting:
    """The weights that judgements of pairs come to, among the criteria that there are; whoever is in none has none."""
    pairs = read_judgements(given, CRITERIA)
    held = {pair: ratio for pair, ratio in pairs.items() if pair[0] in names and pair[1] in names}
    judged = weigh_by_comparison(held)
    unweighed = tuple(name for name in names if name not in judged.weights)
    weights = _shares(judged.weights.reindex(names, fill_value=0.0))
    return Weighting(name=JUDGED, weights=weights, judged=judged, unweighed=unweighed)


def weigh_by_data(values: pd.DataFrame) -> Weighting:
    """The more customers differ in a criterion, the more it weighs."""
    return Weighting(name=DATA, weights=_shares(weigh_by_entropy(values)))


def _shares(weights: pd.Series) -> pd.Series:
    shares: pd.Series = (weights / weights.sum()).rename("weight").rename_axis("criterion")
    return shares


def cut_at(n: int, a_share: float, b_share: float) -> Cuts:
    """The last places of A and of B among n customers: shares are rounded up."""
    n_a = ceil(round(a_share * n, 9))
    return Cuts(n_a=max(n_a, 1), n_b=max(ceil(round((a_share + b_share) * n, 9)), n_a, 1))


def place_of(near: FloatArray) -> FloatArray:
    """Places from the nearest to the best; who is alike shares the last of their places, so no cut parts them."""
    return np.asarray(pd.Series(-np.round(near, 12)).rank(method="max").to_numpy(), dtype=float)


def grade_of(places: FloatArray, cuts: Cuts) -> list[str]:
    """The grade of each place. Customers who are alike across a cut all get the lower grade."""
    return ["A" if place <= cuts.n_a else "B" if place <= cuts.n_b else "C" for place in places]


def near_by(values: pd.DataFrame, weights: pd.Series, names: list[str] | None = None) -> FloatArray | None:
    """Closeness to the best by some of the criteria; None where these weigh nothing or all are alike in them."""
    held = list(values.columns) if names is None else names
    if not held or float(weights[held].sum()) <= 0:
        return None
    part = values[held]
    near = closeness(part, read_measures(part, costs=[name for name in COSTS if name in held]), weights[held])
    return near if np.isfinite(near).all() else None
