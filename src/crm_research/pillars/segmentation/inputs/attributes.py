"""Attributes as inputs: of customers, and of the contracts they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.contracts import TABLES
from crm_research.errors import LeakageError
from crm_research.pillars.segmentation.inputs.base import BUYERS, attributes_of, describe_members
from crm_research.pillars.segmentation.inputs.candidates import Candidate, Offer
from crm_research.pillars.segmentation.inputs.columns import LEAST_ANSWERED
from crm_research.pillars.segmentation.inputs.labels import REST, UNKNOWN
from crm_research.pillars.segmentation.inputs.recipe import Category, Recipe
from crm_research.steps import step
from crm_research.vocabulary import CATEGORY, FLAG, NUMBER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.study import Study

_MOST_LEVELS: Final = 8
_LEAST_LEVEL: Final = 0.05
_OUTCOMES: Final = frozenset(
    (
        "holdout_spend", "holdout_orders", "is_repeat", "is_alive", "churn", "churned", "has_left", "left",
        "is_churned", "churn_flag", "churn_label", "churn_value", "churn_score", "churn_reason", "attrition",
        "attrition_flag", "exited",
    )
)  # fmt: skip


@step
def offer_attributes(study: Study, customers: pd.DataFrame, names: Sequence[str], base: str = BUYERS) -> Offer:
    """The named attributes: numbers as they are, of a category one input a level.

    Customers of whom fewer than half of these are known are left out.
    """
    kinds = attributes_of(study, base)
    said = describe_members(study, base, names)
    # Levels as the engine writes them, which is how it finds them again.
    texts = {name: said[name].cast("string") for name in names if kinds.get(name) in (CATEGORY, FLAG)}
    held = said.mutate(**texts).to_pandas()
    joined = customers.merge(held, on="customer_id", how="left", suffixes=("_of_purchases", ""))
    # Customers of whom hardly anything is known would be a group of their own, made of gaps.
    joined = joined[joined[list(names)].notna().mean(axis=1) >= LEAST_ANSWERED].reset_index(drop=True)
    ready: dict[str, NDArray[np.float64]] = {}
    candidates: list[Candidate] = []
    columns = {}
    categories = []
    for name in names:
        if kinds.get(name) == NUMBER:
            candidates.append((name, *guess_scale(name, joined[name])))
        elif kinds.get(name) in (CATEGORY, FLAG):
            levels = spread_levels(joined[name])
            known = tuple(None if level == REST else level for level in levels)
            categories.append(
                Category(attribute=name, levels=known, inputs=tuple(f"{name} {level}" for level in levels))
            )
            total = float(np.sqrt(sum(column.var() for column in levels.values()))) or 1.0
            for level, column in levels.items():
                label = f"{name} {level}"
                columns[label] = column
                ready[label] = (column - column.mean()) / total
                candidates.append((label, f"{name.replace('_', ' ')}: {level}", False))
    joined = joined.drop(columns=[name for name in names if kinds.get(name) != NUMBER])
    numbers = tuple(name for name in names if kinds.get(name) == NUMBER)
    recipe = Recipe(base=base, attributes=numbers, categories=tuple(categories), described=tuple(names))
    return Offer(
        customers=joined.assign(**columns),
        candidates=tuple(candidates),
        n_left_out=len(customers) - len(joined),
        ready=ready,
        recipe=recipe,
    )


def spread_levels(values: pd.Series) -> dict[str, NDArray[np.float64]]:
    """A column of 0 and 1 for each of the most frequent levels; rare ones, and those beyond eight, are pooled."""
    said = values.astype("string").fillna(UNKNOWN)
    shares = said.value_counts(normalize=True)
    kept = [str(level) for level in shares.index[shares >= _LEAST_LEVEL]][:_MOST_LEVELS]
    columns = {level: np.asarray(said == level, dtype=np.float64) for level in kept}
    rest = np.asarray(~said.isin(kept), dtype=np.float64)
    return columns if not rest.any() else {**columns, REST: rest}


def guess_scale(name: str, values: pd.Series) -> tuple[str, bool]:
    """Words for a number, and whether it is long-tailed and wants a logarithmic scale."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    is_log = len(numbers) > 0 and numbers.min() >= 0 and numbers.max() > 1 and _is_skewed(numbers)
    return name.replace("_", " "), is_log


def _is_skewed(numbers: NDArray[np.float64]) -> bool:
    low, middle, high = np.quantile(numbers, [0.05, 0.5, 0.95])
    return bool(high - middle > 2 * (middle - low))


def refuse_outcomes(study: Study, names: Sequence[str]) -> None:
    """Raise LeakageError if one of these is what customers did later, or an end that makes the groups circular."""
    for name in find_outcomes(names):
        raise LeakageError(
            f"{name!r} is an outcome, known only after {study.as_of:%Y-%m-%d} or by the end it describes. Groups "
            "made of it predict it by construction. Take it out of the inputs, and judge the groups by it instead."
        )


def refuse_circular(names: Sequence[str], circular: Collection[str]) -> None:
    """Raise LeakageError if one of these tells how long a contract lasted, or that it ended."""
    for name in names:
        if name in circular:
            raise LeakageError(
                f"{name!r} tells how long a contract lasted, or that it ended. Groups made of it predict who leaves by "
                "construction. Take it out of the inputs, and judge the groups by it instead."
            )


def find_outcomes(names: Sequence[str]) -> list[str]:
    """Which of these names are what customers did later, or how a contract ended?"""
    later = {column.name for contract in TABLES.values() for column in contract.columns if column.happens_later}
    with_it = {
        column.name
        for contract in TABLES.values()
        for column in contract.columns
        if column.known_with is not None and column.known_with in later
    }
    outcomes = later | with_it | _OUTCOMES
    plain = {name: name.strip().lower().replace(" ", "_") for name in names}
    return [name for name, word in plain.items() if word in outcomes or word.startswith("holdout_")]
