"""Rules a person can read: a shallow tree that imitates the groups, and how faithfully it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.segmentation.clustering import draw_sample
from crm_research.segmentation.inputs import WORDS
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.theme import join_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_SAMPLE: Final = 20_000
_FOLDS: Final = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Rules:
    """Can the groups be told by a few rules?

    Parameters
    ----------
    table
        rule (in words), segment, n_customers, purity_share (of them that the grouping puts there too), coverage_share
        (of the segment's customers whom the rule finds), most frequent first.
    fidelity
        Share of customers that the tree puts into their own group when they had no part in growing it.
    largest_share
        The same for the rule that puts everybody into the largest group.
    n
        Customers the fidelity was measured on.
    """

    table: pd.DataFrame
    fidelity: Interval
    largest_share: float
    n: int


def grow_rules(
    raw: pd.DataFrame,
    labels: NDArray[np.int64],
    names: Mapping[int, str],
    *,
    seed: int,
    confidence: float,
    depth: int = 3,
) -> Rules:
    """Which few rules say to which group a customer belongs, and how often are they right?

    Parameters
    ----------
    raw
        Used inputs in their own units, without gaps.
    names
        Group number to the segment's name.
    depth
        Most questions asked in a row.
    """
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    drawn = draw_sample(len(raw), _SAMPLE, seed=seed)
    values, target = raw.to_numpy(dtype=float)[drawn], labels[drawn]
    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=max(5, len(drawn) // 200), random_state=seed)
    folds = KFold(_FOLDS, shuffle=True, random_state=seed)
    hits = int((cross_val_predict(tree, values, target, cv=folds) == target).sum())
    tree.fit(values, target)
    sizes = dict(zip(*np.unique(target, return_counts=True), strict=True))
    rows = [
        {
            "rule": rule,
            "segment": names[group],
            "n_customers": n,
            "purity_share": purity,
            "coverage_share": purity * n / sizes[group],
        }
        for rule, group, n, purity in _leaves(tree, list(raw.columns))
    ]
    table = pd.DataFrame(rows).sort_values("n_customers", ascending=False, kind="stable", ignore_index=True)
    return Rules(
        table=table,
        fidelity=wilson_share(hits, len(drawn), confidence=confidence),
        largest_share=float(np.bincount(target).max() / len(target)),
        n=len(drawn),
    )


def _leaves(tree: Any, columns: list[str]) -> list[tuple[str, int, int, float]]:
    grown = tree.tree_
    leaves = []
    ahead: list[tuple[int, dict[str, tuple[float, float]]]] = [(0, {})]
    while ahead:
        node, bounds = ahead.pop()
        if grown.children_left[node] < 0:
            shares = grown.value[node][0]
            best = int(np.argmax(shares))
            n = int(grown.n_node_samples[node])
            leaves.append((_say(bounds), int(tree.classes_[best]), n, float(shares[best] / shares.sum())))
            continue
        name, cut = columns[grown.feature[node]], float(grown.threshold[node])
        low, high = bounds.get(name, (-math.inf, math.inf))
        ahead.append((int(grown.children_right[node]), {**bounds, name: (max(low, cut), high)}))
        ahead.append((int(grown.children_left[node]), {**bounds, name: (low, min(high, cut))}))
    return leaves


def _say(bounds: Mapping[str, tuple[float, float]]) -> str:
    if not bounds:
        return "everybody"
    return join_words([_say_range(name, low, high) for name, (low, high) in bounds.items()])


def _say_range(name: str, low: float, high: float) -> str:
    words = WORDS.get(name, name.replace("_", " "))
    say = _percent if _is_share(name) else _number
    if name.startswith("n_"):  # whole numbers: more than 44.5 is 45 or more
        low, high = (
            (math.floor(low) + 1 if math.isfinite(low) else low),
            math.floor(high) if math.isfinite(high) else high,
        )
        joiner = "from"
    else:
        joiner = "over"
    if math.isinf(low):
        return f"{words} up to {say(high)}"
    if math.isinf(high):
        return f"{words} {joiner} {say(low)}"
    if low == high:
        return f"{words} {say(low)}"
    return f"{words} {joiner} {say(low)} up to {say(high)}"


def _is_share(name: str) -> bool:
    return name.endswith("_share") or name.startswith("share of ")


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.3g}"
